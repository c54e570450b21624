/**
 * Requests that ring, oldest on top. The same part is the head of the rail, a strip above the
 * thread, a sheet above the composer or a pop-over, as there is room; it never covers Send.
 */
import { ChevronLeft, ChevronRight } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { Button } from "react-aria-components";
import { useLocation } from "wouter";
import { accept, acceptAll } from "../actions";
import { duration, elapsed, onTick, serverNow } from "../clock";
import { m } from "../paraglide/messages.js";
import { formatPhone } from "../text/phone";
import { customerName, customerPhone, originText, previewText } from "../text/words";
import { useOffers } from "../use";
import type { TaskView } from "../views";
import { Avatar, Timer } from "./small";

const PAGE = 5;
const FLASH_MS = 3_000;

export function Offers({ place }: { place: "rail" | "strip" | "sheet" | "pop-over" }) {
  const offers = useOffers();
  const [, go] = useLocation();
  const [from, setFrom] = useState(0);
  const start = Math.min(from, Math.max(0, offers.length - 1));
  const first = start - (start % PAGE);
  if (offers.length === 0) return null;
  const shown = offers.slice(first, first + PAGE);
  return (
    <section
      className={`offers ${place}`}
      aria-label={m.requests_region()}
      data-region
      tabIndex={-1}
    >
      <div className="offers-head">
        <h2>{m.requests({ count: offers.length })}</h2>
        {offers.length > PAGE && (
          <Pages first={first} shown={shown.length} all={offers.length} onMove={setFrom} />
        )}
        {offers.length > 1 && (
          <Button className="button link" onPress={() => void acceptAll(go)}>
            {m.accept_all()}
          </Button>
        )}
      </div>
      <ul className="offer-list">
        {shown.map((task) => (
          <li key={`${task.id} ${task.leg?.id}`}>
            <OfferCard task={task} onAccept={() => void accept(task, go)} />
          </li>
        ))}
      </ul>
    </section>
  );
}

interface PagesProps {
  first: number;
  shown: number;
  all: number;
  onMove: (from: number) => void;
}

function Pages({ first, shown, all, onMove }: PagesProps) {
  return (
    <div className="pages">
      <Button
        className="icon-button small"
        aria-label={m.earlier_page()}
        isDisabled={first === 0}
        onPress={() => onMove(first - PAGE)}
      >
        <ChevronLeft size={16} aria-hidden="true" />
      </Button>
      <span>{m.page_of({ from: first + 1, to: first + shown, all })}</span>
      <Button
        className="icon-button small"
        aria-label={m.next_page()}
        isDisabled={first + shown >= all}
        onPress={() => onMove(first + PAGE)}
      >
        <ChevronRight size={16} aria-hidden="true" />
      </Button>
    </div>
  );
}

/** The share of the time to accept that is left, 0 to 1, and what is left in ms. */
export function timeLeft(leg: { offered_at: string; answer_by: string | null }, now: number) {
  if (leg.answer_by === null) return { share: 1, ms: Number.POSITIVE_INFINITY };
  const end = Date.parse(leg.answer_by);
  const ms = Math.max(0, end - now);
  return { share: Math.min(1, ms / Math.max(1, end - Date.parse(leg.offered_at))), ms };
}

/** Lets the shared ticker move the bar and colour the card; React draws it once. */
function useTimeLeft(task: TaskView) {
  const card = useRef<HTMLElement>(null);
  const bar = useRef<HTMLDivElement>(null);
  const leg = task.leg;
  useEffect(() => {
    if (leg === null) return;
    const draw = () => {
      const { share, ms } = timeLeft(leg, serverNow());
      if (bar.current) bar.current.style.transform = `scaleX(${share})`;
      card.current?.classList.toggle("late", share <= 0.25);
      card.current?.classList.toggle("last", ms <= FLASH_MS);
    };
    draw();
    return onTick(draw);
  }, [leg]);
  return { card, bar };
}

function OfferCard({ task, onAccept }: { task: TaskView; onAccept: () => void }) {
  const { card, bar } = useTimeLeft(task);
  const name = customerName(task);
  const preview = previewText(task);
  const origin = originText(task);
  const note = task.leg?.from.note;
  return (
    <article className="offer" ref={card} aria-label={name}>
      <Avatar initials={task.customer.initials} />
      <div className="offer-who">
        <h3>{name}</h3>
        <p className="number" title={m.customer_phone()}>
          <span className="hidden">{m.customer_phone()}: </span>
          {customerPhone(task)}
        </p>
      </div>
      <Timer since={task.leg?.offered_at} label={m.elapsed_since()} />
      {preview !== "" && <p className="offer-text">{preview}</p>}
      {origin !== null && <p className="offer-by">{origin}</p>}
      {note && <p className="offer-note">{note}</p>}
      <dl className="offer-facts">
        <div>
          <dt>{m.queue_name()}</dt>
          <dd>{task.queue.name}</dd>
        </div>
        <div>
          <dt>{m.source_number()}</dt>
          <dd className="number">{formatPhone(task.source_number)}</dd>
        </div>
      </dl>
      {/* A conference has no queue behind it: the customer is being served. */}
      {task.leg?.from.kind !== "conference" && (
        <p className="offer-waited">{m.waited({ time: waitedText(task) })}</p>
      )}
      <Button className="button primary accept" onPress={onAccept}>
        {m.accept()}
      </Button>
      <div className="offer-bar" aria-hidden="true">
        <div ref={bar} />
      </div>
    </article>
  );
}

/** From entering the queue until it rang here. */
function waitedText(task: TaskView): string {
  const rang = task.leg ? Date.parse(task.leg.offered_at) : serverNow();
  return duration(elapsed(task.queued_at, rang));
}
