/** Tells of requests and messages by sound, title, notification and to screen readers. */
import { desk, onArrival } from "./desk";
import { offersOf, tasksOf } from "./look";
import { m } from "./paraglide/messages.js";
import { settings } from "./settings";
import { repeat, unlock } from "./sound";
import { customerName } from "./text/words";
import { announce, ui } from "./ui";
import type { TaskView } from "./views";

/** Begins to watch; the returned function ends it. */
export function watchAlerts(focusTask: (task: TaskView) => void): () => void {
  let known = new Set<string>();
  const look = () => {
    const offers = offersOf(desk.getState(), ui.getState().hopes);
    const fresh = offers.filter((task) => !known.has(ringing(task)));
    const before = known.size;
    known = new Set(offers.map(ringing));
    for (const task of fresh) tell(task, focusTask);
    if (fresh.length > 0 || (known.size === 0 && before > 0)) {
      repeat(known.size === 0 ? null : volume);
    }
    title(offers.length);
  };
  const endings = [desk.subscribe(look), ui.subscribe(look), onArrival(tellMessage)];
  document.addEventListener("pointerdown", unlock);
  document.addEventListener("keydown", unlock);
  look();
  return () => {
    for (const end of endings) end();
    document.removeEventListener("pointerdown", unlock);
    document.removeEventListener("keydown", unlock);
    repeat(null);
    document.title = "Balcão";
  };
}

const ringing = (task: TaskView) => `${task.id} ${task.leg?.id}`;

function volume(): number {
  const { muted, volume: loud } = settings.getState().sound;
  return muted ? 0 : loud;
}

function title(offers: number): void {
  const text = offers > 0 ? `(${offers}) Balcão` : "Balcão";
  if (document.title !== text) document.title = text;
  const icon = document.querySelector<HTMLLinkElement>("link[rel=icon]");
  const wanted = offers > 0 ? "/icon-dot.svg" : "/icon.svg";
  if (icon && icon.getAttribute("href") !== wanted) icon.setAttribute("href", wanted);
}

function tell(task: TaskView, focusTask: (task: TaskView) => void): void {
  const name = customerName(task);
  announce(m.offer_announced({ name, queue: task.queue.name }));
  const { enabled, private: hidden } = settings.getState().notifications;
  if (!enabled || !document.hidden || typeof Notification === "undefined") return;
  if (Notification.permission !== "granted") return;
  const body = hidden ? task.queue.name : `${name} · ${task.queue.name}`;
  const note = new Notification(m.notification_title(), { body, tag: task.id });
  note.onclick = () => {
    window.focus();
    focusTask(task);
    note.close();
  };
}

function tellMessage(message: { conversation_id: string; text: string | null }): void {
  const tasks = tasksOf(desk.getState(), ui.getState().hopes);
  const task = tasks.find((each) => each.conversation_id === message.conversation_id);
  if (task) announce(m.message_announced({ name: customerName(task), text: message.text ?? "" }));
}
