"""The promises of a contact centre, checked on what the database holds.

Each promise is a query of ``store/promises.sql`` that finds what breaks it, or a
replay of what was stored against what should have come of it.  Those that a database
cannot show (that a commit came before the answer, that a desk equals a snapshot) are
proved by tests.  A clean database yields nothing; a violation is a bug, never bad input.

The replay is quick where all is well: it looks only for the ids in each webhook, and reads
with care no more than the webhooks of which something seems to be missing.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib import resources

import msgspec

from balcao.domain.message import Status
from balcao.store.database import Database, Tx
from balcao.store.statuses import PARKED_FOR
from balcao.whatsapp.items import InboundMessage, Item, MessageChange, SetAside, StatusUpdate
from balcao.whatsapp.webhook import read

SHOWN_MAX = 20  # violations told for one promise
SECONDS_MAX = 600  # for one query
WEBHOOKS_AT_ONCE = 10_000
BYTES_AT_ONCE = 32 << 20
FETCHED_AT_ONCE = 1_000
#: Memory for sorting and hashing, which one query may have several times over.
WORK_MEMORY = "64MB"

#: What a message's status may only be where WhatsApp has said so.
HEARSAY = [Status.SENT, Status.DELIVERED, Status.READ, Status.PLAYED]


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that breaks a promise, and where to look."""

    promise: str
    where: str

    def __str__(self) -> str:
        return f"{self.promise}: {self.where}"


async def check(database: Database) -> list[Violation]:
    """Everything that breaks a promise, in one snapshot; nothing when all is well."""
    async with database.transaction(frozen=True) as tx:
        return await violations(tx)


async def violations(tx: Tx) -> list[Violation]:
    """Everything that breaks a promise, as *tx* sees it at its time."""
    at = await tx.now()
    await tx.read_much()
    await tx.fetch(
        "select set_config('balcao.at', $1, true), set_config('work_mem', $2, true)",
        at.isoformat(),
        WORK_MEMORY,
    )
    found: list[Violation] = []
    for promise, query in promises():
        rows = await tx.connection.fetch(query, timeout=SECONDS_MAX)
        found += [Violation(promise, row[0]) for row in rows[:SHOWN_MAX]]
    return [*found, *await _statuses(tx), *await _replay(tx, at)]


def promises() -> list[tuple[str, str]]:
    """Name and query of each promise that is a query."""
    text = (resources.files("balcao.store") / "promises.sql").read_text()
    names_and_queries = re.split(r"^-- promise: (.+)$", text, flags=re.MULTILINE)[1:]
    return list(zip(names_and_queries[::2], names_and_queries[1::2], strict=True))


async def _statuses(tx: Tx) -> list[Violation]:
    """Promise 5: a message stands at the highest status that was received for its attempt."""
    rows = await tx.connection.fetch(
        "with told as (select message_id, attempt, max(array_position($1::text[], status)) as rung"
        " from message_status group by message_id, attempt)"
        " select m.id from message m left join told"
        " on told.message_id = m.id and told.attempt = m.attempt where m.direction = 'out'"
        " and (array_position($1::text[], m.status) < told.rung or (m.status = any($2::text[])"
        "  and array_position($1::text[], m.status) is distinct from told.rung))",
        list(Status),
        HEARSAY,
        timeout=SECONDS_MAX,
    )
    return [Violation("5 monotone status", f"message {row['id']}") for row in rows[:SHOWN_MAX]]


class _Message(msgspec.Struct):
    id: str


class _Status(msgspec.Struct):
    id: str
    status: str


class _Metadata(msgspec.Struct):
    phone_number_id: str | int


class _Value(msgspec.Struct):
    metadata: _Metadata
    messages: list[_Message] | None = None
    statuses: list[_Status] | None = None


class _Change(msgspec.Struct):
    value: _Value


class _Entry(msgspec.Struct):
    changes: list[_Change] | None = None


class _Envelope(msgspec.Struct):
    entry: list[_Entry]


_glance = msgspec.json.Decoder(_Envelope).decode


@dataclass(slots=True)
class _Webhooks:
    """Some webhooks that are done: what they say at a glance, and which say nothing so."""

    bodies: dict[int, bytes] = field(default_factory=dict)
    size: int = 0
    messages: list[tuple[int, str, str]] = field(default_factory=list)
    statuses: list[tuple[int, str, str]] = field(default_factory=list)
    unclear: set[int] = field(default_factory=set)

    def take(self, id: int, body: bytes) -> None:
        """Note the ids that stand in one more webhook."""
        self.bodies[id] = body
        self.size += len(body)
        try:
            entries = _glance(body).entry
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            self.unclear.add(id)
            return
        for value in (change.value for entry in entries for change in entry.changes or ()):
            number = _text(str(value.metadata.phone_number_id))
            self.messages += [(id, number, _text(one.id)) for one in value.messages or ()]
            self.statuses += [
                (id, _text(one.id), _text(one.status)) for one in value.statuses or ()
            ]


async def _replay(tx: Tx, at: datetime) -> list[Violation]:
    """Promises 1, 5 and 11: all that a webhook says that is done has its row, or is set aside."""
    # A portion is small beside the tables: each of its ids is looked up by an index.
    await tx.fetch("select set_config('enable_hashjoin', 'off', true)")
    await tx.fetch("select set_config('enable_mergejoin', 'off', true)")
    parked_after = at - PARKED_FOR + timedelta(minutes=1)
    found: list[Violation] = []
    async for webhooks in _done(tx):
        suspects = webhooks.unclear | await _suspects(tx, webhooks, parked_after)
        aside = await _set_aside(tx, suspects)
        items = [
            (id, item)
            for id in sorted(suspects)
            for item in read(webhooks.bodies[id])
            if (id, item.position) not in aside
        ]
        found += await _missing(tx, items)
        found += await _unchanged(tx, items)
        found += await _untold(tx, items, parked_after)
    return found


async def _done(tx: Tx) -> AsyncIterator[_Webhooks]:
    """Every webhook that is done, in portions."""
    cursor = await tx.connection.cursor(
        "select id, body from webhook where done_at is not null order by id"
    )
    portion = _Webhooks()
    while rows := await cursor.fetch(FETCHED_AT_ONCE):
        for row in rows:
            portion.take(row["id"], row["body"])
        if len(portion.bodies) >= WEBHOOKS_AT_ONCE or portion.size >= BYTES_AT_ONCE:
            yield portion
            portion = _Webhooks()
    yield portion


async def _suspects(tx: Tx, webhooks: _Webhooks, parked_after: datetime) -> set[int]:
    """The webhooks of which something is not where it is as a rule."""
    rows = await tx.fetch(
        "select w.id from unnest($1::bigint[], $2::text[], $3::text[]) as w(id, number, wamid)"
        " left join entry_point e on e.phone_number_id = w.number"
        " where not exists (select from message m where m.entry_point_id = e.id"
        " and m.wamid = w.wamid) union all"
        " select w.id from unnest($4::bigint[], $5::text[], $6::text[]) as w(id, wamid, status)"
        " left join attempt a on a.wamid = w.wamid where not exists"
        "  (select from message_status s where s.message_id = a.message_id"
        "   and s.attempt = a.attempt and s.status = w.status)"
        " and not exists (select from early_status s where s.wamid = w.wamid"
        "  and s.status = w.status)"
        " and (a.wamid is not null or (select done_at from webhook where id = w.id) > $7)",
        *_columns(webhooks.messages, 3),
        *_columns(webhooks.statuses, 3),
        parked_after,
    )
    return {row["id"] for row in rows}


async def _set_aside(tx: Tx, webhooks: set[int]) -> set[tuple[int, str]]:
    """The places in these *webhooks* whose items are kept for a second try."""
    rows = await tx.fetch(
        "select webhook_id, position from set_aside where webhook_id = any($1::bigint[])",
        list(webhooks),
    )
    return {(row["webhook_id"], row["position"]) for row in rows}


async def _missing(tx: Tx, items: list[tuple[int, Item]]) -> list[Violation]:
    """Promise 1: what of *items*, which are not set aside, has no row."""
    rows = await tx.fetch(
        "select distinct w.id, w.position from unnest($1::bigint[], $2::text[], $3::text[],"
        " $4::text[]) as w(id, position, number, wamid)"
        " where not exists (select from message m join entry_point e on e.id = m.entry_point_id"
        "  where e.phone_number_id = w.number and m.wamid = w.wamid)",
        *_columns(
            [
                (id, item.position, _text(item.phone_number_id or ""), _wamid(item))
                for id, item in items
                if isinstance(item, InboundMessage | SetAside)
            ],
            4,
        ),
    )
    return [
        Violation("1 durable before ack", _place(row["id"], row["position"]))
        for row in rows[:SHOWN_MAX]
    ]


async def _unchanged(tx: Tx, items: list[tuple[int, Item]]) -> list[Violation]:
    """Promise 1: what of the changes among *items*, which are not set aside, is not kept."""
    rows = await tx.fetch(
        "select distinct w.id, w.position from unnest($1::bigint[], $2::text[], $3::text[],"
        " $4::text[], $5::text[]) as w(id, position, number, about, wamid)"
        " where not exists (select from amendment a join message m on m.id = a.message_id"
        "  join entry_point e on e.id = m.entry_point_id where e.phone_number_id = w.number"
        "  and m.wamid = w.about and a.wamid = w.wamid)",
        *_columns(
            [
                (id, item.position, item.phone_number_id, _text(item.about), _text(item.wamid))
                for id, item in items
                if isinstance(item, MessageChange)
            ],
            5,
        ),
    )
    return [
        Violation("1 durable before ack", _place(row["id"], row["position"]))
        for row in rows[:SHOWN_MAX]
    ]


async def _untold(tx: Tx, items: list[tuple[int, Item]], parked_after: datetime) -> list[Violation]:
    """The statuses among *items*, which are not set aside, of which nothing is kept.

    Of a message of ours it is lost (5).  Of none by its wamid it would be parked, so it named one
    of ours that went out under another wamid: one attempt with two effects (11).
    """
    rows = await tx.fetch(
        "select distinct w.id, w.position, a.wamid is not null as ours"
        " from unnest($1::bigint[], $2::text[], $3::text[], $4::text[])"
        " as w(id, position, wamid, status) left join attempt a on a.wamid = w.wamid"
        " where not exists (select from message_status s where s.message_id = a.message_id"
        "  and s.attempt = a.attempt and s.status = w.status)"
        " and not exists (select from early_status s where s.wamid = w.wamid"
        "  and s.status = w.status)"
        " and (a.wamid is not null or (select done_at from webhook where id = w.id) > $5)",
        *_columns(
            [
                (id, item.position, _text(item.wamid), str(item.status))
                for id, item in items
                if isinstance(item, StatusUpdate)
            ],
            4,
        ),
        parked_after,
    )
    return [
        Violation(
            "5 monotone status" if row["ours"] else "11 at most one effect out",
            _place(row["id"], row["position"]),
        )
        for row in rows[:SHOWN_MAX]
    ]


def _wamid(item: InboundMessage | SetAside) -> str:
    return _text(item.wamid) if isinstance(item, InboundMessage) else ""


def _place(webhook: int, position: str) -> str:
    return f"webhook {webhook} at {position}"


def _text(text: str) -> str:
    """*text* as a query takes it; one with a NUL is the id of nothing that is kept."""
    return text.replace("\0", "\ufffd")


def _columns(rows: Sequence[tuple[object, ...]], width: int) -> list[list[object]]:
    return [[row[column] for row in rows] for column in range(width)]
