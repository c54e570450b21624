// One phone: a chat with one business number at a time. Text is only ever shown as text.

import { Attaching } from "./attach.js";
import { bubble, preview } from "./bubble.js";
import { button, element, icon, name } from "./element.js";
import { advert, menu } from "./menu.js";
import { word } from "./words.js";

const GROWTH = 260;
const PLUS = "M12 5v14M5 12h14";

function initials(name) {
  const parts = name.trim().split(/\s+/);
  const last = parts.length > 1 ? parts[parts.length - 1] : "";
  return [...parts[0]]
    .slice(0, 1)
    .concat([...last].slice(0, 1))
    .join("")
    .toUpperCase();
}

function dialled(phone) {
  const parts = /^55(\d\d)(\d{4,5})(\d{4})$/.exec(phone);
  return parts ? `+55 ${parts[1]} ${parts[2]}-${parts[3]}` : `+${phone}`;
}

export class Phone {
  /** `send(customerId, body)` posts what the customer writes, `upload(file)` what is attached. */
  constructor(customer, numbers, send, upload) {
    this.id = customer.id;
    this.customer = customer;
    this.lines = new Map();
    this.unread = new Map();
    this.number = numbers[0]?.display_number ?? "";
    this.numbers = numbers;
    this.send = send;
    this.attaching = new Attaching(this, upload);
    /** What the next message goes along with: quoted, edited (both lines), forwarded, advert. */
    this.next = {};
    /** The id of the message whose actions show. */
    this.opened = null;
    this.build();
  }

  build() {
    this.name = element("h3");
    this.detail = element("p", { class: "detail" });
    this.avatar = element("span", { class: "avatar", "aria-hidden": "true" });
    this.chats = element("select");
    this.chats.addEventListener("change", () => this.turnTo(this.chats.value));
    this.chatsWord = element("span", { class: "unseen" });
    this.bubbles = element("ol");
    this.thread = element("div", { class: "thread", role: "log", tabindex: "0" }, this.bubbles);
    // A picture takes its room only when it is there.
    this.thread.addEventListener("load", () => this.keepUp(), true);
    this.typing = element("p", { class: "typing", role: "status" });
    this.panel = element("div");
    this.panel.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.open(null);
    });
    this.marks = element("ul", { class: "marks" });
    const who = element("div", { class: "who" }, this.name, this.detail);
    this.root = element(
      "article",
      { class: "phone" },
      element("header", {}, this.avatar, who),
      element("label", { class: "chats" }, this.chatsWord, this.chats),
      this.thread,
      this.typing,
      this.panel,
      this.marks,
      this.composer(),
    );
    this.retell();
  }

  composer() {
    this.box = element("textarea", { rows: "1", maxlength: "65536" });
    this.box.addEventListener("keydown", (event) => this.onKey(event));
    this.box.addEventListener("input", () => this.grow());
    this.button = element("button", { type: "submit", class: "strong" });
    this.plus = button(icon(PLUS, 24), () => this.open(this.panel.firstChild ? null : menu(this)), {
      class: "kind",
      "aria-expanded": false,
    });
    const { camera, voice } = this.attaching;
    const made = element(
      "form",
      { class: "composer" },
      element("div", { class: "kinds" }, this.plus, camera, voice),
      this.box,
      this.button,
    );
    made.addEventListener("submit", (event) => {
      event.preventDefault();
      this.write();
    });
    return made;
  }

  /** Says everything again, in the language chosen now. */
  retell() {
    const { customer } = this;
    this.name.textContent = customer.name;
    const phone = customer.phone ? dialled(customer.phone) : customer.user_id;
    this.detail.textContent = customer.hide_phone ? `${phone} · ${word("hidden")}` : phone;
    this.avatar.textContent = initials(customer.name);
    this.root.setAttribute("aria-label", customer.name);
    this.chatsWord.textContent = word("writesTo");
    this.thread.setAttribute("aria-label", word("chat", { name: customer.name }));
    this.box.placeholder = word("placeholder");
    this.box.setAttribute("aria-label", `${word("message")}: ${customer.name}`);
    this.button.textContent = word("send");
    name(this.plus, word("more"));
    this.attaching.retell();
    this.show(null);
    this.showMarks();
    this.listChats();
    this.showThread();
  }

  listChats() {
    this.chats.replaceChildren(
      ...this.numbers.map((number) => {
        const waiting = this.unread.get(number.display_number);
        const extra = waiting ? ` (${waiting})` : "";
        const name = `${number.name} · ${dialled(number.display_number)}${extra}`;
        const option = element("option", { value: number.display_number }, name);
        option.selected = number.display_number === this.number;
        return option;
      }),
    );
  }

  turnTo(number) {
    this.number = number;
    this.unread.delete(number);
    this.unmark();
    this.listChats();
    this.showThread();
  }

  /** Takes up the lines of a fresh look; what is being typed stays. */
  reset(customer, lines) {
    this.customer = customer;
    this.lines = new Map(lines.map((line) => [line.wamid, line]));
    const latest = lines[lines.length - 1];
    if (latest && ![...lines].some((line) => line.entry_point === this.number)) {
      this.number = latest.entry_point;
    }
    this.retell();
  }

  /** Shows a line that is new or has changed. */
  take(line) {
    const isNew = !this.lines.has(line.wamid);
    this.lines.set(line.wamid, line);
    if (line.entry_point !== this.number) {
      if (this.lines.size === 1) {
        this.turnTo(line.entry_point);
      } else if (isNew && line.direction === "received") {
        this.unread.set(line.entry_point, (this.unread.get(line.entry_point) ?? 0) + 1);
        this.listChats();
      }
      return;
    }
    if (this.redraw(line)) return;
    if (line.direction === "received") this.typing.textContent = "";
    this.bubbles.append(bubble(line, this));
    this.thread.scrollTop = this.thread.scrollHeight;
    if (line.type === "interactive" && this.lines.has(line.quoted)) {
      this.redraw(this.lines.get(line.quoted));
    }
  }

  /** Draws a line anew where it shows, what was focused still so; says whether it shows. */
  redraw(line) {
    const shown = this.shown(line);
    if (!shown) return false;
    const fresh = bubble(line, this);
    const inside = (one) => [...one.querySelectorAll("button, summary")];
    const [old, now] = [inside(shown), inside(fresh)];
    const focused = old.indexOf(document.activeElement);
    const isUnfolded = shown.querySelector("details")?.open;
    shown.replaceWith(fresh);
    if (isUnfolded && fresh.querySelector("details")) fresh.querySelector("details").open = true;
    const same = old.length === now.length ? now[focused] : fresh.querySelector(".more");
    if (focused >= 0) (same && !same.disabled ? same : this.thread).focus();
    return true;
  }

  shown(line) {
    return this.bubbles.querySelector(`[data-id="${CSS.escape(line.wamid)}"]`);
  }

  showTyping(number, seconds) {
    if (number !== this.number) return;
    clearTimeout(this.typingTimer);
    this.typing.textContent = word("typing");
    this.typingTimer = setTimeout(() => {
      this.typing.textContent = "";
    }, seconds * 1000);
  }

  showThread() {
    const own = [...this.lines.values()].filter((line) => line.entry_point === this.number);
    this.bubbles.replaceChildren(...own.map((line) => bubble(line, this)));
    this.thread.scrollTop = this.thread.scrollHeight;
  }

  /** Goes on showing the end, if that was what showed before something grew. */
  keepUp() {
    const { scrollHeight, scrollTop, clientHeight } = this.thread;
    if (scrollHeight - scrollTop - clientHeight < GROWTH) this.thread.scrollTop = scrollHeight;
  }

  /** Opens a panel above the text, or closes the one that is open. */
  open(panel) {
    this.show(panel);
    const first = panel?.querySelector("input, button");
    (first ?? this.plus).focus();
  }

  show(panel) {
    this.panel.replaceChildren(...(panel ? [panel] : []));
    this.plus.setAttribute("aria-expanded", panel !== null);
  }

  /** Lets the next message be `forwarded`, or come by an `advert`. */
  mark(what) {
    this.show(null);
    this.change({ ...this.next, [what]: true, ...(what === "forwarded" && { quoted: undefined }) });
    this.box.focus();
  }

  unmark() {
    if (this.next.edited) this.box.value = "";
    this.change({});
  }

  change(next) {
    this.next = next;
    this.showMarks();
  }

  showMarks() {
    const told = Object.keys(this.next).filter((key) => this.next[key]);
    this.marks.replaceChildren(
      ...told.map((key) => {
        const gaps = { what: this.next[key] === true ? "" : preview(this.next[key]) };
        const away = button("×", () => {
          if (key === "edited") this.unmark();
          else this.change({ ...this.next, [key]: undefined });
          this.box.focus();
        });
        name(away, word("without", { what: word(`next_${key}`, gaps) }));
        return element("li", {}, element("span", {}, word(`next_${key}`, gaps)), away);
      }),
    );
    if (!this.attaching.recording) return;
    const away = button("×", () => this.attaching.cancel());
    name(away, word("without", { what: word("recording") }));
    this.marks.append(element("li", {}, element("span", {}, word("recording")), away));
  }

  /** Shows or hides what can be done to a message. */
  toggle(line) {
    const before = this.lines.get(this.opened);
    this.opened = this.opened === line.wamid ? null : line.wamid;
    if (before) this.redraw(before);
    this.redraw(this.lines.get(line.wamid));
    const shown = this.bubbles.querySelector(".actions");
    shown?.scrollIntoView({ block: "nearest" });
    shown?.querySelector("button").focus();
  }

  isAnswered(line) {
    const isAnswer = (one) => one.type === "interactive" && one.direction === "sent";
    return [...this.lines.values()].some((one) => isAnswer(one) && one.quoted === line.wamid);
  }

  react(line, emoji) {
    this.toggle(line);
    this.say({ type: "reaction", reaction: { message_id: line.wamid, emoji } });
  }

  quote(line) {
    this.toggle(line);
    this.change({ advert: this.next.advert, quoted: line });
    this.box.focus();
  }

  edit(line) {
    this.toggle(line);
    this.change({ edited: line });
    this.fill(line.text);
    this.box.focus();
  }

  remove(line) {
    this.toggle(line);
    this.say({ type: "revoke", revoke: { original_message_id: line.wamid } });
  }

  tap(line, item) {
    const type = `${line.choices.type}_reply`;
    const { id, title, description } = item;
    const reply = description ? { id, title, description } : { id, title };
    const list = this.shown(line).querySelector("details");
    if (list) {
      list.open = false;
      list.querySelector("summary").focus();
    }
    this.say({
      type: "interactive",
      interactive: { type, [type]: reply },
      context: { id: line.wamid },
    });
  }

  say(body) {
    return this.send(this.id, { entry_point: this.number, ...body });
  }

  /** Sends a message together with what it is to go along with. */
  async post(content) {
    const { quoted, forwarded } = this.next;
    const body = { ...content };
    if (quoted) body.context = { id: quoted.wamid };
    if (forwarded) body.context = { forwarded: true };
    if (this.next.advert) body.referral = advert();
    this.show(null);
    this.box.focus();
    const sent = await this.say(body);
    if (sent) this.change({ edited: this.next.edited });
    return sent;
  }

  /** Says what is going on, where it says that the business types. */
  tell(text) {
    this.typing.textContent = text;
  }

  fill(text) {
    this.box.value = text;
    this.grow();
  }

  onKey(event) {
    if (event.key !== "Enter" || event.shiftKey) return;
    if (event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    this.write();
  }

  async write() {
    const text = this.box.value;
    if (!text.trim()) return;
    const { edited } = this.next;
    this.fill("");
    const sent = edited
      ? await this.rewrite(edited, text)
      : await this.post({ type: "text", text });
    if (!sent && !this.box.value) this.box.value = text;
  }

  async rewrite(line, text) {
    const message = { type: "text", text: { body: text } };
    const edit = { original_message_id: line.wamid, message };
    const sent = await this.say({ type: "edit", edit });
    if (sent) this.change({});
    return sent;
  }

  grow() {
    this.box.rows = Math.min(4, this.box.value.split("\n").length);
  }

  focus() {
    this.root.scrollIntoView({ block: "nearest" });
    this.box.focus();
  }
}
