/**
 * Opus out of WebM, as most browsers record it, into Ogg, as WhatsApp wants a voice message. The
 * packets stay as they are; only what is around them changes. WebM is read as far as a recording of
 * one voice needs it (RFC 9559), Ogg is written by RFC 3533 and RFC 7845.
 */

/** Units of time in an Ogg stream of Opus, per second. */
const RATE = 48_000;
const MAX_SEGMENTS = 255;

// Elements whose inside is read; those that are written live do not tell where they end.
const OPENED = new Set([0x18538067, 0x1f43b675, 0x1654ae6b, 0xae, 0xa0]);
const CODEC = 0x86;
const CODEC_PRIVATE = 0x63a2;
const BLOCK = 0xa1;
const SIMPLE_BLOCK = 0xa3;
const LACING = 0x06;

interface Recorded {
  codec: string;
  /** Samples at the head that are not to be heard. */
  skip: number;
  packets: Uint8Array[];
}

/** A number of EBML and how long it is; an id keeps the bits that tell its length. */
function number(bytes: Uint8Array, at: number, isId: boolean): { value: number; length: number } {
  const first = bytes[at] ?? 0;
  const length = Math.clz32(first) - 23;
  if (first === 0 || at + length > bytes.length) return { value: 0, length: 0 };
  let value = isId ? first : first & (0xff >> length);
  // Larger than what numbers hold exactly means "unknown", which is for opened elements only.
  for (let next = 1; next < length; next += 1) value = value * 256 + (bytes[at + next] ?? 0);
  return { value, length };
}

/** All packets of a WebM file in order; what is cut off at its end is left out. */
export function readWebm(bytes: Uint8Array): Recorded {
  const found: Recorded = { codec: "", skip: 0, packets: [] };
  for (let at = 0; at < bytes.length; ) {
    const id = number(bytes, at, true);
    const size = number(bytes, at + id.length, false);
    if (id.length === 0 || size.length === 0) break;
    at += id.length + size.length;
    if (OPENED.has(id.value)) continue;
    if (at + size.value > bytes.length) break;
    take(found, id.value, bytes.subarray(at, at + size.value));
    at += size.value;
  }
  return found;
}

function take(found: Recorded, id: number, data: Uint8Array): void {
  if (id === CODEC) found.codec = new TextDecoder().decode(data);
  // The head of an Opus stream, which says this at its tenth byte.
  if (id === CODEC_PRIVATE && data.length >= 12)
    found.skip = (data[10] ?? 0) | ((data[11] ?? 0) << 8);
  if (id !== BLOCK && id !== SIMPLE_BLOCK) return;
  // A track's number, two bytes of time, the flags.
  const head = number(data, 0, false).length + 3;
  if (((data[head - 1] ?? 0) & LACING) !== 0) throw new Error("laced blocks are not read");
  if (data.length > head) found.packets.push(data.subarray(head));
}

const LENGTHS_MS = [
  [10, 20, 40, 60],
  [10, 20],
  [2.5, 5, 10, 20],
] as const;

/** How many samples a packet of Opus holds, at 48 kHz (RFC 6716, 3.1). */
export function samplesOf(packet: Uint8Array): number {
  const toc = packet[0] ?? 0;
  const config = toc >> 3;
  const mode = config < 12 ? 0 : config < 16 ? 1 : 2;
  const lengths = LENGTHS_MS[mode];
  const ms = lengths[config % lengths.length] ?? 0;
  const code = toc & 3;
  const frames = code === 0 ? 1 : code === 3 ? (packet[1] ?? 0) & 0x3f : 2;
  return (ms * frames * RATE) / 1000;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte << 24;
  for (let bit = 0; bit < 8; bit += 1) rest = (rest << 1) ^ (rest < 0 ? 0x04c11db7 : 0);
  return rest;
});

/** Ogg's checksum, over a page whose own checksum is zero. */
export function checksum(page: Uint8Array): number {
  let sum = 0;
  for (const byte of page) sum = (sum << 8) ^ (TABLE[(sum >>> 24) ^ byte] ?? 0);
  return sum >>> 0;
}

const FIRST = 2;
const LAST = 4;

interface Page {
  packets: readonly Uint8Array[];
  /** Samples up to the end of the page. */
  position: number;
  flags: number;
}

/** A packet is told in pieces of 255 bytes, the last of them shorter. */
const segmentsOf = (packet: Uint8Array) => Math.floor(packet.length / 255) + 1;

function written({ packets, position, flags }: Page, serial: number, count: number): Uint8Array {
  const lacing = packets.flatMap((packet) => [
    ...new Array<number>(segmentsOf(packet) - 1).fill(255),
    packet.length % 255,
  ]);
  const size = packets.reduce((sum, packet) => sum + packet.length, 0);
  const page = new Uint8Array(27 + lacing.length + size);
  const view = new DataView(page.buffer);
  page.set(new TextEncoder().encode("OggS"));
  page[5] = flags;
  view.setBigUint64(6, BigInt(position), true);
  view.setUint32(14, serial, true);
  view.setUint32(18, count, true);
  page[26] = lacing.length;
  page.set(lacing, 27);
  let at = 27 + lacing.length;
  for (const packet of packets) {
    page.set(packet, at);
    at += packet.length;
  }
  view.setUint32(22, checksum(page), true);
  return page;
}

/** One channel, since WhatsApp takes no other; a decoder makes one of two by itself. */
function opusHead(skip: number): Uint8Array {
  const head = new Uint8Array(19);
  const view = new DataView(head.buffer);
  head.set(new TextEncoder().encode("OpusHead"));
  head[8] = 1;
  head[9] = 1;
  view.setUint16(10, skip, true);
  view.setUint32(12, RATE, true);
  return head;
}

function opusTags(): Uint8Array {
  const vendor = new TextEncoder().encode("Balcao");
  const tags = new Uint8Array(16 + vendor.length);
  tags.set(new TextEncoder().encode("OpusTags"));
  new DataView(tags.buffer).setUint32(8, vendor.length, true);
  tags.set(vendor, 12);
  return tags;
}

/** The packets on pages of at most a second; none goes over the edge of one. */
function pagesOf(packets: readonly Uint8Array[]): Page[] {
  const pages: Page[] = [];
  let open: Uint8Array[] = [];
  let segments = 0;
  let position = 0;
  let began = 0;
  const close = (flags: number) => {
    pages.push({ packets: open, position, flags });
    open = [];
    segments = 0;
    began = position;
  };
  for (const packet of packets) {
    const full = segments + segmentsOf(packet) > MAX_SEGMENTS || position - began >= RATE;
    if (full && open.length > 0) close(0);
    open.push(packet);
    segments += segmentsOf(packet);
    position += samplesOf(packet);
  }
  close(LAST);
  return pages;
}

/** A file of Ogg with the recording; throws where that holds no Opus. */
export function toOgg(webm: Uint8Array, serial = 1): Uint8Array<ArrayBuffer> {
  const { codec, skip, packets } = readWebm(webm);
  if (codec !== "A_OPUS" || packets.length === 0) throw new Error("no Opus in this recording");
  const pages: Page[] = [
    { packets: [opusHead(skip)], position: 0, flags: FIRST },
    { packets: [opusTags()], position: 0, flags: 0 },
    ...pagesOf(packets),
  ];
  const parts = pages.map((page, count) => written(page, serial, count));
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
