"""The floor as the router sees it: what waits, who is free, and when it last looked."""

from __future__ import annotations

from datetime import datetime, timedelta

import asyncpg

from balcao.domain.routing import Candidate, Waiting
from balcao.domain.values import AgentId, QueueId, Unanswered
from balcao.store.database import Tx
from balcao.store.postgres import Connection

ROUTER_LOCK = 7_266_152


async def try_lock(connection: Connection) -> bool:
    """Become the one router, for as long as *connection* is one's own."""
    return bool(await connection.fetchval("select pg_try_advisory_lock($1)", ROUTER_LOCK))


async def pulse(tx: Tx) -> datetime:
    """When a router was last noted to work."""
    at: datetime = await tx.fetchval("select at from pulse")
    return at


async def beat_pulse(tx: Tx, at: datetime, *, resumed: bool) -> None:
    """Note that a router works now; *resumed*: until now none had for a while."""
    await tx.execute(
        "update pulse set at = greatest(at, $1), resumed_at = case when $2 then $1"
        " else resumed_at end",
        at,
        resumed,
    )


async def waiting(tx: Tx, at: datetime) -> list[Waiting]:
    """All that waits for an offer at *at*, with who is asked last and who not at all."""
    rows = await tx.fetch(
        "select t.id, null::int as number, t.queue_id, t.priority, t.queued_at,"
        " coalesce(array_agg(l.agent_id) filter (where l.outcome in"
        "  ('rona', 'abandoned', 'transferred', 'lost')), '{}') as missed_by,"
        " coalesce(array_agg(l.agent_id) filter (where l.closed_at is null"
        "  and l.id is not null), '{}') as barred"
        " from task t left join leg l on l.task_id = t.id where t.state = 'queued' group by t.id"
        " union all select i.task_id, i.number, i.queue_id, t.priority, i.invited_at,"
        " coalesce(array_agg(l.agent_id) filter (where l.invitation = i.number), '{}'),"
        " coalesce(array_agg(l.agent_id) filter (where l.closed_at is null), '{}')"
        " from invitation i join task t on t.id = i.task_id join leg l on l.task_id = i.task_id"
        " where i.closed_at is null and i.queue_id is not null and i.expires_at > $1"
        " group by i.task_id, i.number, t.id"
        " having not bool_or(l.invitation is not distinct from i.number and l.closed_at is null)",
        at,
    )
    return [_waiting(row) for row in rows]


def _waiting(row: asyncpg.Record) -> Waiting:
    return Waiting(
        task=row["id"],
        queue=QueueId(row["queue_id"]),
        priority=row["priority"],
        queued_at=row["queued_at"],
        missed_by=frozenset(row["missed_by"]),
        barred=frozenset(row["barred"]),
        invitation=row["number"],
    )


async def candidates(tx: Tx, beat_after: datetime) -> list[Candidate]:
    """Every agent with a free slot whose desk has answered since *beat_after*."""
    rows = await tx.fetch(
        "select a.person_id, a.last_assigned_at, a.free,"
        " array_agg(q.queue_id) as queues, array_agg(q.after_seconds) as delays"
        " from (select a.person_id, a.team_id, a.last_assigned_at,"
        "  coalesce(a.capacity, o.capacity) - (select count(*) from leg l"
        "  where l.agent_id = a.person_id and l.closed_at is null) as free"
        "  from agent a join person p on p.id = a.person_id cross join organisation o"
        "  where a.state = 'available' and a.signed_in_at is not null and a.beat_at > $1"
        "  and p.disabled_at is null) a"
        " join queue_team q on q.team_id = a.team_id where a.free > 0"
        " group by a.person_id, a.last_assigned_at, a.free",
        beat_after,
    )
    return [
        Candidate(
            agent=AgentId(row["person_id"]),
            queues={
                QueueId(queue): timedelta(seconds=delay)
                for queue, delay in zip(row["queues"], row["delays"], strict=True)
            },
            free_slots=row["free"],
            last_assigned_at=row["last_assigned_at"],
        )
        for row in rows
    ]


async def ring_time(tx: Tx, queue: QueueId) -> timedelta:
    """How long an offer of *queue* rings."""
    seconds: int = await tx.fetchval(
        "select coalesce(q.rona_seconds, o.rona_seconds) from queue q cross join organisation o"
        " where q.id = $1",
        queue,
    )
    return timedelta(seconds=seconds)


async def wait_time(tx: Tx, queue: QueueId) -> timedelta | None:
    """How long anybody waits in *queue* at most; None where it sets no limit."""
    seconds = await tx.fetchval("select wait_seconds_max from queue where id = $1", queue)
    return None if seconds is None else timedelta(seconds=seconds)


async def unanswered(tx: Tx, queue: QueueId) -> Unanswered:
    """What becomes of a transfer from *queue* that its agent does not accept."""
    return Unanswered(
        await tx.fetchval("select transfer_unanswered from queue where id = $1", queue)
    )
