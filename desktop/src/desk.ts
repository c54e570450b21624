/**
 * The one store of the live desk: what the stream told, and nothing that it did not.
 *
 * A view is a whole object with a version, and the newer replaces the older, so that order, repeats
 * and overlap do not matter: an answer to a command and the stream may tell the same thing in any
 * order. It does not know where views come from. Changes are gathered and shown once per frame.
 */
import { createStore } from "zustand/vanilla";
import { EMPTY, live, restart, type Thread, withPage } from "./thread";
import type { AgentView, Codes, MessageView, NoticeView, Snapshot, TaskView, View } from "./views";

export interface DeskState {
  /** Whether a snapshot has come. */
  readonly loaded: boolean;
  readonly me: AgentView | null;
  readonly codes: Codes;
  readonly tasks: ReadonlyMap<string, TaskView>;
  readonly threads: ReadonlyMap<string, Thread>;
  readonly notices: ReadonlyMap<string, NoticeView>;
  /** The version at which an object went; an answer that was on its way cannot bring it back. */
  readonly gone: ReadonlyMap<string, number>;
}

export const BLANK: DeskState = {
  loaded: false,
  me: null,
  codes: { idle: [], wrap_up: [] },
  tasks: new Map(),
  threads: new Map(),
  notices: new Map(),
  gone: new Map(),
};

const key = (view: { kind: string; id: string }) => `${view.kind} ${view.id}`;

/** The state with one view in it, if that is newer than what is there. */
export function withView(state: DeskState, view: View): DeskState {
  if ((state.gone.get(key(view)) ?? -1) >= view.version) return state;
  if (view.kind === "message") return withMessages(state, view.conversation_id, [view]);
  if (view.kind === "agent") {
    const old = state.me;
    return old && (old.id !== view.id || old.version >= view.version)
      ? state
      : { ...state, me: view };
  }
  if (view.kind === "task") {
    const old = state.tasks.get(view.id);
    if (old && old.version >= view.version) return state;
    return { ...state, tasks: new Map(state.tasks).set(view.id, view) };
  }
  const old = state.notices.get(view.id);
  if (old && old.version >= view.version) return state;
  return { ...state, notices: new Map(state.notices).set(view.id, view) };
}

/** The state with these messages of one conversation. */
export function withMessages(
  state: DeskState,
  conversation: string,
  messages: readonly MessageView[],
): DeskState {
  const thread = state.threads.get(conversation) ?? EMPTY;
  const next = live(thread, messages);
  if (next === thread) return state;
  return { ...state, threads: new Map(state.threads).set(conversation, next) };
}

/** The state without one object. A task takes its thread with it, unless another one needs it. */
export function without(state: DeskState, kind: string, id: string): DeskState {
  if (kind === "task") return withoutTask(state, id);
  if (kind === "notice") {
    const notices = new Map(state.notices);
    notices.delete(id);
    return { ...state, notices };
  }
  return state;
}

function withoutTask(state: DeskState, id: string): DeskState {
  const task = state.tasks.get(id);
  if (!task) return state;
  const tasks = new Map(state.tasks);
  tasks.delete(id);
  const threads = new Map(state.threads);
  const needed = [...tasks.values()].some((t) => t.conversation_id === task.conversation_id);
  if (!needed) threads.delete(task.conversation_id);
  const gone = new Map(state.gone).set(`task ${id}`, task.version);
  return { ...state, tasks, threads, gone };
}

/** The state that a snapshot tells; only older pages of a thread outlive it. */
export function fromSnapshot(state: DeskState, snapshot: Snapshot): DeskState {
  const tasks = new Map<string, TaskView>();
  const notices = new Map<string, NoticeView>();
  const pages = new Map<string, MessageView[]>();
  for (const view of snapshot.views) {
    if (view.kind === "task") tasks.set(view.id, view);
    else if (view.kind === "notice") notices.set(view.id, view);
    else if (view.kind === "message") {
      const page = pages.get(view.conversation_id) ?? [];
      page.push(view);
      pages.set(view.conversation_id, page);
    }
  }
  const threads = new Map<string, Thread>();
  for (const [id, page] of pages) {
    threads.set(id, restart(state.threads.get(id) ?? EMPTY, page));
  }
  const { me, codes } = snapshot;
  return { loaded: true, me, codes, tasks, threads, notices, gone: new Map() };
}

type Change = (state: DeskState) => DeskState;

/** Told of messages that came in and were not there before; never of a page or a snapshot. */
export type Arrival = (message: MessageView) => void;

export const desk = createStore<DeskState>(() => BLANK);

let waiting: Change[] = [];
let frame: number | undefined;
const arrivals = new Set<Arrival>();

export function onArrival(listener: Arrival): () => void {
  arrivals.add(listener);
  return () => arrivals.delete(listener);
}

function change(step: Change): void {
  waiting.push(step);
  // A hidden page gets no frames, and its notifications must not wait for one.
  if (typeof document === "undefined" || document.hidden) flush();
  else frame ??= requestAnimationFrame(flush);
}

/** Shows everything gathered since the last frame, as one change. */
export function flush(): void {
  if (frame !== undefined) cancelAnimationFrame(frame);
  frame = undefined;
  const steps = waiting;
  waiting = [];
  if (steps.length > 0)
    desk.setState(
      steps.reduce((state, step) => step(state), desk.getState()),
      true,
    );
}

export function apply(view: View): void {
  if (view.kind === "message" && view.direction === "in") {
    change((state) => {
      const next = withView(state, view);
      if (next !== state && isNew(state, view)) for (const listener of arrivals) listener(view);
      return next;
    });
  } else change((state) => withView(state, view));
}

function isNew(state: DeskState, view: MessageView): boolean {
  const thread = state.threads.get(view.conversation_id);
  return thread?.started === true && !thread.messages.some((message) => message.id === view.id);
}

export function drop(kind: string, id: string): void {
  change((state) => without(state, kind, id));
}

export function replaceAll(snapshot: Snapshot): void {
  change((state) => fromSnapshot(state, snapshot));
}

/** Puts a page of history into a thread. */
export function addPage(conversation: string, items: readonly MessageView[], more: boolean): void {
  change((state) => {
    const thread = state.threads.get(conversation) ?? EMPTY;
    const next = withPage(thread, items, more);
    return { ...state, threads: new Map(state.threads).set(conversation, next) };
  });
}

/** Empties the desk, for the next person. */
export function clear(): void {
  waiting = [];
  desk.setState(BLANK, true);
}
