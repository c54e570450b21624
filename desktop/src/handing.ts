/**
 * Giving a conversation away and asking colleagues into it. Who takes it is for the server to say,
 * so only leaving is shown at once; the rest is shown with the answer. What went wrong in a dialog
 * is told there, and everything else in a toast.
 */
import { address, failed, type Go } from "./actions";
import { apply, drop, flush } from "./desk";
import { guestsOf, isConnected } from "./look";
import { server } from "./server";
import { destinationOf, type Purpose, type Target } from "./targets";
import { codeText } from "./text/problems";
import { hope, toast, ui } from "./ui";
import type { Problem, TaskView } from "./views";

/** A command's answer in the store: the task as it is now, or that it is the agent's no longer. */
function take(task: string, answer: { data?: TaskView | undefined; problem?: Problem }): void {
  const { data, problem } = answer;
  if (data?.leg && data.leg.state !== "closed") apply(data);
  else if (!problem) drop("task", task);
  flush();
}

/** Opens a dialog for the task, or says why there is none. */
export function openHanding(task: TaskView, purpose: Purpose): void {
  if (!isConnected(task, "primary")) return;
  if (purpose === "transfer" && guestsOf(task).joined.length > 0) {
    toast(codeText("has-guests"), "info");
    return;
  }
  ui.setState({ handing: { task: task.id, purpose } });
}

export function closeHanding(): void {
  ui.setState({ handing: null });
}

/** Gives the task to the target; the problem if it cannot be taken, and then nothing changed. */
export async function transfer(task: TaskView, to: Target, note: string): Promise<Problem | null> {
  const answer = await server.transfer(task.id, destinationOf(to), note.trim() || null);
  take(task.id, answer);
  return answer.problem ?? null;
}

/** Asks the target in; the problem if that cannot be. */
export async function invite(task: TaskView, to: Target): Promise<Problem | null> {
  const answer = await server.invite(task.id, destinationOf(to));
  take(task.id, answer);
  return answer.problem ?? null;
}

type Ask = (task: string, whom: string) => ReturnType<typeof server.leave>;

const asked =
  (ask: Ask) =>
  async (task: TaskView, whom: string): Promise<void> => {
    const answer = await ask(task.id, whom);
    take(task.id, answer);
    if (answer.problem) failed(answer.problem);
  };

/** Takes back one invitation, by its id. */
export const cancelInvitation = asked(server.cancelInvitation);
/** Makes a guest the owner, by the agent's id. */
export const handOver = asked(server.handOver);
/** Puts a guest out, by the agent's id. */
export const removeGuest = asked(server.removeGuest);

/** Goes out of a conference; back to it if that fails. */
export async function leave(task: TaskView, go: Go): Promise<void> {
  const open = location.pathname === address(task.id);
  hope(task.id, "leave");
  if (open) go("/");
  const answer = await server.leave(task.id);
  take(task.id, answer);
  hope(task.id, null);
  const staying = answer.problem !== undefined || answer.data?.leg?.state === "wrap-up";
  if (staying && open) go(address(task.id));
  if (answer.problem) failed(answer.problem);
}

/** Stops the countdown of a wrap-up. */
export async function holdWrapUp(task: TaskView): Promise<void> {
  const answer = await server.hold(task.id);
  take(task.id, answer);
  if (answer.problem) failed(answer.problem);
}
