/** An open conversation: who, the thread, the composer, and the wrap-up when it has ended. */
import { ArrowLeft, CircleCheckBig, PanelRight } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "react-aria-components";
import { useLocation } from "wouter";
import { useStore } from "zustand";
import { end } from "../actions";
import { outbox } from "../outbox";
import { m } from "../paraglide/messages.js";
import { customerName, customerPhone } from "../text/words";
import { ui } from "../ui";
import { type Layout, useTask } from "../use";
import type { TaskView } from "../views";
import { Composer } from "./Composer";
import { Details } from "./Details";
import { Avatar, Timer } from "./small";
import { Thread } from "./Thread";
import { WrapUp } from "./WrapUp";

interface Props {
  id: string;
  me: string;
  layout: Layout;
  /** Requests, where they belong above the thread or above the composer. */
  above?: ReactNode;
  belowThread?: ReactNode;
}

export function ThreadPane({ id, me, layout, above, belowThread }: Props) {
  const task = useTask(id);
  const details = useStore(ui, (state) => state.details) && layout !== "wide";
  const shown = task?.leg?.state === "connected" || task?.leg?.state === "wrap-up";
  if (!task || !shown) return <Missing above={above} below={belowThread} />;
  const wrapping = task.leg?.state === "wrap-up";
  return (
    <main
      className="pane"
      aria-label={m.conversation_with({ name: customerName(task) })}
      data-region
      tabIndex={-1}
    >
      {above}
      <ThreadHeader task={task} layout={layout} />
      <OfflineBanner conversation={task.conversation_id} />
      <div className="pane-body">
        <div className="pane-under" inert={wrapping || details}>
          <Thread key={task.conversation_id} task={task} me={me} />
          {!wrapping && belowThread}
          {!wrapping && <Composer task={task} me={me} />}
        </div>
        {wrapping && <WrapUp key={task.id} task={task} />}
        {details && (
          <div className="pane-side">
            <Details task={task} />
          </div>
        )}
      </div>
      {wrapping && belowThread}
    </main>
  );
}

function Missing({ above, below }: { above: ReactNode; below: ReactNode }) {
  const [, go] = useLocation();
  return (
    <main className="pane" data-region tabIndex={-1}>
      {above}
      <div className="idle-page">
        <p>{m.task_gone()}</p>
        <Button className="button" onPress={() => go("/")}>
          {m.to_desk()}
        </Button>
      </div>
      {below}
    </main>
  );
}

function ThreadHeader({ task, layout }: { task: TaskView; layout: Layout }) {
  const [, go] = useLocation();
  const details = useStore(ui, (state) => state.details);
  const connected = task.leg?.state === "connected";
  const mayEnd = connected && task.leg?.role === "primary";
  return (
    <header className="thread-head">
      {layout === "narrow" && (
        <Button className="icon-button" aria-label={m.back_to_list()} onPress={() => go("/")}>
          <ArrowLeft size={18} aria-hidden="true" />
        </Button>
      )}
      <Avatar initials={task.customer.initials} />
      <div className="thread-who">
        <h1>{customerName(task)}</h1>
        <p className="muted number">
          {customerPhone(task)} · {task.queue.name} · <Timer since={task.leg?.connected_at} />
        </p>
      </div>
      <div className="thread-actions">
        {layout !== "wide" && (
          <Button
            className="icon-button"
            aria-label={details ? m.hide_details() : m.show_details()}
            aria-pressed={details}
            onPress={() => ui.setState({ details: !details })}
          >
            <PanelRight size={18} aria-hidden="true" />
          </Button>
        )}
        {mayEnd && (
          <Button className="button danger" onPress={() => void end(task)}>
            <CircleCheckBig size={16} aria-hidden="true" />
            {m.end_task()}
          </Button>
        )}
      </div>
    </header>
  );
}

function OfflineBanner({ conversation }: { conversation: string }) {
  const line = useStore(ui, (state) => state.line);
  const waiting = useStore(
    outbox,
    (state) =>
      state.entries.filter((e) => e.conversation === conversation && e.refused === null).length,
  );
  if (line === "connected") return null;
  return (
    <p className="banner" role="status">
      {waiting > 0 ? m.waiting_sends({ count: waiting }) : m.offline_banner()}
    </p>
  );
}
