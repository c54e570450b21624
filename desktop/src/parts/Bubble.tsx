/** One line of a thread. */
import { Check, CheckCheck, CircleAlert, Clock, type LucideIcon } from "lucide-react";
import { memo, useEffect, useRef } from "react";
import { Button } from "react-aria-components";
import { settle } from "../actions";
import { serverNow } from "../clock";
import { type Entry, remove, retry } from "../outbox";
import { m } from "../paraglide/messages.js";
import type { Row } from "../rows";
import { authorName } from "../text/content";
import { codeText } from "../text/problems";
import { lineNote, lineText } from "../text/steps";
import { dayText, failure, timeText } from "../text/words";
import type { MessageView, Status } from "../views";
import { Acts } from "./Acts";
import { Content } from "./Content";
import { Formatted } from "./Formatted";
import { Deleted, Edited, Forwarded, Quote, Reactions } from "./Marks";
import { Media } from "./Media";
import { Avatar } from "./small";

interface Props {
  me: string;
  /** Goes to a message of this id; null where the one that is quoted here is not loaded. */
  onQuote: ((id: string) => void) | null;
  /** Told once the focus is here; null where it need not come. */
  onArrive: (() => void) | null;
  /** Answers to the message; null where nothing can be written. */
  onReply: ((message: MessageView) => void) | null;
}

export const ThreadRow = memo(function ThreadRow({ row, ...props }: Props & { row: Row }) {
  if (row.kind === "day") {
    return (
      <p className="day">
        <span>{dayText(row.at, serverNow())}</span>
      </p>
    );
  }
  if (row.kind === "waiting") return <WaitingBubble entry={row.entry} />;
  if (row.message.direction === "system") return <SystemLine message={row.message} />;
  return <Bubble message={row.message} {...props} />;
});

function SystemLine({ message }: { message: MessageView }) {
  const note = lineNote(message.system);
  return (
    <div className="system">
      <p>
        {lineText(message.system)} · {timeText(message.at)}
      </p>
      {note !== null && <p className="line-note">{note}</p>}
    </div>
  );
}

function tone(message: MessageView, me: string): "in" | "out" | "peer" | "note" {
  if (message.direction === "in") return "in";
  if (message.direction === "note") return "note";
  return message.author.kind === "agent" && message.author.id !== me ? "peer" : "out";
}

const MEASURED_FRAMES = 30;

/** Takes the focus where it is awaited, and shows it until it goes elsewhere. */
function useArrival(onArrive: (() => void) | null) {
  const node = useRef<HTMLElement>(null);
  useEffect(() => {
    const row = node.current;
    if (onArrive === null || row === null) return;
    row.tabIndex = -1;
    let frame = 0;
    // A row that has just come into the list is hidden, and cannot have it, until it is measured.
    const take = (frames: number) => {
      row.focus({ preventScroll: true });
      if (document.activeElement === row || frames === 0) onArrive();
      else frame = requestAnimationFrame(() => take(frames - 1));
    };
    take(MEASURED_FRAMES);
    return () => cancelAnimationFrame(frame);
  }, [onArrive]);
  // Not to be focused by a mere click.
  return { ref: node, onBlur: () => node.current?.removeAttribute("tabindex") };
}

function Bubble({ message, me, onQuote, onArrive, onReply }: Props & { message: MessageView }) {
  const kind = tone(message, me);
  const author = authorName(message.author);
  const arrival = useArrival(onArrive);
  const { deleted_at: deleted, reactions } = message;
  return (
    <article
      className={`message ${kind}`}
      aria-label={`${author}, ${timeText(message.at)}`}
      {...arrival}
    >
      {kind === "in" && <Avatar initials={message.author.initials} />}
      <div className={bare(message) ? "bubble bare" : "bubble"}>
        {kind === "peer" && <p className="bubble-author">{author}</p>}
        {deleted === null ? (
          <Body message={message} onQuote={onQuote} />
        ) : (
          <Deleted message={message} />
        )}
        <p className="bubble-meta">
          {deleted === null && message.edited_at !== null && <Edited at={message.edited_at} />}
          <time dateTime={message.at}>{timeText(message.at)}</time>
          {message.status !== null && (
            <Tick status={message.status} dismissed={message.dismissed} />
          )}
        </p>
        {onReply !== null && <Acts message={message} onReply={onReply} />}
      </div>
      {deleted === null && reactions.length > 0 && <Reactions reactions={reactions} me={me} />}
      <Trouble message={message} />
    </article>
  );
}

/** A sticker stands by itself. */
function bare({ type, media, deleted_at, quoted, forwarded }: MessageView): boolean {
  const alone = deleted_at === null && quoted === null && forwarded === null;
  return type === "sticker" && media?.state === "ready" && alone;
}

function Body({ message, onQuote }: Pick<Props, "onQuote"> & { message: MessageView }) {
  const { quoted, forwarded } = message;
  const id = quoted?.id ?? null;
  const open = onQuote !== null && id !== null ? () => onQuote(id) : null;
  return (
    <>
      {forwarded !== null && <Forwarded how={forwarded} />}
      {quoted !== null && <Quote quoted={quoted} onOpen={open} />}
      <Content message={message} />
    </>
  );
}

const TICKS: Record<Status, [LucideIcon, () => string]> = {
  pending: [Clock, m.tick_pending],
  sending: [Clock, m.tick_pending],
  accepted: [Clock, m.tick_pending],
  sent: [Check, m.tick_sent],
  delivered: [CheckCheck, m.tick_delivered],
  read: [CheckCheck, m.tick_read],
  played: [CheckCheck, m.tick_played],
  failed: [CircleAlert, m.tick_failed],
  unconfirmed: [CircleAlert, m.tick_unconfirmed],
};

function Tick({ status, dismissed }: { status: Status; dismissed: boolean }) {
  const [Icon, text] = TICKS[status];
  const label = dismissed ? m.tick_dismissed() : text();
  return (
    <span className={`tick ${status}`} role="img" aria-label={label} title={label}>
      <Icon size={14} aria-hidden="true" />
    </span>
  );
}

/** What to do about a message that did not get through, or may not have. */
function Trouble({ message }: { message: MessageView }) {
  const { why, what } = failure(message.error);
  if (message.dismissed) return null;
  if (message.status === "pending" && message.error !== null) {
    return (
      <div className="trouble">
        <p>{`${why} ${m.waits_for_it()}`}</p>
      </div>
    );
  }
  if (message.status !== "failed" && message.status !== "unconfirmed") return null;
  return (
    <div className="trouble">
      <p>{message.status === "failed" ? `${why} ${what}` : unsureText(message)}</p>
      <Button className="button small" onPress={() => void settle(message.id, "resend")}>
        {m.resend()}
      </Button>
      <Button className="button small" onPress={() => void settle(message.id, "dismiss")}>
        {m.dismiss()}
      </Button>
    </div>
  );
}

function unsureText(message: MessageView): string {
  return message.doubted ? m.doubted_text() : m.unconfirmed_text();
}

/** A message that has not reached the server yet. */
function WaitingBubble({ entry }: { entry: Entry }) {
  const refused = entry.refused !== null;
  const label = refused ? m.tick_failed() : m.tick_queued();
  const Icon = refused ? CircleAlert : Clock;
  return (
    <article
      className="message out"
      aria-label={`${m.you()}, ${label}, ${timeText(entry.created_at)}`}
    >
      <div className="bubble">
        {entry.quoted && <Quote quoted={entry.quoted} onOpen={null} />}
        <div className="bubble-text">
          {entry.media && <Media media={entry.media} conversation={entry.conversation} />}
          {entry.text !== "" && <Formatted text={entry.text} />}
        </div>
        <p className="bubble-meta">
          <time dateTime={entry.created_at}>{timeText(entry.created_at)}</time>
          <span className={refused ? "tick failed" : "tick"} role="img" aria-label={label}>
            <Icon size={14} aria-hidden="true" />
          </span>
        </p>
      </div>
      {entry.refused !== null && (
        <div className="trouble">
          <p>{codeText(entry.refused)}</p>
          <Button className="button small" onPress={() => void retry(entry)}>
            {m.repeat_send()}
          </Button>
          <Button className="button small" onPress={() => void remove(entry)}>
            {m.delete_unsent()}
          </Button>
        </div>
      )}
    </article>
  );
}
