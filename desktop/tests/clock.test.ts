import { beforeEach, expect, test } from "vitest";
import { duration, elapsed, forget, learn, serverNow } from "../src/clock";

beforeEach(forget);

test("a duration is mm:ss, and h:mm:ss from one hour on", () => {
  expect(duration(0)).toBe("00:00");
  expect(duration(59_999)).toBe("00:59");
  expect(duration(3_599_000)).toBe("59:59");
  expect(duration(3_600_000)).toBe("1:00:00");
  expect(duration(36_061_000)).toBe("10:01:01");
  expect(duration(-5)).toBe("00:00");
});

test("the server's clock is the least delayed of what it told", () => {
  learn(new Date(10_000).toISOString(), 1_000);
  learn(new Date(11_000).toISOString(), 2_400);
  expect(serverNow(5_000)).toBe(14_000);
});

test("what cannot be read as a moment changes nothing", () => {
  learn(new Date(10_000).toISOString(), 1_000);
  learn("soon", 1_000);
  expect(serverNow(0)).toBe(9_000);
});

test("nothing has lasted less than no time", () => {
  expect(elapsed(new Date(9_000).toISOString(), 8_000)).toBe(0);
  expect(elapsed(new Date(9_000).toISOString(), 12_000)).toBe(3_000);
});
