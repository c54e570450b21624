/**
 * The server's clock as this browser knows it, and the one ticker that all timers hang on.
 *
 * Timers are computed from server moments, never counted, so a throttled tab is right again with
 * its first tick. What was learnt late makes the server look slow, so the largest of the recent
 * offsets is the truest one.
 */

const REMEMBERED = 6;
const TICK_MS = 250;

let offsets: number[] = [];
let offset = 0;

/** Takes in one server moment. */
export function learn(serverAt: string, now = Date.now()): void {
  const at = Date.parse(serverAt);
  if (Number.isNaN(at)) return;
  offsets = [...offsets, at - now].slice(-REMEMBERED);
  offset = Math.max(...offsets);
}

/** Forgets what was learnt; the next moment counts alone. */
export function forget(): void {
  offsets = [];
}

export function serverNow(now = Date.now()): number {
  return now + offset;
}

/** Milliseconds since a server moment, never below zero. */
export function elapsed(since: string, now = serverNow()): number {
  return Math.max(0, now - Date.parse(since));
}

/** `mm:ss`, and `h:mm:ss` from one hour on. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (value: number) => String(value).padStart(2, "0");
  const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return seconds < 3600 ? rest : `${Math.floor(seconds / 3600)}:${rest}`;
}

const listeners = new Set<() => void>();
let ticking: ReturnType<typeof setInterval> | undefined;

/** Calls `listener` four times a second until the returned function is called. */
export function onTick(listener: () => void): () => void {
  listeners.add(listener);
  ticking ??= setInterval(() => {
    for (const each of listeners) each();
  }, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(ticking);
      ticking = undefined;
    }
  };
}
