"""What agents write: once, within the rules, in a held conversation."""

from __future__ import annotations

import asyncio

import pytest

from balcao.domain.message import TEXT_MAX
from balcao.domain.outgoing import in_words
from balcao.domain.task import accept, end
from balcao.domain.values import AgentId, Refused
from balcao.store import messages, tasks
from balcao.store.database import Database
from balcao.store.messages import Author
from tests import world
from tests.world import sql


@pytest.fixture
async def marina(database: Database) -> AgentId:
    """Marina, connected to the one task there is."""
    floor = await world.build(database)
    marina = await world.available(database, floor, "Marina")
    task = await world.queued(database, floor)
    await sql(
        database,
        "update conversation set last_inbound_at = clock_timestamp(),"
        " waiting_since = clock_timestamp()",
    )
    await world.route(database)
    async with database.transaction() as tx:
        await tasks.move(tx, task, accept, marina)
    return marina


async def say(
    database: Database,
    agent: AgentId,
    text: str,
    client_id: str = "c1",
    type: str = "text",
) -> int:
    async with database.transaction() as tx:
        held = await tasks.lock(tx, 1)
        author = Author(agent, "Marina")
        return await messages.put_outbound(tx, held, author, client_id, in_words(type, text))


async def test_a_reply_waits_to_be_sent_and_answers_the_customer(
    database: Database, marina: AgentId
) -> None:
    id = await say(database, marina, "Olá")

    (row,) = await sql(database, "select * from message where id = $1", id)
    assert (row["direction"], row["status"], row["attempt"]) == ("out", "pending", 1)
    assert (row["author_name"], row["client_id"], row["task_id"]) == ("Marina", "c1", 1)
    (conversation,) = await sql(database, "select * from conversation")
    assert conversation["waiting_since"] is None
    assert (conversation["last_seq"], conversation["version"]) == (row["seq"], row["version"])


async def test_the_same_client_id_answers_as_the_first_time(
    database: Database, marina: AgentId
) -> None:
    ids = await asyncio.gather(*(say(database, marina, "Olá") for _ in range(5)))

    assert len(set(ids)) == 1
    async with database.transaction() as tx:
        await tasks.move(tx, 1, end, marina)
    assert await say(database, marina, "Olá") == ids[0], "also once nothing new may be written"


@pytest.mark.parametrize(("text", "type"), [("Outra coisa", "text"), ("Olá", "note")])
async def test_the_same_client_id_with_another_content_is_refused(
    database: Database, marina: AgentId, text: str, type: str
) -> None:
    await say(database, marina, "Olá")
    with pytest.raises(Refused, match="client-id-reused"):
        await say(database, marina, text, type=type)


@pytest.mark.parametrize(
    ("text", "code"), [("", "empty"), (" \n", "empty"), ("a" * (TEXT_MAX + 1), "too-long")]
)
async def test_too_little_and_too_much_are_refused(
    database: Database, marina: AgentId, text: str, code: str
) -> None:
    with pytest.raises(Refused, match=code):
        await say(database, marina, text)
    assert await sql(database, "select 1 from message where direction = 'out'") == []


async def test_only_who_is_connected_may_write(database: Database, marina: AgentId) -> None:
    with pytest.raises(Refused, match="not-connected"):
        await say(database, AgentId(999), "Olá")
    async with database.transaction() as tx:
        await tasks.move(tx, 1, end, marina)
    with pytest.raises(Refused, match="not-connected"):
        await say(database, marina, "Olá")


async def test_a_closed_window_refuses_a_reply_and_not_a_note(
    database: Database, marina: AgentId
) -> None:
    await sql(
        database, "update conversation set last_inbound_at = last_inbound_at - interval '1 day'"
    )
    with pytest.raises(Refused, match="window-closed"):
        await say(database, marina, "Olá")

    id = await say(database, marina, "Cliente difícil", type="note")

    (row,) = await sql(database, "select * from message where id = $1", id)
    assert (row["direction"], row["status"], row["due_at"]) == ("note", None, None)
    (conversation,) = await sql(database, "select waiting_since from conversation")
    assert conversation["waiting_since"] is not None, "the customer still waits"
