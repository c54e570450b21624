/**
 * One conversation's messages as this browser holds them: an unbroken run up to the newest,
 * ordered as everywhere by the whole second of `at`, then by arrival number.
 */
import type { MessageView } from "./views";

export interface Thread {
  readonly messages: readonly MessageView[];
  /** Whether the newest page is here, by the snapshot or by a request. */
  readonly started: boolean;
  /** Whether there is nothing older. */
  readonly complete: boolean;
}

export const EMPTY: Thread = { messages: [], started: false, complete: false };

const second = (message: MessageView) => Math.floor(Date.parse(message.at) / 1000);

function isAfter(one: MessageView, other: MessageView): boolean {
  const difference = second(one) - second(other);
  return difference === 0 ? one.seq > other.seq : difference > 0;
}

/** The messages with these in them, the newer version of each; the same list if nothing is new. */
export function merge(
  messages: readonly MessageView[],
  incoming: readonly MessageView[],
): readonly MessageView[] {
  const fresh = newestOfEach(incoming);
  let changed = false;
  const merged = messages.map((message) => {
    const newer = fresh.get(message.id);
    fresh.delete(message.id);
    if (newer === undefined || newer.version <= message.version) return message;
    changed = true;
    return newer;
  });
  for (const message of fresh.values()) insert(merged, message);
  return changed || fresh.size > 0 ? merged : messages;
}

function newestOfEach(incoming: readonly MessageView[]): Map<string, MessageView> {
  const newest = new Map<string, MessageView>();
  for (const message of incoming) {
    const known = newest.get(message.id);
    if (known === undefined || message.version > known.version) newest.set(message.id, message);
  }
  return newest;
}

/** Nearly always at the end, so the place is looked for from there. */
function insert(messages: MessageView[], message: MessageView): void {
  let place = messages.length;
  while (place > 0 && isAfter(messages[place - 1] as MessageView, message)) place -= 1;
  messages.splice(place, 0, message);
}

/**
 * The thread with what the stream told. A change of something older than all that is loaded is
 * left out: it would leave a hole below it, and comes with its page.
 */
export function live(thread: Thread, incoming: readonly MessageView[]): Thread {
  const first = thread.messages[0];
  const known = thread.started && !thread.complete && first !== undefined;
  const wanted = known ? incoming.filter((message) => !isAfter(first, message)) : incoming;
  const messages = merge(thread.messages, wanted);
  return messages === thread.messages ? thread : { ...thread, messages };
}

/** The thread with a page of history; the first page clears away what came too early for it. */
export function withPage(thread: Thread, items: readonly MessageView[], more: boolean): Thread {
  const oldest = items[items.length - 1];
  const early = !thread.started && more && oldest !== undefined;
  const kept = early ? thread.messages.filter((m) => !isAfter(oldest, m)) : thread.messages;
  return { messages: merge(kept, items), started: true, complete: !more };
}

/**
 * The thread after a new start from a snapshot. What was loaded above it stays only where the two
 * overlap, since otherwise something in between may be missing.
 */
export function restart(thread: Thread, newest: readonly MessageView[]): Thread {
  const inOrder = merge([], newest);
  const first = inOrder[0];
  const overlap = first && thread.messages.some((message) => message.id === first.id);
  if (!overlap) return { messages: inOrder, started: true, complete: false };
  const above = thread.messages.filter((message) => isAfter(first, message));
  return { messages: [...above, ...inOrder], started: true, complete: thread.complete };
}
