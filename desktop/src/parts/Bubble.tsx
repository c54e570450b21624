/** One line of a thread. */
import { Check, CheckCheck, CircleAlert, Clock, FileQuestion, type LucideIcon } from "lucide-react";
import { Fragment, memo, type ReactNode } from "react";
import { Button } from "react-aria-components";
import { settle } from "../actions";
import { serverNow } from "../clock";
import { type Entry, remove, retry } from "../outbox";
import { m } from "../paraglide/messages.js";
import type { Row } from "../rows";
import { codeText } from "../text/problems";
import { lineNote, lineText } from "../text/steps";
import { type Node, parse } from "../text/whatsapp";
import { dayText, failure, timeText, typeText } from "../text/words";
import type { MessageView, Status } from "../views";
import { Avatar } from "./small";

export const ThreadRow = memo(function ThreadRow({ row, me }: { row: Row; me: string }) {
  if (row.kind === "day") {
    return (
      <p className="day">
        <span>{dayText(row.at, serverNow())}</span>
      </p>
    );
  }
  if (row.kind === "waiting") return <WaitingBubble entry={row.entry} />;
  if (row.message.direction === "system") return <SystemLine message={row.message} />;
  return <Bubble message={row.message} me={me} />;
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

function Bubble({ message, me }: { message: MessageView; me: string }) {
  const kind = tone(message, me);
  const author = message.author.name ?? (kind === "in" ? m.no_name() : m.product());
  return (
    <article className={`message ${kind}`} aria-label={`${author}, ${timeText(message.at)}`}>
      {kind === "in" && <Avatar initials={message.author.initials} />}
      <div className="bubble">
        {kind === "peer" && <p className="bubble-author">{author}</p>}
        <Content message={message} />
        <p className="bubble-meta">
          <time dateTime={message.at}>{timeText(message.at)}</time>
          {message.status !== null && (
            <Tick status={message.status} dismissed={message.dismissed} />
          )}
        </p>
      </div>
      <Trouble message={message} />
    </article>
  );
}

function Content({ message }: { message: MessageView }) {
  const text = message.text ?? "";
  const plain = message.type === "text" || message.direction === "note";
  return (
    <div className="bubble-text">
      {!plain && (
        <p className="placeholder">
          <FileQuestion size={16} aria-hidden="true" />
          {typeText(message.type)}
          {text === "" && <span className="hidden"> {m.placeholder_note()}</span>}
        </p>
      )}
      {text !== "" && <Formatted text={text} />}
    </div>
  );
}

/** WhatsApp's formatting as elements. */
export function Formatted({ text }: { text: string }) {
  return <p>{parse(text).map(drawn)}</p>;
}

function drawn(node: Node, index: number): ReactNode {
  const key = index;
  if (node.kind === "text") return <Fragment key={key}>{node.text}</Fragment>;
  if (node.kind === "mono") return <code key={key}>{node.text}</code>;
  if (node.kind === "link") {
    return (
      <a key={key} href={node.href} target="_blank" rel="noopener noreferrer nofollow">
        {node.text}
      </a>
    );
  }
  const children = node.children.map(drawn);
  if (node.kind === "bold") return <strong key={key}>{children}</strong>;
  if (node.kind === "italic") return <em key={key}>{children}</em>;
  return <s key={key}>{children}</s>;
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
  if (message.dismissed) return null;
  if (message.status !== "failed" && message.status !== "unconfirmed") return null;
  const { why, what } = failure(message.error);
  return (
    <div className="trouble">
      <p>{message.status === "failed" ? `${why} ${what}` : m.unconfirmed_text()}</p>
      <Button className="button small" onPress={() => void settle(message.id, "resend")}>
        {m.resend()}
      </Button>
      <Button className="button small" onPress={() => void settle(message.id, "dismiss")}>
        {m.dismiss()}
      </Button>
    </div>
  );
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
        <div className="bubble-text">
          <Formatted text={entry.text} />
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
