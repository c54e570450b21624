"""How PostgreSQL is spoken to: a connection's settings and types, and what it is when away."""

from __future__ import annotations

from typing import TypeAlias

import asyncpg
import msgspec
from asyncpg.pool import PoolConnectionProxy

COMMAND_SECONDS_MAX = 30

#: A statement is planned once and not at each execution, which costs more than running it.  As that
#: may be while its tables are still empty, it takes an index wherever there is one (decision 14).
PLANNING = {"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off", "jit": "off"}

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"

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


async def prepare(connection: Connection) -> None:
    """Let a new *connection* take and give JSON as values."""
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: b"\x01" + msgspec.json.encode(value),
        decoder=lambda raw: msgspec.json.decode(raw[1:]),
        format="binary",
    )
