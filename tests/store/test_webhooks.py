"""The inbox: stored before it is answered, or answered that it is not."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from balcao.store import embedded, webhooks
from balcao.store.bus import Kind, Nudge
from balcao.store.database import Database
from balcao.store.embedded import Embedded
from balcao.store.migrate import migrate
from balcao.store.webhooks import BATCH_MAX, WAITING_BYTES_MAX, WAITING_MAX, Inbox, Unstored
from tests.world import sql


async def test_what_was_put_is_there_in_order(database: Database) -> None:
    bodies = [f"{n}".encode() for n in range(BATCH_MAX * 2 + 7)]
    async with Inbox(database) as inbox:
        await asyncio.gather(*(inbox.put(body) for body in bodies))

    async with database.transaction() as tx:
        batch = await webhooks.take(tx, 10_000, 1 << 20)
    assert batch is not None
    assert [one.body for one in batch.webhooks] == bodies


async def test_each_is_told_the_number_under_which_it_is_kept(database: Database) -> None:
    bodies = [f"{n}".encode() for n in range(BATCH_MAX * 2 + 7)]
    async with Inbox(database) as inbox:
        ids = await asyncio.gather(*(inbox.put(body) for body in bodies))

    kept = await sql(database, "select id, body from webhook")
    assert {row["id"]: row["body"] for row in kept} == dict(zip(ids, bodies, strict=True))


async def test_many_that_wait_cost_few_commits(database: Database) -> None:
    async with Inbox(database) as inbox:
        await asyncio.gather(*(inbox.put(b"{}") for _ in range(500)))

    (row,) = await sql(database, "select count(distinct xmin::text) as commits from webhook")
    assert int(str(row["commits"])) <= 5


async def test_intake_is_told_after_the_commit(database: Database) -> None:
    heard: set[Nudge] = set()
    database.subscribe(heard.update)

    async with Inbox(database) as inbox:
        await inbox.put(b"{}")

    assert heard == {Nudge(Kind.WEBHOOK, 0)}


async def test_when_too_many_wait_the_next_is_refused(database: Database) -> None:
    async with Inbox(database) as inbox:
        waiting = [asyncio.ensure_future(inbox.put(b"{}")) for _ in range(WAITING_MAX)]
        await asyncio.sleep(0)
        with pytest.raises(Unstored, match="full"):
            await inbox.put(b"{}")
        await asyncio.gather(*waiting)
        await inbox.put(b"{}")


async def test_too_many_bytes_are_refused_too(database: Database) -> None:
    async with Inbox(database) as inbox:
        with pytest.raises(Unstored, match="full"):
            await inbox.put(bytes(WAITING_BYTES_MAX + 1))


async def test_a_row_that_cannot_be_written_costs_only_itself(database: Database) -> None:
    await sql(database, "alter table webhook add check (body <> 'poison')")
    bodies = [b"a", b"poison", b"b"]
    async with Inbox(database) as inbox:
        ends = await asyncio.gather(*(inbox.put(body) for body in bodies), return_exceptions=True)

    assert [type(end) for end in ends] == [int, Unstored, int]
    kept = await sql(database, "select body from webhook order by id")
    assert [row["body"] for row in kept] == [b"a", b"b"]


@pytest.fixture
def server() -> Iterator[Embedded]:
    """A PostgreSQL of this test's own, to be stopped and started."""
    home = Path(tempfile.mkdtemp(prefix="balcao-test-"))
    home.chmod(0o711)
    server = Embedded(home, settings={"fsync": "off"})
    server.start()
    yield server
    server.stop()
    shutil.rmtree(home)


@pytest.mark.slow
async def test_nobody_waits_for_ever_when_the_database_is_gone_and_it_comes_back(
    server: Embedded,
) -> None:
    dsn = embedded.dsn(server.home, "postgres")
    await migrate(dsn)
    database = await Database.open(dsn)
    async with Inbox(database) as inbox:
        await inbox.put(b"before")
        await asyncio.to_thread(server.stop)
        ends = await asyncio.gather(
            *(inbox.put(b"while away") for _ in range(20)), return_exceptions=True
        )
        server.start()
        async with asyncio.timeout(10):
            while not await puts(inbox, b"after"):
                pass

    assert {type(end) for end in ends} == {Unstored}
    kept = await sql(database, "select body from webhook order by id")
    assert [row["body"] for row in kept] == [b"before", b"after"]
    await database.close()


async def puts(inbox: Inbox, body: bytes) -> bool:
    try:
        await inbox.put(body)
    except Unstored:
        await asyncio.sleep(0.05)
        return False
    return True


async def test_a_closed_inbox_stores_nothing(database: Database) -> None:
    inbox = Inbox(database)
    with pytest.raises(Unstored):
        await inbox.put(b"{}")
    async with inbox:
        waiting = asyncio.ensure_future(inbox.put(b"{}"))
        await asyncio.sleep(0)
    with pytest.raises(Unstored):
        await waiting


async def test_intake_takes_as_many_bytes_as_fit_and_always_one(database: Database) -> None:
    async with Inbox(database) as inbox:
        for size in (10, 10, 100):
            await inbox.put(bytes(size))
    for count, size, taken in ((100, 1, 1), (100, 20, 2), (2, 1000, 2)):
        async with database.transaction() as tx:
            batch = await webhooks.take(tx, count, size)
        assert batch is not None
        assert len(batch.webhooks) == taken


async def test_one_intake_works_at_a_time(database: Database) -> None:
    async with database.transaction() as one, database.transaction() as other:
        assert await webhooks.try_lock(one)
        assert not await webhooks.try_lock(other)
        assert await webhooks.take(other, 1, 1) is None
    async with database.transaction() as one, database.transaction() as other:
        assert await webhooks.take(one, 1, 1) == ([], 1)
        assert not await webhooks.try_lock(other)


async def test_who_reads_what_another_one_has_read_meanwhile_is_told(database: Database) -> None:
    async with Inbox(database) as inbox:
        ids = [await inbox.put(b"{}") for _ in range(3)]
    async with database.transaction() as tx:
        assert await webhooks.done(tx, ids[:1]) == 1
    async with database.transaction() as tx:
        assert await webhooks.done(tx, ids) == 2
