/** WhatsApp's limit for a text, in Unicode code points; the server counts the same way. */
export const LIMIT = 4096;
/** From here on the composer shows the count. */
export const COUNTED_FROM = 3500;

export function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/** What is within the limit and what is over it. */
export function split(text: string, limit = LIMIT): { within: string; over: string } {
  const points = Array.from(text);
  return { within: points.slice(0, limit).join(""), over: points.slice(limit).join("") };
}
