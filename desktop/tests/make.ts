/** Views for tests; what a test does not name is ordinary. */
import type { AgentView, MediaView, MessageView, Snapshot, TaskView } from "../src/views";

export const AT = "2026-11-23T12:00:00.000Z";

export function message(id: string, part: Partial<MessageView> = {}): MessageView {
  return {
    kind: "message",
    id,
    version: 1,
    conversation_id: "1",
    task_id: "1",
    seq: Number(id),
    direction: "in",
    type: "text",
    text: `text ${id}`,
    content: null,
    media: null,
    quoted: null,
    forwarded: null,
    reactions: [],
    edited_at: null,
    deleted_at: null,
    doubted: false,
    author: { kind: "customer", id: "1", name: "Ana", initials: "A" },
    status: null,
    error: null,
    system: null,
    attempt: 1,
    dismissed: false,
    at: AT,
    client_id: null,
    ...part,
  };
}

export function media(part: Partial<MediaView> = {}): MediaView {
  return {
    id: "5",
    name: null,
    mime_type: "image/jpeg",
    size: 2048,
    kind: "image",
    state: "ready",
    voice: false,
    animated: false,
    error: null,
    ...part,
  };
}

export function task(id: string, part: Partial<TaskView> = {}): TaskView {
  return {
    kind: "task",
    id,
    version: 1,
    conversation_id: id,
    state: "offered",
    customer: {
      id: "1",
      name: "Ana",
      initials: "A",
      phone: "+5511980001200",
      user_id: null,
      language: null,
      tags: [],
      fields: {},
    },
    source_number: "+551140001000",
    queue: { id: "1", name: "Suporte N1" },
    priority: 5,
    queued_at: AT,
    leg: {
      id: `${id}0`,
      role: "primary",
      state: "offered",
      offered_at: AT,
      answer_by: "2026-11-23T12:01:00.000Z",
      connected_at: null,
      wrap_up_at: null,
      wrap_up_by: null,
      outcome: null,
      from: { kind: "queue", by: null, note: null },
    },
    owner: null,
    guests: [],
    unread: 0,
    last_message: null,
    waiting_since: null,
    window_closes_at: null,
    wrap_up_hold: "none",
    transfer_unanswered: "requeue",
    referral: null,
    explanation: null,
    ...part,
  };
}

export function agent(part: Partial<AgentView> = {}): AgentView {
  return {
    kind: "agent",
    id: "7",
    version: 1,
    name: "Marina",
    state: "available",
    aux_code: null,
    since: AT,
    idle_since: null,
    engaged: false,
    capacity: 5,
    load: 0,
    signed_in: true,
    connected: true,
    team: null,
    rona: null,
    today: { ended: 0, aht_s: null },
    ...part,
  };
}

export function snapshot(views: Snapshot["views"]): Snapshot {
  return { at: AT, me: agent(), views, codes: { idle: [], wrap_up: [] } };
}
