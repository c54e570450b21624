"""The floor as the router sees it: what waits, who is free, and when it last looked."""

from __future__ import annotations

from datetime import datetime, timedelta

from balcao.domain.routing import Candidate, Waiting
from balcao.domain.task import AgentId, QueueId
from balcao.store.database import Connection, Tx

ROUTER_LOCK = 7_266_152


async def try_lock(connection: Connection) -> bool:
    """Become the one router; held by *connection* until unlock or its end."""
    return bool(await connection.fetchval("select pg_try_advisory_lock($1)", ROUTER_LOCK))


async def unlock(connection: Connection) -> None:
    """Let another process be the router."""
    await connection.execute("select pg_advisory_unlock($1)", ROUTER_LOCK)


async def beat_pulse(tx: Tx, at: datetime) -> timedelta:
    """Note that a router works now; how long none had."""
    before: datetime = await tx.fetchval("select at from pulse for update")
    await tx.execute("update pulse set at = greatest(at, $1)", at)
    return at - before


async def waiting(tx: Tx) -> list[Waiting]:
    """Every task that waits for an offer, with who is asked last and who not at all."""
    rows = await tx.fetch(
        "select t.id, t.queue_id, t.priority, t.queued_at,"
        " coalesce(array_agg(l.agent_id) filter (where l.outcome = 'rona'), '{}') as missed_by,"
        " coalesce(array_agg(l.agent_id) filter (where l.closed_at is null"
        " and l.id is not null), '{}') as barred"
        " from task t left join leg l on l.task_id = t.id where t.state = 'queued' group by t.id"
    )
    return [
        Waiting(
            task=row["id"],
            queue=QueueId(row["queue_id"]),
            priority=row["priority"],
            queued_at=row["queued_at"],
            missed_by=frozenset(row["missed_by"]),
            barred=frozenset(row["barred"]),
        )
        for row in rows
    ]


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
