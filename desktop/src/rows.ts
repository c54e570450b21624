/** The lines of a thread: messages, the days between them, and what is still in the outbox. */
import type { Entry } from "./outbox";
import { dayOf } from "./text/words";
import type { MessageView } from "./views";

export type Row =
  | { kind: "day"; key: string; at: string }
  | { kind: "message"; key: string; message: MessageView }
  | { kind: "waiting"; key: string; entry: Entry };

/** At which row each message is, by its id. */
export function placesOf(rows: readonly Row[]): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  for (const [place, row] of rows.entries()) {
    if (row.kind === "message") places.set(row.message.id, place);
  }
  return places;
}

export function rowsOf(messages: readonly MessageView[], entries: readonly Entry[]): Row[] {
  const rows: Row[] = [];
  const sent = new Set<string>();
  let day = "";
  const turnTo = (at: string) => {
    const next = dayOf(at);
    if (next === day) return;
    day = next;
    rows.push({ kind: "day", key: `day ${next}`, at });
  };
  for (const message of messages) {
    turnTo(message.at);
    if (message.client_id !== null) sent.add(message.client_id);
    // The same key as in the outbox, so that the bubble stays the same one when it is sent.
    rows.push({ kind: "message", key: message.client_id ?? message.id, message });
  }
  for (const entry of entries) {
    if (sent.has(entry.client_id)) continue;
    turnTo(entry.created_at);
    rows.push({ kind: "waiting", key: entry.client_id, entry });
  }
  return rows;
}
