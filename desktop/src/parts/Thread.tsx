/**
 * The messages of a conversation. Only what is in view is drawn; history comes as one scrolls up,
 * and new lines move the view only if it was at the end already.
 */
import { ArrowDown } from "lucide-react";
import {
  type RefObject,
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { Button } from "react-aria-components";
import { Virtualizer, type VirtualizerHandle } from "virtua";
import { useStore } from "zustand";
import { loadHistory, markRead } from "../actions";
import { desk } from "../desk";
import { replyTo } from "../letters";
import { outbox } from "../outbox";
import { m } from "../paraglide/messages.js";
import { placesOf, type Row, rowsOf } from "../rows";
import { customerName } from "../text/words";
import { EMPTY } from "../thread";
import { ui } from "../ui";
import type { MessageView, TaskView } from "../views";
import { ThreadRow } from "./Bubble";

const NEAR_PX = 24;
const PREFETCH_PX = 600;
/** The end of the list is a little below its last row, as the style sheet has it. */
const END = { align: "end", offset: 10 } as const;

function useRows(conversation: string): { rows: Row[]; started: boolean; complete: boolean } {
  const thread = useStore(desk, (state) => state.threads.get(conversation)) ?? EMPTY;
  const entries = useStore(outbox, (state) => state.entries);
  const rows = useMemo(() => {
    const own = entries.filter((entry) => entry.conversation === conversation);
    return rowsOf(thread.messages, own);
  }, [thread, entries, conversation]);
  return { rows, started: thread.started, complete: thread.complete };
}

/** How many of the last rows are customer messages that came after the given one. */
function newSince(rows: readonly Row[], seen: string | null): number {
  let count = 0;
  for (let at = rows.length - 1; at >= 0; at -= 1) {
    const row = rows[at] as Row;
    if (row.key === seen) break;
    if (row.kind === "message" && row.message.direction === "in") count += 1;
  }
  return count;
}

interface Props {
  task: TaskView;
  me: string;
  /** Whether the customer can be written to. */
  writable: boolean;
}

export function Thread({ task, me, writable }: Props) {
  const conversation = task.conversation_id;
  const { rows, started, complete } = useRows(conversation);
  const list = useRef<VirtualizerHandle>(null);
  const [atEnd, setAtEnd] = useState(true);
  const [seen, setSeen] = useState<string | null>(null);
  const shift = usePrepended(rows);
  const jumps = useJumps(rows, list);
  const heard = useHeard(rows);
  const onReply = useCallback((message: MessageView) => replyTo(task.id, message), [task.id]);
  const last = rows[rows.length - 1]?.key ?? null;

  // Nothing may be read before the request is surely ours.
  const pending = useStore(ui, (state) => state.hopes.tasks.get(task.id)?.what === "accept");
  useEffect(() => {
    if (!started && !pending) void loadHistory(conversation);
  }, [conversation, started, pending]);
  // Any change may have made a row at the end taller, as a reaction does.
  useLayoutEffect(() => {
    if (atEnd && rows.length > 0) list.current?.scrollToIndex(rows.length - 1, END);
  }, [atEnd, rows]);
  useReading(task, atEnd && !pending);
  const pane = useRef<HTMLDivElement>(null);
  useSticking(pane, atEnd);

  const look = (offset: number) => {
    if (!pane.current) return;
    const end = isAtEnd(pane.current);
    if (end !== atEnd) setAtEnd(end);
    if (!end && atEnd) setSeen(last);
    if (offset < PREFETCH_PX && started && !complete) void loadHistory(conversation);
  };
  const fresh = atEnd ? 0 : newSince(rows, seen);
  const toEnd = () => list.current?.scrollToIndex(rows.length - 1, END);
  return (
    <div className="thread">
      <div
        ref={pane}
        className="thread-list"
        role="log"
        aria-live="off"
        aria-label={m.conversation_with({ name: customerName(task) })}
        // A place that scrolls must be in reach of the keyboard.
        tabIndex={0}
      >
        <div className="thread-space" />
        <Virtualizer ref={list} data={rows} shift={shift} keepMounted={heard} onScroll={look}>
          {(row: Row) => (
            <ThreadRow
              key={row.key}
              row={row}
              me={me}
              onReply={writable ? onReply : null}
              {...jumps(row)}
            />
          )}
        </Virtualizer>
      </div>
      {!atEnd && (
        <Button className="pill" aria-label={m.new_messages({ count: fresh })} onPress={toEnd}>
          {fresh > 0 && m.new_messages({ count: fresh })}
          <ArrowDown size={16} aria-hidden="true" />
        </Button>
      )}
    </div>
  );
}

/** The row of what is being listened to, which goes on when it is scrolled away. */
function useHeard(rows: readonly Row[]): readonly number[] {
  const heard = useStore(ui, (state) => state.heard);
  return useMemo(() => {
    if (heard === null) return [];
    const place = rows.findIndex(
      (row) => row.kind === "message" && row.message.media?.id === heard,
    );
    return place < 0 ? [] : [place];
  }, [rows, heard]);
}

/**
 * Lets a row take the reader to the message that it quotes, which is brought into view and then
 * given the focus.
 */
function useJumps(rows: readonly Row[], list: RefObject<VirtualizerHandle | null>) {
  const [goal, setGoal] = useState<string | null>(null);
  const places = useMemo(() => placesOf(rows), [rows]);
  const now = useRef(places);
  now.current = places;
  const jump = useCallback(
    (id: string) => {
      const place = now.current.get(id);
      if (place === undefined) return;
      list.current?.scrollToIndex(place, { align: "center" });
      setGoal(id);
    },
    [list],
  );
  const arrived = useCallback(() => setGoal(null), []);
  return (row: Row) => {
    const message = row.kind === "message" ? row.message : null;
    return {
      onQuote: places.has(message?.quoted?.id ?? "") ? jump : null,
      onArrive: goal !== null && message?.id === goal ? arrived : null,
    };
  };
}

/** Whether the rows have just grown at their head, which is where the view must not move. */
function usePrepended(rows: readonly Row[]): boolean {
  const before = useRef<{ last: string | null; length: number }>({ last: null, length: 0 });
  const last = rows[rows.length - 1]?.key ?? null;
  const grown = rows.length > before.current.length && before.current.length > 0;
  const prepended = grown && last === before.current.last;
  useEffect(() => {
    before.current = { last, length: rows.length };
  }, [last, rows.length]);
  return prepended;
}

/** Reading is told once the newest line is in view on a page that is looked at. */
function useReading(task: TaskView, atEnd: boolean): void {
  const { id, unread } = task;
  const connected = task.leg?.state === "connected";
  const current = useRef(task);
  current.current = task;
  useEffect(() => {
    const tell = () => {
      if (id && unread > 0 && atEnd && connected && !document.hidden)
        void markRead(current.current);
    };
    tell();
    document.addEventListener("visibilitychange", tell);
    return () => document.removeEventListener("visibilitychange", tell);
  }, [id, unread, atEnd, connected]);
}

/** Asked of the page itself: the list's own sizes are a moment behind when the pane changes. */
function isAtEnd(pane: HTMLElement): boolean {
  return pane.scrollHeight - pane.scrollTop - pane.clientHeight <= NEAR_PX;
}

/** Keeps the end in view while the pane changes its height, as when the composer grows. */
function useSticking(pane: RefObject<HTMLDivElement | null>, atEnd: boolean): void {
  useEffect(() => {
    const node = pane.current;
    if (!node) return;
    const observer = new ResizeObserver(() => {
      if (atEnd) node.scrollTop = node.scrollHeight;
    });
    observer.observe(node);
    return () => observer.disconnect();
  }, [pane, atEnd]);
}
