"""What is still to be told of our reading and writing: at most one row for a conversation.

A newer one takes the place of an older, as reading a message says that those before it were read.
A receipt is claimed by moving its time, so a process that dies leaves it to be told a while later.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from balcao.domain.receipt import TYPING_FOR, may_show_typing, next_try
from balcao.store.bus import Kind
from balcao.store.conversations import Conversation
from balcao.store.database import Tx

#: Longer than a call to WhatsApp may take.
CLAIMED_FOR = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What to tell, ours alone for a while; *typing* where somebody is writing just now."""

    conversation_id: int
    seq: int
    wamid: str
    typing: bool
    tries: int
    asked_at: datetime
    phone_number_id: str
    access_token: str | None


async def read(tx: Tx, held: Conversation) -> None:
    """The customer's messages of the conversation *held* have all been read."""
    await _ask(tx, held, None)


async def typing(tx: Tx, held: Conversation) -> None:
    """Somebody is writing in the conversation *held*; told no more often than is allowed."""
    shown_at = await tx.fetchval("select typing_at from conversation where id = $1", held.id)
    if may_show_typing(shown_at, held.at):
        await tx.execute("update conversation set typing_at = $2 where id = $1", held.id, held.at)
        await _ask(tx, held, held.at + TYPING_FOR)


async def _ask(tx: Tx, held: Conversation, typing_until: datetime | None) -> None:
    """Tell of the newest message, if there is anything new to tell of it."""
    asked = await tx.fetchval(
        "insert into receipt as r (conversation_id, seq, wamid, typing_until, asked_at, due_at)"
        " select c.id, m.seq, m.wamid, $2, $3, $3 from conversation c cross join lateral"
        "  (select seq, wamid from message where conversation_id = c.id and direction = 'in'"
        "   order by seq desc limit 1) m"
        " where c.id = $1 and ($2::timestamptz is not null or m.seq > c.told_read_seq)"
        " on conflict (conversation_id) do update set seq = excluded.seq, wamid = excluded.wamid,"
        " typing_until = coalesce(excluded.typing_until, r.typing_until),"
        " asked_at = excluded.asked_at, due_at = excluded.due_at, tries = 0"
        " where r.seq < excluded.seq or excluded.typing_until is not null returning true",
        held.id,
        typing_until,
        held.at,
    )
    if asked:
        tx.nudge(Kind.RECEIPT)


async def claim(tx: Tx, count: int) -> list[Receipt]:
    """Claim up to *count* that are due, the oldest first."""
    at = await tx.now()
    rows = await tx.fetch(
        "update receipt r set due_at = $2::timestamptz + $3::interval, tries = tries + 1"
        " from (select conversation_id as id from receipt where due_at <= $2 order by due_at"
        "  limit $1 for update skip locked) due, conversation c, entry_point e"
        " where r.conversation_id = due.id and c.id = due.id and e.id = c.entry_point_id"
        " returning r.conversation_id, r.seq, r.wamid, r.typing_until, r.tries, r.asked_at,"
        " e.phone_number_id, e.access_token",
        count,
        at,
        CLAIMED_FOR,
    )
    return [_receipt(row, at) for row in rows]


def _receipt(row: asyncpg.Record, at: datetime) -> Receipt:
    until = row["typing_until"]
    return Receipt(
        conversation_id=row["conversation_id"],
        seq=row["seq"],
        wamid=row["wamid"],
        typing=until is not None and until > at,
        tries=row["tries"],
        asked_at=row["asked_at"],
        phone_number_id=row["phone_number_id"],
        access_token=row["access_token"],
    )


async def told(tx: Tx, receipt: Receipt) -> None:
    """WhatsApp knows: nothing is left to tell but what was asked since."""
    await tx.execute(
        "update conversation set told_read_seq = greatest(told_read_seq, $2) where id = $1",
        receipt.conversation_id,
        receipt.seq,
    )
    await drop(tx, receipt)


async def drop(tx: Tx, receipt: Receipt) -> None:
    """It is not told any more."""
    await tx.execute(
        "delete from receipt where conversation_id = $1 and asked_at = $2",
        receipt.conversation_id,
        receipt.asked_at,
    )


async def postpone(tx: Tx, receipt: Receipt) -> None:
    """Tell it again a while later, unless that has been tried often enough."""
    due_at = next_try(receipt.tries, await tx.now())
    if due_at is None:
        await drop(tx, receipt)
        return
    await tx.execute(
        "update receipt set due_at = $3 where conversation_id = $1 and asked_at = $2",
        receipt.conversation_id,
        receipt.asked_at,
        due_at,
    )


async def next_moment(tx: Tx) -> timedelta | None:
    """In how long the next one is due."""
    at: datetime | None = await tx.fetchval("select min(due_at) from receipt")
    return None if at is None else at - await tx.now()
