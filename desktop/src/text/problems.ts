/** The server's error codes as sentences. */
import { m } from "../paraglide/messages.js";
import type { Problem } from "../views";

const SENTENCES: Record<string, () => string> = {
  "bad-credentials": m.problem_bad_credentials,
  "no-session": m.problem_no_session,
  "too-many-attempts": m.problem_too_many_attempts,
  "has-work": m.problem_has_work,
  "offer-over": m.problem_offer_over,
  "no-capacity": m.problem_no_capacity,
  "not-connected": m.problem_not_connected,
  "not-primary": m.problem_not_primary,
  "not-in-wrap-up": m.problem_not_in_wrap_up,
  "not-guest": m.problem_not_guest,
  "has-guests": m.problem_has_guests,
  "has-leg": m.problem_has_leg,
  "target-unavailable": m.problem_target_unavailable,
  "queue-closed": m.problem_queue_closed,
  "no-invitation": m.problem_no_invitation,
  "no-guest": m.problem_no_guest,
  "guest-away": m.problem_guest_away,
  "no-hold": m.problem_no_hold,
  "unknown-target": m.problem_unknown_target,
  "choose-one": m.problem_choose_one,
  "unknown-code": m.problem_unknown_code,
  "window-closed": m.problem_window_closed,
  "too-long": m.problem_too_long,
  empty: m.problem_empty,
  "no-such-media": m.problem_no_such_media,
  "wrong-kind": m.problem_no_such_media,
  "no-such-message": m.quoted_missing,
  "not-ready": m.problem_not_ready,
  "not-failed": m.problem_settled,
  "bad-emoji": m.problem_bad_emoji,
  settled: m.problem_settled,
  dismissed: m.problem_settled,
  "signed-out": m.problem_signed_out,
  "not-found": m.problem_not_found,
  "no-line": m.problem_no_line,
  "server-error": m.problem_server_error,
};

export function codeText(code: string): string {
  return SENTENCES[code]?.() ?? m.problem_other({ code });
}

export function problemText(problem: Problem): string {
  if (problem.winner) return m.problem_lost({ name: problem.winner.name });
  if (problem.code === "guests-full") return m.problem_guests_full({ max: problem.max ?? 5 });
  if (problem.status === 429) return m.problem_too_many_attempts();
  return codeText(problem.code);
}
