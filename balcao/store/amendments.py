"""Amendments: what customers do to messages that are there, kept beside them.

Each is kept once, by its own wamid.  How a message is shown with them is the domain's to say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from balcao.domain.amendment import Act
from balcao.store.conversations import Conversation
from balcao.store.database import Tx

#: For so long one waits for the message that it speaks of; WhatsApp itself gives up then.
AWAITED_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Target:
    """A message that is spoken of, and what its customer is called now."""

    message_id: int
    conversation_id: int
    of_customer: bool
    """The customer wrote it, and may edit it or take it back."""
    customer_name: str | None


@dataclass(frozen=True, slots=True)
class New:
    """What a customer does to a message; *wamid* is its own."""

    wamid: str
    act: Act
    text: str | None
    second: int
    at: datetime


async def find(tx: Tx, about: Sequence[tuple[int, str]]) -> list[Target | None]:
    """The message that each (entry point, wamid) means."""
    if not about:
        return []
    rows = await tx.fetch(
        "select m.entry_point_id, m.wamid, m.id as message_id, m.conversation_id,"
        " m.direction = 'in' as of_customer,"
        " coalesce(cu.name, cu.profile_name, cu.username) as customer_name"
        " from unnest($1::bigint[], $2::text[]) as n(entry_point_id, wamid)"
        " join message m using (entry_point_id, wamid)"
        " join conversation c on c.id = m.conversation_id"
        " join customer cu on cu.id = c.customer_id",
        [entry_point for entry_point, _ in about],
        [wamid for _, wamid in about],
    )
    found = {
        (row["entry_point_id"], row["wamid"]): Target(
            row["message_id"], row["conversation_id"], row["of_customer"], row["customer_name"]
        )
        for row in rows
    }
    return [found.get(key) for key in about]


async def put(tx: Tx, held: Mapping[int, Conversation], news: Sequence[tuple[Target, New]]) -> None:
    """Keep *news*, each once; the conversations are held, and saved later."""
    if not news:
        return
    rows = await tx.fetch(
        "insert into amendment (message_id, wamid, act, author_kind, author_name, text, second,"
        " at) select m, w, a, 'customer', n, t, s, x from unnest($1::bigint[], $2::text[],"
        " $3::text[], $4::text[], $5::text[], $6::bigint[], $7::timestamptz[])"
        " as k(m, w, a, n, t, s, x) on conflict do nothing returning message_id",
        [target.message_id for target, _ in news],
        [new.wamid for _, new in news],
        [new.act for _, new in news],
        [target.customer_name for target, _ in news],
        [new.text for _, new in news],
        [new.second for _, new in news],
        [new.at for _, new in news],
    )
    changed = {row["message_id"] for row in rows}
    where = {target.message_id: target.conversation_id for target, _ in news}
    await tx.execute(
        "update message m set version = n.v, amended = true"
        " from unnest($1::bigint[], $2::bigint[]) as n(id, v) where m.id = n.id",
        list(changed),
        [held[where[id]].next_version() for id in changed],
    )
