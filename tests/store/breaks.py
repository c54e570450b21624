"""Deliberate breaks of the promises, each on top of the hour of `tests.store.history`.

The database's own constraints forbid some of them, and are dropped first.
"""

from __future__ import annotations

from typing import NamedTuple

AT = "(select at from pulse)"
RINGING = "connected_at is null and closed_at is null"
LIVE = "wrap_up_at is null and closed_at is null"
OVER = f"wrap_up_at = {AT}, outcome = 'ended', until_seq = 0"
FREE = f"""update agent set state = 'available', aux_code_id = null,
since = {AT} - interval '1 minute', beat_at = {AT} - interval '10 seconds';"""


class Break(NamedTuple):
    """What is done, and the violation that must be named: its promise, and how its place begins."""

    script: str
    promise: str
    where: str = ""


BREAKS = {
    "a stored message that is in no thread": Break(
        "delete from message where wamid = 'wamid.1'", "1 durable before ack", "webhook"
    ),
    "an unreadable item that is not set aside": Break(
        "delete from set_aside", "1 durable before ack", "webhook"
    ),
    "a reaction that nobody looks at": Break(
        "insert into amendment (message_id, wamid, act, author_kind, text, second, at)"
        " select min(id), 'wamid.new', 'reaction', 'customer', 'x', 1, now() from message",
        "1 what was done to a message is looked at",
        "message",
    ),
    "a reaction that is not kept": Break(
        "delete from amendment", "1 durable before ack", "webhook"
    ),
    "a message twice": Break(
        "drop index message_wamid; update message set wamid = 'same' where direction = 'in'",
        "2 exactly once in",
    ),
    "a message in a stranger's task": Break(
        "update message set task_id = (select max(id) from task)",
        "2 a message is in the thread of its task and its number",
    ),
    "a message of another number's conversation": Break(
        """insert into entry_point (phone_number_id, display_number, name, queue_id)
        values ('2', '2', 'Other', 1); update conversation set entry_point_id = 2""",
        "2 a message is in the thread of its task and its number",
    ),
    "two open tasks in one conversation": Break(
        "drop index task_one_open; update task set ended_at = null",
        "3 one live thread",
    ),
    "two conversations with one customer": Break(
        """alter table conversation drop constraint conversation_customer_id_entry_point_id_key;
        insert into conversation (customer_id, entry_point_id)
        select customer_id, entry_point_id from conversation""",
        "3 one live thread",
    ),
    "two customers with one user id": Break(
        "update customer set user_id = 'BR.1'", "3 an identity is one customer"
    ),
    "two customers with one phone": Break(
        "update customer set wa_id = '55'", "3 an identity is one customer"
    ),
    "an identity that leads to another": Break(
        "update customer_identity set customer_id = (select min(id) from customer)",
        "3 an identity is one customer",
    ),
    "a gap in the arrival numbers": Break(
        "update message set seq = seq + 100", "4 deterministic order", "conversation"
    ),
    "a counter that is ahead of the thread": Break(
        "update conversation set last_seq = last_seq + 1", "4 deterministic order", "conversation"
    ),
    "a message of another second than its own": Break(
        "update message set second = second + 1", "4 deterministic order", "message"
    ),
    "a status that did not rise": Break(
        """insert into message_status (message_id, attempt, status, at)
        select id, attempt, 'played', at from message where status = 'read'""",
        "5 monotone status",
        "message",
    ),
    "a status that nobody told": Break(
        "update message set status = 'read' where status = 'unconfirmed'",
        "5 monotone status",
        "message",
    ),
    "a status that was told and is not kept": Break(
        "delete from message_status where status = 'sent'", "5 monotone status", "webhook"
    ),
    "a state that the legs do not tell": Break(
        "update task set state = 'ended' where state = 'connected'", "6 task conservation"
    ),
    "a wrap-up that the task does not know": Break(
        "update task set state = 'ended' where state = 'wrap-up'", "6 task conservation"
    ),
    "talking on after the end": Break(
        f"update task set ended_at = {AT} where state = 'connected'",
        "6 nobody rings or talks in an ended task",
    ),
    "guests among themselves": Break(
        f"update leg set {OVER} where role = 'primary' and {LIVE} and connected_at is not null",
        "6 a guest is only beside a connected owner",
    ),
    "ringing for ever": Break(
        f"update leg set answer_by = null where {RINGING}",
        "6 what rings has a deadline, and what wraps up has one only while it counts down",
    ),
    "a countdown that was stopped and goes on": Break(
        f"update leg set wrap_up_by = {AT} where wrap_up_hold = 'held'",
        "6 what rings has a deadline, and what wraps up has one only while it counts down",
    ),
    "a countdown that may be stopped and is not there": Break(
        "update leg set wrap_up_by = null where wrap_up_hold = 'allowed'",
        "6 what rings has a deadline, and what wraps up has one only while it counts down",
    ),
    "a countdown without a wrap-up": Break(
        f"update leg set wrap_up_by = {AT} where {LIVE}",
        "6 what rings has a deadline, and what wraps up has one only while it counts down",
    ),
    "an invitation of somebody else": Break(
        "update invitation set by_id = 4 where closed_at is null",
        "6 an open invitation is of the one who is connected as owner",
    ),
    "an invitation that is over and still rings": Break(
        f"""update invitation set closed_at = {AT}, answer = 'withdrawn'
        where closed_at is null and agent_id is not null""",
        "6 an invitation rings while it is open, and is joined if it was accepted",
    ),
    "an invitation to an agent that does not ring": Break(
        f"""update leg set closed_at = {AT}, outcome = 'withdrawn'
        where role = 'guest' and {RINGING}""",
        "6 an invitation rings while it is open, and is joined if it was accepted",
    ),
    "a guest whose invitation was not accepted": Break(
        "update invitation set answer = 'withdrawn' where answer = 'accepted'",
        "6 an invitation rings while it is open, and is joined if it was accepted",
    ),
    "an abandoned invitation that nobody abandoned": Break(
        "update leg set outcome = 'withdrawn' where outcome = 'abandoned'",
        "6 an invitation rings while it is open, and is joined if it was accepted",
    ),
    "an invitation that expired too early": Break(
        "update invitation set expires_at = closed_at + interval '1 second'"
        " where answer = 'expired'",
        "6 an invitation ends as it may",
    ),
    "an invitation to an agent that expires": Break(
        "update invitation set expires_at = invited_at where agent_id is not null",
        "6 an invitation ends as it may",
    ),
    "an invitation that is gone": Break(
        "delete from invitation where answer = 'expired'", "6 an invitation ends as it may", "task"
    ),
    "a guest whom nobody invited": Break(
        "update leg set invitation = null where role = 'guest'",
        "6 a part in a task is what it was asked for",
    ),
    "another guest than the one invited": Break(
        "update leg set agent_id = 4 where role = 'guest' and direct and outcome = 'left'",
        "6 a part in a task is what it was asked for",
    ),
    "an offer to one agent that came from a queue": Break(
        "update leg set from_kind = 'queue' where from_kind = 'transfer'",
        "6 a part in a task is what it was asked for",
    ),
    "a customer who waits beside a free agent": Break(
        FREE, "6 no customer waits while a fit agent is free", "task"
    ),
    "an invitation that waits beside a free agent": Break(
        FREE, "6 no customer waits while a fit agent is free", "invitation"
    ),
    "two owners": Break(
        f"""drop index leg_one_live_primary; update leg set role = 'primary' where {LIVE}""",
        "7 single offer",
    ),
    "two parts of one agent": Break(
        """drop index leg_one_open_per_agent;
        update leg set agent_id = 1 where closed_at is null""",
        "7 single offer",
    ),
    "an answer after the deadline": Break(
        "update leg set answer_by = connected_at", "8 single winner"
    ),
    "a RONA before the deadline": Break(
        "update leg set answer_by = closed_at + interval '1 second' where outcome = 'rona'",
        "8 single winner",
    ),
    "an offer that was missed and accepted": Break(
        "update leg set connected_at = offered_at where outcome = 'rona'", "8 single winner"
    ),
    "an invitation that ended as a RONA": Break(
        "update leg set outcome = 'rona' where outcome = 'abandoned'", "8 single winner"
    ),
    "an owner who left": Break(
        "update leg set outcome = 'left' where outcome = 'handed_over'",
        "8 a part ends once, in a way that it can",
    ),
    "a transfer by a guest": Break(
        "update leg set outcome = 'transferred' where outcome = 'removed'",
        "8 a part ends once, in a way that it can",
    ),
    "an end before the beginning": Break(
        "update leg set wrap_up_at = connected_at - interval '1 second' where outcome = 'ended'",
        "8 a part ends once, in a way that it can",
    ),
    "an owner without wrap-up": Break(
        "update leg set wrap_up_at = null where outcome = 'transferred' and closed_at is not null",
        "8 a part ends once, in a way that it can",
    ),
    "more at one desk than it takes": Break("update leg set capacity = 0", "9 capacity"),
    "an offer that rings beyond its time": Break(
        f"update leg set answer_by = {AT} - interval '6 seconds' where {RINGING}",
        "10 no deadline is left behind",
    ),
    "a countdown that has come to its end": Break(
        f"update leg set wrap_up_by = {AT} - interval '6 seconds' where wrap_up_hold = 'allowed'",
        "10 no deadline is left behind",
    ),
    "an invitation that waits beyond its time": Break(
        f"update invitation set expires_at = {AT} - interval '6 seconds' where closed_at is null"
        " and queue_id is not null",
        "10 no deadline is left behind",
        "invitation",
    ),
    "a message on its way without a lease": Break(
        "update message set lease_by = null", "10 no deadline is left behind", "message"
    ),
    "an offer at a desk that is away": Break(
        f"update agent set beat_at = {AT} - interval '56 seconds'", "10 no orphan", "leg"
    ),
    "an agent who is away and available": Break(
        f"update agent set beat_at = {AT} - interval '56 seconds'", "10 no orphan", "agent"
    ),
    "an agent who is lost and still signed in": Break(
        f"""update agent set beat_at = {AT} - interval '11 minutes',
        state = 'rona', aux_code_id = null""",
        "10 no orphan",
        "agent",
    ),
    "a wrap-up of an agent who is lost": Break(
        f"update leg set {OVER} where {LIVE} and connected_at is not null;"
        f" delete from leg where {RINGING};"
        f" update agent set beat_at = {AT} - interval '11 minutes'",
        "10 no orphan",
        "leg",
    ),
    "a part of somebody who is signed out": Break(
        "update agent set signed_in_at = null", "10 no orphan", "leg"
    ),
    "a part of somebody who is disabled": Break(
        f"update person set disabled_at = {AT} - interval '6 seconds'", "10 no orphan", "leg"
    ),
    "a message that went out without an attempt": Break(
        "delete from message_status; delete from attempt", "11 at most one effect out"
    ),
    "an attempt under another's name": Break(
        "update message set wamid = 'other' where wamid = 'wamid.one'",
        "11 at most one effect out",
        "message",
    ),
    "one attempt with two effects": Break(
        """update attempt set wamid = 'wamid.first' where wamid = 'wamid.one';
        update message set wamid = 'wamid.first' where wamid = 'wamid.one'""",
        "11 at most one effect out",
        "webhook",
    ),
    "an attempt too many": Break(
        """insert into attempt (message_id, attempt, started_at)
        select id, attempt + 1, at from message where status = 'read'""",
        "11 nothing was tried or told of that was not to be sent",
    ),
    "a status of an attempt that never was": Break(
        "update message_status set attempt = 9 where status = 'read'",
        "11 nothing was tried or told of that was not to be sent",
    ),
    "two attempts under one name": Break(
        "drop index attempt_wamid; update attempt set wamid = 'same'",
        "11 nothing was tried or told of that was not to be sent",
    ),
    "two messages on their way at once": Break(
        f"update message set status = 'sending', lease_by = {AT} where status = 'pending'",
        "12 order out",
    ),
    "a later message that went first": Break(
        """update attempt set started_at = started_at - interval '1 hour'
        where wamid = 'wamid.late'""",
        "12 order out",
    ),
    "a message ahead of its conversation": Break(
        "update conversation set version = 1", "13 a change and its version come together"
    ),
    "two changes under one number": Break(
        "update message set version = 1", "13 a change and its version come together"
    ),
    "steps that the conversation did not count": Break(
        "update task set version = version + 50",
        "13 a change and its version come together",
        "conversation",
    ),
    "an agent's change that was not counted": Break(
        "update agent set version = 1", "13 a change and its version come together", "agent"
    ),
    "a part that sees on after its end": Break(
        "update leg set until_seq = null where closed_at is not null",
        "14 what a part may see ends with it",
    ),
    "a part that sees what is not written yet": Break(
        "update leg set until_seq = 1000 where until_seq is not null",
        "14 what a part may see ends with it",
    ),
    "a part that has read what it may not see": Break(
        "update leg set read_seq = until_seq + 1 where until_seq is not null",
        "14 what a part may see ends with it",
    ),
    "an author who was not connected": Break(
        "update message set author_id = 4 where author_kind = 'agent'",
        "14 only who is connected writes",
    ),
    "an author whose part was over": Break(
        "update leg set until_seq = 0 where until_seq is not null",
        "14 only who is connected writes",
    ),
    "a step without its line in the journal": Break(
        "delete from event where version = 1", "15 accountability"
    ),
    "a line in the journal without its step": Break(
        "update task set version = version - 1", "15 accountability"
    ),
    "an answer that is told as of another moment": Break(
        "update event set at = at + interval '1 second' where code = 'accepted'",
        "15 every step is told once, with its moment and its agent",
    ),
    "a transfer that is told of somebody else": Break(
        "update event set params = '{\"agent_id\": 4}' where code = 'transferred'",
        "15 every step is told once, with its moment and its agent",
    ),
    "an invitation that is not told": Break(
        "update event set code = 'prolonged' where code = 'invited'",
        "15 every step is told once, with its moment and its agent",
    ),
    "an offer that was taken back by nobody": Break(
        "update event set code = 'prolonged' where code = 'withdrawn'",
        "15 what is taken back or lost is told by the step that did it",
        "leg",
    ),
    "an agent who is said to be lost": Break(
        "update leg set outcome = 'left' where outcome = 'lost'",
        "15 what is taken back or lost is told by the step that did it",
        "task",
    ),
    "an invitation that nobody cancelled": Break(
        "update event set code = 'prolonged' where code = 'cancelled'",
        "15 what is taken back or lost is told by the step that did it",
        "invitation",
    ),
    "an end that is not told": Break(
        "update event set params = params - 'policy' where code = 'abandoned'",
        "15 an end is told once",
    ),
    "an end that did not come": Break(
        "update event set code = 'ended' where code = 'left'", "15 an end is told once"
    ),
    "a step of nobody's": Break(
        "update event set by_id = null where by_kind = 'agent'",
        "15 every change says who made it",
        "task",
    ),
    "a state set by nobody": Break(
        "update agent_event set by_kind = 'agent', by_id = null",
        "15 every change says who made it",
        "agent",
    ),
    "a state that the journal does not tell": Break(
        "update agent set state = 'rona', aux_code_id = null",
        "15 an agent is what was told of last",
    ),
    "an idle reason that the journal does not tell": Break(
        "update agent set aux_code_id = 3 where state = 'idle'",
        "15 an agent is what was told of last",
    ),
    "a sign-in that the journal does not tell": Break(
        "delete from agent_event where code = 'signed-in'", "15 an agent is what was told of last"
    ),
}
