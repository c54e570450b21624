"""What the business thinks of customers' messages: one row for each, whichever agent says it.

The row says what is wanted and what WhatsApp has taken last; while the two may differ it is due.
Telling it again does no harm, so it is claimed by moving its time, as a receipt is, and whatever is
not known is told again.  It does not overtake what was written before it, and holds back nothing.

How a message is shown follows from its amendments (`amendments`): each change here is one of those,
also the one that takes back what WhatsApp has refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from balcao.domain import window
from balcao.domain.amendment import Act
from balcao.domain.message import next_try
from balcao.store import conversations, pacing
from balcao.store.bus import Kind
from balcao.store.conversations import Conversation
from balcao.store.database import Tx

LEASE = timedelta(seconds=30)  # longer than any call to WhatsApp may take
REFUSED_MAX = 100

_WHOLE = "reaction r join message m on m.id = r.message_id"
#: Nothing that was written before is still on its way.
_IN_TURN = (
    "not exists (select from message e where e.conversation_id = m.conversation_id"
    " and e.status in ('pending', 'sending') and e.seq <= r.after_seq)"
)


def due(at: str) -> str:
    """The reactions that may be told at the time *at*."""
    return f"{_WHOLE} where r.due_at <= {at} and {_IN_TURN}"


#: Those that WhatsApp took, and then did not deliver.  Its words are kept with all that name no
#: message of ours.
REFUSED = (
    "early_status s join reaction r on r.wamid = s.wamid join message m on m.id = r.message_id"
    " where s.status = 'failed'"
)


@dataclass(frozen=True, slots=True)
class Reaction:
    """What to tell, ours alone for a while; *asked_at* says which wish it was."""

    message_id: int
    conversation_id: int
    about: str
    """The wamid of the customer's message."""
    emoji: str | None
    tries: int
    asked_at: datetime
    phone_number_id: str
    access_token: str | None
    wa_id: str | None
    user_id: str | None


async def put(
    tx: Tx, held: Conversation, message_id: int, author_id: int, author_name: str, emoji: str | None
) -> None:
    """From now on the business reacts to the message of the conversation *held* with *emoji*."""
    changed = await tx.fetchval(
        "insert into reaction as r (message_id, emoji, author_id, author_name, after_seq, asked_at,"
        " due_at) select $1, $2::text, $3, $4, $5, $6, $6 where $2::text is not null"
        " or exists (select from reaction where message_id = $1)"
        " on conflict (message_id) do update set emoji = excluded.emoji,"
        " author_id = excluded.author_id, author_name = excluded.author_name,"
        " after_seq = excluded.after_seq, asked_at = excluded.asked_at, due_at = excluded.due_at,"
        " tries = 0 where r.emoji is distinct from excluded.emoji returning true",
        message_id,
        emoji,
        author_id,
        author_name,
        held.last_seq,
        held.at,
    )
    if changed:
        await _amend(tx, held, message_id)
        await conversations.save_all(tx, [held])
        tx.nudge(Kind.SENDING)


async def claim(tx: Tx, count: int, lease: timedelta = LEASE) -> tuple[list[Reaction], int]:
    """Claim up to *count* for the *lease*, the oldest first; and how many rows changed in all.

    One that may not be told any more, as the window has closed, is taken back.
    """
    rows = await tx.fetch(
        f"select m.conversation_id from {due('$1')} order by r.due_at limit $2",
        await tx.now(),
        count,
    )
    held = await conversations.lock(tx, (row["conversation_id"] for row in rows))
    if not held:
        return [], 0
    at = next(iter(held.values())).at
    rows = await tx.fetch(
        "select r.message_id, r.emoji, r.tries, r.asked_at, m.conversation_id, m.entry_point_id,"
        " m.wamid, c.pair_left, c.pair_at, e.phone_number_id, e.access_token, cu.wa_id, cu.user_id"
        f" from {_WHOLE} join conversation c on c.id = m.conversation_id"
        " join customer cu on cu.id = c.customer_id join entry_point e on e.id = m.entry_point_id"
        f" where r.due_at <= $1 and {_IN_TURN} and m.conversation_id = any($2::bigint[])"
        " order by r.due_at, r.message_id limit $3",
        at,
        list(held),
        count,
    )
    late = [row for row in rows if not _may_go(held, row)]
    going, waiting = await pacing.admit(tx, [row for row in rows if _may_go(held, row)], at)
    for row in late:
        await _take_back(tx, held[row["conversation_id"]], row["message_id"])
    await conversations.save_all(tx, held.values())
    moments = [(row, at + lease, 1) for row in going]
    moments += [(row, later, 0) for row, later in waiting]
    await tx.execute(
        "update reaction r set due_at = n.at, tries = r.tries + n.tries from unnest($1::bigint[],"
        " $2::timestamptz[], $3::int[]) as n(id, at, tries) where r.message_id = n.id",
        [row["message_id"] for row, _, _ in moments],
        [moment for _, moment, _ in moments],
        [tries for _, _, tries in moments],
    )
    return [_reaction(row) for row in going], len(rows)


def _may_go(held: Mapping[int, Conversation], row: asyncpg.Record) -> bool:
    conversation = held[row["conversation_id"]]
    return window.is_open(conversation.last_inbound_at, conversation.at)


def _reaction(row: asyncpg.Record) -> Reaction:
    return Reaction(
        message_id=row["message_id"],
        conversation_id=row["conversation_id"],
        about=row["wamid"],
        emoji=row["emoji"],
        tries=row["tries"],
        asked_at=row["asked_at"],
        phone_number_id=row["phone_number_id"],
        access_token=row["access_token"],
        wa_id=row["wa_id"],
        user_id=row["user_id"],
    )


async def told(tx: Tx, reaction: Reaction, wamid: str) -> None:
    """WhatsApp has taken it under *wamid*: nothing is left to tell but what was asked since."""
    await tx.execute(
        "update reaction set told = $3, wamid = $4,"
        " due_at = case when asked_at = $2 then null else due_at end where message_id = $1",
        reaction.message_id,
        reaction.asked_at,
        reaction.emoji,
        wamid,
    )


async def postpone(tx: Tx, reaction: Reaction, *, pair: bool) -> None:
    """Tell it again a while later; once that is enough it is taken back."""
    at = await tx.now()
    due_at = next_try(reaction.tries, pair, reaction.message_id, reaction.asked_at, at)
    if due_at is None:
        await drop(tx, reaction)
    else:
        await _wait(tx, reaction, due_at)


async def pause(tx: Tx, reaction: Reaction) -> None:
    """Its number may send nothing until somebody has mended that; the reaction waits for it."""
    entry_point = await tx.fetchval(
        "select entry_point_id from message where id = $1", reaction.message_id
    )
    await _wait(tx, reaction, await pacing.refuse(tx, entry_point, await tx.now()))


async def drop(tx: Tx, reaction: Reaction) -> None:
    """WhatsApp does not take it: what it took before is what is shown again."""
    held = (await conversations.lock(tx, [reaction.conversation_id]))[reaction.conversation_id]
    still = await tx.fetchval(
        "select true from reaction where message_id = $1 and asked_at = $2",
        reaction.message_id,
        reaction.asked_at,
    )
    if still:
        await _take_back(tx, held, reaction.message_id)
        await conversations.save_all(tx, [held])


async def take_back_refused(tx: Tx) -> int:
    """What WhatsApp took and then did not deliver is shown no longer; how many were so."""
    rows = await tx.fetch(
        f"select r.message_id, r.wamid, m.conversation_id from {REFUSED} limit $1", REFUSED_MAX
    )
    held = await conversations.lock(tx, (row["conversation_id"] for row in rows))
    for row in rows:
        wanted = await tx.fetchrow(
            "update reaction set told = null, wamid = null where message_id = $1 and wamid = $2"
            " returning due_at",
            row["message_id"],
            row["wamid"],
        )
        if wanted is not None and wanted["due_at"] is None:
            await _take_back(tx, held[row["conversation_id"]], row["message_id"])
    await conversations.save_all(tx, held.values())
    return len(rows)


async def _wait(tx: Tx, reaction: Reaction, due_at: datetime) -> None:
    await tx.execute(
        "update reaction set due_at = $3 where message_id = $1 and asked_at = $2",
        reaction.message_id,
        reaction.asked_at,
        due_at,
    )


async def _take_back(tx: Tx, held: Conversation, message_id: int) -> None:
    """Want no more than WhatsApp has; the conversation is saved by the caller."""
    changed = await tx.fetchval(
        "with old as (select message_id, emoji from reaction where message_id = $1)"
        " update reaction r set emoji = r.told, due_at = null from old"
        " where r.message_id = old.message_id returning old.emoji is distinct from r.emoji",
        message_id,
    )
    if changed:
        await _amend(tx, held, message_id)


async def _amend(tx: Tx, held: Conversation, message_id: int) -> None:
    """Show the reaction as its row has it."""
    await tx.execute(
        "insert into amendment (message_id, act, author_kind, author_id, author_name, text, second,"
        " at) select message_id, $2, 'agent', author_id, author_name, emoji, $3, $4 from reaction"
        " where message_id = $1",
        message_id,
        Act.REACTION,
        int(held.at.timestamp()),
        held.at,
    )
    await tx.execute(
        "update message set amended = true, version = $2 where id = $1",
        message_id,
        held.next_version(),
    )
