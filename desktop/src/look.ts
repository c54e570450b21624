/** What the desk shows, read off the store and what is hoped for; pure. */
import type { DeskState } from "./desk";
import type { Hopes } from "./ui";
import type { AgentView, Guest, LegView, TaskView } from "./views";

const byMoment =
  (moment: (task: TaskView) => string | null | undefined) => (one: TaskView, other: TaskView) =>
    Date.parse(moment(one) ?? "") - Date.parse(moment(other) ?? "") ||
    Number(one.id) - Number(other.id);

/** A task as it will be once what was asked for has happened. */
export function hoped(task: TaskView, hopes: Hopes): TaskView {
  const hoping = hopes.tasks.get(task.id);
  const leg = task.leg;
  if (hoping === undefined || leg === null) return task;
  const { what, at } = hoping;
  if (what === "accept" && leg.state === "offered") {
    return { ...task, leg: { ...leg, state: "connected", connected_at: at } };
  }
  if (what === "end" && leg.state === "connected") {
    return { ...task, leg: { ...leg, state: "wrap-up", wrap_up_at: at } };
  }
  if (what === "wrap-up" || what === "leave") return { ...task, leg: { ...leg, state: "closed" } };
  return task;
}

/** Whether the agent talks in this task, as its owner or as a guest. */
export function isConnected(task: TaskView, role: LegView["role"]): boolean {
  return task.leg?.state === "connected" && task.leg.role === role;
}

/** Colleagues who have joined, and who are still being asked in. */
export function guestsOf(task: TaskView): { joined: Guest[]; asked: Guest[] } {
  const joined = task.guests.filter((guest) => guest.state === "connected");
  return { joined, asked: task.guests.filter((guest) => guest.state !== "connected") };
}

/** What is left of a countdown when it becomes urgent. */
const URGENT_MS = 10_000;
/** How far the clocks of a browser and the server may differ unnoticed. */
const SLACK_MS = 1_000;

export function isUrgent(by: string, now: number): boolean {
  return Date.parse(by) - now <= URGENT_MS;
}

/**
 * Why a task goes that the agent has not sent away: the server has submitted its wrap-up, whose
 * time was over, or a guest's part was ended by somebody else.
 */
export function whyGone(
  task: TaskView,
  hopes: Hopes,
  now: number,
): "time-up" | "guest-over" | null {
  const leg = task.leg;
  if (leg === null || hopes.tasks.has(task.id)) return null;
  if (leg.state === "connected") return leg.role === "guest" ? "guest-over" : null;
  if (leg.state !== "wrap-up" || leg.wrap_up_by === null) return null;
  return Date.parse(leg.wrap_up_by) <= now + SLACK_MS ? "time-up" : null;
}

/** Requests that ring, oldest first. */
export function offersOf(state: DeskState, hopes: Hopes): TaskView[] {
  return [...state.tasks.values()]
    .filter((task) => hoped(task, hopes).leg?.state === "offered")
    .sort(byMoment((task) => task.leg?.offered_at));
}

/** The agent's own tasks, the latest first. */
export function tasksOf(state: DeskState, hopes: Hopes): TaskView[] {
  return [...state.tasks.values()]
    .map((task) => hoped(task, hopes))
    .filter((task) => task.leg?.state === "connected" || task.leg?.state === "wrap-up")
    .sort(byMoment((task) => task.leg?.connected_at))
    .reverse();
}

/** The agent's state, with a change that is on its way. */
export function meOf(state: DeskState, hopes: Hopes): AgentView | null {
  const me = state.me;
  if (me === null || hopes.state === null) return me;
  return { ...me, ...hopes.state, rona: null };
}
