/**
 * Keyboard shortcuts. Matched by the key's place, not its letter, so that they are the same on
 * every layout; no single letters, and no Ctrl+Alt, which is AltGr where most of our users are.
 */
import { m } from "./paraglide/messages.js";

export type Command =
  | "accept"
  | "state"
  | "transfer"
  | "conference"
  | "end"
  | "reply"
  | "previous"
  | "next"
  | "region"
  | "sheet";

/** The combination of each command, unless the person has chosen another. */
export const KEYS: Record<Command, string> = {
  accept: "Alt+Shift+KeyA",
  state: "Alt+Shift+KeyS",
  transfer: "Alt+Shift+KeyT",
  conference: "Alt+Shift+KeyC",
  end: "Alt+Shift+KeyE",
  reply: "Alt+Shift+KeyR",
  previous: "Alt+PageUp",
  next: "Alt+PageDown",
  region: "F6",
  sheet: "Mod+Slash",
};

export const COMMANDS: Record<Command, () => string> = {
  accept: m.key_accept,
  state: m.key_state,
  transfer: m.key_transfer,
  conference: m.key_conference,
  end: m.key_end,
  reply: m.key_reply,
  previous: m.key_previous,
  next: m.key_next,
  region: m.key_region,
  sheet: m.key_sheet,
};

/** A combination as `Alt+Shift+KeyA`; Ctrl and Cmd are both `Mod`. */
export function combination(event: KeyboardEvent): string {
  const parts: string[] = [];
  if (event.ctrlKey || event.metaKey) parts.push("Mod");
  if (event.altKey) parts.push("Alt");
  if (event.shiftKey) parts.push("Shift");
  return [...parts, event.code].join("+");
}

/** The command of a key press, or none. */
export function commandOf(event: KeyboardEvent, chosen: Record<string, string>): Command | null {
  const pressed = combination(event);
  // F6 goes back with Shift, as in browsers; on ABNT2 the slash has a key of its own.
  if (pressed === "Shift+F6") return "region";
  if (pressed === "Mod+IntlRo") return "sheet";
  const all = Object.keys(KEYS) as Command[];
  return all.find((command) => (chosen[command] ?? KEYS[command]) === pressed) ?? null;
}

/** A combination as it is written on the keys. */
export function keyText(keys: string): string {
  const mod = /Mac|iPhone|iPad/.test(navigator.userAgent) ? "Cmd" : "Ctrl";
  return keys
    .replace("Mod", mod)
    .replace(/Key(?=[A-Z]$)/, "")
    .replace("Slash", "/");
}

/** Moves the focus to the next region of the page, or the one before. */
export function nextRegion(back: boolean): void {
  const regions = [...document.querySelectorAll<HTMLElement>("[data-region]")].filter(
    (region) => region.offsetParent !== null && region.closest("[inert]") === null,
  );
  if (regions.length === 0) return;
  const here = regions.findIndex((region) => region.contains(document.activeElement));
  const step = back ? -1 : 1;
  const at = here < 0 ? 0 : (here + step + regions.length) % regions.length;
  regions[at]?.focus();
}
