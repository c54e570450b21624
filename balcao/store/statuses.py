"""Statuses: what WhatsApp told of our messages, in whatever order and however often.

Each is kept once, and the message's own status is the highest of its attempt.  One
that names no message of ours yet is parked, and applied once its wamid is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import asyncpg

from balcao.domain.message import UNSETTLED, Status, advance
from balcao.store.bus import Kind
from balcao.store.conversations import Conversation
from balcao.store.database import Tx

PARKED_FOR = timedelta(days=7)  # WhatsApp itself gives up then


@dataclass(frozen=True, slots=True)
class Told:
    """One status; *named* is the message and attempt in our own words, where they came back."""

    wamid: str
    named: tuple[int, int] | None
    status: Status
    at: datetime
    error: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Target:
    """The attempt that a status speaks of."""

    message_id: int
    attempt: int
    conversation_id: int
    wamid: str | None


@dataclass(slots=True)
class _Delivery:
    """How far a message has come, while statuses are applied to it."""

    message_id: int
    conversation: Conversation
    before: Status
    status: Status
    error: dict[str, Any] | None
    wamid: str | None


async def find(tx: Tx, told: Sequence[Told]) -> list[Target | None]:
    """The attempt that each of *told* speaks of, by our name for it or by its wamid."""
    if not told:
        return []
    named = sorted({one.named for one in told if one.named is not None})
    rows = await tx.fetch(
        "select a.message_id, a.attempt, m.conversation_id, a.wamid from attempt a"
        " join message m on m.id = a.message_id where a.wamid = any($1::text[])"
        " union select a.message_id, a.attempt, m.conversation_id, a.wamid"
        " from unnest($2::bigint[], $3::int[]) as n(message_id, attempt)"
        " join attempt a using (message_id, attempt) join message m on m.id = a.message_id",
        list({one.wamid for one in told}),
        [message_id for message_id, _ in named],
        [attempt for _, attempt in named],
    )
    by_name, by_wamid = dict[tuple[int, int], Target](), dict[str, Target]()
    for row in rows:
        target = Target(**row)
        by_name[target.message_id, target.attempt] = target
        if row["wamid"] is not None:
            by_wamid[row["wamid"]] = target
    return [by_name.get(one.named or (0, 0)) or by_wamid.get(one.wamid) for one in told]


async def apply(
    tx: Tx, held: Mapping[int, Conversation], found: Sequence[tuple[Target, Told]]
) -> None:
    """Keep *found* and move their messages up; the conversations are held, and saved later."""
    if not found:
        return
    await _learn_wamids(tx, found)
    changed: dict[int, _Delivery] = {}
    for delivery, told in await _keep(tx, held, found):
        if delivery is not None:  # else of an attempt before this one: kept, and no more
            _climb(tx, delivery, told)
            changed[delivery.message_id] = delivery
    await _save(tx, changed)


def _climb(tx: Tx, delivery: _Delivery, told: Told) -> None:
    delivery.status = advance(delivery.status, told.status)
    delivery.wamid = delivery.wamid or told.wamid
    delivery.error = told.error or delivery.error
    if delivery.before in UNSETTLED:  # it holds nothing back any more
        tx.nudge(Kind.SENDING)


async def park(tx: Tx, told: Sequence[Told], at: datetime) -> None:
    """Keep statuses that name nothing of ours until they do, or for a week."""
    if not told:
        return
    await tx.execute("delete from early_status where received_at < $1", at - PARKED_FOR)
    await tx.execute(
        "insert into early_status (wamid, status, at, error, received_at)"
        " select w, s, t, e, $5 from unnest($1::text[], $2::text[], $3::timestamptz[],"
        " $4::jsonb[]) as n(w, s, t, e) on conflict do nothing",
        [one.wamid for one in told],
        [one.status for one in told],
        [one.at for one in told],
        [one.error for one in told],
        at,
    )


async def unpark(tx: Tx, count: int) -> list[Told]:
    """Take out parked statuses whose message is known by now."""
    rows = await tx.fetch(
        "delete from early_status where (wamid, status) in (select e.wamid, e.status"
        " from early_status e join attempt a using (wamid) limit $1)"
        " returning wamid, status, at, error",
        count,
    )
    return [
        Told(row["wamid"], None, Status(row["status"]), row["at"], row["error"]) for row in rows
    ]


async def tell_failed(tx: Tx, message_ids: Iterable[int], at: datetime) -> None:
    """Tell people of messages that failed after their task had ended.

    The author, and whoever has the customer now, each get a notice.
    """
    rows = await tx.fetch(
        "insert into notice (agent_id, code, params, task_id, message_id, at)"
        " select distinct a.person_id, 'message-failed', jsonb_build_object('customer',"
        " coalesce(cu.name, cu.profile_name, cu.username), 'error', m.error->>'code'),"
        " m.task_id, m.id, $2::timestamptz from message m join task t on t.id = m.task_id"
        " join conversation c on c.id = m.conversation_id join customer cu on cu.id = c.customer_id"
        " join agent a on (m.author_kind = 'agent' and a.person_id = m.author_id) or exists"
        "  (select from leg l join task o on o.id = l.task_id where l.agent_id = a.person_id"
        "  and o.conversation_id = m.conversation_id and o.ended_at is null"
        "  and l.role = 'primary' and l.connected_at is not null and l.wrap_up_at is null"
        "  and l.closed_at is null)"
        " where m.id = any($1::bigint[]) and t.ended_at is not null returning agent_id",
        list(message_ids),
        at,
    )
    for row in rows:
        tx.nudge(Kind.AGENT, row["agent_id"])


async def _learn_wamids(tx: Tx, found: Sequence[tuple[Target, Told]]) -> None:
    """An attempt whose answer was lost is known by its wamid from its first status on."""
    wamids = {
        (target.message_id, target.attempt): told.wamid
        for target, told in found
        if target.wamid is None
    }
    if not wamids:
        return
    await tx.execute(
        "update attempt a set wamid = n.wamid from unnest($1::bigint[], $2::int[], $3::text[])"
        " as n(message_id, attempt, wamid) where a.message_id = n.message_id"
        " and a.attempt = n.attempt and a.wamid is null",
        [message_id for message_id, _ in wamids],
        [attempt for _, attempt in wamids],
        list(wamids.values()),
    )


async def _keep(
    tx: Tx, held: Mapping[int, Conversation], found: Sequence[tuple[Target, Told]]
) -> list[tuple[_Delivery | None, Told]]:
    """Write each status once; those that are news, in their order, each with its message.

    The message is None where the status is of an attempt before the present one.
    """
    once = {
        (target.message_id, target.attempt, told.status): told for target, told in reversed(found)
    }
    rows = await tx.fetch(
        "with kept as (insert into message_status (message_id, attempt, status, at, error)"
        " select * from unnest($1::bigint[], $2::int[], $3::text[], $4::timestamptz[],"
        " $5::jsonb[]) on conflict do nothing returning message_id, attempt, status)"
        " select k.message_id, k.attempt, k.status as told, m.attempt as present,"
        " m.conversation_id, m.status, m.error, m.wamid"
        " from kept k join message m on m.id = k.message_id",
        [message_id for message_id, _, _ in once],
        [attempt for _, attempt, _ in once],
        [status for _, _, status in once],
        [told.at for told in once.values()],
        [told.error for told in once.values()],
    )
    news = {(row["message_id"], row["attempt"], row["told"]): row for row in rows}
    present = {row["message_id"]: row for row in rows if row["attempt"] == row["present"]}
    deliveries = {id: _delivery(held, row) for id, row in present.items()}
    return [
        (deliveries.get(id) if attempt == news[id, attempt, status]["present"] else None, told)
        for (id, attempt, status), told in once.items()
        if (id, attempt, status) in news
    ]


def _delivery(held: Mapping[int, Conversation], row: asyncpg.Record) -> _Delivery:
    status = Status(row["status"])
    conversation = held[row["conversation_id"]]
    return _Delivery(row["message_id"], conversation, status, status, row["error"], row["wamid"])


async def _save(tx: Tx, changed: Mapping[int, _Delivery]) -> None:
    if not changed:
        return
    await tx.execute(
        "update message m set status = n.s, error = n.e, wamid = n.w, version = n.v"
        " from unnest($1::bigint[], $2::text[], $3::jsonb[], $4::text[], $5::bigint[])"
        " as n(id, s, e, w, v) where m.id = n.id",
        list(changed),
        [one.status for one in changed.values()],
        [one.error for one in changed.values()],
        [one.wamid for one in changed.values()],
        [one.conversation.next_version() for one in changed.values()],
    )
    failed = [
        id
        for id, one in changed.items()
        if one.status is Status.FAILED and one.before is not Status.FAILED
    ]
    if failed:
        await tell_failed(tx, failed, next(iter(changed.values())).conversation.at)
