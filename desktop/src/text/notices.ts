/** What an agent is told until dismissed, as sentences. */
import { m } from "../paraglide/messages.js";
import type { NoticeView, Params } from "../views";
import { reasonText, word } from "./steps";
import { failureText } from "./words";

function lost(params: Params, customer: string): string {
  if (params.role === "guest") return m.notice_task_lost_guest({ customer });
  const to = word(params, "to_agent");
  return to ? m.notice_task_lost_to({ customer, to }) : m.notice_task_lost_requeued({ customer });
}

type Words = (params: Params, customer: string) => string;

const agentOf = (params: Params) => word(params, "agent");
const reasonOf = (params: Params) => reasonText(word(params, "reason"));

const SENTENCES: Record<string, Words> = {
  "message-failed": (p, customer) =>
    m.notice_message_failed({ customer, error: failureText(word(p, "error")) }),
  "transfer-unanswered": (p, customer) =>
    p.policy === "end"
      ? m.notice_transfer_unanswered_end({ agent: agentOf(p), customer })
      : m.notice_transfer_unanswered_requeue({ agent: agentOf(p), customer }),
  "transfer-withdrawn": (p, customer) =>
    m.notice_transfer_withdrawn({ agent: agentOf(p), customer, reason: reasonOf(p) }),
  "conference-unanswered": (p, customer) =>
    m.notice_conference_unanswered({ agent: agentOf(p), customer }),
  "conference-withdrawn": (p, customer) =>
    m.notice_conference_withdrawn({ agent: agentOf(p), customer, reason: reasonOf(p) }),
  "conference-expired": (p, customer) =>
    m.notice_conference_expired({ queue: word(p, "to_queue"), customer }),
  "task-lost": lost,
};

/** The sentence of a notice. */
export function noticeText({ code, params }: NoticeView): string {
  const customer = word(params, "customer") || m.no_name();
  return SENTENCES[code]?.(params, customer) ?? m.notice_other();
}
