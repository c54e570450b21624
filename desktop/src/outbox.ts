/**
 * Messages on their way to the server. Each is stored on this browser before anything is sent, goes
 * in the order of writing within its conversation, and carries an id of its own, so that trying
 * again can never send it twice. No line or a busy server means trying again; a refusal means that
 * a person decides.
 */
import { createStore } from "zustand/vanilla";
import type { Letter } from "./letters";
import { storage, type Waiting } from "./storage";
import { backoff } from "./stream";
import type { MessageView, Problem } from "./views";

export type Entry = Waiting & { key: number };

/** What is waiting, in the order of writing. */
export const outbox = createStore<{ entries: readonly Entry[] }>(() => ({ entries: [] }));

export interface Post {
  send(entry: Entry): Promise<{ data?: MessageView | undefined; problem?: Problem | undefined }>;
  taken(message: MessageView): void;
}

let agent: string | null = null;
let post: Post | null = null;
const running = new Set<string>();

/** Reads what this agent left unsent and begins to send it. */
export async function start(whose: string, how: Post): Promise<void> {
  agent = whose;
  post = how;
  await reload();
  flushAll();
}

export function stop(): void {
  agent = null;
  post = null;
  outbox.setState({ entries: [] });
}

async function reload(): Promise<void> {
  if (agent === null) return;
  const db = await storage();
  const index = db.transaction("outbox").store.index("agent");
  const entries: Entry[] = [];
  for await (const cursor of index.iterate(agent)) {
    entries.push({ ...cursor.value, key: cursor.primaryKey });
  }
  outbox.setState({ entries });
}

/** Stores a message and sends it as soon as its turn comes. */
export async function put(task: string, conversation: string, letter: Letter): Promise<void> {
  if (agent === null) return;
  const waiting: Waiting = {
    client_id: crypto.randomUUID(),
    agent,
    task,
    conversation,
    ...letter,
    created_at: new Date().toISOString(),
    tries: 0,
    refused: null,
  };
  const db = await storage();
  const key = await db.add("outbox", waiting);
  outbox.setState(({ entries }) => ({ entries: [...entries, { ...waiting, key }] }));
  void flush(conversation);
}

/** Tries all conversations; called when the line is back. */
export function flushAll(): void {
  const { entries } = outbox.getState();
  for (const conversation of new Set(entries.map((entry) => entry.conversation))) {
    void flush(conversation);
  }
}

/** Sends a refused message again. */
export async function retry(entry: Entry): Promise<void> {
  await change(entry, { refused: null });
  void flush(entry.conversation);
}

/** Deletes a refused message without sending it. */
export async function remove(entry: Entry): Promise<void> {
  const db = await storage();
  await db.delete("outbox", entry.key);
  outbox.setState(({ entries }) => ({ entries: entries.filter((e) => e.key !== entry.key) }));
}

async function change(entry: Entry, what: Partial<Waiting>): Promise<void> {
  const { key, ...rest } = { ...entry, ...what };
  const db = await storage();
  await db.put("outbox", rest, key);
  outbox.setState(({ entries }) => ({
    entries: entries.map((each) => (each.key === key ? { ...rest, key } : each)),
  }));
}

async function flush(conversation: string): Promise<void> {
  if (running.has(conversation)) return;
  running.add(conversation);
  let through = false;
  try {
    await locked(`balcao outbox ${conversation}`, async () => {
      through = await sendInTurn(conversation);
    });
  } finally {
    running.delete(conversation);
  }
  const left = next(conversation);
  if (left === undefined) return;
  // Something was written in the last moment, or the server is in trouble: not before a pause.
  if (through) void flush(conversation);
  else setTimeout(() => void flush(conversation), backoff(left.tries));
}

/** Whether all could go. */
async function sendInTurn(conversation: string): Promise<boolean> {
  for (let entry = next(conversation); entry !== undefined; entry = next(conversation)) {
    if (!(await sendOne(entry))) return false;
  }
  return true;
}

function next(conversation: string): Entry | undefined {
  const { entries } = outbox.getState();
  return entries.find((entry) => entry.conversation === conversation && entry.refused === null);
}

/** Whether the next one may go. */
async function sendOne(entry: Entry): Promise<boolean> {
  if (post === null) return false;
  const { data, problem } = await post.send(entry);
  if (problem === undefined) {
    if (data) post.taken(data);
    await remove(entry);
    return true;
  }
  if (mayPass(problem)) {
    await change(entry, { tries: entry.tries + 1 });
    return false;
  }
  await change(entry, { refused: problem.code });
  return true;
}

/**
 * No line, no session, too many at once and the server's own trouble pass by themselves; and so
 * does the claim of a server that died while it was answering.
 */
export function mayPass({ status, code }: Problem): boolean {
  return [0, 401, 429].includes(status) || status >= 500 || code === "still-running";
}

/** Two tabs must not send the same conversation at once, where the browser can prevent it. */
async function locked(name: string, work: () => Promise<void>): Promise<void> {
  if (typeof navigator === "undefined" || navigator.locks === undefined) return work();
  await navigator.locks.request(name, work);
}
