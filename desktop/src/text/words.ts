/** Codes and values from the server, in the words of the reader's language. */

import { m } from "../paraglide/messages.js";
import { getLocale } from "../paraglide/runtime.js";
import type { AgentView, MessageView, TaskView } from "../views";
import { formatPhone } from "./phone";

const FAILURES: Record<string, () => string> = {
  "window-closed": m.failed_window_closed,
  "whatsapp-down": m.failed_whatsapp_down,
  "too-fast": m.failed_too_fast,
  account: m.failed_account,
  "not-reachable": m.failed_not_reachable,
  blocked: m.failed_blocked,
  media: m.failed_media,
  refused: m.failed_refused,
  "too-late": m.failed_too_late,
};

const ACTIONS: Record<string, () => string> = {
  resend: m.action_resend,
  template: m.action_template,
  "other-way": m.action_other_way,
  administrator: m.action_administrator,
  nothing: m.action_nothing,
};

export function failureText(code: string): string {
  return (FAILURES[code] ?? m.failed_refused)();
}

/** Why a message failed, and what to do. */
export function failure(error: MessageView["error"]): { why: string; what: string } {
  const why = failureText(error?.code ?? "refused");
  return { why, what: (ACTIONS[error?.action ?? "nothing"] ?? m.action_nothing)() };
}

const TYPES: Record<string, () => string> = {
  image: m.type_image,
  video: m.type_video,
  audio: m.type_audio,
  document: m.type_document,
  sticker: m.type_sticker,
  location: m.type_location,
  contacts: m.type_contacts,
  button: m.type_button,
  interactive: m.type_interactive,
  buttons: m.type_interactive,
  list: m.type_interactive,
  order: m.type_order,
  template: m.type_template,
};

/** The entry for a key from outside, which may be any, as `constructor`. */
export function entryOf<Value>(table: Record<string, Value>, key: string): Value | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

/** What kind of message this is, where its content cannot be shown. */
export function typeText(type: string): string {
  return (entryOf(TYPES, type) ?? m.type_other)();
}

// For telling kinds apart at a glance in a list; the words follow.
const MARKS: Record<string, string> = {
  image: "📷",
  video: "🎥",
  audio: "🎤",
  document: "📄",
  location: "📍",
};

function marked(type: string, words: string): string {
  const mark = entryOf(MARKS, type);
  return mark === undefined ? words : `${mark} ${words}`;
}

/** What to say for a message without words. */
export function bareText(type: string, deleted: boolean): string {
  return deleted ? m.deleted() : typeText(type);
}

/** The first line of a task's last message, or what kind it was. */
export function previewText(task: TaskView): string {
  const last = task.last_message;
  if (last === null) return "";
  if (last.direction === "system") return last.preview;
  const words = last.preview === "" ? bareText(last.type, last.deleted) : last.preview;
  return last.deleted ? words : marked(last.type, words);
}

export function customerName(task: TaskView): string {
  return (
    task.customer.name ?? (task.customer.phone ? formatPhone(task.customer.phone) : m.no_name())
  );
}

export function customerPhone(task: TaskView): string {
  return task.customer.phone === null ? m.hidden_number() : formatPhone(task.customer.phone);
}

/** Whose transfer or invitation a request is; null for one from a queue. */
export function originText({ leg }: TaskView): string | null {
  const name = leg?.from.by?.name;
  if (name === undefined || leg?.from.kind === "queue") return null;
  return leg?.from.kind === "transfer" ? m.transferred_by({ name }) : m.invited_by({ name });
}

/** The agent's state in a word; the system's own reason is told in the reader's language. */
export function stateText(me: AgentView): string {
  if (me.state === "available") return m.available();
  if (me.state === "rona") return m.rona();
  const name = me.aux_code?.name ?? "";
  return name === "Conexão perdida" ? m.connection_lost() : name;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function format(name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${getLocale()} ${name}`;
  let found = formats.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat(getLocale(), options);
    formats.set(key, found);
  }
  return found;
}

export function timeText(at: string): string {
  return format("time", { hour: "2-digit", minute: "2-digit" }).format(new Date(at));
}

/** To the second, for steps that follow each other closely. */
export function exactTimeText(at: string): string {
  return format("exact", { hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(
    new Date(at),
  );
}

export function dateText(at: string): string {
  return format("date", { day: "2-digit", month: "2-digit", year: "numeric" }).format(new Date(at));
}

/** The date and the time of day. */
export function momentText(at: string): string {
  return `${dateText(at)} ${timeText(at)}`;
}

/** The calendar day on this browser, for telling days apart. */
export function dayOf(at: string): string {
  return new Date(at).toDateString();
}

/** Today, yesterday or the date in full. */
export function dayText(at: string, now: number): string {
  if (dayOf(at) === new Date(now).toDateString()) return m.today();
  const yesterday = new Date(now);
  yesterday.setDate(yesterday.getDate() - 1);
  if (dayOf(at) === yesterday.toDateString()) return m.yesterday();
  return format("day", { day: "numeric", month: "long", year: "numeric" }).format(new Date(at));
}

/** A language's code as its name in the reader's language. */
export function languageText(code: string): string {
  try {
    return (
      new Intl.DisplayNames(getLocale(), { type: "language" }).of(code.replace("_", "-")) ?? code
    );
  } catch {
    return code;
  }
}
