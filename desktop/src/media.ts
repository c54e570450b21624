/**
 * Files of messages: what WhatsApp takes, and what one on this browser would be sent as. The name
 * and the type that the browser tells are a guess, good enough for a sentence before anything is
 * sent; the server has the last word, from the bytes.
 */
import type { MediaKind } from "./views";

const MB = 1024 * 1024;

/** The most bytes that WhatsApp takes of each kind. */
export const LIMITS: Record<MediaKind, number> = {
  image: 5 * MB,
  video: 16 * MB,
  audio: 16 * MB,
  document: 100 * MB,
  sticker: 500 * 1024,
};

/** WhatsApp's limit for the text beside a file, in Unicode code points. */
export const CAPTION = 1024;
/** The longer side that a photo is shrunk to, in pixels. */
export const LONG_SIDE = 1920;
/** A sticker's sides, in pixels. */
const STICKER_SIDE = 512;

/** Why a file cannot be sent, as the server would say it. */
export interface Refusal {
  code: string;
  kind?: MediaKind;
  /** In bytes. */
  limit?: number;
}

const IMAGES = ["image/jpeg", "image/png"];
const VIDEOS = ["video/mp4", "video/3gpp"];
const AUDIO = /^audio\/(aac|x-aac|vnd\.dlna\.adts|amr|mpeg|mp3|mp4|x-m4a|m4a|ogg|opus)$/;
const HEIC = /\.hei[cf]$/i;

const bare = (type: string) => type.split(";", 1)[0]?.trim().toLowerCase() ?? "";

interface Named {
  name: string;
  type: string;
}

/** What the file would be sent as; pictures of every format are images here. */
export function kindOf({ name, type }: Named): MediaKind {
  const mime = bare(type);
  if (mime.startsWith("image/") || HEIC.test(name)) return "image";
  if (mime.startsWith("video/")) return "video";
  return mime.startsWith("audio/") ? "audio" : "document";
}

/** Whether the picture has to become another one before WhatsApp takes it. */
export function isForeign({ name, type }: Named): boolean {
  return HEIC.test(name) || !IMAGES.includes(bare(type));
}

/** Why it would be refused as it is; for a picture this is asked once it is what it will be. */
export function refusalOf(file: Named & { size: number }, kind = kindOf(file)): Refusal | null {
  const mime = bare(file.type);
  if (file.size === 0) return { code: "empty-file" };
  if (kind === "video" && !VIDEOS.includes(mime)) return { code: "video-format" };
  if (kind === "audio" && !AUDIO.test(mime)) return { code: "audio-format" };
  const limit = LIMITS[kind];
  return file.size > limit ? { code: "too-large", kind, limit } : null;
}

/** What may be done about a picture before it goes. */
export type Choice = "shrink-or-keep" | "shrink" | "convert";

interface Picture extends Named {
  size: number;
  width: number;
  height: number;
}

/** What is to be chosen about the picture; null where it can go as it is. */
export function choiceOf(picture: Picture): Choice | null {
  const { width, height, size } = picture;
  if (isSticker(picture)) return null;
  if (isForeign(picture)) return "convert";
  if (size > LIMITS.image) return "shrink";
  return Math.max(width, height) > LONG_SIDE ? "shrink-or-keep" : null;
}

export function isSticker({ type, width, height, size }: Picture): boolean {
  const square = width === STICKER_SIDE && height === STICKER_SIDE;
  return bare(type) === "image/webp" && square && size <= LIMITS.sticker;
}

/** The sides after shrinking, in proportion; never larger than before. */
export function fitted(width: number, height: number): { width: number; height: number } {
  const scale = Math.min(1, LONG_SIDE / Math.max(width, height));
  const side = (length: number) => Math.max(1, Math.round(length * scale));
  return { width: side(width), height: side(height) };
}

/** The name with another ending, as `foto.jpg` for `foto.heic`. */
export function renamed(name: string, ending: string): string {
  return `${name.replace(/\.[^./\\]*$/, "") || "file"}.${ending}`;
}

/** Whether words may stand beside a file of this kind. */
export function isCaptioned(kind: MediaKind): boolean {
  return kind !== "audio" && kind !== "sticker";
}

/** Where the server has the file. */
export const mediaPath = (id: string) => `/api/media/${id}`;
export const downloadPath = (id: string) => `${mediaPath(id)}?download`;
