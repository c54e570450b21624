import { beforeEach, describe, expect, test } from "vitest";
import {
  bodyOf,
  earlier,
  emojiIn,
  isQuotable,
  lettersOf,
  ownReaction,
  quotedOf,
} from "../src/letters";
import { choiceOf, fitted, isForeign, kindOf, LIMITS, refusalOf, renamed } from "../src/media";
import { overwriteGetLocale } from "../src/paraglide/runtime.js";
import { sectionsOf } from "../src/text/content";
import { aboutText, lostText, refusalText, sizeText, stageText } from "../src/text/files";
import type { MediaView } from "../src/views";
import { media, message } from "./make";

beforeEach(() => overwriteGetLocale(() => "pt-BR"));

const file = (name: string, type: string, size = 10) => ({ name, type, size });
const picture = (part: Partial<Parameters<typeof choiceOf>[0]> = {}) => ({
  ...file("a.jpg", "image/jpeg"),
  width: 800,
  height: 600,
  ...part,
});

describe("a file", () => {
  test.each([
    ["a.jpg", "image/jpeg", "image"],
    ["a.webp", "image/webp", "image"],
    ["IMG_1.HEIC", "", "image"],
    ["a.mp4", "video/mp4", "video"],
    ["a.ogg", "audio/ogg; codecs=opus", "audio"],
    ["a.pdf", "application/pdf", "document"],
    ["a", "", "document"],
  ])("%s of type %j is sent as %s", (name, type, kind) => {
    expect(kindOf({ name, type })).toBe(kind);
  });

  test.each([
    ["a.jpg", "image/jpeg", false],
    ["a.png", "IMAGE/PNG", false],
    ["a.webp", "image/webp", true],
    ["a.heic", "image/jpeg", true],
  ])("%s of type %s has to become another picture: %s", (name, type, foreign) => {
    expect(isForeign({ name, type })).toBe(foreign);
  });

  test("is refused where WhatsApp would surely not take it", () => {
    expect(refusalOf(file("a.mp4", "video/mp4"))).toBeNull();
    expect(refusalOf(file("a.ogg", "audio/ogg; codecs=opus"))).toBeNull();
    expect(refusalOf(file("a.bin", "application/x-unknown"))).toBeNull();
    expect(refusalOf(file("a.mov", "video/quicktime"))).toEqual({ code: "video-format" });
    expect(refusalOf(file("a.wav", "audio/wav"))).toEqual({ code: "audio-format" });
    expect(refusalOf(file("a.pdf", "application/pdf", 0))).toEqual({ code: "empty-file" });
  });

  test.each(["image", "video", "document"] as const)("may be as large as a %s may", (kind) => {
    const types = { image: "image/png", video: "video/mp4", document: "application/pdf" };
    const limit = LIMITS[kind];
    expect(refusalOf(file("a", types[kind], limit))).toBeNull();
    const over = refusalOf(file("a", types[kind], limit + 1));
    expect(over).toEqual({ code: "too-large", kind, limit });
  });

  test("has another ending after it was changed", () => {
    expect(renamed("foto.de.férias.heic", "jpg")).toBe("foto.de.férias.jpg");
    expect(renamed("foto", "jpg")).toBe("foto.jpg");
    expect(renamed(".heic", "jpg")).toBe("file.jpg");
  });
});

describe("a picture", () => {
  test("goes as it is, unless it is large or of a format that WhatsApp does not take", () => {
    expect(choiceOf(picture())).toBeNull();
    expect(choiceOf(picture({ width: 1920, height: 1920 }))).toBeNull();
    expect(choiceOf(picture({ height: 1921 }))).toBe("shrink-or-keep");
    expect(choiceOf(picture({ size: LIMITS.image + 1 }))).toBe("shrink");
    expect(choiceOf(picture({ type: "image/webp", height: 4000 }))).toBe("convert");
  });

  test("of a sticker's size and format is one", () => {
    const sticker = picture({ type: "image/webp", width: 512, height: 512 });
    expect(choiceOf(sticker)).toBeNull();
    expect(choiceOf({ ...sticker, height: 511 })).toBe("convert");
    expect(choiceOf({ ...sticker, size: LIMITS.sticker + 1 })).toBe("convert");
  });

  test("is shrunk in proportion and never grows", () => {
    expect(fitted(4000, 3000)).toEqual({ width: 1920, height: 1440 });
    expect(fitted(3000, 4000)).toEqual({ width: 1440, height: 1920 });
    expect(fitted(640, 480)).toEqual({ width: 640, height: 480 });
    expect(fitted(40_000, 3)).toEqual({ width: 1920, height: 1 });
  });
});

describe("what is written", () => {
  const of = (id: string, kind: MediaView["kind"]) => media({ id, kind });
  const quoted = quotedOf(message("9"));

  test("is one message per file, with the words beside the first that can have any", () => {
    const [audio, image, other] = [of("1", "audio"), of("2", "image"), of("3", "document")];
    expect(lettersOf("Oi", [audio, image, other], quoted)).toEqual([
      { text: "", media: audio, quoted },
      { text: "Oi", media: image, quoted: null },
      { text: "", media: other, quoted: null },
    ]);
  });

  test("is a message of its own where no file can have words", () => {
    const sticker = of("1", "sticker");
    expect(lettersOf("Oi", [sticker], quoted)).toEqual([
      { text: "", media: sticker, quoted },
      { text: "Oi", media: null, quoted: null },
    ]);
    expect(lettersOf("Oi", [], quoted)).toEqual([{ text: "Oi", media: null, quoted }]);
    expect(lettersOf(" \n", [sticker], null)).toEqual([{ text: "", media: sticker, quoted: null }]);
    expect(lettersOf(" ", [], null)).toEqual([]);
  });

  test("is told to the server with nothing that its kind does not have", () => {
    const plain = { text: "Oi", media: null, quoted: null };
    const own = { client_id: "c", quoted: null };
    expect(bodyOf("c", plain)).toEqual({ ...own, type: "text", text: "Oi" });
    expect(bodyOf("c", { ...plain, quoted })).toMatchObject({ type: "text", quoted: "9" });
    const image = { ...own, type: "image", media_id: "2", text: "Oi" };
    expect(bodyOf("c", { ...plain, media: of("2", "image") })).toEqual(image);
    const voice = media({ id: "3", kind: "audio", voice: true });
    const told = { ...own, type: "audio", media_id: "3", text: null, voice: true };
    expect(bodyOf("c", { text: "", media: voice, quoted: null })).toEqual(told);
  });
});

describe("a message", () => {
  test("can be answered to once WhatsApp knows it", () => {
    expect(isQuotable(message("1"))).toBe(true);
    expect(isQuotable(message("1", { deleted_at: "2026-11-24T12:00:00Z" }))).toBe(false);
    const out = (status: "pending" | "sent" | "read" | "failed") =>
      isQuotable(message("1", { direction: "out", status }));
    expect([out("pending"), out("sent"), out("read"), out("failed")]).toEqual([
      false,
      true,
      true,
      false,
    ]);
    expect(isQuotable(message("1", { direction: "note" }))).toBe(false);
  });

  test("is answered to from the newest of the customer's back to the oldest", () => {
    const all = [message("1"), message("2", { direction: "out" }), message("3")];
    expect(earlier(all, null)?.id).toBe("3");
    expect(earlier(all, "3")?.id).toBe("1");
    expect(earlier(all, "1")).toBeNull();
    expect(earlier([], null)).toBeNull();
  });

  test("has one reaction of the business, whoever of us gave it", () => {
    const by = (kind: "agent" | "customer") => ({ kind, id: "1", name: null, initials: null });
    const reactions = [
      { emoji: "👍", author: by("customer") },
      { emoji: "🙏", author: by("agent") },
    ];
    expect(ownReaction(message("1", { reactions }))).toBe("🙏");
    expect(ownReaction(message("1", { reactions: reactions.slice(0, 1) }))).toBeNull();
  });
});

test.each([
  ["👍", "👍"],
  ["a❤️", "❤️"],
  ["👩🏽‍🚒", "👩🏽‍🚒"],
  ["🇧🇷", "🇧🇷"],
  ["1️⃣", "1️⃣"],
  ["a1#", null],
  ["", null],
])("of what is typed as %j the emoji is %j", (text, emoji) => {
  expect(emojiIn(text)).toBe(emoji);
});

test("choices stand under their headings, in their order", () => {
  const option = (id: string, section: string | null) => ({
    id,
    title: id,
    description: null,
    section,
  });
  const [a, b, c] = [option("a", "X"), option("b", "X"), option("c", null)];
  expect(sectionsOf([a, b, c])).toEqual([
    { section: "X", options: [a, b] },
    { section: null, options: [c] },
  ]);
});

describe("in words", () => {
  const typed = (text: string) => text.replace(/\u00a0/g, " ");

  test.each([
    [999, "999 bytes"],
    [2048, "2 kB"],
    [1_572_864, "1,5 MB"],
    [100 * 1024 * 1024, "100 MB"],
  ])("%i bytes are %s", (bytes, text) => {
    expect(typed(sizeText(bytes))).toBe(text);
  });

  test("a file is its format and its size, as far as they are known", () => {
    expect(typed(aboutText({ name: "a.b.pdf", size: 2048 }))).toBe("PDF · 2 kB");
    expect(aboutText({ name: null, size: null })).toBe("");
    expect(aboutText({ name: "leia-me", size: null })).toBe("");
  });

  test("a file that is not here has a reason", () => {
    const codes = ["media-gone", "media-too-large", "media-mismatch", "media-unreachable"];
    expect(new Set([...codes, "constructor"].map(lostText)).size).toBe(5);
    expect(lostText(undefined)).toBe(lostText("constructor"));
  });

  test("a file that cannot go has one, with the limit in it", () => {
    const large = { code: "too-large", kind: "video", limit: LIMITS.video } as const;
    expect(typed(refusalText(large, "image"))).toBe("Grande demais: Vídeo pode ter até 16 MB.");
    expect(refusalText({ code: "no-line" }, "image")).toContain("Sem conexão");
    expect(refusalText({ code: "video-format" }, "video")).toContain("MP4");
  });

  test("a file on its way tells how far it is", () => {
    expect(stageText({ is: "going", part: 0.426 }, 10)).toBe("43 %");
    expect(stageText({ is: "there", media: media() }, 2048)).toBe(sizeText(2048));
  });
});
