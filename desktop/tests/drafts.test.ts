import "fake-indexeddb/auto";
import { beforeEach, expect, test } from "vitest";
import { discard, draft, forgetAll, keep, load, storeAll } from "../src/drafts";

beforeEach(forgetAll);

test("a draft is there at once, and after a reload", async () => {
  keep("7", "1", "half a sen");
  expect(draft("7", "1")).toBe("half a sen");
  await storeAll();
  forgetAll();
  expect(draft("7", "1")).toBe("");
  await load("7");
  expect(draft("7", "1")).toBe("half a sen");
});

test("a draft is shown to no other agent", async () => {
  keep("7", "2", "mine");
  await storeAll();
  forgetAll();
  await load("8");
  expect(draft("8", "2")).toBe("");
  expect(draft("7", "2")).toBe("");
});

test("a draft that was sent does not come back", async () => {
  keep("7", "3", "gone");
  await storeAll();
  await discard("7", "3");
  forgetAll();
  await load("7");
  expect(draft("7", "3")).toBe("");
});

test("what was typed before the drafts were read is kept", async () => {
  keep("7", "4", "old");
  await storeAll();
  forgetAll();
  keep("7", "4", "new");
  await load("7");
  expect(draft("7", "4")).toBe("new");
});
