/**
 * What an agent has begun to write, per task. Kept in memory for switching between tasks, and on
 * this browser for a reload or a crash; shown to nobody else, gone when sent or wrapped up.
 */
import { storage } from "./storage";

const DELAY_MS = 300;

const texts = new Map<string, string>();
const pending = new Map<string, ReturnType<typeof setTimeout>>();

const keyOf = (agent: string, task: string) => `${agent} ${task}`;

/** Reads all drafts of one agent, once after signing in. */
export async function load(agent: string): Promise<void> {
  const db = await storage();
  const range = IDBKeyRange.bound(`${agent} `, `${agent} \uffff`);
  const [keys, values] = await Promise.all([
    db.getAllKeys("drafts", range),
    db.getAll("drafts", range),
  ]);
  keys.forEach((key, index) => {
    // What has been typed since is newer than what was stored.
    if (!texts.has(key)) texts.set(key, values[index] ?? "");
  });
}

export function draft(agent: string, task: string): string {
  return texts.get(keyOf(agent, task)) ?? "";
}

/** Remembers a text at once, and stores it when the typing pauses. */
export function keep(agent: string, task: string, text: string): void {
  const key = keyOf(agent, task);
  texts.set(key, text);
  clearTimeout(pending.get(key));
  pending.set(
    key,
    setTimeout(() => void store(key), DELAY_MS),
  );
}

/** Deletes a draft here and on the browser. */
export function discard(agent: string, task: string): Promise<void> {
  keep(agent, task, "");
  return store(keyOf(agent, task));
}

/** Stores what is still waiting for a pause; called when the page is about to go. */
export async function storeAll(): Promise<void> {
  await Promise.all([...pending.keys()].map(store));
}

async function store(key: string): Promise<void> {
  clearTimeout(pending.get(key));
  pending.delete(key);
  const text = texts.get(key) ?? "";
  const db = await storage();
  if (text === "") await db.delete("drafts", key);
  else await db.put("drafts", text, key);
}

/** Forgets what is in memory; the next `load` reads the browser again. */
export function forgetAll(): void {
  for (const timer of pending.values()) clearTimeout(timer);
  pending.clear();
  texts.clear();
}
