"""A filled database is one that could have come about, and holds what was asked for."""

from balcao import checker
from balcao.store import sessions
from balcao.store.database import Database
from balcao.web.gate import token_hash
from bench.fill import Shape, fill, grow
from tests.world import sql

SHAPE = Shape(
    agents=7, open_tasks_per_agent=3, stored_messages=13_000, outbound_with_wamid=4, capacity=3
)


async def test_what_is_filled_breaks_no_promise_and_may_grow(dsn: str, database: Database) -> None:
    filled = await fill(dsn, SHAPE)
    assert await checker.check(database) == []
    open_lines = 7 * 3 * (3 + 4)
    assert filled.stored_messages == 13_000 + open_lines
    await grow(dsn, 26_000)
    assert await checker.check(database) == []
    (row,) = await sql(database, "select count(*) as n from message")
    assert row["n"] == 3 * 13_000 + open_lines


async def test_every_agent_is_let_in_and_holds_open_tasks(dsn: str, database: Database) -> None:
    filled = await fill(dsn, SHAPE)
    assert len(filled.agents) == 7
    for agent in filled.agents:
        async with database.transaction() as tx:
            who = await sessions.who(tx, token_hash(agent.cookie))
        assert who is not None and who.id == agent.id
        mine = [one for one in filled.conversations if one.agent_id == agent.id]
        assert [len(one.outbound) for one in mine] == [4, 4, 4]


async def test_what_went_out_waits_for_its_statuses(dsn: str, database: Database) -> None:
    filled = await fill(dsn, SHAPE)
    rows = await sql(
        database,
        "select m.id, m.wamid from message m join attempt a on a.message_id = m.id"
        " and a.wamid = m.wamid where m.status = 'accepted'",
    )
    named = {(out.id, out.wamid) for one in filled.conversations for out in one.outbound}
    assert {(row["id"], row["wamid"]) for row in rows} == named
    assert len(named) == 7 * 3 * 4


async def test_a_database_without_a_past_has_its_open_tasks(dsn: str, database: Database) -> None:
    filled = await fill(dsn, Shape(agents=2, open_tasks_per_agent=2))
    assert len(filled.conversations) == 4
    assert await checker.check(database) == []
