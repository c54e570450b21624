"""Webhooks as they came: stored before they are answered, and themselves the queue.

Storing is group commit: one writer takes whatever waits and writes it with one
statement, so a busy moment costs one commit and a quiet one waits for nobody.
Whoever waits is told the truth: stored, or not stored (and WhatsApp sends again).
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter
from typing import NamedTuple, Self

import asyncpg
import structlog

from balcao.store.bus import Kind
from balcao.store.database import Database, Tx
from balcao.store.postgres import UNREACHABLE
from balcao.telemetry import figures

log = structlog.get_logger()

BATCH_MAX = 256
WAITING_MAX = 1024
WAITING_BYTES_MAX = 64 << 20
STORE_SECONDS_MAX = 10

INTAKE_LOCK = 7_266_153  # any number that no other advisory lock of ours has

#: Why an item is set aside that is tried again once its number is set up.
UNKNOWN_NUMBER = "unknown number"
#: The same, once the message that it speaks of is there.
UNKNOWN_MESSAGE = "unknown message"

#: Not the row's fault: the same work may do well a moment later.
TRANSIENT = (
    *UNREACHABLE,
    asyncpg.TransactionRollbackError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.SyntaxOrAccessError,
    asyncpg.InternalServerError,
)


class Unstored(Exception):
    """The webhook is not stored, and must not be answered as if it were."""


@dataclass(slots=True)
class _Waiting:
    body: bytes
    stored: asyncio.Future[int]
    since: float

    def fail(self, why: str) -> None:
        if not self.stored.done():
            self.stored.set_exception(Unstored(why))

    def succeed(self, id: int) -> None:
        if not self.stored.done():
            self.stored.set_result(id)


class Inbox:
    """Stores webhooks; one writer, one statement for all that wait."""

    def __init__(self, database: Database, *, store_seconds: float = STORE_SECONDS_MAX) -> None:
        self._dedicated = database.dedicated()
        self._store_seconds = store_seconds
        self._waiting: deque[_Waiting] = deque()
        self._bytes = 0
        self._some = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._writer = asyncio.create_task(self._keep_writing())
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            if self._writer is not None:
                self._writer.cancel()
                with suppress(asyncio.CancelledError):
                    await self._writer
                self._writer = None
        finally:
            self._fail_all("closing")
            await self._dedicated.close()

    async def put(self, body: bytes) -> int:
        """The id of *body* once it is committed; Unstored where it is not, or too much waits."""
        full = len(self._waiting) >= WAITING_MAX or self._bytes + len(body) > WAITING_BYTES_MAX
        if full or self._writer is None:
            raise Unstored("full" if full else "closed")
        stored: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        waiting = _Waiting(body, stored, perf_counter())
        self._waiting.append(waiting)
        self._bytes += len(body)
        self._some.set()
        return await stored

    async def _keep_writing(self) -> None:
        while True:
            await self._some.wait()
            batch = [self._next() for _ in range(min(BATCH_MAX, len(self._waiting)))]
            if not self._waiting:
                self._some.clear()
            try:
                await self._write_batch(batch)
            finally:  # cancelled or not, nobody waits for ever
                for waiting in batch:
                    waiting.fail("not written")

    def _next(self) -> _Waiting:
        waiting = self._waiting.popleft()
        self._bytes -= len(waiting.body)
        return waiting

    async def _write_batch(self, batch: Sequence[_Waiting]) -> None:
        try:
            await self._write(batch)
        except UNREACHABLE as error:
            log.warning("webhooks_not_stored", error=type(error).__name__)
            for waiting in batch:
                waiting.fail("unreachable")
            self._fail_all("unreachable")
        except Exception as error:
            log.warning("webhooks_not_stored", error=type(error).__name__, count=len(batch))
            await self._write_singly(batch)

    async def _write_singly(self, batch: Sequence[_Waiting]) -> None:
        """One row that cannot be written costs the others a commit each, and no more."""
        for waiting in batch:
            try:
                await self._write([waiting])
            except Exception as error:
                waiting.fail(type(error).__name__)

    async def _write(self, batch: Sequence[_Waiting]) -> None:
        began = perf_counter()
        async with asyncio.timeout(self._store_seconds), self._dedicated.statement() as tx:
            rows = await tx.fetch(
                "insert into webhook (body) select b from unnest($1::bytea[])"
                " with ordinality as n(b, i) order by i returning id",
                [waiting.body for waiting in batch],
            )
            tx.nudge(Kind.WEBHOOK)
        figures.stored(len(batch), perf_counter() - began)
        figures.answered("webhook", 200, perf_counter() - batch[0].since, len(batch))
        talkative = log.is_enabled_for(logging.DEBUG)
        for waiting, row in zip(batch, rows, strict=True):
            waiting.succeed(row["id"])
            if talkative:
                log.debug("webhook_stored", webhook=row["id"], bytes=len(waiting.body))

    def _fail_all(self, why: str) -> None:
        while self._waiting:
            self._next().fail(why)
        self._some.clear()


@dataclass(frozen=True, slots=True)
class Stored:
    """A webhook that nobody has read yet."""

    id: int
    body: bytes


class Batch(NamedTuple):
    """The oldest webhooks that nobody has read, and as of which version of the configuration."""

    webhooks: list[Stored]
    organisation: int


@dataclass(frozen=True, slots=True)
class Aside:
    """An item set aside, and why."""

    webhook_id: int
    position: str
    phone_number_id: str | None
    raw: bytes
    error: str
    about: str | None = None
    """The wamid of the message that it speaks of."""


@dataclass(frozen=True, slots=True)
class Stranded:
    """An item that was set aside for what was not there, and is by now."""

    id: int
    webhook_id: int
    position: str
    body: bytes


async def try_lock(tx: Tx) -> bool:
    """Be the one intake of the cluster until the transaction ends; False where another is."""
    return bool(await tx.fetchval("select pg_try_advisory_xact_lock($1)", INTAKE_LOCK))


async def wait_lock(tx: Tx) -> None:
    """Be the one intake until the transaction ends, after whoever it is now."""
    await tx.execute("select pg_advisory_xact_lock($1)", INTAKE_LOCK)


async def take(tx: Tx, count: int, bytes_max: int) -> Batch | None:
    """The oldest unread webhooks, as many as fit, and always one, if there is one.

    Their reader is the one intake of the cluster until the transaction ends; None where another
    is.  As the lock and the look are one statement, another intake may have been through them in
    between: `done` tells.
    """
    rows = await tx.fetch(
        "with ours as materialized (select pg_try_advisory_xact_lock($3) as held)"
        " select ours.held, o.version, w.id, w.body from ours cross join organisation o"
        " left join (select id, body from (select id, body, sum(octet_length(body))"
        "  over (order by id) - octet_length(body) as before from (select id, body from webhook"
        "  where done_at is null order by id limit $1) oldest) counted"
        "  where before < $2) w on ours.held order by w.id",
        count,
        bytes_max,
        INTAKE_LOCK,
    )
    if not rows[0]["held"]:
        return None
    stored = [Stored(row["id"], row["body"]) for row in rows if row["id"] is not None]
    return Batch(stored, rows[0]["version"])


async def done(tx: Tx, ids: Iterable[int]) -> int:
    """Nothing is left to read in these webhooks, from now on; of how many that is news."""
    said = await tx.execute(
        "update webhook set done_at = coalesce($2, clock_timestamp())"
        " where id = any($1::bigint[]) and done_at is null",
        list(ids),
        tx.virtual,
    )
    return int(said.split()[-1])


async def set_aside(tx: Tx, items: Sequence[Aside], at: datetime) -> None:
    """Keep *items* for a second try; of one that is kept already only the reason changes."""
    if not items:
        return
    await tx.execute(
        "with n as (select * from unnest($1::bigint[], $2::text[], $3::text[], $4::bytea[],"
        " $5::text[], $6::text[]) as n(w, p, f, r, e, b)), again as (update set_aside s"
        "  set error = n.e, about = n.b from n where s.webhook_id = n.w and s.position = n.p"
        "  and s.settled_at is null)"
        " insert into set_aside (webhook_id, position, phone_number_id, raw, error, about, at)"
        " select w, p, f, r, e, b, $7 from n where not exists (select from set_aside s"
        "  where s.webhook_id = n.w and s.position = n.p)",
        [item.webhook_id for item in items],
        [item.position for item in items],
        [_shown(item.phone_number_id) for item in items],
        [item.raw for item in items],
        [_shown(item.error) for item in items],
        [_shown(item.about) for item in items],
        at,
    )


async def stranded(tx: Tx, count: int, about_after: datetime) -> list[Stranded]:
    """The oldest items that were set aside for a number or a message that is there by now.

    A message is waited for where the item came after *about_after*.
    """
    rows = await tx.fetch(
        "select s.id, s.webhook_id, s.position, w.body from set_aside s"
        " join entry_point e on e.phone_number_id = s.phone_number_id and e.retired_at is null"
        " join webhook w on w.id = s.webhook_id where s.id in ("
        "  select id from set_aside where settled_at is null and error = $1"
        "  union all select a.id from set_aside a"
        "  join entry_point e on e.phone_number_id = a.phone_number_id"
        "  join message m on m.entry_point_id = e.id and m.wamid = a.about"
        "  where a.settled_at is null and a.about is not null and a.at > $3)"
        " order by s.id limit $2",
        UNKNOWN_NUMBER,
        count,
        about_after,
    )
    return [Stranded(**row) for row in rows]


async def settle(tx: Tx, ids: Iterable[int], at: datetime) -> None:
    """These items have found their place, as long as their number is set up."""
    await tx.execute(
        "update set_aside s set settled_at = $2 from entry_point e where s.id = any($1::bigint[])"
        " and e.phone_number_id = s.phone_number_id and e.retired_at is null",
        list(ids),
        at,
    )


async def give_up(tx: Tx, id: int, error: str) -> None:
    """The second try failed too: keep the item, with the new reason, for a person."""
    await tx.execute("update set_aside set error = $2 where id = $1", id, _shown(error))


def _shown(text: str | None) -> str | None:
    return None if text is None else text.replace("\0", "\ufffd")
