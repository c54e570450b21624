"""Files on their way to WhatsApp, which takes a message with a file only when it has the file.

What waits for an upload is a head of the outbox (`outbox`), and stays pending, so it keeps its
place and holds back what was written after it.  It is claimed by moving its time, so a process that
dies leaves it to be uploaded a while later: an upload has no effect on a customer, and may be
repeated as often as need be.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import asyncpg

from balcao.domain.message import Status, next_upload
from balcao.store import conversations, media, outbox, pacing
from balcao.store.bus import Kind
from balcao.store.database import Tx

_HEAD = f"{outbox.TURN} and m.due_at <= $1 and {outbox.files_to_upload('$1::timestamptz')}"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to upload for a message, ours alone until *due_at*."""

    message_id: int
    due_at: datetime
    tries: int
    file: media.Outgoing
    phone_number_id: str
    access_token: str | None


async def claim(tx: Tx, count: int, lease: timedelta = media.LEASE) -> tuple[list[Upload], int]:
    """Claim up to *count* for the *lease*, the oldest first; and how many rows changed in all.

    A message that may not go out any more fails instead.
    """
    rows = await tx.fetch(
        f"select m.conversation_id from message m where {_HEAD} order by m.due_at, m.id limit $2",
        await tx.now(),
        count,
    )
    if not rows:
        return [], 0
    held = await conversations.lock(tx, (row["conversation_id"] for row in rows))
    at = next(iter(held.values())).at
    heads = await tx.fetch(
        "select m.id, m.conversation_id, m.due_at, m.tries, e.phone_number_id, e.access_token"
        " from message m join entry_point e on e.id = m.entry_point_id"
        f" where m.conversation_id = any($2::bigint[]) and {_HEAD} order by m.due_at, m.id",
        at,
        list(held),
    )
    errors = [outbox.why_not(held[row["conversation_id"]], row["due_at"]) for row in heads]
    pairs = list(zip(heads, errors, strict=True))
    going = [row for row, error in pairs if error is None]
    await tx.execute(
        "update message set due_at = $2 where id = any($1::bigint[])",
        [row["id"] for row in going],
        at + lease,
    )
    await outbox.fail(tx, held, [(row, error) for row, error in pairs if error is not None], at)
    await conversations.save_all(tx, held.values())
    files = await media.outgoing(tx, (row["id"] for row in going))
    return [_upload(row, at + lease, files[row["id"]]) for row in going], len(heads)


def _upload(row: asyncpg.Record, due_at: datetime, file: media.Outgoing) -> Upload:
    return Upload(
        message_id=row["id"],
        due_at=due_at,
        tries=row["tries"],
        file=file,
        phone_number_id=row["phone_number_id"],
        access_token=row["access_token"],
    )


async def done(tx: Tx, upload: Upload, graph_id: str) -> None:
    """WhatsApp has the file as *graph_id*; its message may go out now."""
    at = await tx.now()
    await media.uploaded(tx, upload.file.id, graph_id, at)
    await _wait(tx, upload, at)


async def let_go(tx: Tx, upload: Upload) -> None:
    """Whoever claimed it ends: another may upload it at once."""
    await _wait(tx, upload, await tx.now())


async def postpone(tx: Tx, upload: Upload, error: dict[str, Any]) -> None:
    """Try again a while later, and fail once that is enough."""
    due_at = next_upload(upload.tries, upload.message_id, await tx.now())
    if due_at is None:
        await fail(tx, upload, error)
    else:
        await tx.execute(
            "update message set tries = tries + 1 where id = $1 and due_at = $2",
            upload.message_id,
            upload.due_at,
        )
        await _wait(tx, upload, due_at)


async def pause(tx: Tx, upload: Upload, error: dict[str, Any]) -> None:
    """Its number may do nothing until somebody has mended that; the message waits for it."""
    held = await _hold(tx, upload)
    if held is None:
        return
    due_at = await pacing.refuse(tx, held.entry_point_id, held.at)
    await tx.execute(
        "update message set error = $2, version = $3 where id = $1",
        upload.message_id,
        error,
        held.next_version(),
    )
    await conversations.save_all(tx, [held])
    await _wait(tx, upload, due_at)


async def fail(tx: Tx, upload: Upload, error: dict[str, Any]) -> None:
    """WhatsApp does not take the file, so the message fails; it holds nothing back any more."""
    held = await _hold(tx, upload)
    if held is None:
        return
    row = await tx.fetchrow(
        "select id, conversation_id from message where id = $1", upload.message_id
    )
    assert row is not None, "messages are never deleted"
    await outbox.fail(tx, {held.id: held}, [(row, error)], held.at)
    await conversations.save_all(tx, [held])
    tx.nudge(Kind.SENDING)


async def _hold(tx: Tx, upload: Upload) -> conversations.Conversation | None:
    """The message's conversation, held; None where the upload is not ours any more."""
    conversation_id = await tx.fetchval(
        "select conversation_id from message where id = $1", upload.message_id
    )
    held = await conversations.lock(tx, [conversation_id])
    ours = await tx.fetchval(
        "select true from message where id = $1 and status = $2 and due_at = $3",
        upload.message_id,
        Status.PENDING,
        upload.due_at,
    )
    return held[conversation_id] if ours else None


async def _wait(tx: Tx, upload: Upload, due_at: datetime) -> None:
    """The message is due then, unless somebody else has claimed it meanwhile."""
    await tx.execute(
        "update message set due_at = $3 where id = $1 and status = $4 and due_at = $2",
        upload.message_id,
        upload.due_at,
        due_at,
        Status.PENDING,
    )
    tx.nudge(Kind.SENDING)
