"""Entry points: the business's numbers, as webhooks name them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from balcao.store.database import Tx


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """A number of ours, and the queue that new tasks enter there."""

    id: int
    queue_id: int
    retired: bool


async def by_number(tx: Tx, phone_number_ids: Iterable[str]) -> dict[str, EntryPoint]:
    """The entry points among *phone_number_ids*, by those."""
    rows = await tx.fetch(
        "select phone_number_id, id, queue_id, retired_at is not null as retired"
        " from entry_point where phone_number_id = any($1::text[])",
        list(phone_number_ids),
    )
    return {
        row["phone_number_id"]: EntryPoint(row["id"], row["queue_id"], row["retired"])
        for row in rows
    }
