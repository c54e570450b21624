"""Pacing: no number sends more than WhatsApp takes, to one customer or to all of them.

A number to which WhatsApp refuses us access, as its token has expired, sends nothing but a message
now and then, until one is taken: so nothing is lost, and nobody has to press anything.

The buckets are columns of the conversation and rows of `pace`, so all processes count
together.  The conversations are held by the caller; the numbers are held here, after them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from balcao.domain.bucket import PAIR, Level, Rate, of_number, take
from balcao.domain.message import PAUSED_FOR
from balcao.store.database import Tx

Head = asyncpg.Record


_HELD = (
    "select e.id, e.sends_per_second, p.sent_left, p.sent_at, p.refused_at, p.probe_at"
    " from pace p join entry_point e on e.id = p.entry_point_id"
    " where p.entry_point_id = any($1::bigint[]) order by p.entry_point_id for no key update of p"
)


@dataclass(slots=True)
class _Number:
    """A number that is held, and what it may send."""

    rate: Rate
    level: Level
    refused: bool
    probe_at: datetime | None

    def take(self, at: datetime) -> datetime | None:
        """Let one message go; or when there is the next chance.

        Of a number whose access is refused one goes now and then, to see whether it still is.
        """
        if self.refused and self.probe_at is not None and self.probe_at > at:
            return self.probe_at
        after, later = take(self.rate, self.level, at)
        if later is None:
            self.level = after
            if self.refused:
                self.probe_at = at + PAUSED_FOR
        return later


async def admit(
    tx: Tx, heads: Sequence[Head], at: datetime
) -> tuple[list[Head], list[tuple[Head, datetime]]]:
    """Those of *heads* that may go now, and the others with the moment of their next chance.

    A head has its conversation, which is held, its entry point, and the level of the pair's bucket.
    """
    if not heads:
        return [], []
    numbers = await _hold_numbers(tx, {head["entry_point_id"] for head in heads})
    going: list[Head] = []
    waiting: list[tuple[Head, datetime]] = []
    pairs: dict[int, Level] = {}
    for head in heads:
        pair, later = take(PAIR, Level(head["pair_left"], head["pair_at"]), at)
        later = later or numbers[head["entry_point_id"]].take(at)
        if later is None:
            pairs[head["conversation_id"]] = pair
            going.append(head)
        else:
            waiting.append((head, later))
    if going:
        spent = {head["entry_point_id"] for head in going}
        await _save(tx, pairs, {id: numbers[id] for id in spent})
    return going, waiting


async def refuse(tx: Tx, entry_point: int, at: datetime) -> datetime:
    """WhatsApp refuses our access to the number; when to try whether it still does."""
    await tx.execute(
        "update pace set refused_at = coalesce(refused_at, $2), probe_at = $3"
        " where entry_point_id = $1",
        entry_point,
        at,
        at + PAUSED_FOR,
    )
    return at + PAUSED_FOR


async def accept(tx: Tx, entry_point: int, at: datetime) -> None:
    """WhatsApp has taken a message of the number: if others wait for that, they go now."""
    mended = await tx.fetchval(
        "update pace set refused_at = null, probe_at = null"
        " where entry_point_id = $1 and refused_at is not null returning true",
        entry_point,
    )
    if mended:
        await tx.execute(
            "update message set due_at = $2 where entry_point_id = $1 and status = 'pending'"
            " and due_at > $2",
            entry_point,
            at,
        )


async def _hold_numbers(tx: Tx, ids: Iterable[int]) -> dict[int, _Number]:
    """The paces of these numbers, held in their order; one that has none yet gets it."""
    wanted = sorted(ids)
    rows = await tx.fetch(_HELD, wanted)
    if len(rows) < len(wanted):
        await tx.execute(
            "insert into pace (entry_point_id) select * from unnest($1::bigint[]) on conflict do"
            " nothing",
            wanted,
        )
        rows = await tx.fetch(_HELD, wanted)
    return {
        row["id"]: _Number(
            of_number(row["sends_per_second"]),
            Level(row["sent_left"], row["sent_at"]),
            row["refused_at"] is not None,
            row["probe_at"],
        )
        for row in rows
    }


async def _save(tx: Tx, pairs: Mapping[int, Level], numbers: Mapping[int, _Number]) -> None:
    await tx.execute(
        "with numbers as (update pace p set sent_left = n.level, sent_at = n.at,"
        "  probe_at = n.probe from unnest($4::bigint[], $5::float8[], $6::timestamptz[],"
        "  $7::timestamptz[]) as n(id, level, at, probe) where p.entry_point_id = n.id)"
        " update conversation c set pair_left = n.level, pair_at = n.at from unnest($1::bigint[],"
        " $2::float8[], $3::timestamptz[]) as n(id, level, at) where c.id = n.id",
        *_columns(pairs),
        *_columns({id: number.level for id, number in numbers.items()}),
        [number.probe_at for number in numbers.values()],
    )


def _columns(levels: Mapping[int, Level]) -> tuple[list[int], list[float], list[datetime | None]]:
    return list(levels), [one.left for one in levels.values()], [one.at for one in levels.values()]
