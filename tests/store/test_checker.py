"""The checker finds nothing where all is well, and names each promise that is broken."""

import pytest

from balcao import checker
from balcao.domain import task as steps
from balcao.domain.task import AgentId
from balcao.engine.intake import Intake
from balcao.store import tasks
from balcao.store.database import Database
from balcao.store.webhooks import Inbox
from tests import world
from tests.whatsapp import bodies

BREAKS = {
    "a state that the legs do not tell": (
        "update task set state = 'ended' where state = 'connected'",
        "6 task conservation",
    ),
    "a step without its line in the journal": (
        "delete from event where version = 1",
        "15 accountability",
    ),
    "a stored message that is in no thread": (
        "delete from message where direction = 'in'",
        "1 durable before ack",
    ),
    "a gap in the arrival numbers": (
        "update message set seq = seq + 10",
        "4 deterministic order",
    ),
    "a message of another second than its own": (
        "update message set second = second + 1",
        "4 deterministic order",
    ),
    "an answer after the deadline": (
        "update leg set answer_by = connected_at - interval '1 second'",
        "8 single winner",
    ),
    "a status that did not rise": (
        """with m as (update message set direction = 'out', status = 'sent', attempt = 1
        returning id) insert into message_status (message_id, attempt, status, at)
        select id, 1, 'read', clock_timestamp() from m""",
        "5 monotone status",
    ),
    "more at one desk than it takes": (
        "update organisation set capacity = 0",
        "9 capacity",
    ),
}


async def a_conversation(database: Database) -> None:
    """A customer has written through a webhook, and an agent has accepted."""
    floor = await world.build(database)
    agent = await world.available(database, floor, "Marina")
    now = int((await world.clock(database)).timestamp())
    async with Inbox(database) as inbox:
        await inbox.put(bodies.messages(bodies.text("wamid.1", second=now, body="Oi")))
    intake = Intake(database, seal_key=b"a key of the test's")
    while (await intake.step()).done:
        pass
    await world.route(database)
    await accept(database, agent)


async def accept(database: Database, agent: AgentId) -> None:
    """The agent answers the only offer there is."""
    async with database.transaction() as tx:
        task = await tx.fetchval("select id from task")
        await tasks.move(tx, task, steps.accept, agent)


async def test_a_clean_database_yields_nothing(database: Database) -> None:
    assert await checker.check(database) == []
    await a_conversation(database)
    assert await checker.check(database) == []


@pytest.mark.parametrize("break_", BREAKS)
async def test_each_break_is_named(database: Database, break_: str) -> None:
    await a_conversation(database)
    statement, promise = BREAKS[break_]
    await world.sql(database, statement)
    assert promise in {violation.promise for violation in await checker.check(database)}
