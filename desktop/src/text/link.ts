/** Which addresses that somebody else wrote may become links. */

/** Whether the text is an address with one of these protocols, as `https:`. */
export function isAddress(text: string, protocols: readonly string[]): boolean {
  try {
    return protocols.includes(new URL(text).protocol);
  } catch {
    return false;
  }
}

/** The address, if it is one of the web's; else null. */
export function webAddress(text: string | null): string | null {
  return text !== null && isAddress(text, ["http:", "https:"]) ? text : null;
}
