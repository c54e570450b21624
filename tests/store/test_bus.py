"""The bus of nudges between processes outlives whatever happens to its connection."""

import asyncio

from balcao.store.bus import Kind
from balcao.store.database import Database
from tests.world import sql

ROUNDS = 60


async def test_the_bus_goes_on_whenever_its_connection_is_cut(dsn: str, database: Database) -> None:
    """It is cut while nudges are told: some fall between its last word and its end."""
    other = await Database.open(dsn)
    heard: set[int] = set()
    stop = database.subscribe(lambda nudges: heard.update(id for _, id in nudges))
    try:
        for _ in range(ROUNDS):
            cutting = asyncio.create_task(
                sql(
                    database,
                    "select pg_terminate_backend(pid) from pg_stat_activity where"
                    " datname = current_database() and query like '%pg_notify%'"
                    " and pid <> pg_backend_pid()",
                )
            )
            while not cutting.done():
                await tell(other, 1)
        async with asyncio.timeout(10):
            while 2 not in heard:
                await tell(other, 2)
                await asyncio.sleep(0.05)
    finally:
        stop()
        await other.close()


async def tell(database: Database, id: int) -> None:
    """Let a transaction nudge."""
    async with database.transaction() as tx:
        tx.nudge(Kind.CONVERSATION, id)
