"""System lines: what happened to a task, told in its thread in codes.

They are message rows like any other, so that a thread is one list in one order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from balcao.store.conversations import Conversation
from balcao.store.database import Tx


@dataclass(frozen=True, slots=True)
class Line:
    """One line to write at the end of a held conversation."""

    conversation: Conversation
    task_id: int
    at: datetime
    code: str
    params: Mapping[str, object]


async def put(tx: Tx, lines: Sequence[Line]) -> None:
    """Write *lines* in the order given; the caller saves the conversations."""
    await tx.execute(
        "insert into message (conversation_id, entry_point_id, task_id, seq, version, direction,"
        " type, at, second, author_kind, system) select c, e, t, s, v, 'system', 'system', a,"
        " floor(extract(epoch from a))::bigint, 'system', p from unnest($1::bigint[], $2::bigint[],"
        " $3::bigint[], $4::bigint[], $5::bigint[], $6::timestamptz[], $7::jsonb[])"
        " as n(c, e, t, s, v, a, p)",
        [line.conversation.id for line in lines],
        [line.conversation.entry_point_id for line in lines],
        [line.task_id for line in lines],
        [line.conversation.next_seq() for line in lines],
        [line.conversation.next_version() for line in lines],
        [line.at for line in lines],
        [{"code": line.code, "params": line.params} for line in lines],
    )
