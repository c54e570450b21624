"""Tasks and their legs: the only way in which they change.

`move` holds the task's conversation, lets the domain decide, and writes what it
says: the task, the legs that changed, exactly one line of the journal, and a line
in the thread where people should see it.  The lock and the read are two
statements, because a row joined to the locking statement is of the old snapshot.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Concatenate, ParamSpec

from balcao.domain.values import AgentId, Event, QueueId, Task
from balcao.store import conversations, journal, legs, lines
from balcao.store.bus import Kind
from balcao.store.conversations import Conversation
from balcao.store.database import Tx

P = ParamSpec("P")


class NoSuchTask(LookupError):
    """There is no such task."""


@dataclass(slots=True)
class Held:
    """A task whose conversation is locked, and the time at which it was."""

    conversation: Conversation
    task: Task
    at: datetime


@dataclass(frozen=True, slots=True)
class Opening:
    """A task to open in a held conversation; *line_at* places the line in the thread."""

    conversation: Conversation
    queue: QueueId
    line_at: datetime
    referral: Mapping[str, object] | None = None
    """The advertisement that led here, as received."""
    priority: int = 5


async def lock(tx: Tx, id: int) -> Held:
    """Hold the conversation of task *id* and read the task; NoSuchTask where there is none."""
    conversation_id = await tx.fetchval("select conversation_id from task where id = $1", id)
    if conversation_id is None:
        raise NoSuchTask(id)
    held = await conversations.lock(tx, [conversation_id])
    conversation = held[conversation_id]
    return Held(conversation, await read(tx, id), conversation.at)


async def read(tx: Tx, id: int) -> Task:
    """The task as it is now; NoSuchTask where there is none."""
    row = await tx.fetchrow("select * from task where id = $1", id)
    if row is None:
        raise NoSuchTask(id)
    parts, invitations = await legs.read(tx, id)
    return Task(
        id=row["id"],
        queue=QueueId(row["queue_id"]),
        priority=row["priority"],
        queued_at=row["queued_at"],
        version=row["version"],
        ended_at=row["ended_at"],
        origin=legs.origin(row),
        legs=parts,
        invitations=invitations,
    )


async def move(
    tx: Tx,
    id: int,
    step: Callable[Concatenate[Task, datetime, P], tuple[Task, Event]],
    *args: P.args,
    **kwargs: P.kwargs,
) -> Held:
    """Take a task one step: hold it, let the domain decide, write what it says.

    Raises what the step raises (Refused), with nothing changed.
    """
    held = await lock(tx, id)
    return await take(tx, held, step, *args, **kwargs)


async def take(
    tx: Tx,
    held: Held,
    step: Callable[Concatenate[Task, datetime, P], tuple[Task, Event]],
    *args: P.args,
    **kwargs: P.kwargs,
) -> Held:
    """Take a task that is held already one step."""
    task, event = step(held.task, held.at, *args, **kwargs)
    held.task = await _save(tx, held, task, event)
    return held


async def open_all(tx: Tx, at: datetime, openings: Sequence[Opening]) -> dict[int, int]:
    """Open a task in each held conversation that has none; task ids by conversation id."""
    if not openings:
        return {}
    rows = await tx.fetch(
        "insert into task (conversation_id, version, queue_id, priority, opened_at, queued_at,"
        " state, opened_seq, referral) select c, 1, q, p, $1, $1, 'queued', s, r"
        " from unnest($2::bigint[], $3::bigint[], $4::smallint[], $5::bigint[], $6::jsonb[])"
        " as n(c, q, p, s, r)"
        " returning id, conversation_id",
        at,
        [o.conversation.id for o in openings],
        [o.queue for o in openings],
        [o.priority for o in openings],
        [o.conversation.last_seq for o in openings],
        [o.referral for o in openings],
    )
    ids = {row["conversation_id"]: row["id"] for row in rows}
    await tx.execute(
        "insert into event (task_id, version, at, code, params, by_kind)"
        " select t, 1, $1, 'queued', p, 'customer' from unnest($2::bigint[], $3::jsonb[])"
        " as n(t, p)",
        at,
        [ids[o.conversation.id] for o in openings],
        [{"queue_id": o.queue} for o in openings],
    )
    await lines.put(
        tx,
        [
            lines.Line(o.conversation, ids[o.conversation.id], o.line_at, "queued", params)
            for o, params in zip(openings, await _queue_params(tx, openings), strict=True)
        ],
    )
    tx.nudge(Kind.ROUTING)
    return ids


async def _queue_params(tx: Tx, openings: Sequence[Opening]) -> list[Mapping[str, object]]:
    rows = await tx.fetch(
        "select id, name from queue where id = any($1::bigint[])", list({o.queue for o in openings})
    )
    names = {row["id"]: row["name"] for row in rows}
    return [{"queue": names[o.queue]} for o in openings]


async def _save(tx: Tx, held: Held, task: Task, event: Event) -> Task:
    """Write *task* in place of the one held, with its one line of the journal."""
    version = held.task.version + 1
    await tx.execute(
        "update task set version = $2, state = $3, ended_at = $4, queue_id = $5, queued_at = $6,"
        " priority = $7, from_kind = $8, from_by = $9, from_note = $10 where id = $1",
        task.id,
        version,
        task.state,
        task.ended_at,
        task.queue,
        task.queued_at,
        task.priority,
        task.origin.source,
        task.origin.by,
        task.origin.note,
    )
    await journal.put(tx, held.conversation, task.id, version, event)
    await legs.save(tx, held.conversation, held.task, task)
    held.conversation.next_version()
    await conversations.save_all(tx, [held.conversation])
    tx.nudge(Kind.ROUTING)
    return await read(tx, task.id)


async def ringing_at(tx: Tx, agent: AgentId) -> list[int]:
    """The tasks that ring at *agent*, in the order of their conversations."""
    rows = await tx.fetch(
        "select t.id from leg l join task t on t.id = l.task_id where l.agent_id = $1"
        " and l.connected_at is null and l.closed_at is null order by t.conversation_id, t.id",
        agent,
    )
    return [row["id"] for row in rows]


async def open_at(tx: Tx, agent: AgentId) -> list[int]:
    """The tasks in which *agent* has an open part, in the order of their conversations."""
    rows = await tx.fetch(
        "select t.id from leg l join task t on t.id = l.task_id where l.agent_id = $1"
        " and l.closed_at is null order by t.conversation_id, t.id",
        agent,
    )
    return [row["id"] for row in rows]
