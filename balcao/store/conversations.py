"""Conversations: the lock and the clock of all that happens in them.

Whoever changes anything in a conversation holds its row, and takes the next number
of its version for what it changed; messages take their arrival number from it too.
Rows are locked in the order of their ids, before any agent's row, so that two
transactions never wait for each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from balcao.store.bus import Kind
from balcao.store.database import Tx


@dataclass(slots=True)
class Conversation:
    """A conversation's row, held; counters grow here and are written by save_all."""

    id: int
    customer_id: int
    entry_point_id: int
    version: int
    last_seq: int
    last_inbound_at: datetime | None
    waiting_since: datetime | None
    at: datetime  # the time, read after the lock
    version_before: int = field(init=False)

    def __post_init__(self) -> None:
        self.version_before = self.version

    def next_version(self) -> int:
        """The number of one more change."""
        self.version += 1
        return self.version

    def next_seq(self) -> int:
        """The arrival number of one more message."""
        self.last_seq += 1
        return self.last_seq


async def lock(tx: Tx, ids: Iterable[int]) -> dict[int, Conversation]:
    """Hold the rows of *ids* until the transaction ends; unknown ids are left out."""
    rows = await tx.fetch(
        "select held.*, clock_timestamp() as at from (select id, customer_id, entry_point_id,"
        " version, last_seq, last_inbound_at, waiting_since from conversation"
        " where id = any($1::bigint[]) order by id for update) held",
        sorted(set(ids)),
    )
    if not rows:
        return {}
    at = tx.at(rows[-1]["at"])  # read when the last one was held
    return {row["id"]: Conversation(**{**row, "at": at}) for row in rows}


async def save_all(tx: Tx, conversations: Iterable[Conversation]) -> None:
    """Write the counters of those that changed, and say so after the commit."""
    changed = [c for c in conversations if c.version > c.version_before]
    if not changed:
        return
    await tx.execute(
        "update conversation c set version = n.version, last_seq = n.last_seq,"
        " last_inbound_at = n.last_inbound_at, waiting_since = n.waiting_since"
        " from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::timestamptz[],"
        " $5::timestamptz[]) as n(id, version, last_seq, last_inbound_at, waiting_since)"
        " where c.id = n.id",
        [c.id for c in changed],
        [c.version for c in changed],
        [c.last_seq for c in changed],
        [c.last_inbound_at for c in changed],
        [c.waiting_since for c in changed],
    )
    for conversation in changed:
        conversation.version_before = conversation.version
        tx.nudge(Kind.CONVERSATION, conversation.id)
