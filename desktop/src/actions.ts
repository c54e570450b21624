/**
 * What a person can do. Each shows at once what will be, tells the server, and takes it back with
 * the reason if the server says no. The answer is a view like those of the stream.
 */
import { serverNow } from "./clock";
import { addPage, apply, desk, drop, flush } from "./desk";
import { discard } from "./drafts";
import { type Letter, ownReaction } from "./letters";
import { guestsOf, offersOf } from "./look";
import { put } from "./outbox";
import { server } from "./server";
import { problemText } from "./text/problems";
import { askFocus, hope, hopeState, toast, ui } from "./ui";
import type { MessageView, Named, Problem, TaskView } from "./views";

export const now = () => new Date(serverNow()).toISOString();

/** Whether the person is writing somewhere, so that the focus must stay there. */
export function isTyping(): boolean {
  const here = document.activeElement;
  if (here instanceof HTMLTextAreaElement || here instanceof HTMLInputElement)
    return here.value !== "";
  return here instanceof HTMLElement && here.isContentEditable;
}

export const address = (task: string) => `/tasks/${task}`;
export type Go = (to: string) => void;

export function failed(problem: Problem): void {
  toast(problemText(problem));
}

const accepting = new Map<string, Promise<void>>();

/** Resolves once it is known whether a request that is being accepted was won. */
export function accepted(task: string): Promise<void> {
  return accepting.get(task) ?? Promise.resolve();
}

export function accept(task: TaskView, go: Go): Promise<void> {
  const running = tryAccept(task, go).finally(() => accepting.delete(task.id));
  accepting.set(task.id, running);
  return running;
}

async function tryAccept(task: TaskView, go: Go): Promise<void> {
  const busy = isTyping();
  const before = location.pathname;
  hope(task.id, "accept");
  if (!busy) {
    go(address(task.id));
    askFocus(task.id);
  }
  const { data, problem } = await server.accept(task.id);
  if (data) apply(data);
  flush();
  hope(task.id, null);
  if (problem) {
    if (location.pathname === address(task.id)) go(before);
    failed(problem);
  }
}

/** Accepts as many as there is room for, the oldest first, and opens the oldest. */
export async function acceptAll(go: Go): Promise<void> {
  const oldest = offersOf(desk.getState(), ui.getState().hopes)[0];
  const busy = isTyping();
  const { data, problem } = await server.acceptAll();
  for (const view of data?.items ?? []) apply(view);
  flush();
  if (problem) failed(problem);
  else if (oldest && !busy) {
    go(address(oldest.id));
    askFocus(oldest.id);
  }
}

export async function setState(state: "available" | "idle", aux_code: Named | null): Promise<void> {
  hopeState({ state, aux_code, since: now() });
  const { data, problem } = await server.setState(state, aux_code?.id ?? null);
  if (data) apply(data);
  flush();
  hopeState(null);
  if (problem) failed(problem);
}

/** Ends the conversation, for guests too. */
export async function end(task: TaskView): Promise<void> {
  hope(task.id, "end");
  const conference = guestsOf(task).joined.length > 0;
  const { data, problem } = await (conference ? server.endConference : server.end)(task.id);
  if (data) apply(data);
  flush();
  hope(task.id, null);
  if (problem) failed(problem);
}

/** Sends the reason; whether it was taken. */
export async function wrapUp(task: TaskView, code: string, note: string, go: Go): Promise<boolean> {
  hope(task.id, "wrap-up");
  const { data, problem } = await server.wrapUp(task.id, code, note.trim() || null);
  if (data?.leg && data.leg.state !== "closed") apply(data);
  else if (!problem) drop("task", task.id);
  flush();
  hope(task.id, null);
  if (problem) {
    failed(problem);
    return false;
  }
  const me = desk.getState().me;
  if (me) void discard(me.id, task.id);
  go("/");
  return true;
}

/** Puts all of these into the outbox, in their order. */
export async function send(task: TaskView, letters: readonly Letter[]): Promise<void> {
  for (const letter of letters) await put(task.id, task.conversation_id, letter);
}

/** Gives a customer's message the business's reaction; the same one again takes it back. */
export async function react(message: MessageView, emoji: string): Promise<void> {
  const same = ownReaction(message) === emoji;
  const { data, problem } = await server.react(message.id, same ? "" : emoji);
  if (data) apply(data);
  if (problem) failed(problem);
}

/** Has a customer's file fetched once more. */
export async function fetchAgain(media: string): Promise<void> {
  const { problem } = await server.fetchAgain(media);
  if (problem) failed(problem);
}

export async function settle(message: string, how: "resend" | "dismiss"): Promise<void> {
  const { data, problem } = await server[how](message);
  if (data) apply(data);
  if (problem) failed(problem);
}

export async function markRead(task: TaskView): Promise<void> {
  const { data } = await server.read(task.id);
  if (data) apply(data);
}

export async function dismissNotice(id: string): Promise<void> {
  drop("notice", id);
  const { problem } = await server.dismissNotice(id);
  if (problem) failed(problem);
}

const PAGE = 50;
const loading = new Set<string>();

/** Loads the newest page of a thread, or the one above what is there. */
export async function loadHistory(conversation: string): Promise<void> {
  const thread = desk.getState().threads.get(conversation);
  if (loading.has(conversation) || thread?.complete) return;
  loading.add(conversation);
  const first = thread?.started ? (thread.messages[0]?.id ?? null) : null;
  const { data } = await server.messages(conversation, first, PAGE);
  if (data) addPage(conversation, data.items, data.more);
  flush();
  loading.delete(conversation);
}
