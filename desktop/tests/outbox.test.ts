import "fake-indexeddb/auto";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { type Entry, mayPass, outbox, put, remove, retry, start, stop } from "../src/outbox";
import type { Problem } from "../src/views";
import { message } from "./make";

const problem = (status: number, code: string): Problem => ({ status, code });

/** A server that answers as told and remembers what came. */
function post(answers: (entry: Entry, count: number) => Problem | null) {
  const came: Entry[] = [];
  return {
    came,
    texts: () => came.map((entry) => entry.text),
    async send(entry: Entry) {
      came.push(entry);
      const refused = answers(entry, came.length);
      return refused ? { problem: refused } : { data: message("1") };
    },
    taken() {},
  };
}

const words = (text: string) => ({ text, media: null, quoted: null });
const entries = () => outbox.getState().entries;
const until = (done: () => boolean) => vi.waitFor(() => expect(done()).toBe(true));

beforeEach(async () => {
  for (const entry of entries()) await remove(entry);
  stop();
});

describe("messages", () => {
  test("go in the order of writing, and leave the outbox when taken", async () => {
    const server = post(() => null);
    await start("order", server);
    await Promise.all(["a", "b", "c"].map((text) => put("1", "1", words(text))));
    await until(() => entries().length === 0);
    expect(server.texts()).toEqual(["a", "b", "c"]);
  });

  test("written without a line wait, outlive a reload, and go once with the same id", async () => {
    const away = post(() => problem(0, "no-line"));
    await start("reload", away);
    await put("1", "1", words("a"));
    await put("1", "1", words("b"));
    await until(() => away.came.length > 0);
    stop();
    const server = post(() => null);
    await start("reload", server);
    await until(() => entries().length === 0 && server.came.length > 1);
    expect(server.texts()).toEqual(["a", "b"]);
    expect(server.came[0]?.client_id).toBe(away.came[0]?.client_id);
  });

  test("that are refused wait for a person and hold back nothing", async () => {
    const server = post((entry, count) =>
      entry.text === "a" && count < 3 ? problem(409, "window-closed") : null,
    );
    await start("refused", server);
    await put("1", "1", words("a"));
    await put("1", "1", words("b"));
    await until(() => server.came.length === 2);
    await until(() => entries()[0]?.refused === "window-closed" && entries().length === 1);
    await retry(entries()[0] as Entry);
    await until(() => entries().length === 0);
    expect(server.texts()).toEqual(["a", "b", "a"]);
  });

  test("of another agent stay where they are", async () => {
    await start(
      "one",
      post(() => problem(409, "not-connected")),
    );
    await put("1", "1", words("mine"));
    await until(() => entries()[0]?.refused !== null);
    const server = post(() => null);
    await start("another", server);
    expect(entries()).toEqual([]);
    expect(server.came).toEqual([]);
  });
});

test("trouble that passes is told from a refusal", () => {
  for (const status of [0, 401, 429, 500, 503]) expect(mayPass(problem(status, "x"))).toBe(true);
  for (const status of [404, 409, 422]) expect(mayPass(problem(status, "x"))).toBe(false);
  expect(mayPass(problem(409, "still-running"))).toBe(true);
});
