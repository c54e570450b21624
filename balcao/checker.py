"""The promises of a contact centre, checked on what the database holds.

Each promise is a query of ``store/promises.sql`` that finds what breaks it, or a
replay of what was stored against what should have come of it.  Those that a database
cannot show (that a commit came before the answer, that a desk equals a snapshot) are
proved by tests.  A clean database yields nothing; a violation is a bug, never bad input.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import resources

from balcao.domain.message import Status, advance
from balcao.store.database import Database, Tx
from balcao.whatsapp.webhook import InboundMessage, Item, Unreadable, read

SHOWN_MAX = 20  # violations told for one promise
WEBHOOKS_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that breaks a promise, and where to look."""

    promise: str
    where: str

    def __str__(self) -> str:
        return f"{self.promise}: {self.where}"


async def check(database: Database) -> list[Violation]:
    """Everything that breaks a promise; nothing when all is well."""
    found: list[Violation] = []
    async with database.transaction() as tx:
        await tx.execute("set transaction isolation level repeatable read, read only")
        for promise, query in _promises():
            rows = await tx.fetch(query)
            found += [Violation(promise, row[0]) for row in rows[:SHOWN_MAX]]
        found += await _statuses(tx)
        found += await _replay(tx)
    return found


def _promises() -> list[tuple[str, str]]:
    text = (resources.files("balcao.store") / "promises.sql").read_text()
    names_and_queries = re.split(r"^-- promise: (.+)$", text, flags=re.MULTILINE)[1:]
    return list(zip(names_and_queries[::2], names_and_queries[1::2], strict=True))


async def _statuses(tx: Tx) -> list[Violation]:
    """Promise 5: no message stands below a status that was received for its attempt."""
    rows = await tx.fetch(
        "select distinct m.id, m.status as shown, s.status as told from message m"
        " join message_status s on s.message_id = m.id and s.attempt = m.attempt"
        " where m.status is distinct from s.status"
    )
    low = [r["id"] for r in rows if advance(Status(r["shown"]), Status(r["told"])) != r["shown"]]
    return [Violation("5 monotone status", f"message {id_}") for id_ in low[:SHOWN_MAX]]


async def _replay(tx: Tx) -> list[Violation]:
    """Promise 1: every message in a webhook that is done has its row, or is set aside."""
    missing: list[Violation] = []
    last = 0
    while len(missing) < SHOWN_MAX:
        rows = await tx.fetch(
            "select id, body from webhook where id > $1 and done_at is not null"
            " order by id limit $2",
            last,
            WEBHOOKS_AT_ONCE,
        )
        if not rows:
            break
        last = rows[-1]["id"]
        missing += await _missing(tx, {row["id"]: row["body"] for row in rows})
    return missing[:SHOWN_MAX]


async def _missing(tx: Tx, bodies: dict[int, bytes]) -> list[Violation]:
    wanted = [
        (webhook, item.phone_number_id, item.wamid, item.position)
        for webhook, body in bodies.items()
        for item in _items(body)
        if isinstance(item, InboundMessage)
    ]
    rows = await tx.fetch(
        "select distinct w.webhook, w.position from unnest($1::bigint[], $2::text[],"
        " $3::text[], $4::text[]) as w(webhook, number, wamid, position)"
        " where not exists (select from message m join entry_point e on e.id = m.entry_point_id"
        " where e.phone_number_id = w.number and m.wamid = w.wamid)"
        " and not exists (select from set_aside s"
        " where s.webhook_id = w.webhook and s.position = w.position)",
        *([row[column] for row in wanted] for column in range(4)),
    )
    return [
        Violation("1 durable before ack", f"webhook {row['webhook']} at {row['position']}")
        for row in rows
    ]


def _items(body: bytes) -> list[Item]:
    try:
        return read(body)
    except Unreadable:
        return []  # set aside whole, with its webhook
