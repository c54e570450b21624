"""Tasks and their legs: the only way in which they change.

`move` holds the task's conversation, lets the domain decide, and writes what it
says: the task, the legs that changed, exactly one line of the journal, and a line
in the thread where people should see it.  The lock and the read are two
statements, because a row joined to the locking statement is of the old snapshot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Concatenate, ParamSpec

import asyncpg

from balcao.domain.task import (
    AgentId,
    CodeId,
    Event,
    Leg,
    Outcome,
    QueueId,
    Role,
    Task,
)
from balcao.store import conversations, lines
from balcao.store.conversations import Conversation
from balcao.store.database import Kind, Tx

P = ParamSpec("P")

#: Steps that people see in the thread.  The others are in the journal alone.
SHOWN = frozenset({"accepted", "ended"})

_LEG = (
    "id, agent_id, role, offered_at, answer_by, connected_at, wrap_up_at, closed_at, outcome,"
    " wrap_up_code_id, wrap_up_note"
)


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
    legs = await tx.fetch(f"select {_LEG} from leg where task_id = $1 order by id", id)
    return _task(row, legs)


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
        " state, opened_seq) select c, 1, q, p, $1, $1, 'queued', s"
        " from unnest($2::bigint[], $3::bigint[], $4::smallint[], $5::bigint[]) as n(c, q, p, s)"
        " returning id, conversation_id",
        at,
        [o.conversation.id for o in openings],
        [o.queue for o in openings],
        [o.priority for o in openings],
        [o.conversation.last_seq for o in openings],
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


async def open_of(tx: Tx, conversation_ids: Iterable[int]) -> dict[int, int]:
    """The open task of each conversation that has one; the conversations are held."""
    rows = await tx.fetch(
        "select conversation_id, id from task"
        " where conversation_id = any($1::bigint[]) and ended_at is null",
        list(conversation_ids),
    )
    return {row["conversation_id"]: row["id"] for row in rows}


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
        " priority = $7 where id = $1",
        task.id,
        version,
        task.state,
        task.ended_at,
        task.queue,
        task.queued_at,
        task.priority,
    )
    await tx.execute(
        "insert into event (task_id, version, at, code, params, by_kind, by_id)"
        " values ($1, $2, $3, $4, $5, $6, $7)",
        task.id,
        version,
        event.at,
        event.code,
        dict(event.params),
        event.by.kind,
        event.by.id,
    )
    if event.code in SHOWN:
        await lines.put(tx, [await _line(tx, held, event)])
    changed = [leg for leg in task.legs if leg not in held.task.legs]
    await _save_legs(tx, held.conversation, task, changed)
    held.conversation.next_version()
    await conversations.save_all(tx, [held.conversation])
    tx.nudge(Kind.ROUTING)
    return await read(tx, task.id)


async def _save_legs(
    tx: Tx, conversation: Conversation, task: Task, changed: Sequence[Leg]
) -> None:
    for leg in changed:
        if leg.id is None:
            await _insert_leg(tx, task, leg)
        else:
            await _update_leg(tx, conversation, leg)
    agents = sorted({leg.agent for leg in changed})
    await tx.fetch(
        "select 1 from agent where person_id = any($1::bigint[]) order by person_id for update",
        agents,
    )
    await tx.execute(
        "update agent set version = version + 1 where person_id = any($1::bigint[])", agents
    )
    for agent in agents:
        tx.nudge(Kind.AGENT, agent)


async def _insert_leg(tx: Tx, task: Task, leg: Leg) -> None:
    await tx.execute(
        "insert into leg (task_id, agent_id, role, offered_at, answer_by, read_seq)"
        " select id, $2, $3, $4, $5, opened_seq from task where id = $1",
        task.id,
        leg.agent,
        leg.role,
        leg.offered_at,
        leg.answer_by,
    )


async def _update_leg(tx: Tx, conversation: Conversation, leg: Leg) -> None:
    over = leg.connected_at is not None and leg.outcome is not None
    await tx.execute(
        "update leg set role = $2, answer_by = $3, connected_at = $4, wrap_up_at = $5,"
        " closed_at = $6, outcome = $7, wrap_up_code_id = $8, wrap_up_note = $9,"
        " until_seq = coalesce(until_seq, $10) where id = $1",
        leg.id,
        leg.role,
        leg.answer_by,
        leg.connected_at,
        leg.wrap_up_at,
        leg.closed_at,
        leg.outcome,
        leg.wrap_up_code,
        leg.wrap_up_note,
        conversation.last_seq if over else None,
    )


async def _line(tx: Tx, held: Held, event: Event) -> lines.Line:
    """The line that tells *event* in the thread, with the agent's name as it is now."""
    agent_id = event.params.get("agent_id")
    name = await tx.fetchval("select name from person where id = $1", agent_id)
    params = {"agent_id": str(agent_id), "agent": name}
    return lines.Line(held.conversation, held.task.id, event.at, event.code, params)


def _task(row: asyncpg.Record, legs: Sequence[asyncpg.Record]) -> Task:
    return Task(
        id=row["id"],
        queue=QueueId(row["queue_id"]),
        priority=row["priority"],
        queued_at=row["queued_at"],
        version=row["version"],
        ended_at=row["ended_at"],
        legs=tuple(_leg(leg) for leg in legs),
    )


def _leg(row: asyncpg.Record) -> Leg:
    outcome, code = row["outcome"], row["wrap_up_code_id"]
    return Leg(
        agent=AgentId(row["agent_id"]),
        role=Role(row["role"]),
        offered_at=row["offered_at"],
        answer_by=row["answer_by"],
        connected_at=row["connected_at"],
        wrap_up_at=row["wrap_up_at"],
        closed_at=row["closed_at"],
        outcome=None if outcome is None else Outcome(outcome),
        wrap_up_code=None if code is None else CodeId(code),
        wrap_up_note=row["wrap_up_note"],
        id=row["id"],
    )


async def rung_out(tx: Tx, at: datetime) -> list[tuple[int, AgentId]]:
    """Offers whose time is up, oldest first: task and agent."""
    rows = await tx.fetch(
        "select task_id, agent_id from leg where connected_at is null and closed_at is null"
        " and answer_by <= $1 order by offered_at, id",
        at,
    )
    return [(row["task_id"], row["agent_id"]) for row in rows]


async def next_deadline(tx: Tx) -> datetime | None:
    """When the next ringing offer runs out."""
    at: datetime | None = await tx.fetchval(
        "select min(answer_by) from leg where connected_at is null and closed_at is null"
    )
    return at


async def ringing_at(tx: Tx, agent: AgentId) -> list[int]:
    """The tasks that ring at *agent*, in the order of their conversations."""
    rows = await tx.fetch(
        "select t.id from leg l join task t on t.id = l.task_id where l.agent_id = $1"
        " and l.connected_at is null and l.closed_at is null order by t.conversation_id, t.id",
        agent,
    )
    return [row["id"] for row in rows]


async def ringing(tx: Tx) -> list[tuple[int, AgentId]]:
    """Every ringing offer: task and agent."""
    rows = await tx.fetch(
        "select task_id, agent_id from leg where connected_at is null and closed_at is null"
        " order by id"
    )
    return [(row["task_id"], row["agent_id"]) for row in rows]
