/** The smallest parts: timers that write themselves, initials, and who is asked to look. */
import { type ReactNode, useEffect, useRef } from "react";
import { useStore } from "zustand";
import { duration, elapsed, onTick, serverNow } from "../clock";
import { isUrgent } from "../look";
import { ui } from "../ui";

interface TimerProps {
  /** Counts up from here, or with `until` down to it. */
  since?: string | null | undefined;
  until?: string | null | undefined;
  label?: string;
}

/** A timer. The shared ticker writes its text; React draws it once. */
export function Timer({ since, until, label }: TimerProps) {
  const node = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    const write = () => {
      const text = reading(since, until);
      if (node.current && node.current.textContent !== text) node.current.textContent = text;
    };
    write();
    return onTick(write);
  }, [since, until]);
  return (
    <span className="timer" role="timer" aria-live="off" aria-label={label}>
      <span ref={node} />
    </span>
  );
}

interface TimedProps {
  /** A sentence of the messages that says for how long. */
  text: (inputs: { time: string }) => string;
  since: string | null | undefined;
}

/** A sentence with a running timer inside. */
export function Timed({ text, since }: TimedProps) {
  const [before, after] = text({ time: "\u0000" }).split("\u0000");
  return (
    <>
      {before}
      <Timer since={since} />
      {after}
    </>
  );
}

/** A timer down to a moment, in urgent colours when little is left. */
export function Countdown({ until, label }: { until: string; label: string }) {
  const node = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    const draw = () => node.current?.classList.toggle("urgent", isUrgent(until, serverNow()));
    draw();
    return onTick(draw);
  }, [until]);
  return (
    <span className="countdown" ref={node}>
      <Timer until={until} label={label} />
    </span>
  );
}

function reading(since: string | null | undefined, until: string | null | undefined): string {
  if (until) return duration(Date.parse(until) - serverNow());
  return since ? duration(elapsed(since)) : "";
}

export function Avatar({ initials }: { initials: string | null }) {
  return (
    <span className="avatar" aria-hidden="true">
      {initials ?? "?"}
    </span>
  );
}

export function Hidden({ children }: { children: ReactNode }) {
  return <span className="hidden">{children}</span>;
}

const NOTE_MAX = 2000;

interface NoteProps {
  label: string;
  value: string;
  onChange: (note: string) => void;
}

/** A few words for colleagues. */
export function NoteField({ label, value, onChange }: NoteProps) {
  return (
    <label className="field">
      <span className="label">{label}</span>
      <textarea
        className="input"
        rows={2}
        maxLength={NOTE_MAX}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    </label>
  );
}

/** Reads out new messages and requests; the thread itself is silent. */
export function LiveRegion() {
  const announcement = useStore(ui, (state) => state.announcement);
  return (
    <div className="hidden" role="status" aria-live="polite">
      {announcement}
    </div>
  );
}
