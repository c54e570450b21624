"""What there is on the floor, in numbers for those who run it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from balcao.store.database import Tx

MISSED_WITHIN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Queue:
    """How many tasks wait in a queue, and for how long the first of them."""

    name: str
    tasks: int
    oldest: timedelta


@dataclass(frozen=True, slots=True)
class Floor:
    """What there is on the floor at one moment; *counts* by a short name."""

    counts: dict[str, int]
    queues: list[Queue]
    webhook_oldest: timedelta
    message_oldest: timedelta
    media_oldest: timedelta
    database_bytes: int


async def floor(tx: Tx) -> Floor:
    """The floor as it is now; whatever waits since no time waits for 0 seconds."""
    at = await tx.now()
    return Floor(
        counts=await _counts(tx, at),
        queues=await _queues(tx, at),
        webhook_oldest=_age(await tx.fetchval(_OLDEST_WEBHOOK), at),
        message_oldest=_age(await tx.fetchval(_OLDEST_MESSAGE), at),
        media_oldest=_age(await tx.fetchval(_OLDEST_MEDIA), at),
        database_bytes=await tx.fetchval("select pg_database_size(current_database())"),
    )


_OLDEST_WEBHOOK = "select received_at from webhook where done_at is null order by id limit 1"
_OLDEST_MESSAGE = "select min(due_at) from message where status in ('pending', 'sending')"
_OLDEST_MEDIA = "select min(created_at) from media where state = 'waiting'"


def _age(since: datetime | None, at: datetime) -> timedelta:
    return timedelta(0) if since is None else max(timedelta(0), at - since)


async def _queues(tx: Tx, at: datetime) -> list[Queue]:
    rows = await tx.fetch(
        "select q.name, count(t.id) as tasks, min(t.queued_at) as since from queue q"
        " left join task t on t.queue_id = q.id and t.state = 'queued'"
        " where q.retired_at is null or t.id is not null group by q.id order by q.id"
    )
    return [Queue(row["name"], row["tasks"], _age(row["since"], at)) for row in rows]


async def _counts(tx: Tx, at: datetime) -> dict[str, int]:
    row = await tx.fetchrow(
        "select (select count(*) from task where state = 'queued') as tasks_queued,"
        " (select count(*) from leg where connected_at is null and closed_at is null)"
        "  as offers_ringing,"
        " (select count(*) from leg where connected_at is not null and wrap_up_at is null"
        "  and closed_at is null) as legs_connected,"
        " (select count(*) from invitation where closed_at is null) as invitations_open,"
        " m.rona as rona_last_hour, m.abandoned as abandoned_last_hour, m.lost as lost_last_hour,"
        " (select count(*) from agent where signed_in_at is not null) as agents_signed_in,"
        " (select count(*) from agent where signed_in_at is not null and state = 'available')"
        "  as agents_available,"
        " (select count(*) from webhook where done_at is null) as webhooks_waiting,"
        " (select count(*) from message where status in ('pending', 'sending'))"
        "  as messages_unsettled,"
        " (select count(*) from message where status = 'unconfirmed' and not dismissed)"
        "  as messages_unconfirmed,"
        " (select count(*) from media where state = 'failed') as media_failed,"
        " (select count(*) from set_aside where settled_at is null) as items_set_aside,"
        " (select count(*) from pace where refused_at is not null) as numbers_refused"
        " from (select count(*) filter (where outcome = 'rona') as rona,"
        "  count(*) filter (where outcome = 'abandoned') as abandoned,"
        "  count(*) filter (where outcome = 'lost') as lost from leg"
        "  where outcome in ('rona', 'abandoned', 'lost') and closed_at > $1) m",
        at - MISSED_WITHIN,
    )
    assert row is not None
    return dict(row)
