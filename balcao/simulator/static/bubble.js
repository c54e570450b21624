// One message on a phone, as it is now: its quote, choices, reactions, and what one can do to it.

import { button, element, icon, name } from "./element.js";
import { attachment, place } from "./media.js";
import { clock, kindWord, word } from "./words.js";

const EMOJI = ["👍", "❤️", "😂", "😮", "😢", "🙏"];
const TICKS = {
  sent: "M3 8.5l3 3 6-7",
  delivered: "M1 8.5l3 3 6-7M8 11l.8.7 6-7.2",
  read: "M1 8.5l3 3 6-7M8 11l.8.7 6-7.2",
};
const MOST_PREVIEW = 80;

/** Is a message in few words. */
export function preview(line) {
  if (!line) return word("notHere");
  if (line.deleted) return word("deleted");
  if (line.type === "text") return [...(line.text ?? "")].slice(0, MOST_PREVIEW).join("");
  return [kindOf(line), line.text ?? line.media?.name].filter(Boolean).join(" ");
}

/**
 * Makes the bubble of a line. `phone` knows `lines`, the `opened` line whose actions show, whether
 * a line `isAnswered`, and does what is chosen: `toggle`, `react`, `quote`, `edit`, `remove`, `tap`.
 */
export function bubble(line, phone) {
  const parts = [...tags(line)];
  if (line.quoted) parts.push(quote(phone.lines.get(line.quoted)));
  if (line.choices?.header) parts.push(element("p", { class: "heading" }, line.choices.header));
  if (line.media) parts.push(attachment(line, kindOf(line)));
  if (line.place) parts.push(place(line.place));
  if (!(line.media || line.place) || (line.media && line.text)) parts.push(words(line));
  if (line.choices?.footer) parts.push(element("p", { class: "small-print" }, line.choices.footer));
  if (line.choices) parts.push(choices(line, phone));
  parts.push(foot(line, phone));
  if (phone.opened === line.wamid && !line.deleted) parts.push(actions(line, phone));
  const made = element("li", { class: line.direction, "data-id": line.wamid }, ...parts);
  if (line.deleted) made.classList.add("gone");
  if (line.media) made.classList.add(line.type);
  return made;
}

function kindOf(line) {
  const isFile = line.type === "audio" && line.media && !line.media.voice;
  return isFile ? word("audioFile") : kindWord(line.type);
}

function tags(line) {
  const told = [];
  if (line.forwarded) told.push(word("forwarded"));
  if (line.referral) told.push(word("cameBy", { what: line.referral }));
  return told.map((text) => element("p", { class: "tag" }, text));
}

function quote(quoted) {
  return element(
    "blockquote",
    {},
    element("span", { class: "unseen" }, word("answers")),
    preview(quoted),
  );
}

function words(line) {
  const text = element("p", { class: "text" });
  if (line.deleted) {
    text.append(element("span", { class: "kindword" }, word("deleted")));
    return text;
  }
  const saysItself = line.type === "text" || line.media || line.type === "interactive";
  if (!(saysItself && line.text)) {
    const kind = element("span", { class: "kindword" }, kindOf(line));
    text.append(kind, line.text ? " " : "");
  }
  text.append(line.text ?? "");
  return text;
}

function foot(line, phone) {
  const made = element("div", { class: "foot" });
  for (const [side, emoji] of Object.entries(line.reactions)) {
    const whose = element("span", { class: "unseen" }, ` ${word(`reaction_${side}`)}`);
    made.append(
      element("span", { class: "reaction", title: word(`reaction_${side}`) }, emoji, whose),
    );
  }
  if (!line.deleted) made.append(more(line, phone));
  if (line.edited) made.append(element("span", {}, word("edited")));
  made.append(element("span", {}, clock(line.at)));
  if (line.direction === "sent" && TICKS[line.status]) {
    const tick = icon(TICKS[line.status], 16);
    tick.setAttribute("class", `tick ${line.status}`);
    made.append(tick, element("span", { class: "unseen" }, word(`tick_${line.status}`)));
  }
  return made;
}

function more(line, phone) {
  const isOpen = phone.opened === line.wamid;
  const made = button("⋯", () => phone.toggle(line), { class: "more", "aria-expanded": isOpen });
  name(made, word("actionsOf", { what: preview(line) }));
  return made;
}

function actions(line, phone) {
  const own = line.reactions.customer;
  const emoji = EMOJI.map((one) => {
    const made = button(one, () => phone.react(line, one === own ? "" : one), {
      class: "emoji",
      "aria-pressed": one === own,
    });
    name(made, word(one === own ? "takeBack" : "react", { emoji: one }));
    return made;
  });
  const deeds = [button(word("reply"), () => phone.quote(line))];
  if (line.direction === "sent") {
    if (line.type === "text") deeds.push(button(word("edit"), () => phone.edit(line)));
    deeds.push(button(word("delete"), () => phone.remove(line)));
  }
  const made = element(
    "div",
    { class: "actions" },
    element("div", {}, ...emoji),
    element("div", {}, ...deeds),
  );
  made.addEventListener("keydown", (event) => {
    if (event.key === "Escape") phone.toggle(line);
  });
  return made;
}

/** Reply buttons can be tapped once; a list can be opened and chosen from again. */
function choices(line, phone) {
  const { type, label, items } = line.choices;
  const isSpent = type === "button" && phone.isAnswered(line);
  const made = element("div", { class: "choices" });
  let section = null;
  for (const item of items) {
    if (item.section && item.section !== section) {
      made.append(element("p", { class: "section" }, item.section));
    }
    section = item.section;
    const choice = button(item.title, () => phone.tap(line, item));
    if (item.description) choice.append(element("small", {}, item.description));
    choice.disabled = isSpent;
    made.append(choice);
  }
  if (type !== "list") return made;
  const list = element("details", { class: "list" }, element("summary", {}, label), made);
  list.addEventListener("toggle", () => {
    if (list.open) list.scrollIntoView({ block: "nearest" });
  });
  return list;
}
