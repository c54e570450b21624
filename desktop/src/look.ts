/** What the desk shows, read off the store and what is hoped for; pure. */
import type { DeskState } from "./desk";
import type { Hopes } from "./ui";
import type { AgentView, TaskView } from "./views";

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
  if (what === "wrap-up") return { ...task, leg: { ...leg, state: "closed" } };
  return task;
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
