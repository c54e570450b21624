"""Nothing is lost: each item is followed to its desk, and its row is counted afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bench.figures import Figure, at_most
from bench.office import Office
from bench.webhooks import STATUSES, Delivered, Item


async def lost(scenario: str, office: Office, items: Sequence[Item], done: Delivered) -> Figure:
    """How many of *items* are not where they belong, which is to be none; by kind in the note."""
    messages = [item for item in items if item.update.kind == "messages"]
    rows = await _rows(office, messages)
    seen = office.seen
    kinds = Counter(
        {
            "webhooks refused": sum(done.refused.values()),
            "messages not stored": sum(count == 0 for count in rows),
            "messages stored twice": sum(count > 1 for count in rows),
            "statuses not stored": await _statuses_missing(office, items),
            "items not shown in time": sum(item.key not in seen.at for item in items),
            "messages shown elsewhere": sum(
                seen.where.get(item.key, item.desk) != item.desk for item in messages
            ),
            "streams broken": len(seen.broken),
        }
    )
    note = ", ".join(f"{count} {kind}" for kind, count in kinds.items() if count)
    return Figure(scenario, "lost", "items", kinds.total(), goal=at_most(0), note=note)


async def _rows(office: Office, messages: Sequence[Item]) -> list[int]:
    """How many rows each of *messages* has."""
    found = await office.connection.fetch(
        "select count(m.id) as rows from unnest($1::text[]) w left join message m"
        " on m.wamid = w and m.direction = 'in' group by w",
        [item.update.item["id"] for item in messages],
    )
    return [row["rows"] for row in found]


async def _statuses_missing(office: Office, items: Sequence[Item]) -> int:
    told = [item.key.split(":") for item in items if item.update.kind == "statuses"]
    kept: int = await office.connection.fetchval(
        "select count(*) from unnest($1::bigint[], $2::text[]) k (id, status)"
        " join message_status s on s.message_id = k.id and s.status = k.status",
        [int(id) for id, _ in told],
        [STATUSES[int(rank) - 1] for _, rank in told],
    )
    return len(told) - kept
