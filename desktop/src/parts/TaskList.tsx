/** The agent's own conversations. */

import { Users } from "lucide-react";
import { Link } from "wouter";
import { useStore } from "zustand";
import { desk } from "../desk";
import { m } from "../paraglide/messages.js";
import { customerName, previewText } from "../text/words";
import { useTasks } from "../use";
import type { TaskView } from "../views";
import { Avatar, Countdown, Timed, Timer } from "./small";

export function TaskList({ open }: { open: string | null }) {
  const tasks = useTasks();
  const me = useStore(desk, (state) => state.me);
  return (
    <nav className="tasks" aria-label={m.my_contacts()} data-region tabIndex={-1}>
      <div className="pane-head">
        <h2>{m.my_contacts()}</h2>
        {me && (
          <span className="muted number">{m.slots({ used: tasks.length, all: me.capacity })}</span>
        )}
      </div>
      {tasks.length === 0 && <p className="empty muted">{m.no_contacts()}</p>}
      <ul>
        {tasks.map((task) => (
          <li key={task.id}>
            <TaskRow task={task} isOpen={task.id === open} />
          </li>
        ))}
      </ul>
    </nav>
  );
}

function TaskRow({ task, isOpen }: { task: TaskView; isOpen: boolean }) {
  const wrapping = task.leg?.state === "wrap-up";
  return (
    <Link
      href={`/tasks/${task.id}`}
      className={isOpen ? "task open" : "task"}
      aria-current={isOpen ? "page" : undefined}
    >
      <Avatar initials={task.customer.initials} />
      <span className="task-name">{customerName(task)}</span>
      <TaskTime task={task} />
      <span className="task-text">{previewText(task)}</span>
      <TaskMark task={task} wrapping={wrapping} />
      <span className="task-queue">
        <span className="task-place">{task.queue.name}</span>
        {!wrapping && task.guests.some((guest) => guest.state === "connected") && (
          <span className="task-shared">
            <Users size={14} aria-hidden="true" />
            <span className="hidden">{m.conference()}</span>
          </span>
        )}
        {!wrapping && task.waiting_since && (
          <span className="waiting">
            · <Timed text={m.waiting_reply} since={task.waiting_since} />
          </span>
        )}
      </span>
    </Link>
  );
}

/** Time in the conversation; in wrap-up the time since its end, or until it is submitted. */
function TaskTime({ task: { leg } }: { task: TaskView }) {
  if (leg?.state !== "wrap-up") return <Timer since={leg?.connected_at} />;
  if (leg.wrap_up_by) return <Countdown until={leg.wrap_up_by} label={m.auto_wrap_up()} />;
  return <Timer since={leg.wrap_up_at} />;
}

function TaskMark({ task, wrapping }: { task: TaskView; wrapping: boolean }) {
  if (wrapping) return <span className="badge">{m.wrap_up_badge()}</span>;
  if (task.unread === 0) return <span />;
  return (
    <span className="unread">
      <span aria-hidden="true">{task.unread}</span>
      <span className="hidden">{m.unread({ count: task.unread })}</span>
    </span>
  );
}
