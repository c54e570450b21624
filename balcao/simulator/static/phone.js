// One phone: a chat with one business number at a time. Text is only ever shown as text.

import { clock, kindWord, word } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const KINDS = [
  ["image", "M4 6h4l1.5-2h5L16 6h4v13H4zM12 9a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7z", {}],
  ["audio", "M12 3a3 3 0 0 1 3 3v6a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3zM6 11a6 6 0 0 0 12 0M12 17v4", {}],
  [
    "location",
    "M12 21s-7-6.5-7-11.5a7 7 0 0 1 14 0C19 14.5 12 21 12 21z" +
      "M12 7.5a2.2 2.2 0 1 0 0 4.4 2.2 2.2 0 0 0 0-4.4z",
    { location: { latitude: -23.5614, longitude: -46.6559, name: "Avenida Paulista" } },
  ],
];
const TICKS = {
  sent: "M3 8.5l3 3 6-7",
  delivered: "M1 8.5l3 3 6-7M8 11l.8.7 6-7.2",
  read: "M1 8.5l3 3 6-7M8 11l.8.7 6-7.2",
};

export function element(tag, attributes = {}, ...inside) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) made.setAttribute(name, value);
  }
  made.append(...inside);
  return made;
}

function icon(path, box) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${box} ${box}`);
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

function initials(name) {
  const parts = name.trim().split(/\s+/);
  const last = parts.length > 1 ? parts[parts.length - 1] : "";
  return [...parts[0]].slice(0, 1).concat([...last].slice(0, 1)).join("").toUpperCase();
}

function dialled(phone) {
  const parts = /^55(\d\d)(\d{4,5})(\d{4})$/.exec(phone);
  return parts ? `+55 ${parts[1]} ${parts[2]}-${parts[3]}` : `+${phone}`;
}

export class Phone {
  /** `send(customerId, body)` posts what the customer writes. */
  constructor(customer, numbers, send) {
    this.id = customer.id;
    this.customer = customer;
    this.lines = new Map();
    this.unread = new Map();
    this.number = numbers[0]?.display_number ?? "";
    this.numbers = numbers;
    this.send = send;
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
    this.typing = element("p", { class: "typing", role: "status" });
    this.box = element("textarea", { rows: "1", maxlength: "65536" });
    this.box.addEventListener("keydown", (event) => this.onKey(event));
    this.box.addEventListener("input", () => this.grow());
    this.button = element("button", { type: "submit", class: "strong" });
    this.kinds = KINDS.map(([type, path, content]) => this.kindButton(type, path, content));
    const form = element(
      "form",
      {},
      element("div", { class: "kinds" }, ...this.kinds.map(([button]) => button)),
      this.box,
      this.button,
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.write();
    });
    const who = element("div", { class: "who" }, this.name, this.detail);
    this.root = element(
      "article",
      { class: "phone" },
      element("header", {}, this.avatar, who),
      element("label", { class: "chats" }, this.chatsWord, this.chats),
      this.thread,
      this.typing,
      form,
    );
    this.retell();
  }

  kindButton(type, path, content) {
    const button = element("button", { type: "button", class: "kind" }, icon(path, 24));
    button.addEventListener("click", () =>
      this.send(this.id, { entry_point: this.number, type, ...content }),
    );
    return [button, type];
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
    for (const [button, type] of this.kinds) {
      const text = word("sendKind", { what: kindWord(type).toLowerCase() });
      button.setAttribute("aria-label", text);
      button.title = text;
    }
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
    const shown = this.thread.querySelector(`[data-id="${CSS.escape(line.wamid)}"]`);
    if (shown) {
      shown.replaceWith(this.bubble(line));
      return;
    }
    if (line.direction === "received") this.typing.textContent = "";
    this.bubbles.append(this.bubble(line));
    this.thread.scrollTop = this.thread.scrollHeight;
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
    this.bubbles.replaceChildren(...own.map((line) => this.bubble(line)));
    this.thread.scrollTop = this.thread.scrollHeight;
  }

  bubble(line) {
    const text = element("p", { class: "text" });
    if (line.type !== "text") {
      const kind = element("span", { class: "kindword" }, kindWord(line.type));
      text.append(kind, line.text ? " " : "");
    }
    text.append(line.text ?? "");
    const foot = element("p", { class: "foot" }, clock(line.at));
    if (line.direction === "sent" && TICKS[line.status]) {
      const tick = icon(TICKS[line.status], 16);
      tick.setAttribute("class", `tick ${line.status}`);
      foot.append(tick, element("span", { class: "unseen" }, word(`tick_${line.status}`)));
    }
    return element("li", { class: line.direction, "data-id": line.wamid }, text, foot);
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
    this.box.value = "";
    this.grow();
    const body = { entry_point: this.number, type: "text", text };
    if (!(await this.send(this.id, body)) && !this.box.value) this.box.value = text;
  }

  grow() {
    this.box.rows = Math.min(4, this.box.value.split("\n").length);
  }

  focus() {
    this.root.scrollIntoView({ block: "nearest" });
    this.box.focus();
  }
}
