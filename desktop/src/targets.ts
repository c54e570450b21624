/**
 * Whom a conversation can be given to: what the lists of a moment hold, what is found in them, and
 * whether a choice still stands. A choice outlives the list that it was made from, so that a list
 * that comes anew never takes it away silently.
 */
import { contains } from "./text/search";
import type { Destination, Targets } from "./views";

export type Purpose = "transfer" | "conference";
export type Kind = "queue" | "agent";

export type Target =
  | { kind: "queue"; id: string; name: string; open: boolean; waiting: number; longest_s: number }
  | { kind: "agent"; id: string; name: string; team: string | null; free: number };

/** The queues or the agents of the lists, in the order in which they came. */
export function targetsOf(lists: Targets, kind: Kind): Target[] {
  if (kind === "agent") {
    return lists.agents.map(({ id, name, team, free_slots }) => ({
      kind,
      id,
      name,
      team,
      free: free_slots,
    }));
  }
  return lists.queues.map(({ id, name, open, waiting, longest_wait_s }) => ({
    kind,
    id,
    name,
    open,
    waiting,
    longest_s: longest_wait_s,
  }));
}

/** The entries whose name contains what is looked for, accents and case ignored. */
export function matching<T extends { name: string }>(all: readonly T[], wanted: string): T[] {
  return all.filter((each) => contains(each.name, wanted));
}

/** Whether what was chosen is no longer among the targets; unknown while there is no list. */
export function hasGone(chosen: Target | null, targets: readonly Target[] | null): boolean {
  return chosen !== null && targets !== null && !targets.some((each) => each.id === chosen.id);
}

/** The entry that an arrow leads to, from the given one or from outside the list. */
export function stepFrom<T extends { id: string }>(
  found: readonly T[],
  from: string | null,
  by: 1 | -1,
): T | null {
  const at = found.findIndex((each) => each.id === from);
  const next = at < 0 ? (by > 0 ? 0 : found.length - 1) : at + by;
  return found[Math.max(0, Math.min(found.length - 1, next))] ?? null;
}

/** How the server is told. */
export function destinationOf({ kind, id }: Target): Destination {
  return kind === "queue" ? { queue_id: id, agent_id: null } : { queue_id: null, agent_id: id };
}
