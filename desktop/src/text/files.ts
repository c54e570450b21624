/** Files in the words of the reader's language. */
import type { Refusal } from "../media";
import { m } from "../paraglide/messages.js";
import { getLocale } from "../paraglide/runtime.js";
import type { Stage } from "../uploads";
import type { MediaKind, MediaView } from "../views";
import { codeText } from "./problems";
import { entryOf, typeText } from "./words";

const UNITS = ["byte", "kilobyte", "megabyte"] as const;

/** Bytes as people say them, as `2,4 MB`. */
export function sizeText(bytes: number): string {
  let step = 0;
  let size = bytes;
  for (; size >= 1000 && step < UNITS.length - 1; step += 1) size /= 1024;
  return new Intl.NumberFormat(getLocale(), {
    style: "unit",
    unit: UNITS[step] ?? "byte",
    unitDisplay: step === 0 ? "long" : "short",
    maximumFractionDigits: size < 10 ? 1 : 0,
  }).format(size);
}

/** The ending of the name as people call the format, as `PDF`; empty where there is none. */
export function formatText(name: string | null): string {
  return /\.([a-z0-9]{1,5})$/i.exec(name ?? "")?.[1]?.toUpperCase() ?? "";
}

/** What kind of file it is and how large, as far as that is known. */
export function aboutText({ name, size }: Pick<MediaView, "name" | "size">): string {
  const parts = [formatText(name), size === null ? "" : sizeText(size)];
  return parts.filter((part) => part !== "").join(" · ");
}

/** What a file of a message is called. */
export function mediaText({ kind, voice }: Pick<MediaView, "kind" | "voice">): string {
  return voice ? m.voice_message() : typeText(kind);
}

const LOST: Record<string, () => string> = {
  "media-gone": m.media_gone,
  "media-too-large": m.media_too_large,
  "media-mismatch": m.media_mismatch,
  "media-unreachable": m.media_unreachable,
};

/** Why a customer's file is not here. */
export function lostText(code: string | undefined): string {
  return (entryOf(LOST, code ?? "") ?? m.media_lost)();
}

const REFUSALS: Record<string, () => string> = {
  "empty-file": m.file_empty,
  empty: m.file_empty,
  "image-format": m.file_image_format,
  "video-format": m.file_video_format,
  "audio-format": m.file_audio_format,
  "unsupported-type": m.file_unsupported,
  "bad-form": m.file_unsupported,
};

/** Why a file cannot be sent. */
export function refusalText({ code, kind, limit }: Refusal, guess: MediaKind): string {
  if (code === "too-large" && limit !== undefined)
    return m.file_too_large({ kind: typeText(kind ?? guess), limit: sizeText(limit) });
  return entryOf(REFUSALS, code)?.() ?? codeText(code);
}

/** How far a file is on its way. */
export function stageText(stage: Stage, size: number): string {
  if (stage.is === "reading") return m.upload_reading();
  if (stage.is === "waiting") return m.upload_waiting();
  if (stage.is === "going") return `${Math.round(stage.part * 100)} %`;
  return sizeText(size);
}
