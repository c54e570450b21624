"""The sending side of messages: there is no outbox but the message rows themselves.

Of each conversation only the oldest unsettled message, its head, may go out, so a
customer reads our answers in the order in which they were written.  A head is
claimed in one transaction (`sending`, with a lease) before WhatsApp is called, and
settled in another: a process that dies in between leaves a lease that runs out, and
the message is then unconfirmed, never sent again by itself.

A head with a file that WhatsApp has not got, or not any more, is uploaded first (`uploads`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import asyncpg

from balcao.domain import window
from balcao.domain.media import KINDS, UPLOAD_FOR
from balcao.domain.message import DOUBTED_AFTER, STALE_AFTER, Status, advance, next_try
from balcao.domain.outgoing import Outgoing
from balcao.store import conversations, media, pacing, reactions, statuses
from balcao.store.bus import Kind
from balcao.store.conversations import Conversation
from balcao.store.database import Tx

LEASE = timedelta(seconds=30)  # longer than any call to WhatsApp may take
EXPIRED_MAX = 100

#: One goes out at a time, and the oldest first; one that is sent again may be older than that.
TURN = (
    "m.status = 'pending' and not exists (select from message e"
    " where e.conversation_id = m.conversation_id and e.status in ('pending', 'sending')"
    " and (e.status = 'sending' or e.seq < m.seq))"
)


_WITH_FILES = ", ".join(f"'{kind}'" for kind in sorted(KINDS))


def files_to_upload(at: str) -> str:
    """Of the messages *m*, that at the time *at* they need a file which WhatsApp has not got."""
    return (
        f"(m.type in ({_WITH_FILES}) and exists (select from media f"
        " where f.message_id = m.id and (f.graph_id is null"
        f" or f.graph_id_at <= {at} - interval '{UPLOAD_FOR.days} days')))"
    )


_HEAD = f"{TURN} and m.due_at <= $1 and not {files_to_upload('$1::timestamptz')}"

_WINDOW_CLOSED = {"code": "window-closed", "params": {}, "action": "template"}
_STALE = {"code": "stale", "params": {}, "action": "resend"}


@dataclass(frozen=True, slots=True)
class Claim:
    """One attempt to send one message, ours alone until the lease runs out."""

    message_id: int
    conversation_id: int
    attempt: int
    waited: timedelta
    """For how long it had been due."""
    phone_number_id: str
    access_token: str | None
    wa_id: str | None
    user_id: str | None
    said: Outgoing
    file: media.Outgoing | None
    quoted: str | None


class Glance(NamedTuple):
    """What there is to do, and in how long there will be more by time alone."""

    expired: bool
    """A lease has run out."""
    due: bool
    """A head may go out."""
    uploads: bool
    """A head waits for its file to be uploaded."""
    reactions: bool
    """A reaction may be told, or was refused after it had been."""
    again_in: timedelta | None


async def glance(tx: Tx) -> Glance:
    """See what there is to do, with nothing held."""
    row = await tx.fetchrow(
        "select exists (select from message where status = 'sending' and lease_by <= n.at),"
        f" exists (select from message m where {TURN} and m.due_at <= n.at"
        f"  and not {files_to_upload('n.at')}),"
        f" exists (select from message m where {TURN} and m.due_at <= n.at"
        f"  and {files_to_upload('n.at')}),"
        f" exists (select from {reactions.due('n.at')})"
        f"  or exists (select from {reactions.REFUSED}),"
        " least((select min(case m.status when 'pending' then m.due_at else m.lease_by end)"
        f"  from message m where (m.status = 'sending' and m.lease_by > n.at)"
        f"  or ({TURN} and m.due_at > n.at)),"
        "  (select min(r.due_at) from reaction r where r.due_at > n.at)) - n.at"
        " from (select coalesce($1::timestamptz, clock_timestamp()) as at) n",
        tx.virtual,
    )
    assert row is not None, "it has one row"
    return Glance(*row)


async def claim(tx: Tx, count: int, lease: timedelta = LEASE) -> tuple[list[Claim], int]:
    """Claim up to *count* heads that are due; those, and how many rows changed in all.

    A head that may not go out any more (window closed, or too old) fails instead.
    """
    rows = await tx.fetch(
        f"select m.id, m.conversation_id from message m where {_HEAD} order by m.due_at, m.id"
        " limit $2",
        await tx.now(),
        count,
    )
    if not rows:
        return [], 0
    held = await conversations.lock(tx, (row["conversation_id"] for row in rows))
    at = next(iter(held.values())).at
    heads = await tx.fetch(
        "select m.id, m.conversation_id, m.entry_point_id, m.attempt, m.type, m.text, m.payload,"
        " m.quoted_wamid, m.due_at, c.pair_left, c.pair_at, e.phone_number_id, e.access_token,"
        " cu.wa_id, cu.user_id from message m"
        " join entry_point e on e.id = m.entry_point_id"
        " join conversation c on c.id = m.conversation_id join customer cu on cu.id = c.customer_id"
        f" where m.id = any($2::bigint[]) and {_HEAD} order by m.due_at, m.id",
        at,
        [row["id"] for row in rows],
    )
    errors = {row["id"]: why_not(held[row["conversation_id"]], row["due_at"]) for row in heads}
    failing = [row for row in heads if errors[row["id"]] is not None]
    fit = [row for row in heads if errors[row["id"]] is None]
    going, waiting = await pacing.admit(tx, fit, at)
    await _start(tx, held, going, at, lease)
    await _wait(tx, waiting)
    await fail(tx, held, [(row, errors[row["id"]]) for row in failing], at)
    await conversations.save_all(tx, held.values())
    files = await media.outgoing(tx, (row["id"] for row in going if row["type"] in KINDS))
    return [_claim(row, at, files.get(row["id"])) for row in going], len(heads)


async def _wait(tx: Tx, waiting: Sequence[tuple[asyncpg.Record, datetime]]) -> None:
    """These would be too many for WhatsApp now; each has its next chance at that moment."""
    if not waiting:
        return
    await tx.execute(
        "update message m set due_at = n.at from unnest($1::bigint[], $2::timestamptz[])"
        " as n(id, at) where m.id = n.id",
        [row["id"] for row, _ in waiting],
        [at for _, at in waiting],
    )


def why_not(conversation: Conversation, due_at: datetime) -> dict[str, Any] | None:
    """Why a head that is due since *due_at* may not go out any more."""
    if conversation.at - due_at > STALE_AFTER:
        return _STALE
    if not window.is_open(conversation.last_inbound_at, conversation.at):
        return _WINDOW_CLOSED
    return None


def _claim(row: asyncpg.Record, at: datetime, file: media.Outgoing | None) -> Claim:
    return Claim(
        message_id=row["id"],
        conversation_id=row["conversation_id"],
        attempt=row["attempt"],
        waited=at - row["due_at"],
        phone_number_id=row["phone_number_id"],
        access_token=row["access_token"],
        wa_id=row["wa_id"],
        user_id=row["user_id"],
        said=Outgoing(row["type"], row["text"], row["payload"]),
        file=file,
        quoted=row["quoted_wamid"],
    )


async def _start(
    tx: Tx,
    held: dict[int, Conversation],
    going: Sequence[asyncpg.Record],
    at: datetime,
    lease: timedelta,
) -> None:
    if not going:
        return
    ids = [row["id"] for row in going]
    await tx.execute(
        "update message m set status = 'sending', lease_by = $3, version = n.version"
        " from unnest($1::bigint[], $2::bigint[]) as n(id, version) where m.id = n.id",
        ids,
        [held[row["conversation_id"]].next_version() for row in going],
        at + lease,
    )
    await tx.execute(
        "insert into attempt (message_id, attempt, started_at)"
        " select n.id, n.attempt, $3 from unnest($1::bigint[], $2::int[]) as n(id, attempt)"
        " on conflict do nothing",  # a further call of the same attempt
        ids,
        [row["attempt"] for row in going],
        at,
    )


async def fail(
    tx: Tx,
    held: Mapping[int, Conversation],
    failing: Sequence[tuple[asyncpg.Record, dict[str, Any] | None]],
    at: datetime,
) -> None:
    """These do not go out, with the error of each; the conversations are saved by the caller."""
    if not failing:
        return
    await tx.execute(
        "update message m set status = 'failed', error = n.error, version = n.version"
        " from unnest($1::bigint[], $2::jsonb[], $3::bigint[]) as n(id, error, version)"
        " where m.id = n.id",
        [row["id"] for row, _ in failing],
        [error for _, error in failing],
        [held[row["conversation_id"]].next_version() for row, _ in failing],
    )
    await statuses.tell_failed(tx, [row["id"] for row, _ in failing], at)


async def settle(
    tx: Tx,
    message_id: int,
    attempt: int,
    told: Status,
    *,
    wamid: str | None = None,
    error: dict[str, Any] | None = None,
) -> None:
    """Keep what is known after a call: accepted under *wamid*, failed, or unconfirmed.

    A status may have said more meanwhile; the higher one stays.
    """
    conversation, row = await _hold(tx, message_id)
    if wamid is not None:
        await pacing.accept(tx, conversation.entry_point_id, conversation.at)
        await tx.execute(
            "update attempt set wamid = $3 where message_id = $1 and attempt = $2"
            " and wamid is null",
            message_id,
            attempt,
            wamid,
        )
        tx.nudge(Kind.WEBHOOK)  # statuses may be parked under it
    if row["attempt"] != attempt:
        return  # it was sent again meanwhile, at somebody's word
    before = Status(row["status"])
    after = advance(before, told)
    await _update(tx, conversation, row, after, wamid, error)
    if after is Status.FAILED and before is not Status.FAILED:
        await statuses.tell_failed(tx, [message_id], conversation.at)
    await conversations.save_all(tx, [conversation])
    tx.nudge(Kind.SENDING)


async def postpone(
    tx: Tx, message_id: int, attempt: int, error: dict[str, Any], *, pair: bool
) -> None:
    """Try again later after a call that surely did nothing; failed once that is enough."""
    conversation, row = await _hold(tx, message_id)
    if row["attempt"] != attempt or row["status"] != Status.SENDING:
        return
    started_at = await tx.fetchval(
        "select started_at from attempt where message_id = $1 and attempt = $2",
        message_id,
        attempt,
    )
    due_at = next_try(row["tries"], pair, message_id, started_at, conversation.at)
    if due_at is None:
        await settle(tx, message_id, attempt, Status.FAILED, error=error)
        return
    await tx.execute(
        "update message set status = 'pending', due_at = $2, lease_by = null, tries = tries + 1,"
        " version = $3 where id = $1",
        message_id,
        due_at,
        conversation.next_version(),
    )
    await conversations.save_all(tx, [conversation])
    tx.nudge(Kind.SENDING)


async def pause(tx: Tx, message_id: int, attempt: int, error: dict[str, Any]) -> None:
    """Its number may not send until somebody has mended that; the message waits for it."""
    conversation, row = await _hold(tx, message_id)
    if row["attempt"] != attempt or row["status"] != Status.SENDING:
        return
    due_at = await pacing.refuse(tx, conversation.entry_point_id, conversation.at)
    await tx.execute(
        "update message set status = 'pending', due_at = $2, lease_by = null, error = $3,"
        " version = $4 where id = $1",
        message_id,
        due_at,
        error,
        conversation.next_version(),
    )
    await conversations.save_all(tx, [conversation])
    tx.nudge(Kind.SENDING)


async def expire(tx: Tx) -> int:
    """Calls whose lease ran out are unconfirmed: whoever made them is gone; how many."""
    rows = await tx.fetch(
        "select id, conversation_id from message where status = 'sending' and lease_by <= $1"
        " order by lease_by limit $2",
        await tx.now(),
        EXPIRED_MAX,
    )
    if not rows:
        return 0
    held = await conversations.lock(tx, (row["conversation_id"] for row in rows))
    still = await tx.fetch(
        "update message m set status = 'unconfirmed', lease_by = null, version = n.version"
        " from unnest($1::bigint[], $2::bigint[]) as n(id, version)"
        " where m.id = n.id and m.status = 'sending' and m.lease_by <= $3 returning m.id",
        [row["id"] for row in rows],
        [held[row["conversation_id"]].next_version() for row in rows],
        next(iter(held.values())).at,
    )
    await conversations.save_all(tx, held.values())
    tx.nudge(Kind.SENDING)
    return len(still)


async def doubt(tx: Tx) -> int:
    """Unconfirmed messages that WhatsApp would have told of by now have probably been lost.

    It has told of messages that went out later from the same number, and of these nothing for
    DOUBTED_AFTER since they were called for; how many are in doubt from now on.
    """
    rows = await tx.fetch(
        "select m.id, m.conversation_id from message m join attempt a on a.message_id = m.id"
        " and a.attempt = m.attempt where m.status = 'unconfirmed' and not m.doubted"
        " and not m.dismissed"
        " and a.started_at <= $1::timestamptz - $2::interval and exists"
        "  (select from attempt o join message_status s using (message_id, attempt)"
        "   join message x on x.id = o.message_id where o.started_at > a.started_at"
        "   and o.started_at <= a.started_at + interval '1 hour'"  # not all that ever was
        "   and x.entry_point_id = m.entry_point_id) limit $3",
        await tx.now(),
        DOUBTED_AFTER,
        EXPIRED_MAX,
    )
    if not rows:
        return 0
    held = await conversations.lock(tx, (row["conversation_id"] for row in rows))
    await tx.execute(
        "update message m set doubted = true, version = n.version"
        " from unnest($1::bigint[], $2::bigint[]) as n(id, version)"
        " where m.id = n.id and m.status = 'unconfirmed'",
        [row["id"] for row in rows],
        [held[row["conversation_id"]].next_version() for row in rows],
    )
    await conversations.save_all(tx, held.values())
    return len(rows)


async def _hold(tx: Tx, message_id: int) -> tuple[Conversation, asyncpg.Record]:
    conversation_id = await tx.fetchval(
        "select conversation_id from message where id = $1", message_id
    )
    held = await conversations.lock(tx, [conversation_id])
    row = await tx.fetchrow(
        "select id, attempt, status, wamid, tries, error from message where id = $1", message_id
    )
    assert row is not None, "messages are never deleted"
    return held[conversation_id], row


async def _update(
    tx: Tx,
    conversation: Conversation,
    row: asyncpg.Record,
    status: Status,
    wamid: str | None,
    error: dict[str, Any] | None,
) -> None:
    await tx.execute(
        "update message set status = $2, wamid = $3, error = $4, version = $5, lease_by = null"
        " where id = $1",
        row["id"],
        status,
        row["wamid"] or wamid,
        error or (row["error"] if status is Status.FAILED else None),
        conversation.next_version(),
    )
