import { expect, test } from "vitest";
import { destinationOf, hasGone, matching, stepFrom, type Target, targetsOf } from "../src/targets";
import type { Targets } from "../src/views";

const queue = (id: string, name: string, waiting = 0, longest_wait_s = 0) => ({
  id,
  name,
  open: true,
  waiting,
  longest_wait_s,
});

const LISTS: Targets = {
  queues: [queue("1", "Financeiro"), queue("2", "Logística", 3, 75), queue("3", "Suporte N1")],
  agents: [{ id: "1", name: "Diego Dias", team: "Logística", free_slots: 4 }],
};
const QUEUES = targetsOf(LISTS, "queue");
const [FINANCE, LOGISTICS, SUPPORT] = QUEUES as [Target, Target, Target];

const names = (targets: readonly Target[]) => targets.map((each) => each.name);

test("searching finds a name by any part of it, accents and case ignored", () => {
  expect(names(matching(QUEUES, "LOGIST"))).toEqual(["Logística"]);
  expect(names(matching(QUEUES, "n1"))).toEqual(["Suporte N1"]);
  expect(names(matching(QUEUES, " i "))).toEqual(["Financeiro", "Logística"]);
  expect(matching(QUEUES, "vendas")).toEqual([]);
  expect(names(matching(QUEUES, ""))).toEqual(names(QUEUES));
});

test("a queue tells who waits there, and an agent what is free", () => {
  expect(LOGISTICS).toMatchObject({ kind: "queue", waiting: 3, longest_s: 75 });
  expect(targetsOf(LISTS, "agent")).toEqual([
    { kind: "agent", id: "1", name: "Diego Dias", team: "Logística", free: 4 },
  ]);
});

test("a choice stands until a list comes without it", () => {
  expect(hasGone(LOGISTICS, QUEUES)).toBe(false);
  expect(hasGone(LOGISTICS, [FINANCE, SUPPORT])).toBe(true);
  expect(hasGone(LOGISTICS, [])).toBe(true);
  expect(hasGone(LOGISTICS, null)).toBe(false);
  expect(hasGone(null, [])).toBe(false);
});

test("arrows go through what was found, and stay at its ends", () => {
  expect(stepFrom(QUEUES, null, 1)).toBe(FINANCE);
  expect(stepFrom(QUEUES, null, -1)).toBe(SUPPORT);
  expect(stepFrom(QUEUES, "1", 1)).toBe(LOGISTICS);
  expect(stepFrom(QUEUES, "1", -1)).toBe(FINANCE);
  expect(stepFrom(QUEUES, "3", 1)).toBe(SUPPORT);
  expect(stepFrom([FINANCE, SUPPORT], "2", 1)).toBe(FINANCE);
  expect(stepFrom([], "1", 1)).toBe(null);
});

test("the server is told of a queue or of an agent, never of both", () => {
  expect(destinationOf(LOGISTICS)).toEqual({ queue_id: "2", agent_id: null });
  const [diego] = targetsOf(LISTS, "agent") as [Target];
  expect(destinationOf(diego)).toEqual({ queue_id: null, agent_id: "1" });
});
