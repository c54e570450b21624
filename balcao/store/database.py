"""Transactions on PostgreSQL, and the nudges that follow them.

A nudge says "this changed, look again" and nothing else.  It is collected while a
transaction runs and told after its commit: at once to this process, and by one
NOTIFY per batch, from one connection, to the others (a NOTIFY inside the
transaction would take PostgreSQL's global commit lock).  A lost nudge costs time,
never truth: whoever listens also looks by itself now and then, and when the
listening connection was away everyone is told to look at everything.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from enum import StrEnum
from time import perf_counter
from typing import Any, NamedTuple, TypeAlias
from uuid import uuid4

import asyncpg
import msgspec
import structlog
from asyncpg.pool import PoolConnectionProxy
from asyncpg.transaction import Transaction

from balcao.edges import Edge, no_edge
from balcao.telemetry import figures

log = structlog.get_logger()

CHANNEL = "balcao"
NOTICE_BYTES_MAX = 7_900  # PostgreSQL refuses a payload of 8,000 bytes or more
RECONNECT_SECONDS = 0.25
#: Nudges that come so soon after a notice go out with the next one.
TELL_PAUSE_SECONDS = 0.005
COMMAND_SECONDS_MAX = 30

#: A statement is planned once and not at each execution, which costs more than running it.  As that
#: may be while its tables are still empty, it takes an index wherever there is one (decision 14).
PLANNING = {"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off", "jit": "off"}

#: A notice has nothing to lose, so it does not wait for the disk.
UNSYNCED = {"synchronous_commit": "off"}

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
Clock: TypeAlias = Callable[[], datetime]

#: What it looks like from here when PostgreSQL is away.
UNREACHABLE = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    # A statement between PostgreSQL's last word and the end of its connection.
    asyncpg.InternalClientError,
)


class Kind(StrEnum):
    """What a nudge speaks of."""

    CONVERSATION = "c"
    AGENT = "a"
    ORGANISATION = "o"
    SESSION = "s"
    WEBHOOK = "w"
    ROUTING = "r"
    SENDING = "m"


class Nudge(NamedTuple):
    """Something changed; *id* is 0 where no single thing is meant."""

    kind: Kind
    id: int


class Pool(NamedTuple):
    """How many connections are open, how many of these idle, and how many there may be."""

    open: int
    idle: int
    at_most: int


Hear: TypeAlias = Callable[[frozenset[Nudge]], None]

LOOK_AT_ALL = frozenset(
    Nudge(kind, 0) for kind in (Kind.ORGANISATION, Kind.WEBHOOK, Kind.ROUTING, Kind.SENDING)
)


class Tx:
    """One transaction: statements, the time, and what is told after the commit."""

    def __init__(self, connection: Connection, clock: Clock | None) -> None:
        self.connection = connection
        self.nudges: set[Nudge] = set()
        self._clock = clock

    async def now(self) -> datetime:
        """The time that decides: PostgreSQL's, or the virtual clock of a simulated day."""
        if self._clock is not None:
            return self._clock()
        at: datetime = await self.connection.fetchval("select clock_timestamp()")
        return at

    def at(self, read: datetime) -> datetime:
        """The time that decides, where PostgreSQL's was *read* together with something else."""
        return read if self._clock is None else self._clock()

    async def read_much(self) -> None:
        """Let each of its statements be planned for itself, as they read whole tables."""
        await self.execute(
            "select set_config('plan_cache_mode', 'auto', true),"
            " set_config('enable_seqscan', 'on', true)"
        )

    def nudge(self, kind: Kind, id: int = 0) -> None:
        """Tell, after the commit, that something of this *kind* changed."""
        self.nudges.add(Nudge(kind, id))

    @property
    def virtual(self) -> datetime | None:
        """The time of a simulated day; None where PostgreSQL's own clock decides."""
        return None if self._clock is None else self._clock()

    async def fetch(self, sql: str, *args: Any) -> list[asyncpg.Record]:
        """Run *sql* and return its rows."""
        return await self.connection.fetch(sql, *args)

    async def fetchrow(self, sql: str, *args: Any) -> asyncpg.Record | None:
        """Run *sql* and return its first row."""
        return await self.connection.fetchrow(sql, *args)

    async def fetchval(self, sql: str, *args: Any) -> Any:
        """Run *sql* and return the first column of its first row."""
        return await self.connection.fetchval(sql, *args)

    async def execute(self, sql: str, *args: Any) -> str:
        """Run *sql* and return PostgreSQL's word on it, such as ``UPDATE 3``."""
        return await self.connection.execute(sql, *args)

    async def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run *sql* once for each of *rows*."""
        await self.connection.executemany(sql, rows)


class Database:
    """A pool of connections, and the bus of nudges between processes."""

    def __init__(
        self,
        dsn: str,
        pool: asyncpg.Pool[asyncpg.Record],
        *,
        clock: Clock | None,
        edge: Edge,
        command_seconds: float,
    ) -> None:
        self._dsn = dsn
        self._pool = pool
        self._clock = clock
        self._edge = edge
        self._command_seconds = command_seconds
        self._me = uuid4().hex
        self._hearers: dict[int, Hear] = {}
        self._numbers = itertools.count()
        self._unsent: set[Nudge] = set()
        self._something_to_tell = asyncio.Event()
        self._bus: asyncio.Task[None] | None = None

    @classmethod
    async def open(
        cls,
        dsn: str,
        *,
        size: int = 8,
        clock: Clock | None = None,
        edge: Edge = no_edge,
        command_seconds: float = COMMAND_SECONDS_MAX,
    ) -> Database:
        """Connect to *dsn* with at most *size* connections, and start the bus.

        *edge* is told of each transaction.  Raises one of UNREACHABLE where PostgreSQL cannot be
        reached.
        """
        pool = await asyncpg.create_pool(
            dsn,
            min_size=1,
            max_size=size,
            init=_prepare,
            reset=_as_it_is,
            command_timeout=command_seconds,
            server_settings=PLANNING,
        )
        database = cls(dsn, pool, clock=clock, edge=edge, command_seconds=command_seconds)
        listening = asyncio.Event()
        database._bus = asyncio.create_task(database._keep_bus(listening))
        await listening.wait()
        return database

    async def close(self) -> None:
        """Tell what is still to tell, and let go of every connection."""
        if self._bus is not None:
            self._bus.cancel()
            with suppress(asyncio.CancelledError):
                await self._bus
        await self._pool.close()

    @asynccontextmanager
    async def transaction(self, *, frozen: bool = False) -> AsyncIterator[Tx]:
        """One transaction, committed when the block ends well; its nudges are told then.

        A *frozen* one reads all as of one moment, and writes nothing.
        """
        async with self._acquired() as connection:
            self._edge("before")
            tx = Tx(connection, self._clock)
            async with _begun(connection, frozen=frozen):
                yield tx
            self._edge("after")
        self._tell(tx.nudges)

    @asynccontextmanager
    async def statement(self) -> AsyncIterator[Tx]:
        """For statements that are each a transaction by themselves; nudges are told at the end."""
        async with self._acquired() as connection:
            self._edge("before")
            tx = Tx(connection, self._clock)
            yield tx
            self._edge("after")
        self._tell(tx.nudges)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection of one's own, outside any transaction; session locks end with it."""
        async with self._acquired() as connection:
            try:
                yield connection
                await connection.reset()
            except BaseException:  # whatever it may still hold goes with it
                connection.terminate()
                raise

    @asynccontextmanager
    async def _acquired(self) -> AsyncIterator[Connection]:
        began = perf_counter()
        async with self._pool.acquire() as connection:
            figures.waited_for_connection(perf_counter() - began)
            yield connection

    @property
    def pool(self) -> Pool:
        """How the pool is now."""
        size, idle = self._pool.get_size(), self._pool.get_idle_size()
        return Pool(size, idle, self._pool.get_max_size())

    def subscribe(self, hear: Hear) -> Callable[[], None]:
        """Call *hear* with what changed, here or elsewhere; returns the way to stop it.

        *hear* must be quick and may not raise: it marks, wakes, and returns.
        """
        number = next(self._numbers)
        self._hearers[number] = hear
        return lambda: self._hearers.pop(number, None) and None

    def _tell(self, nudges: set[Nudge]) -> None:
        if not nudges:
            return
        self._hear(frozenset(nudges))
        self._unsent |= nudges
        self._something_to_tell.set()

    def _hear(self, nudges: frozenset[Nudge]) -> None:
        for hear in list(self._hearers.values()):
            hear(nudges)

    async def _keep_bus(self, listening: asyncio.Event) -> None:
        """Hold the one connection that tells and listens; make a new one when it is lost."""
        while True:
            try:
                await self._run_bus(listening)
            except (*UNREACHABLE, asyncpg.PostgresError) as error:
                log.warning("bus_lost", error=type(error).__name__)
                await asyncio.sleep(RECONNECT_SECONDS)

    async def _run_bus(self, listening: asyncio.Event) -> None:
        connection = await asyncpg.connect(
            self._dsn, command_timeout=self._command_seconds, server_settings=UNSYNCED
        )
        lost = asyncio.Event()

        def on_lost(_connection: object) -> None:
            lost.set()
            self._something_to_tell.set()

        connection.add_termination_listener(on_lost)
        try:
            await connection.add_listener(CHANNEL, self._on_notice)
            if listening.is_set():  # we were away: whatever was told meanwhile is lost
                self._hear(LOOK_AT_ALL)
            listening.set()
            while not lost.is_set():
                await self._something_to_tell.wait()
                self._something_to_tell.clear()
                await self._send_nudges(connection)
                await asyncio.sleep(TELL_PAUSE_SECONDS)
        finally:
            with suppress(*UNREACHABLE):
                await connection.close(timeout=1)

    async def _send_nudges(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        nudges, self._unsent = self._unsent, set()
        for payload in _payloads(self._me, nudges):
            await connection.execute("select pg_notify($1, $2)", CHANNEL, payload)

    def _on_notice(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        sender, _, rest = str(payload).partition(" ")
        if sender != self._me:
            self._hear(frozenset(Nudge(Kind(word[0]), int(word[1:])) for word in rest.split()))


def _payloads(sender: str, nudges: set[Nudge]) -> list[str]:
    """Cut *nudges* into as few notices as their size allows."""
    payloads: list[str] = []
    words: list[str] = []
    size = 0
    for nudge in sorted(nudges):
        word = f"{nudge.kind}{nudge.id}"
        if size + len(word) + 1 > NOTICE_BYTES_MAX - len(sender):
            payloads.append(f"{sender} {' '.join(words)}")
            words, size = [], 0
        words.append(word)
        size += len(word) + 1
    return [*payloads, f"{sender} {' '.join(words)}"] if words else payloads


def _begun(connection: Connection, *, frozen: bool) -> Transaction:
    if frozen:
        return connection.transaction(isolation="repeatable_read", readonly=True)
    return connection.transaction()


async def _as_it_is(_connection: Connection) -> None:
    """A transaction leaves nothing behind, so nothing is cleared: it would cost a round trip."""


async def _prepare(connection: Connection) -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: b"\x01" + msgspec.json.encode(value),
        decoder=lambda raw: msgspec.json.decode(raw[1:]),
        format="binary",
    )
