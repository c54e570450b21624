/** An open conversation: who, the thread, the composer, and the dialogs that cover it. */
import type { ReactNode } from "react";
import { Button } from "react-aria-components";
import { useLocation } from "wouter";
import { useStore } from "zustand";
import { desk } from "../desk";
import { isConnected } from "../look";
import { outbox } from "../outbox";
import { m } from "../paraglide/messages.js";
import { noticeText } from "../text/notices";
import { customerName } from "../text/words";
import { ui } from "../ui";
import { type Layout, useTask, useWindowOpen } from "../use";
import { Composer } from "./Composer";
import { Conference } from "./Conference";
import { Details } from "./Details";
import { Dropping } from "./Dropping";
import { Handing } from "./Handing";
import { ReferralLine } from "./Referral";
import { Thread } from "./Thread";
import { ThreadHeader } from "./ThreadHeader";
import { Viewer } from "./Viewer";
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
  const handing = useStore(ui, (state) => state.handing);
  const viewing = useStore(ui, (state) => state.viewing);
  const open = useWindowOpen(task?.window_closes_at ?? null);
  const shown = task?.leg?.state === "connected" || task?.leg?.state === "wrap-up";
  if (!task || !shown) return <Missing id={id} above={above} below={belowThread} />;
  const wrapping = task.leg?.state === "wrap-up";
  const dialog = handing?.task === id && isConnected(task, "primary") ? handing.purpose : null;
  const covered = dialog !== null;
  const viewed = viewing?.conversation === task.conversation_id && !wrapping && !covered;
  const writable = open && !wrapping;
  return (
    <main
      className="pane"
      aria-label={m.conversation_with({ name: customerName(task) })}
      data-region
      tabIndex={-1}
    >
      {above}
      <ThreadHeader task={task} layout={layout} covered={covered} />
      {!wrapping && <Conference key={task.id} task={task} me={me} inert={covered} />}
      {task.referral !== null && <ReferralLine referral={task.referral} />}
      <OfflineBanner conversation={task.conversation_id} />
      <div className="pane-body">
        <Dropping task={writable ? task.id : null} inert={wrapping || covered || details || viewed}>
          <Thread key={task.conversation_id} task={task} me={me} writable={writable} />
          {!wrapping && !covered && belowThread}
          {!wrapping && <Composer task={task} me={me} />}
        </Dropping>
        {viewing && viewed && <Viewer media={viewing.media} />}
        {wrapping && <WrapUp key={task.id} task={task} />}
        {dialog && <Handing key={`${dialog} ${id}`} task={task} purpose={dialog} />}
        {details && (
          <div className="pane-side">
            <Details task={task} />
          </div>
        )}
      </div>
      {(wrapping || covered) && belowThread}
    </main>
  );
}

interface MissingProps {
  id: string;
  above: ReactNode;
  below: ReactNode;
}

/** A conversation that is no longer here; a notice about it says why. */
function Missing({ id, above, below }: MissingProps) {
  const [, go] = useLocation();
  const notices = useStore(desk, (state) => state.notices);
  const why = [...notices.values()].findLast((notice) => notice.task_id === id);
  return (
    <main className="pane" data-region tabIndex={-1}>
      {above}
      <div className="idle-page">
        <p>{m.task_gone()}</p>
        {why && <p className="muted">{noticeText(why)}</p>}
        <Button className="button" onPress={() => go("/")}>
          {m.to_desk()}
        </Button>
      </div>
      {below}
    </main>
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
