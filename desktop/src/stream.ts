/**
 * The line to the server: an EventSource whose every connection starts over with a snapshot.
 *
 * The browser's own retry is not used: it hides why a connection ended and knows nothing of a line
 * that is open and silent. A watchdog ends a connection on which nothing came for 25 s.
 */
import type { ClosedCode, Snapshot, View } from "./views";

export type Line = "connected" | "reconnecting" | "offline";

export interface Handlers {
  snapshot(snapshot: Snapshot): void;
  view(view: View): void;
  gone(kind: string, id: string): void;
  ping(at: string): void;
  closed(code: ClosedCode): void;
  line(line: Line): void;
  /** Whether the session is still there; asked when a connection could not be made. */
  stillSignedIn(): Promise<boolean>;
}

export interface Source {
  addEventListener(type: string, listener: (event: MessageEvent<string>) => void): void;
  close(): void;
}

const SILENCE_MS = 25_000;
/** A ping comes every 10 s; after this long without one, a page that wakes up asks anew. */
const STALE_MS = 12_000;
const BACKOFF_MS = [300, 1_000, 2_000, 5_000, 10_000] as const;
/** Tries that may fail before "reconnecting" becomes "no connection". */
const HOPEFUL_TRIES = 3;

/** The wait before the given try, the first being 0, with up to a fifth more at random. */
export function backoff(tries: number, random = Math.random()): number {
  const base = BACKOFF_MS[Math.min(tries, BACKOFF_MS.length - 1)] ?? 10_000;
  return Math.round(base * (1 + random / 5));
}

export class Stream {
  private source: Source | null = null;
  private watchdog: ReturnType<typeof setTimeout> | undefined;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private tries = 0;
  private heardAt = 0;
  private ended = false;

  constructor(
    private readonly handlers: Handlers,
    private readonly make: () => Source = () => new EventSource("/api/desk") as Source,
    private readonly now: () => number = Date.now,
  ) {}

  open(): void {
    if (this.ended) return;
    this.hangUp();
    const source = this.make();
    this.source = source;
    this.listen(source);
    this.heard();
  }

  /** Ends the line for good. */
  close(): void {
    this.ended = true;
    this.hangUp();
  }

  /** Called when the page wakes up or the network is back: looks at once instead of waiting. */
  wake(): void {
    if (this.ended) return;
    const stale = this.now() - this.heardAt > STALE_MS;
    if (this.source === null || stale) this.open();
  }

  private listen(source: Source): void {
    const on = <T>(type: string, take: (data: T) => void) =>
      source.addEventListener(type, (event) => {
        if (this.source !== source) return;
        this.heard();
        take(JSON.parse(event.data) as T);
      });
    on<Snapshot>("snapshot", (data) => {
      this.tries = 0;
      this.handlers.snapshot(data);
      this.handlers.line("connected");
    });
    on<View>("view", (data) => this.handlers.view(data));
    on<{ kind: string; id: string }>("gone", (data) => this.handlers.gone(data.kind, data.id));
    on<{ at: string }>("ping", (data) => this.handlers.ping(data.at));
    on<{ code: ClosedCode }>("closed", (data) => {
      this.close();
      this.handlers.closed(data.code);
    });
    source.addEventListener("error", () => {
      if (this.source === source) void this.lost();
    });
  }

  private heard(): void {
    this.heardAt = this.now();
    clearTimeout(this.watchdog);
    this.watchdog = setTimeout(() => void this.lost(), SILENCE_MS);
  }

  private async lost(): Promise<void> {
    this.hangUp();
    const wait = backoff(this.tries);
    this.tries += 1;
    this.handlers.line(this.tries > HOPEFUL_TRIES ? "offline" : "reconnecting");
    if (!(await this.handlers.stillSignedIn())) return this.close();
    // Waking up may have opened a new one meanwhile.
    if (!this.ended && this.source === null) {
      clearTimeout(this.retry);
      this.retry = setTimeout(() => this.open(), wait);
    }
  }

  private hangUp(): void {
    clearTimeout(this.watchdog);
    clearTimeout(this.retry);
    this.source?.close();
    this.source = null;
  }
}
