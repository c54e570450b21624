"""Transactions on PostgreSQL, and what is told after their commit.

The nudges of a transaction are collected while it runs, and go on the bus once it is committed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from functools import partial
from time import perf_counter
from typing import Any, NamedTuple, TypeAlias

import asyncpg
from asyncpg.transaction import Transaction

from balcao.edges import Edge, no_edge
from balcao.store.bus import Bus, Hear, Kind, Nudge
from balcao.store.postgres import (
    COMMAND_SECONDS_MAX,
    PLANNING,
    UNREACHABLE,
    Connection,
    prepare,
)
from balcao.telemetry import figures

Clock: TypeAlias = Callable[[], datetime]


class Pool(NamedTuple):
    """How many connections are open, how many of these idle, and how many there may be."""

    open: int
    idle: int
    at_most: int


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
        self._bus = Bus(dsn, command_seconds)

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
            max_inactive_connection_lifetime=0,  # opened again they would come in the next rush
            init=prepare,
            reset=_as_it_is,
            command_timeout=command_seconds,
            server_settings=PLANNING,
        )
        database = cls(dsn, pool, clock=clock, edge=edge, command_seconds=command_seconds)
        await database._bus.open()
        return database

    async def close(self) -> None:
        """Tell what is still to tell, and let go of every connection."""
        await self._bus.close()
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
        self._bus.tell(tx.nudges)

    @asynccontextmanager
    async def statement(self) -> AsyncIterator[Tx]:
        """For statements that are each a transaction by themselves; nudges are told at the end."""
        async with self._acquired() as connection:
            self._edge("before")
            tx = Tx(connection, self._clock)
            yield tx
            self._edge("after")
        self._bus.tell(tx.nudges)

    def dedicated(self) -> Dedicated:
        """A connection for one who writes all the time, and would ask the pool each time."""
        connect = partial(
            asyncpg.connect,
            self._dsn,
            command_timeout=self._command_seconds,
            server_settings=PLANNING,
        )
        return Dedicated(connect, self._clock, self._edge, self._bus)

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
        """Call *hear* with what changed, as `Bus.subscribe` does."""
        return self._bus.subscribe(hear)


class Dedicated:
    """One connection outside the pool: made when it is first needed, and again when it was lost."""

    def __init__(
        self,
        connect: Callable[[], Awaitable[asyncpg.Connection[asyncpg.Record]]],
        clock: Clock | None,
        edge: Edge,
        bus: Bus,
    ) -> None:
        self._connect = connect
        self._clock = clock
        self._edge = edge
        self._bus = bus
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None

    @asynccontextmanager
    async def statement(self) -> AsyncIterator[Tx]:
        """As `Database.statement`; one at a time, which is for the caller to see to."""
        if self._connection is None or self._connection.is_closed():
            self._connection = await self._prepared()
        self._edge("before")
        tx = Tx(self._connection, self._clock)
        try:
            yield tx
        except asyncpg.PostgresError:
            raise
        except BaseException:  # nobody knows what it is in the middle of
            self._connection.terminate()
            raise
        self._edge("after")
        self._bus.tell(tx.nudges)

    async def _prepared(self) -> asyncpg.Connection[asyncpg.Record]:
        """A new connection, whole or not at all."""
        connection = await self._connect()
        try:
            await prepare(connection)
        except BaseException:
            connection.terminate()
            raise
        return connection

    async def close(self) -> None:
        """Let go of the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(*UNREACHABLE):
                await connection.close(timeout=1)


def _begun(connection: Connection, *, frozen: bool) -> Transaction:
    if frozen:
        return connection.transaction(isolation="repeatable_read", readonly=True)
    return connection.transaction()


async def _as_it_is(_connection: Connection) -> None:
    """A transaction leaves nothing behind, so nothing is cleared: it would cost a round trip."""
