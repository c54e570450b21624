"""The files of messages, as rows: of which message, of what kind, and how far they have come.

A customer's file is written with its message and waits to be fetched.  Whoever fetches it claims
it by moving its time, so that one whose process dies is fetched by another a while later; what is
written afterwards names the try, and one that came too late changes nothing.  An agent's file is
uploaded before there is a message, and belongs to its uploader until one is sent with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import asyncpg

from balcao.domain.media import UPLOAD_FOR, Format, Incoming, next_fetch
from balcao.domain.values import Refused
from balcao.store import conversations
from balcao.store.bus import Kind
from balcao.store.database import Tx

#: Longer than fetching one may take.
LEASE = timedelta(seconds=150)

_GONE: dict[str, Any] = {"code": "media-gone", "params": {}, "action": None}


@dataclass(frozen=True, slots=True)
class Claim:
    """A customer's file to fetch, ours alone for a while."""

    media_id: int
    tries: int
    graph_id: str
    told_at: datetime
    """When WhatsApp told of it."""
    at: datetime
    url: str | None
    sha256: str | None
    phone_number_id: str
    access_token: str | None


@dataclass(frozen=True, slots=True)
class Upload:
    """What an agent uploaded and has not sent."""

    id: int
    kind: str
    name: str | None
    mime_type: str
    size: int


@dataclass(frozen=True, slots=True)
class Outgoing:
    """The file of a message to send; *graph_id* is None where WhatsApp has it not, or no longer."""

    id: int
    kind: str
    name: str | None
    mime_type: str
    size: int
    sha256: str
    voice: bool
    graph_id: str | None


async def put_inbound(
    tx: Tx, files: Sequence[tuple[int, Incoming, datetime]], at: datetime
) -> None:
    """Write the files of messages just written, each with its message's id and time."""
    if not files:
        return
    await tx.execute(
        "insert into media (message_id, direction, kind, state, name, mime_type, sha256, voice,"
        " animated, graph_id, graph_id_at, url, due_at, error, created_at)"
        " select m, 'in', k, case when g is null then 'failed' else 'waiting' end, n, t, h, v, a,"
        " g, w, u, case when g is not null then $11::timestamptz end,"
        " case when g is null then $12::jsonb end, $11"
        " from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bool[],"
        " $7::bool[], $8::text[], $9::timestamptz[], $10::text[])"
        " as x(m, k, n, t, h, v, a, g, w, u)",
        [message for message, _, _ in files],
        [one.kind for _, one, _ in files],
        [one.name for _, one, _ in files],
        [one.mime_type for _, one, _ in files],
        [one.sha256 for _, one, _ in files],
        [one.voice for _, one, _ in files],
        [one.animated for _, one, _ in files],
        [one.graph_id for _, one, _ in files],
        [told_at for _, _, told_at in files],
        [one.url for _, one, _ in files],
        at,
        _GONE,
    )
    tx.nudge(Kind.MEDIA)


async def put_upload(
    tx: Tx, uploader: int, found: Format, name: str | None, size: int, sha256: str
) -> int:
    """Write what *uploader* has uploaded; its id."""
    id: int = await tx.fetchval(
        "insert into media (uploader_id, direction, kind, state, name, mime_type, size, sha256,"
        " animated, created_at) values ($1, 'out', $2, 'ready', $3, $4, $5, $6, $7, $8)"
        " returning id",
        uploader,
        found.kind,
        name,
        found.mime_type,
        size,
        sha256,
        found.animated,
        await tx.now(),
    )
    return id


async def of_upload(tx: Tx, media_id: int, uploader: int) -> Upload | None:
    """What *uploader* uploaded under this id and has not sent, held; None for all else."""
    row = await tx.fetchrow(
        "select id, kind, name, mime_type, size from media"
        " where id = $1 and uploader_id = $2 and message_id is null for update",
        media_id,
        uploader,
    )
    return None if row is None else Upload(**row)


async def attach(tx: Tx, media_id: int, message_id: int, *, voice: bool = False) -> None:
    """The upload, which is held, is the file of this message from now on."""
    await tx.execute(
        "update media set message_id = $2, voice = $3 where id = $1", media_id, message_id, voice
    )


async def outgoing(tx: Tx, message_ids: Iterable[int]) -> dict[int, Outgoing]:
    """The files of those of the messages that have one, by message."""
    rows = await tx.fetch(
        "select message_id, id, kind, name, mime_type, size, sha256, voice,"
        " case when graph_id_at > $2::timestamptz - $3::interval then graph_id end as graph_id"
        " from media where message_id = any($1::bigint[]) and direction = 'out'",
        list(message_ids),
        await tx.now(),
        UPLOAD_FOR,
    )
    return {row["message_id"]: Outgoing(*list(row)[1:]) for row in rows}


async def uploaded(tx: Tx, media_id: int, graph_id: str, at: datetime) -> None:
    """WhatsApp has the file under this id since *at*."""
    await tx.execute(
        "update media set graph_id = $2, graph_id_at = $3 where id = $1", media_id, graph_id, at
    )


async def doubt_upload(tx: Tx, message: int) -> None:
    """Let the file of *message* be uploaded again if WhatsApp could make nothing of it."""
    await tx.execute(
        "update media f set graph_id = null from message m where m.id = $1 and f.message_id = m.id"
        " and m.error ->> 'code' = 'media'",
        message,
    )


async def claim(tx: Tx, count: int, lease: timedelta = LEASE) -> list[Claim]:
    """Claim up to *count* files that are due, the oldest first, until the *lease* runs out."""
    at = await tx.now()
    rows = await tx.fetch(
        "update media f set due_at = $2::timestamptz + $3::interval, tries = f.tries + 1"
        " from (select id from media where state = 'waiting' and due_at <= $2 order by due_at"
        "  limit $1 for update skip locked) due, message m, entry_point e"
        " where f.id = due.id and m.id = f.message_id and e.id = m.entry_point_id"
        " returning f.id, f.tries, f.graph_id, f.graph_id_at, f.url, f.sha256, e.phone_number_id,"
        " e.access_token",
        count,
        at,
        lease,
    )
    return [_claim(row, at) for row in rows]


def _claim(row: asyncpg.Record, at: datetime) -> Claim:
    return Claim(
        media_id=row["id"],
        tries=row["tries"],
        graph_id=row["graph_id"],
        told_at=row["graph_id_at"],
        at=at,
        url=row["url"],
        sha256=row["sha256"],
        phone_number_id=row["phone_number_id"],
        access_token=row["access_token"],
    )


async def next_moment(tx: Tx) -> timedelta | None:
    """In how long the next file is due."""
    at: datetime | None = await tx.fetchval("select min(due_at) from media where state = 'waiting'")
    return None if at is None else at - await tx.now()


async def ready(tx: Tx, claim: Claim, size: int, sha256: str) -> None:
    """The content is kept, and who sees the message may see it."""
    await _settle(
        tx,
        claim,
        "state = 'ready', due_at = null, size = $3, sha256 = $4, url = null",
        size,
        sha256,
    )


async def fail(tx: Tx, claim: Claim, error: dict[str, Any]) -> None:
    """It is not fetched any more, unless somebody asks."""
    await _settle(tx, claim, "state = 'failed', due_at = null, error = $3", error)


async def postpone(tx: Tx, claim: Claim, error: dict[str, Any]) -> None:
    """Fetch it again later; failed with *error* once that has been tried often enough."""
    due_at = next_fetch(claim.tries, claim.told_at, await tx.now())
    if due_at is None:
        await fail(tx, claim, error)
    else:
        await _put_off(tx, claim, due_at, claim.tries)


async def let_go(tx: Tx, claim: Claim) -> None:
    """Whoever claimed it ends: another may fetch it at once."""
    await _put_off(tx, claim, await tx.now(), claim.tries - 1)


async def _put_off(tx: Tx, claim: Claim, due_at: datetime, tries: int) -> None:
    await tx.execute(
        "update media set due_at = $3, tries = $4"
        " where id = $1 and tries = $2 and state = 'waiting'",
        claim.media_id,
        claim.tries,
        due_at,
        tries,
    )
    tx.nudge(Kind.MEDIA)


async def _settle(tx: Tx, claim: Claim, what: str, *values: object) -> None:
    """Write what became of a claim that is still ours, and that its message has changed."""
    held = await _hold(tx, claim.media_id)
    message_id = await tx.fetchval(
        f"update media set {what} where id = $1 and tries = $2 and state = 'waiting'"
        " returning message_id",
        claim.media_id,
        claim.tries,
        *values,
    )
    if message_id is not None:
        await _changed(tx, held, message_id)
    tx.nudge(Kind.MEDIA)  # there is room for one more


async def retry(tx: Tx, media_id: int) -> None:
    """Fetch a customer's file that was given up; Refused (not-failed) where there is none."""
    held = await _hold(tx, media_id)
    message_id = await tx.fetchval(
        "update media set state = 'waiting', tries = 0, due_at = $2, error = null where id = $1"
        " and state = 'failed' and direction = 'in' and graph_id is not null returning message_id",
        media_id,
        held.at,
    )
    if message_id is None:
        raise Refused("not-failed")
    await _changed(tx, held, message_id)
    tx.nudge(Kind.MEDIA)


async def _hold(tx: Tx, media_id: int) -> conversations.Conversation:
    """Hold the conversation of a file that has a message."""
    conversation_id = await tx.fetchval(
        "select m.conversation_id from media f join message m on m.id = f.message_id"
        " where f.id = $1",
        media_id,
    )
    return (await conversations.lock(tx, [conversation_id]))[conversation_id]


async def _changed(tx: Tx, held: conversations.Conversation, message_id: int) -> None:
    await tx.execute(
        "update message set version = $2 where id = $1", message_id, held.next_version()
    )
    await conversations.save_all(tx, [held])


async def shown(tx: Tx, media_id: int) -> asyncpg.Record | None:
    """One file, with where its message stands; a message that was taken back shows none."""
    return await tx.fetchrow(
        "select f.id, f.uploader_id, f.state, f.name, f.mime_type, f.size, f.sha256, f.direction,"
        " m.conversation_id, m.seq, m.task_id from media f left join message m"
        " on m.id = f.message_id where f.id = $1 and not exists (select from amendment a"
        "  where a.message_id = f.message_id and a.act = 'revoke')",
        media_id,
    )
