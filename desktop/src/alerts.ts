/** Tells of requests and messages by sound, title, notification and to screen readers. */
import { desk, onArrival } from "./desk";
import { offersOf, tasksOf } from "./look";
import { m } from "./paraglide/messages.js";
import { settings } from "./settings";
import { repeat, unlock } from "./sound";
import { noticeText } from "./text/notices";
import { bareText, customerName, originText } from "./text/words";
import { announce, ui } from "./ui";
import type { MessageView, TaskView } from "./views";

/** Begins to watch; the returned function ends it. Pressing a notification opens the desk. */
export function watchAlerts(openDesk: () => void): () => void {
  let known = new Set<string>();
  const look = () => {
    const offers = offersOf(desk.getState(), ui.getState().hopes);
    const fresh = offers.filter((task) => !known.has(ringing(task)));
    const before = known.size;
    known = new Set(offers.map(ringing));
    for (const task of fresh) tell(task, openDesk);
    if (fresh.length > 0 || (known.size === 0 && before > 0)) {
      repeat(known.size === 0 ? null : volume);
    }
    title(offers.length);
  };
  const endings = [
    watchNotices(openDesk),
    desk.subscribe(look),
    ui.subscribe(look),
    onArrival(tellMessage),
  ];
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

function tell(task: TaskView, openDesk: () => void): void {
  const name = customerName(task);
  const origin = originText(task);
  const told = m.offer_announced({ name, queue: task.queue.name });
  announce(origin === null ? told : `${told}. ${origin}`);
  const hidden = settings.getState().notifications.private;
  const body = hidden ? task.queue.name : `${name} · ${task.queue.name}`;
  notify(m.notification_title(), body, task.id, openDesk);
}

/** Shows a notification of the system's, where the person wants it and does not look here. */
function notify(title: string, body: string, tag: string, open: () => void): void {
  const { enabled } = settings.getState().notifications;
  if (!enabled || !document.hidden || typeof Notification === "undefined") return;
  if (Notification.permission !== "granted") return;
  const note = new Notification(title, { body, tag });
  note.onclick = () => {
    window.focus();
    open();
    note.close();
  };
}

/** Tells of notices that come; those that are there when the desk opens are only shown. */
function watchNotices(open: () => void): () => void {
  return desk.subscribe((now, before) => {
    if (!before.loaded || now.notices === before.notices) return;
    const hidden = settings.getState().notifications.private;
    for (const [id, notice] of now.notices) {
      if (before.notices.has(id)) continue;
      notify(m.notices(), hidden ? m.notice_other() : noticeText(notice), `notice ${id}`, open);
    }
  });
}

function tellMessage(message: MessageView): void {
  const tasks = tasksOf(desk.getState(), ui.getState().hopes);
  const task = tasks.find((each) => each.conversation_id === message.conversation_id);
  const text = message.text || bareText(message.type, message.deleted_at !== null);
  if (task) announce(m.message_announced({ name: customerName(task), text }));
}
