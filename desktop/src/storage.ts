/** This browser's own memory: unsent texts and messages that wait for the line. */
import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import type { Letter } from "./letters";

export interface Waiting extends Letter {
  /** Kept with the message for ever, so that a repeat is known as one. */
  client_id: string;
  agent: string;
  task: string;
  conversation: string;
  created_at: string;
  tries: number;
  /** Why the server will not take it; it waits for a person then. */
  refused: string | null;
}

interface Schema extends DBSchema {
  drafts: { key: string; value: string };
  // Keys grow, so reading in order of keys is reading in order of writing.
  outbox: { key: number; value: Waiting; indexes: { agent: string } };
}

export type Storage = IDBPDatabase<Schema>;

let opened: Promise<Storage> | undefined;

export function storage(): Promise<Storage> {
  opened ??= openDB<Schema>("balcao", 1, {
    upgrade(db) {
      db.createObjectStore("drafts");
      db.createObjectStore("outbox", { autoIncrement: true }).createIndex("agent", "agent");
    },
  });
  return opened;
}
