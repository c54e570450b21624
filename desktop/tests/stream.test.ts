import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { backoff, type Handlers, type Source, Stream } from "../src/stream";
import { snapshot } from "./make";

/** A connection whose other end is the test. */
class Wire implements Source {
  open = true;
  private listeners = new Map<string, ((event: MessageEvent<string>) => void)[]>();

  addEventListener(type: string, listener: (event: MessageEvent<string>) => void): void {
    this.listeners.set(type, [...(this.listeners.get(type) ?? []), listener]);
  }

  close(): void {
    this.open = false;
  }

  tell(type: string, data: unknown): void {
    const event = { data: JSON.stringify(data) } as MessageEvent<string>;
    for (const listener of this.listeners.get(type) ?? []) listener(event);
  }
}

let wires: Wire[];
let told: string[];
let signedIn: boolean;

function stream(): Stream {
  const handlers: Handlers = {
    snapshot: () => told.push("snapshot"),
    view: () => told.push("view"),
    gone: (kind, id) => told.push(`gone ${kind} ${id}`),
    ping: () => told.push("ping"),
    closed: (code) => told.push(`closed ${code}`),
    line: (line) => told.push(line),
    stillSignedIn: async () => signedIn,
  };
  return new Stream(handlers, () => {
    const wire = new Wire();
    wires.push(wire);
    return wire;
  });
}

const last = () => wires[wires.length - 1] as Wire;

beforeEach(() => {
  vi.useFakeTimers();
  wires = [];
  told = [];
  signedIn = true;
});
afterEach(() => vi.useRealTimers());

test("every connection starts with a snapshot and is connected then", () => {
  stream().open();
  last().tell("snapshot", snapshot([]));
  last().tell("gone", { kind: "task", id: "1" });
  expect(told).toEqual(["snapshot", "connected", "gone task 1"]);
});

test("a line on which nothing came for 25 s is given up and made anew", async () => {
  stream().open();
  last().tell("snapshot", snapshot([]));
  await vi.advanceTimersByTimeAsync(24_000);
  last().tell("ping", { at: "2026-11-23T12:00:00.000Z" });
  await vi.advanceTimersByTimeAsync(24_000);
  expect(wires.length).toBe(1);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(told.at(-1)).toBe("reconnecting");
  expect(wires.length).toBe(2);
  expect(wires[0]?.open).toBe(false);
});

test("trying in vain becomes no connection, and goes on trying", async () => {
  stream().open();
  for (let count = 0; count < 5; count += 1) {
    last().tell("error", {});
    await vi.advanceTimersByTimeAsync(12_500);
  }
  expect(told.at(-1)).toBe("offline");
  expect(wires.length).toBeGreaterThan(4);
});

test("a closed desk never comes back by itself", async () => {
  const closed = stream();
  closed.open();
  last().tell("closed", { code: "taken-over" });
  closed.wake();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(told).toEqual(["closed taken-over"]);
  expect(wires.length).toBe(1);
});

test("without a session it does not try again", async () => {
  signedIn = false;
  stream().open();
  last().tell("error", {});
  await vi.advanceTimersByTimeAsync(60_000);
  expect(wires.length).toBe(1);
});

test("the waits grow, with some chance in them", () => {
  expect([0, 1, 2, 3, 4, 9].map((tries) => backoff(tries, 0))).toEqual([
    300, 1_000, 2_000, 5_000, 10_000, 10_000,
  ]);
  expect(backoff(4, 1)).toBe(12_000);
});
