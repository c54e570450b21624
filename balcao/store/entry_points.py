"""Entry points: the business's numbers, as webhooks name them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from balcao.store.database import Tx


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """A number of ours, and the queue that new tasks enter there."""

    id: int
    queue_id: int
    retired: bool
    display_number: str


class EntryPoints:
    """All of them, by their phone number ids; read again only where the configuration is newer."""

    def __init__(self) -> None:
        self._organisation = -1
        self._numbers: Mapping[str, EntryPoint] = {}

    async def of(self, tx: Tx, organisation: int) -> Mapping[str, EntryPoint]:
        """As of this version of the *organisation*, or newer."""
        if organisation != self._organisation:
            self._numbers = await read(tx)
            self._organisation = organisation
        return self._numbers


async def read(tx: Tx) -> Mapping[str, EntryPoint]:
    """All entry points as they are now, by their phone number ids."""
    rows = await tx.fetch(
        "select phone_number_id, id, queue_id, retired_at is not null as retired, display_number"
        " from entry_point"
    )
    return {phone_number_id: EntryPoint(*point) for phone_number_id, *point in rows}
