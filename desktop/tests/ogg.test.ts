import { describe, expect, test } from "vitest";
import { checksum, readWebm, samplesOf, toOgg } from "../src/ogg";

const ascii = (text: string) => [...new TextEncoder().encode(text)];

/** An element of EBML; a size of null is "unknown", as in a file that is written live. */
function element(id: number[], data: number[] | null): number[] {
  if (data === null) return [...id, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
  // Four bytes hold every size here.
  const size = data.length;
  return [
    ...id,
    0x10 | (size >> 24),
    (size >> 16) & 0xff,
    (size >> 8) & 0xff,
    size & 0xff,
    ...data,
  ];
}

const HEAD = [...ascii("OpusHead"), 1, 2, 0x38, 0x01, 0x80, 0xbb, 0, 0, 0, 0, 0];

/** As browsers record: segment and clusters of unknown size, each packet in its own block. */
function webm(packets: number[][], { codec = "A_OPUS", flags = 0x80 } = {}): Uint8Array {
  const track = [
    ...element([0xd7], [1]),
    ...element([0x86], ascii(codec)),
    ...element([0x63, 0xa2], HEAD),
    ...element([0xe1], element([0x9f], [1])),
  ];
  const block = (packet: number[]) => element([0xa3], [0x81, 0, 0, flags, ...packet]);
  const half = Math.ceil(packets.length / 2);
  const cluster = (part: number[][]) => [
    ...element([0x1f, 0x43, 0xb6, 0x75], null),
    ...element([0xe7], [0]),
    ...part.flatMap(block),
  ];
  return Uint8Array.from([
    ...element([0x1a, 0x45, 0xdf, 0xa3], element([0x42, 0x82], ascii("webm"))),
    ...element([0x18, 0x53, 0x80, 0x67], null),
    ...element([0x16, 0x54, 0xae, 0x6b], element([0xae], track)),
    ...cluster(packets.slice(0, half)),
    ...cluster(packets.slice(half)),
  ]);
}

/** One frame of 20 ms (CELT, full band, stereo), of the given length and content. */
const packet = (length: number, fill = 7) => [0xfc, ...new Array<number>(length - 1).fill(fill)];

interface Page {
  flags: number;
  position: bigint;
  count: number;
  packets: number[][];
}

/** Reads Ogg by its own rules, with every page's checksum proved. */
function pages(ogg: Uint8Array): Page[] {
  const found: Page[] = [];
  for (let at = 0; at < ogg.length; ) {
    const view = new DataView(ogg.buffer, at);
    expect([...ogg.subarray(at, at + 4)]).toEqual(ascii("OggS"));
    const lacing = [...ogg.subarray(at + 27, at + 27 + (ogg[at + 26] ?? 0))];
    const size = 27 + lacing.length + lacing.reduce((sum, each) => sum + each, 0);
    const bytes = ogg.slice(at, at + size);
    bytes.fill(0, 22, 26);
    expect(view.getUint32(22, true)).toBe(slowChecksum(bytes));
    const packets: number[][] = [[]];
    let from = at + 27 + lacing.length;
    for (const length of lacing) {
      packets[packets.length - 1]?.push(...ogg.subarray(from, from + length));
      if (length < 255) packets.push([]);
      from += length;
    }
    expect(packets.pop()).toEqual([]);
    const [flags, count] = [ogg[at + 5] ?? 0, view.getUint32(18, true)];
    found.push({ flags, count, position: view.getBigUint64(6, true), packets });
    at += size;
  }
  return found;
}

/** The same sum, bit by bit, as RFC 3533 describes it. */
function slowChecksum(bytes: Uint8Array): number {
  let sum = 0n;
  for (const byte of bytes) {
    sum ^= BigInt(byte) << 24n;
    for (let bit = 0; bit < 8; bit += 1) {
      sum <<= 1n;
      if (sum & 0x100000000n) sum ^= 0x104c11db7n;
    }
  }
  return Number(sum);
}

test("the checksum is the one of Ogg", () => {
  // The check value of CRC-32 with this polynomial, no start value and no reflection.
  expect(checksum(Uint8Array.from(ascii("123456789")))).toBe(0x89a1897f);
});

test.each([
  [[0x00], 480],
  [[0x18], 2880],
  [[0x60], 480],
  [[0x80], 120],
  [[0xf8], 960],
  [[0xf9], 1920],
  [[0xfb, 0x83], 2880],
])("a packet that begins with %j holds %i samples", (bytes, samples) => {
  expect(samplesOf(Uint8Array.from(bytes))).toBe(samples);
});

describe("a recording", () => {
  test("keeps its packets, in order, to the byte", () => {
    const sent = [packet(3, 1), packet(255, 2), packet(300, 3), packet(510, 4)];
    const [head, tags, ...rest] = pages(toOgg(webm(sent)));
    expect(head?.packets[0]?.slice(0, 8)).toEqual(ascii("OpusHead"));
    expect(tags?.packets[0]?.slice(0, 8)).toEqual(ascii("OpusTags"));
    expect(rest.flatMap((page) => page.packets)).toEqual(sent);
  });

  test("is of one channel, and skips what the encoder wants skipped", () => {
    const [head] = pages(toOgg(webm([packet(3)])));
    expect(head?.packets[0]?.slice(8)).toEqual([1, 1, 0x38, 0x01, 0x80, 0xbb, 0, 0, 0, 0, 0]);
  });

  test("is on numbered pages that tell the time, the first and the last of them marked", () => {
    const found = pages(toOgg(webm(new Array(120).fill(packet(80)))));
    expect(found.map(({ count }) => count)).toEqual([0, 1, 2, 3, 4]);
    expect(found.map(({ flags }) => flags)).toEqual([2, 0, 0, 0, 4]);
    expect(found.map(({ position }) => position)).toEqual([0n, 0n, 48000n, 96000n, 115200n]);
  });

  test("has no packet over the edge of a page, however large they are", () => {
    const sent = new Array(9).fill(packet(12_000));
    const found = pages(toOgg(webm(sent))).slice(2);
    expect(found.map(({ packets }) => packets.length)).toEqual([5, 4]);
  });

  test("that was cut off is read up to there", () => {
    const whole = webm([packet(20, 1), packet(20, 2), packet(20, 3)]);
    expect(readWebm(whole.subarray(0, -5)).packets).toHaveLength(2);
  });

  test("of something else is refused", () => {
    expect(() => toOgg(webm([packet(3)], { codec: "A_VORBIS" }))).toThrow("no Opus");
    expect(() => toOgg(webm([]))).toThrow("no Opus");
    expect(() => toOgg(Uint8Array.from([0, 0, 0]))).toThrow("no Opus");
    expect(() => toOgg(webm([packet(3)], { flags: 0x82 }))).toThrow("laced");
  });
});
