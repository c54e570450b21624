/** What is on the screen and nowhere else: the line, hopes, toasts, announcements. */
import { createStore } from "zustand/vanilla";
import { serverNow } from "./clock";
import type { Line } from "./stream";
import type { Purpose } from "./targets";
import type { MediaView, Named, Quoted } from "./views";

export interface Toast {
  id: number;
  text: string;
  tone: "bad" | "info";
}

export type Hoped = "accept" | "end" | "wrap-up" | "leave";

/** What was asked for and is shown as done until the server has answered. */
export interface Hopes {
  /** Tasks being accepted, ended, wrapped up or left. */
  readonly tasks: ReadonlyMap<string, { what: Hoped; at: string }>;
  readonly state: { state: "available" | "idle"; aux_code: Named | null; since: string } | null;
}

interface Ui {
  line: Line;
  hopes: Hopes;
  toasts: readonly Toast[];
  /** Read aloud politely, never shown. */
  announcement: string;
  shortcuts: boolean;
  details: boolean;
  stateMenu: boolean;
  /** The task whose transfer or conference dialog is open. */
  handing: { task: string; purpose: Purpose } | null;
  /** The picture that is looked at, over the thread of its conversation. */
  viewing: { conversation: string; media: MediaView } | null;
  /** The file that is being listened to. */
  heard: string | null;
  /** By task, the message that is being answered to. */
  replies: ReadonlyMap<string, Quoted>;
  /** Bumped to ask the composer of a task to take the focus. */
  focus: { task: string; ask: number } | null;
}

export const ui = createStore<Ui>(() => ({
  line: "reconnecting",
  hopes: { tasks: new Map(), state: null },
  toasts: [],
  announcement: "",
  shortcuts: false,
  details: false,
  stateMenu: false,
  handing: null,
  viewing: null,
  heard: null,
  replies: new Map(),
  focus: null,
}));

const TOAST_MS = 8_000;
let toasted = 0;

export function toast(text: string, tone: Toast["tone"] = "bad"): void {
  toasted += 1;
  const id = toasted;
  ui.setState(({ toasts }) => ({ toasts: [...toasts, { id, text, tone }].slice(-3) }));
  setTimeout(() => endToast(id), TOAST_MS);
}

export function endToast(id: number): void {
  ui.setState(({ toasts }) => ({ toasts: toasts.filter((each) => each.id !== id) }));
}

export function announce(text: string): void {
  // The same words twice are read twice only if the text differs.
  const before = ui.getState().announcement;
  ui.setState({ announcement: before === text ? `${text}\u00a0` : text });
}

export function hope(task: string, what: Hoped | null): void {
  ui.setState(({ hopes }) => {
    const tasks = new Map(hopes.tasks);
    if (what === null) tasks.delete(task);
    else tasks.set(task, { what, at: new Date(serverNow()).toISOString() });
    return { hopes: { ...hopes, tasks } };
  });
}

export function hopeState(state: Hopes["state"]): void {
  ui.setState(({ hopes }) => ({ hopes: { ...hopes, state } }));
}

export function askFocus(task: string): void {
  ui.setState(({ focus }) => ({ focus: { task, ask: (focus?.ask ?? 0) + 1 } }));
}

/** Begins a reply to a message in this task, or with null ends it. */
export function reply(task: string, quoted: Quoted | null): void {
  ui.setState(({ replies }) => {
    const next = new Map(replies);
    if (quoted === null) next.delete(task);
    else next.set(task, quoted);
    return { replies: next };
  });
}
