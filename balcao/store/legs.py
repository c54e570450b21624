"""Legs and invitations as rows: how they are read into a task, and what of them is written.

Only `store.tasks` calls this, with the conversation held.  A leg that changed changes its
agent's view too, so its agent's row is held and counts on.
"""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from balcao.domain.values import (
    AgentId,
    Answer,
    CodeId,
    Hold,
    Invitation,
    Leg,
    Origin,
    Outcome,
    QueueId,
    Role,
    Source,
    Target,
    Task,
    ToAgent,
    ToQueue,
)
from balcao.store.bus import Kind
from balcao.store.conversations import Conversation
from balcao.store.database import Tx


async def read(tx: Tx, task_id: int) -> tuple[tuple[Leg, ...], tuple[Invitation, ...]]:
    """The legs and the invitations of a task, oldest first."""
    legs = await tx.fetch("select * from leg where task_id = $1 order by id", task_id)
    asked = await tx.fetch("select * from invitation where task_id = $1 order by number", task_id)
    return tuple(_leg(row) for row in legs), tuple(_invitation(row) for row in asked)


async def save(tx: Tx, conversation: Conversation, before: Task, after: Task) -> None:
    """Write what *after* has of legs and invitations that *before* has not."""
    for invitation in after.invitations:
        if invitation not in before.invitations:
            await _put_invitation(tx, after.id, invitation)
    changed = [leg for leg in after.legs if leg not in before.legs]
    await _count_on(tx, sorted({leg.agent for leg in changed}))
    # An owner goes before another one comes: the database allows one at a time.
    for leg in sorted(changed, key=lambda leg: leg.live):
        if leg.id is None:
            await _insert(tx, after, leg)
        else:
            await _update(tx, conversation, leg)


async def _count_on(tx: Tx, agents: Sequence[AgentId]) -> None:
    await tx.fetch(
        "select 1 from agent where person_id = any($1::bigint[]) order by person_id"
        " for no key update",
        agents,
    )
    await tx.execute(
        "update agent set version = version + 1 where person_id = any($1::bigint[])", agents
    )
    for agent in agents:
        tx.nudge(Kind.AGENT, agent)


async def _insert(tx: Tx, task: Task, leg: Leg) -> None:
    await tx.execute(
        "insert into leg (task_id, agent_id, role, queue_id, direct, invitation, offered_at,"
        " answer_by, from_kind, from_by, from_note, read_seq, capacity) select t.id, $2, $3, $4,"
        " $5, $6, $7, $8, $9, $10, $11, t.opened_seq, coalesce(a.capacity, o.capacity)"
        " from task t cross join organisation o join agent a on a.person_id = $2 where t.id = $1",
        task.id,
        leg.agent,
        leg.role,
        leg.queue,
        leg.direct,
        leg.invitation,
        leg.offered_at,
        leg.answer_by,
        leg.origin.source,
        leg.origin.by,
        leg.origin.note,
    )


async def _update(tx: Tx, conversation: Conversation, leg: Leg) -> None:
    over = leg.connected_at is not None and leg.outcome is not None
    await tx.execute(
        "update leg set role = $2, answer_by = $3, connected_at = $4, wrap_up_at = $5,"
        " wrap_up_by = $6, wrap_up_hold = $7, closed_at = $8, outcome = $9,"
        " wrap_up_code_id = $10, wrap_up_note = $11, until_seq = coalesce(until_seq, $12)"
        " where id = $1",
        leg.id,
        leg.role,
        leg.answer_by,
        leg.connected_at,
        leg.wrap_up_at,
        leg.wrap_up_by,
        leg.hold,
        leg.closed_at,
        leg.outcome,
        leg.wrap_up_code,
        leg.wrap_up_note,
        conversation.last_seq if over else None,
    )


async def _put_invitation(tx: Tx, task_id: int, one: Invitation) -> None:
    await tx.execute(
        "insert into invitation (task_id, number, by_id, agent_id, queue_id, invited_at,"
        " expires_at, closed_at, answer) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
        " on conflict (task_id, number) do update set by_id = excluded.by_id,"
        " closed_at = excluded.closed_at, answer = excluded.answer",
        task_id,
        one.number,
        one.by,
        one.to.agent if isinstance(one.to, ToAgent) else None,
        one.to.queue if isinstance(one.to, ToQueue) else None,
        one.invited_at,
        one.expires_at,
        one.closed_at,
        one.answer,
    )


def origin(row: asyncpg.Record) -> Origin:
    """Where an offer comes from, by the three columns that say so."""
    by = row["from_by"]
    return Origin(Source(row["from_kind"]), None if by is None else AgentId(by), row["from_note"])


def _leg(row: asyncpg.Record) -> Leg:
    outcome, code = row["outcome"], row["wrap_up_code_id"]
    return Leg(
        agent=AgentId(row["agent_id"]),
        role=Role(row["role"]),
        queue=QueueId(row["queue_id"]),
        offered_at=row["offered_at"],
        answer_by=row["answer_by"],
        connected_at=row["connected_at"],
        wrap_up_at=row["wrap_up_at"],
        wrap_up_by=row["wrap_up_by"],
        hold=Hold(row["wrap_up_hold"]),
        closed_at=row["closed_at"],
        outcome=None if outcome is None else Outcome(outcome),
        wrap_up_code=None if code is None else CodeId(code),
        wrap_up_note=row["wrap_up_note"],
        origin=origin(row),
        direct=row["direct"],
        invitation=row["invitation"],
        id=row["id"],
    )


def _invitation(row: asyncpg.Record) -> Invitation:
    answer = row["answer"]
    to: Target = (
        ToAgent(AgentId(row["agent_id"]))
        if row["queue_id"] is None
        else ToQueue(QueueId(row["queue_id"]))
    )
    return Invitation(
        number=row["number"],
        by=AgentId(row["by_id"]),
        to=to,
        invited_at=row["invited_at"],
        expires_at=row["expires_at"],
        closed_at=row["closed_at"],
        answer=None if answer is None else Answer(answer),
    )
