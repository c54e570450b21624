/** What is written to a customer before it is a message: words, a file, what it answers to. */
import { desk } from "./desk";
import { isConnected } from "./look";
import { isCaptioned } from "./media";
import { askFocus, reply, ui } from "./ui";
import type { MediaView, MessageView, NewMessage, Quoted, TaskView } from "./views";

export interface Letter {
  text: string;
  media: MediaView | null;
  quoted: Quoted | null;
}

/**
 * The messages that these words and files make: each file is one of its own, the words stand beside
 * the first that can have any, and the first message is the one that answers.
 */
export function lettersOf(
  text: string,
  files: readonly MediaView[],
  quoted: Quoted | null,
): Letter[] {
  const words = text.trim() === "" ? "" : text;
  const captioned = files.findIndex(({ kind }) => isCaptioned(kind));
  const letters: Letter[] = files.map((media, place) => ({
    text: place === captioned ? words : "",
    media,
    quoted: null,
  }));
  if (words !== "" && captioned < 0) letters.push({ text: words, media: null, quoted: null });
  return letters.map((letter, place) => (place === 0 ? { ...letter, quoted } : letter));
}

/** The letter as the server wants it, with the id that makes a repeat of it none. */
export function bodyOf(client_id: string, { text, media, quoted }: Letter): NewMessage {
  const answering = { client_id, quoted: quoted?.id ?? null };
  if (!media) return { ...answering, type: "text", text };
  const { id: media_id, kind, voice } = media;
  const file = { ...answering, media_id, text: text === "" ? null : text };
  return kind === "audio" ? { ...file, type: kind, voice } : { ...file, type: kind };
}

/** The message as one that another answers to. */
export function quotedOf(message: MessageView): Quoted {
  const { id, author, type, text, deleted_at } = message;
  return { id, author, type, text, deleted: deleted_at !== null };
}

const ARRIVED = new Set(["accepted", "sent", "delivered", "read", "played"]);

/** Whether WhatsApp knows the message, so that one may answer to it. */
export function isQuotable({ direction, status, deleted_at }: MessageView): boolean {
  if (deleted_at !== null) return false;
  return direction === "in" || (direction === "out" && ARRIVED.has(status ?? ""));
}

/** The business's own reaction, one for all agents; null where there is none. */
export function ownReaction({ reactions }: MessageView): string | null {
  return reactions.find(({ author }) => author.kind !== "customer")?.emoji ?? null;
}

/** The newest message of the customer before the given one, or of all. */
export function earlier(messages: readonly MessageView[], than: string | null): MessageView | null {
  const place = messages.findIndex(({ id }) => id === than);
  const above = place < 0 ? messages : messages.slice(0, place);
  return above.findLast((each) => each.direction === "in" && isQuotable(each)) ?? null;
}

/** Answers to the customer's newest message; called again, to the one before. */
export function replyBack(task: TaskView): void {
  if (!(isConnected(task, "primary") || isConnected(task, "guest"))) return;
  const messages = desk.getState().threads.get(task.conversation_id)?.messages ?? [];
  const found = earlier(messages, ui.getState().replies.get(task.id)?.id ?? null);
  if (found === null) return;
  reply(task.id, quotedOf(found));
  askFocus(task.id);
}

/** Answers to this message. */
export function replyTo(task: string, message: MessageView): void {
  reply(task, quotedOf(message));
  askFocus(task);
}

const graphemes = new Intl.Segmenter();

/** The last emoji in a text that somebody types; null where there is none. */
export function emojiIn(text: string): string | null {
  const parts = [...graphemes.segment(text)].map(({ segment }) => segment);
  return parts.findLast(isEmoji) ?? null;
}

function isEmoji(grapheme: string): boolean {
  return /\p{Emoji_Presentation}|\p{Extended_Pictographic}|\u20e3/u.test(grapheme);
}
