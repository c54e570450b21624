/**
 * The steps of a task as sentences: the lines in a thread and those of the timeline are told with
 * the same words. An unknown code is a change of some kind, never a blank.
 */
import { duration } from "../clock";
import { m } from "../paraglide/messages.js";
import type { Coded, Params, Step } from "../views";

type Words = (params: Params) => string;

/** A parameter as text; the empty one where it is missing. */
export const word = (params: Params, key: string) => String(params[key] ?? "");

const agent = (params: Params) => ({ agent: word(params, "agent") });

function transferred(params: Params): string {
  if (params.to_queue) {
    return m.line_transferred_queue({ ...agent(params), queue: word(params, "to_queue") });
  }
  if (params.to_agent) {
    return m.line_transferred_agent({ ...agent(params), to: word(params, "to_agent") });
  }
  return m.line_transferred(agent(params));
}

function abandoned(params: Params): string {
  if (params.source === "conference") return m.line_abandoned_invitation(agent(params));
  const ends = params.policy === "end";
  return ends ? m.line_abandoned_end(agent(params)) : m.line_abandoned_requeue(agent(params));
}

function lost(params: Params): string {
  if (params.role === "guest") return m.line_lost_guest(agent(params));
  if (params.to_agent) return m.line_lost_to({ ...agent(params), to: word(params, "to_agent") });
  return m.line_lost_requeued(agent(params));
}

function invited(params: Params): string {
  return params.to_queue
    ? m.step_invited_queue({ ...agent(params), queue: word(params, "to_queue") })
    : m.step_invited_agent({ ...agent(params), to: word(params, "to_agent") });
}

const SENTENCES: Record<string, Words> = {
  queued: (p) => (p.queue ? m.line_queued({ queue: word(p, "queue") }) : m.line_queued_plain()),
  offered: (p) => (p.role === "guest" ? m.step_offered_guest(agent(p)) : m.step_offered(agent(p))),
  accepted: (p) => m.line_accepted(agent(p)),
  rona: (p) => m.line_rona(agent(p)),
  abandoned,
  withdrawn: (p) => m.step_withdrawn(agent(p)),
  prolonged: (p) => m.step_prolonged(agent(p)),
  transferred,
  invited,
  cancelled: (p) => m.step_cancelled(agent(p)),
  expired: (p) => m.step_expired({ queue: word(p, "to_queue") }),
  joined: (p) => m.line_joined(agent(p)),
  left: (p) => m.line_left(agent(p)),
  removed: (p) =>
    p.by ? m.line_removed_by({ ...agent(p), by: word(p, "by") }) : m.line_removed(agent(p)),
  "handed-over": (p) =>
    p.to_agent
      ? m.line_handed_over_to({ ...agent(p), to: word(p, "to_agent") })
      : m.line_handed_over(agent(p)),
  lost,
  ended: (p) => (p.agent ? m.line_ended(agent(p)) : m.line_ended_plain()),
  requeued: () => m.line_requeued(),
  "wrapped-up": (p) =>
    p.aux_code
      ? m.step_wrapped_up({ ...agent(p), code: word(p, "aux_code") })
      : m.step_wrapped_up_plain(agent(p)),
  held: (p) => m.step_held(agent(p)),
};

/** The sentence of a system line. */
export function lineText(system: Coded | null): string {
  return (system && SENTENCES[system.code]?.(system.params)) ?? m.line_other();
}

/** What the one who transferred wrote for the receiver, if anything. */
export function lineNote(system: Coded | null): string | null {
  return system?.code === "transferred" ? word(system.params, "note") || null : null;
}

const REASONS: Record<string, () => string> = {
  rona: m.why_rona,
  "connection-lost": m.why_connection_lost,
  disabled: m.why_disabled,
  "signed-out": m.why_signed_out,
};

/** Why something was taken back; a reason that a person wrote stays as it is. */
export function reasonText(reason: string): string {
  return REASONS[reason]?.() ?? reason;
}

function who({ by, params }: Step, text: string): string | null {
  if (by.kind === "system") return m.by_system();
  if (by.kind === "customer") return m.by_customer();
  // Whom the sentence names already is not named again.
  if (by.name === null || by.id === params.agent_id || text.includes(by.name)) return null;
  return m.by_person({ name: by.name });
}

function stepText({ code, params, by }: Step): string {
  const waited = Number(params.waited_s);
  if (code === "accepted" && waited > 0) {
    return m.step_accepted_after({ ...agent(params), time: duration(waited * 1000) });
  }
  if (code === "wrapped-up" && by.kind === "system" && params.aux_code) {
    return m.step_wrapped_up_auto({ ...agent(params), code: word(params, "aux_code") });
  }
  return lineText({ code, params });
}

/** A line of the timeline: what, who where the sentence does not say it, why, and the note. */
export function stepWords(step: Step): {
  text: string;
  who: string | null;
  why: string | null;
  note: string | null;
} {
  const text = stepText(step);
  const reason = step.reason ?? (word(step.params, "reason") || null);
  return {
    text,
    who: who(step, text),
    why: reason === null ? null : reasonText(reason),
    note: lineNote(step),
  };
}
