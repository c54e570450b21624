import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  attach,
  attachVoice,
  detach,
  detachAll,
  keepOrRetry,
  MAX_FILES,
  uploads,
} from "../src/uploads";
import type { MediaView } from "../src/views";

/** Where files go, one request at a time being answered by the test. */
class Request {
  static open: Request[] = [];
  upload = { onprogress: (_: { loaded: number; total: number }) => {} };
  onload = () => {};
  onerror = () => {};
  onabort = () => {};
  status = 0;
  response: unknown = null;
  responseType = "";
  file: File | null = null;

  open() {}

  send(form: FormData) {
    this.file = form.get("file") as File;
    Request.open.push(this);
  }

  abort() {
    Request.open = Request.open.filter((each) => each !== this);
    this.onabort();
  }

  answer(status: number, response: unknown) {
    Request.open = Request.open.filter((each) => each !== this);
    Object.assign(this, { status, response });
    this.onload();
  }
}

const pdf = (name: string, size = 4) =>
  new File([new Uint8Array(size)], name, { type: "application/pdf" });
const stages = () => uploads.getState().all.map(({ file, stage }) => [file.name, stage.is]);
const request = async () => {
  await vi.waitFor(() => expect(Request.open).toHaveLength(1));
  return Request.open[0] as Request;
};
const taken = (name: string) => ({
  id: "5",
  name,
  mime_type: "application/pdf",
  size: 4,
  kind: "document",
});

beforeEach(() => vi.stubGlobal("XMLHttpRequest", Request));

afterEach(() => {
  detachAll();
  vi.unstubAllGlobals();
});

describe("files", () => {
  test("go up one at a time, and tell how far they are", async () => {
    expect(attach("1", [pdf("a"), pdf("b")])).toBe(true);
    const first = await request();
    expect(stages()).toEqual([
      ["a", "going"],
      ["b", "waiting"],
    ]);
    first.upload.onprogress({ loaded: 1, total: 4 });
    expect(uploads.getState().all[0]?.stage).toEqual({ is: "going", part: 0.25 });
    first.answer(201, taken("a"));
    const second = await request();
    expect(second.file?.name).toBe("b");
    second.answer(201, taken("b"));
    await vi.waitFor(() => expect(stages().map(([, is]) => is)).toEqual(["there", "there"]));
    expect(uploads.getState().all[0]?.stage).toMatchObject({ media: { id: "5", voice: false } });
  });

  test("that are taken away on their way are stopped, and hold back none", async () => {
    attach("1", [pdf("a"), pdf("b")]);
    await request();
    detach(uploads.getState().all[0]?.key ?? 0);
    await vi.waitFor(() => expect(stages()).toEqual([["b", "going"]]));
    expect((await request()).file?.name).toBe("b");
  });

  test("that cannot go say why, and can be tried again where that may help", async () => {
    attach("1", [pdf("a")]);
    (await request()).onerror();
    const refused = () => uploads.getState().all[0]?.stage;
    Request.open = [];
    await vi.waitFor(() =>
      expect(refused()).toEqual({ is: "refused", refusal: { code: "no-line" }, again: true }),
    );
    keepOrRetry(uploads.getState().all[0]?.key ?? 0);
    (await request()).answer(415, { code: "unsupported-type" });
    const refusal = { code: "unsupported-type" };
    await vi.waitFor(() => expect(refused()).toEqual({ is: "refused", refusal, again: false }));
  });

  test("that are surely too large never go", () => {
    const large = pdf("a");
    Object.defineProperty(large, "size", { value: 101 * 1024 * 1024 });
    attach("1", [large, pdf("b", 0)]);
    const codes = uploads
      .getState()
      .all.map(({ stage }) => (stage.is === "refused" ? stage.refusal.code : null));
    expect(codes).toEqual(["too-large", "empty-file"]);
    expect(Request.open).toEqual([]);
  });

  test("are not more than there is room for at one task", async () => {
    expect(
      attach(
        "1",
        Array.from({ length: MAX_FILES + 1 }, () => pdf("a")),
      ),
    ).toBe(false);
    expect(attach("2", [pdf("b")])).toBe(true);
    expect(uploads.getState().all).toHaveLength(MAX_FILES + 1);
    detachAll("1");
    expect(stages()).toHaveLength(1);
  });
});

test("a voice message is handed on once it is there, and is a file no longer", async () => {
  const there: MediaView[] = [];
  const file = new File([new Uint8Array(4)], "voice.ogg", { type: "audio/ogg" });
  attachVoice("1", file, (media) => there.push(media));
  const kind = { kind: "audio", mime_type: "audio/ogg" };
  (await request()).answer(201, { ...taken("voice.ogg"), ...kind });
  await vi.waitFor(() => expect(there).toHaveLength(1));
  expect(there[0]).toMatchObject({ id: "5", kind: "audio", voice: true, state: "ready" });
  expect(uploads.getState().all).toEqual([]);
});
