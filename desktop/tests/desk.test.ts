import { beforeEach, describe, expect, test } from "vitest";
import {
  addPage,
  apply,
  BLANK,
  clear,
  desk,
  drop,
  fromSnapshot,
  onArrival,
  replaceAll,
  withView,
} from "../src/desk";
import { guestsOf, hoped, isConnected, isUrgent, offersOf, tasksOf, whyGone } from "../src/look";
import type { Hopes } from "../src/ui";
import type { Guest, TaskView, View } from "../src/views";
import { AT, agent, message, snapshot, task } from "./make";

const ids = (conversation: string) =>
  desk
    .getState()
    .threads.get(conversation)
    ?.messages.map((each) => each.id);

const none: Hopes = { tasks: new Map(), state: null };

beforeEach(clear);

describe("one view", () => {
  test("replaces an older version and not a newer one", () => {
    const newer = withView(BLANK, task("1", { version: 5, unread: 2 }));
    expect(withView(newer, task("1", { version: 4 }))).toBe(newer);
    expect(withView(newer, task("1", { version: 5 }))).toBe(newer);
    expect(withView(newer, task("1", { version: 6, unread: 3 })).tasks.get("1")?.unread).toBe(3);
  });

  test("of another agent is not taken for one's own", () => {
    const state = withView(BLANK, agent());
    expect(withView(state, agent({ id: "8", version: 9 }))).toBe(state);
  });

  test("gives the same desk in any order and with repeats", () => {
    const views: View[] = [
      task("1"),
      task("1", { version: 3 }),
      message("1"),
      message("2"),
      agent(),
    ];
    const forth = views.reduce(withView, BLANK);
    const back = [...views].reverse().concat(views).reduce(withView, BLANK);
    expect(back.tasks).toEqual(forth.tasks);
    expect(back.threads).toEqual(forth.threads);
  });
});

describe("what is gone", () => {
  test("takes its thread along and is not brought back by a late answer", () => {
    replaceAll(snapshot([task("1", { version: 4 }), message("1")]));
    drop("task", "1");
    apply(task("1", { version: 4 }));
    expect(desk.getState().tasks.size).toBe(0);
    expect(desk.getState().threads.size).toBe(0);
    apply(task("1", { version: 6 }));
    expect(desk.getState().tasks.size).toBe(1);
  });
});

describe("a snapshot", () => {
  test("replaces everything", () => {
    replaceAll(snapshot([task("1"), message("1")]));
    replaceAll(snapshot([task("2")]));
    expect([...desk.getState().tasks.keys()]).toEqual(["2"]);
    expect(desk.getState().threads.size).toBe(0);
  });

  test("keeps older pages only where they meet it without a gap", () => {
    replaceAll(snapshot([task("1"), message("5"), message("6")]));
    addPage("1", [message("4"), message("3")], true);
    expect(ids("1")).toEqual(["3", "4", "5", "6"]);
    replaceAll(snapshot([task("1"), message("6"), message("7")]));
    expect(ids("1")).toEqual(["3", "4", "5", "6", "7"]);
    replaceAll(snapshot([task("1"), message("20"), message("21")]));
    expect(ids("1")).toEqual(["20", "21"]);
  });
});

describe("a thread", () => {
  test("is ordered by the whole second, then by arrival", () => {
    const late = message("1", { seq: 9, at: "2026-11-23T12:00:00.100Z" });
    const soon = message("2", { seq: 8, at: "2026-11-23T12:00:00.900Z" });
    const next = message("3", { seq: 1, at: "2026-11-23T12:00:01.000Z" });
    for (const each of [next, late, soon]) apply(each);
    expect(ids("1")).toEqual(["2", "1", "3"]);
  });

  test("leaves out a change of what is older than the loaded part", () => {
    replaceAll(snapshot([task("1"), message("5")]));
    apply(message("2", { version: 8 }));
    expect(ids("1")).toEqual(["5"]);
    addPage("1", [message("4"), message("3"), message("2")], false);
    expect(ids("1")).toEqual(["2", "3", "4", "5"]);
  });

  test("tells of a customer's new message once, and never of a page", () => {
    const heard: string[] = [];
    const end = onArrival((each) => heard.push(each.id));
    replaceAll(snapshot([task("1"), message("5")]));
    addPage("1", [message("4")], false);
    apply(message("6"));
    apply(message("6", { version: 2 }));
    apply(message("7", { direction: "out" }));
    end();
    expect(heard).toEqual(["6"]);
  });
});

describe("what is shown", () => {
  test("is the oldest request first", () => {
    const leg = task("1").leg;
    if (!leg) throw new Error("no leg");
    const older = task("2", { leg: { ...leg, offered_at: "2026-11-23T11:59:00.000Z" } });
    const state = fromSnapshot(BLANK, snapshot([task("1"), older]));
    expect(offersOf(state, none).map((each) => each.id)).toEqual(["2", "1"]);
  });

  test("moves a request to the conversations while it is being accepted", () => {
    const state = fromSnapshot(BLANK, snapshot([task("1")]));
    const hopes = { ...none, tasks: new Map([["1", { what: "accept" as const, at: "" }]]) };
    expect(offersOf(state, hopes)).toEqual([]);
    expect(tasksOf(state, hopes).map((each) => each.id)).toEqual(["1"]);
    expect(hoped(task("1"), none).leg?.state).toBe("offered");
  });
});

describe("a conference", () => {
  const guest = (id: string, state: Guest["state"]): Guest => ({
    id,
    to: { kind: "agent", id: "8", name: "Diego" },
    agent_id: "8",
    name: "Diego",
    state,
    since: AT,
    answer_by: null,
  });

  test("has who joined apart from who is asked", () => {
    const guests = [guest("1", "queued"), guest("2", "connected"), guest("3", "offered")];
    const { joined, asked } = guestsOf(task("1", { guests }));
    expect(joined.map((each) => each.id)).toEqual(["2"]);
    expect(asked.map((each) => each.id)).toEqual(["1", "3"]);
  });

  test("is left at once, and one is a guest until then", () => {
    const { leg } = task("1");
    if (!leg) throw new Error("no leg");
    const asGuest = task("1", { leg: { ...leg, role: "guest", state: "connected" } });
    expect(isConnected(asGuest, "guest")).toBe(true);
    expect(isConnected(asGuest, "primary")).toBe(false);
    const hopes = { state: null, tasks: new Map([["1", { what: "leave" as const, at: AT }]]) };
    expect(isConnected(hoped(asGuest, hopes), "guest")).toBe(false);
  });
});

describe("a countdown", () => {
  const end = Date.parse(AT);
  const { leg } = task("1");
  const wrapping = (state: "wrap-up" | "connected", wrap_up_by: string | null) =>
    task("1", { leg: leg && { ...leg, state, wrap_up_by } });

  test("is urgent for its last ten seconds", () => {
    expect(isUrgent(AT, end - 10_001)).toBe(false);
    expect(isUrgent(AT, end - 10_000)).toBe(true);
    expect(isUrgent(AT, end + 5_000)).toBe(true);
  });

  test("that is over is why a task goes", () => {
    const why = (part: TaskView, now: number) => whyGone(part, none, now);
    expect(why(wrapping("wrap-up", AT), end - 5_000)).toBe(null);
    expect(why(wrapping("wrap-up", AT), end)).toBe("time-up");
    expect(why(wrapping("wrap-up", null), end)).toBe(null);
    expect(why(wrapping("connected", AT), end)).toBe(null);
  });
});

describe("a guest", () => {
  const { leg } = task("1");
  const guest = task("1", { leg: leg && { ...leg, role: "guest", state: "connected" } });

  test("is told when others end the part, and not on leaving", () => {
    expect(whyGone(guest, none, 0)).toBe("guest-over");
    const leaving = new Map([["1", { what: "leave" as const, at: AT }]]);
    expect(whyGone(guest, { ...none, tasks: leaving }, 0)).toBe(null);
    const ringing = task("1", { leg: leg && { ...leg, role: "guest" } });
    expect(whyGone(ringing, none, 0)).toBe(null);
  });
});
