/** What stands around a message's own words: whom it answers, where it is from, who reacted. */
import { Ban, Forward } from "lucide-react";
import { Button } from "react-aria-components";
import { m } from "../paraglide/messages.js";
import { quoteText, reactionsBy, reactionsText } from "../text/content";
import { momentText } from "../text/words";
import type { MessageView, Quoted, Reaction } from "../views";
import { Hidden } from "./small";

interface QuoteProps {
  quoted: Quoted;
  /** Goes to the quoted message; null where that is not loaded. */
  onOpen: (() => void) | null;
}

/** The message that is answered to; pressed, it takes the reader there. */
export function Quote({ quoted, onOpen }: QuoteProps) {
  const { author, text } = quoteText(quoted);
  const words = (
    <>
      <Hidden>{m.in_reply_to()} </Hidden>
      {author !== null && (
        <span className="quote-author">
          {author}
          <Hidden>:</Hidden>
        </span>
      )}
      <span className={author === null ? "quote-text missing" : "quote-text"}>{text}</span>
    </>
  );
  if (onOpen === null) return <div className="quote">{words}</div>;
  return (
    <Button className="quote" onPress={onOpen}>
      {words}
    </Button>
  );
}

export function Forwarded({ how }: { how: NonNullable<MessageView["forwarded"]> }) {
  return (
    <p className="bubble-label">
      <Forward size={14} aria-hidden="true" />
      {how === "often" ? m.forwarded_often() : m.forwarded()}
    </p>
  );
}

/** In the place of what was deleted. */
export function Deleted({ message }: { message: MessageView }) {
  return (
    <p className="placeholder">
      <Ban size={16} aria-hidden="true" />
      {message.direction === "in" ? m.deleted_by_customer() : m.deleted()}
    </p>
  );
}

export function Edited({ at }: { at: string }) {
  const when = m.edited_at({ time: momentText(at) });
  return (
    <span title={when}>
      <span aria-hidden="true">{m.edited()}</span>
      <Hidden>{when}</Hidden>
    </span>
  );
}

/** The emoji that a message was given, and on asking by whom. */
export function Reactions({ reactions, me }: { reactions: readonly Reaction[]; me: string }) {
  const groups = reactionsBy(reactions, me);
  const label = reactionsText(groups);
  return (
    <div className="reactions">
      <span className="reaction-pill" role="img" aria-label={label} title={label}>
        {groups.map(({ emoji, names }) => (
          <span key={emoji}>
            {emoji}
            {names.length > 1 && <span className="number"> {names.length}</span>}
          </span>
        ))}
      </span>
    </div>
  );
}
