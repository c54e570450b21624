"""Pacing: no number sends more than WhatsApp takes, to one customer or to all of them.

The buckets are columns of the conversation and of the entry point, so all processes count
together.  The conversations are held by the caller; the numbers are held here, after them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import asyncpg

from balcao.domain.bucket import PAIR, Level, Rate, of_number, take
from balcao.store.database import Tx

Head = asyncpg.Record


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
        rate, level = numbers[head["entry_point_id"]]
        pair, pair_at = take(PAIR, Level(head["pair_left"], head["pair_at"]), at)
        number, number_at = take(rate, level, at)
        later = max(filter(None, (pair_at, number_at)), default=None)
        if later is None:
            pairs[head["conversation_id"]] = pair
            numbers[head["entry_point_id"]] = rate, number
            going.append(head)
        else:
            waiting.append((head, later))
    await _save_pairs(tx, pairs)
    spent = {head["entry_point_id"] for head in going}
    await _save_numbers(tx, {number: numbers[number][1] for number in spent})
    return going, waiting


async def _hold_numbers(tx: Tx, ids: Iterable[int]) -> dict[int, tuple[Rate, Level]]:
    rows = await tx.fetch(
        "select id, sends_per_second, sent_left, sent_at from entry_point"
        " where id = any($1::bigint[]) order by id for no key update",
        sorted(ids),
    )
    return {
        row["id"]: (of_number(row["sends_per_second"]), Level(row["sent_left"], row["sent_at"]))
        for row in rows
    }


async def _save_pairs(tx: Tx, levels: Mapping[int, Level]) -> None:
    await tx.execute(
        "update conversation c set pair_left = n.level, pair_at = n.at from unnest($1::bigint[],"
        " $2::float8[], $3::timestamptz[]) as n(id, level, at) where c.id = n.id",
        *_columns(levels),
    )


async def _save_numbers(tx: Tx, levels: Mapping[int, Level]) -> None:
    await tx.execute(
        "update entry_point e set sent_left = n.level, sent_at = n.at from unnest($1::bigint[],"
        " $2::float8[], $3::timestamptz[]) as n(id, level, at) where e.id = n.id",
        *_columns(levels),
    )


def _columns(levels: Mapping[int, Level]) -> tuple[list[int], list[float], list[datetime | None]]:
    return list(levels), [one.left for one in levels.values()], [one.at for one in levels.values()]
