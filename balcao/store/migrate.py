"""Brings a database to this version's schema.

The files of ``migrations/`` run in the order of their names, each in a transaction
of its own with the row that remembers it.  An advisory lock lets one process at a
time do this, so that any number of servers may start together.  A file that ran
once never changes: its digest is remembered and compared.
"""

from __future__ import annotations

import hashlib
from importlib import resources

import asyncpg

from balcao.store.postgres import Connection

LOCK = 7_266_151  # any number that no other advisory lock of ours has


class MigrationError(Exception):
    """The database's schema is not one that this version can bring up to date."""


async def migrate(dsn: str) -> list[str]:
    """Run every migration that the database at *dsn* lacks; return their names.

    Raises MigrationError where the database is newer than this program, or where a
    migration that ran there is not the one we have.
    """
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("select pg_advisory_lock($1)", LOCK)
        await connection.execute(
            "create table if not exists migration (name text primary key, digest text not null,"
            " at timestamptz not null default clock_timestamp())"
        )
        return await _run_missing(connection)
    finally:
        await connection.close()


async def pending(connection: Connection) -> list[str]:
    """The names of the migrations that the database lacks."""
    if await connection.fetchval("select to_regclass('migration')") is None:
        return sorted(_files())
    known = {row["name"] for row in await connection.fetch("select name from migration")}
    return sorted(_files().keys() - known)


async def _run_missing(connection: asyncpg.Connection[asyncpg.Record]) -> list[str]:
    files = _files()
    known = {r["name"]: r["digest"] for r in await connection.fetch("select * from migration")}
    if newer := sorted(known.keys() - files.keys()):
        raise MigrationError(f"the database is newer than this program (it has {newer[-1]})")
    missing = sorted(files.keys() - known.keys())
    for name, sql in sorted(files.items()):
        digest = hashlib.sha256(sql.encode()).hexdigest()
        if name not in known:
            async with connection.transaction():
                await connection.execute(sql)
                await connection.execute(
                    "insert into migration (name, digest) values ($1, $2)", name, digest
                )
        elif known[name] != digest:
            raise MigrationError(
                f"migration {name} is not the one that ran on this database: it is of an earlier"
                " day of development, and has to be made anew (for a demo, with --fresh)"
            )
    return missing


def _files() -> dict[str, str]:
    folder = resources.files("balcao.store") / "migrations"
    return {f.name: f.read_text() for f in folder.iterdir() if f.name.endswith(".sql")}
