"""What agents read, and that they write, reaches the customer's phone, as often as it may."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import pytest

from balcao.domain.task import accept, end
from balcao.domain.values import AgentId, Refused
from balcao.engine.receipts import Receipts
from balcao.store import messages, parts, tasks
from balcao.store.bus import Kind, Nudge
from balcao.store.database import Database
from balcao.whatsapp.client import Client
from tests import world
from tests.engine.inbound import take_in
from tests.whatsapp import bodies
from tests.whatsapp.graph import Graph, refusal
from tests.world import sql


class Talk(NamedTuple):
    """Marina with a customer who has written."""

    database: Database
    marina: AgentId
    task: int


@pytest.fixture
async def talk(database: Database) -> Talk:
    floor = await world.build(database)
    await hear(database, "wamid.1")
    marina = await world.available(database, floor, "Marina")
    await world.route(database)
    async with database.transaction() as tx:
        (task,) = (await messages.beforehand(tx, (), [1]))[1].values()
        await tasks.move(tx, task, accept, marina)
    return Talk(database, marina, task)


@pytest.fixture
async def receipts(database: Database, graph: Graph) -> AsyncIterator[Receipts]:
    graph.answer = graph.says(200, {"success": True})
    client = await Client.open(graph.url, "v26.0", answer_seconds=5)
    yield Receipts(database, client, access_token="a-token")
    await client.close()


async def hear(database: Database, wamid: str) -> None:
    second = int((await world.clock(database)).timestamp())
    await take_in(database, bodies.messages(bodies.text(wamid, second=second)))


async def read(talk: Talk) -> None:
    async with talk.database.transaction() as tx:
        await parts.mark_read(tx, talk.task, talk.marina)


async def write(talk: Talk) -> None:
    async with talk.database.transaction() as tx:
        await parts.show_typing(tx, talk.task, talk.marina)


async def hurry(talk: Talk) -> None:
    await sql(talk.database, "update receipt set due_at = clock_timestamp()")


async def rest(talk: Talk) -> None:
    await sql(talk.database, "update conversation set typing_at = typing_at - interval '20 s'")


def marked(graph: Graph) -> list[tuple[Any, bool]]:
    """Which messages Graph was told that we have read, and whether somebody writes."""
    assert all(body["status"] == "read" for body in graph.bodies)
    return [(body["message_id"], "typing_indicator" in body) for body in graph.bodies]


async def test_what_an_agent_has_read_is_told_once(
    talk: Talk, receipts: Receipts, graph: Graph
) -> None:
    await read(talk)
    assert (await receipts.step()).done == 1
    await read(talk)
    assert (await receipts.step()).done == 0

    assert marked(graph) == [("wamid.1", False)]
    assert graph.asked[0].headers["Authorization"] == "Bearer a-token"
    assert await sql(talk.database, "select from receipt") == []


async def test_a_later_message_is_told_for_all_before_it(
    talk: Talk, receipts: Receipts, graph: Graph
) -> None:
    await read(talk)
    await hear(talk.database, "wamid.2")
    await hear(talk.database, "wamid.3")
    await read(talk)
    await receipts.step()

    assert marked(graph) == [("wamid.3", False)]


async def test_writing_is_shown_every_twenty_seconds_and_counts_as_read(
    talk: Talk, receipts: Receipts, graph: Graph
) -> None:
    await write(talk)
    await receipts.step()
    await write(talk)
    await read(talk)
    await receipts.step()
    assert marked(graph) == [("wamid.1", True)]

    await rest(talk)
    await write(talk)
    await receipts.step()
    assert marked(graph) == [("wamid.1", True)] * 2


async def test_reading_does_not_take_the_place_of_writing_that_is_still_to_be_told(
    talk: Talk, receipts: Receipts, graph: Graph
) -> None:
    await write(talk)
    await read(talk)
    await receipts.step()

    assert marked(graph) == [("wamid.1", True)]


async def test_what_is_not_reached_is_tried_again_without_the_writing_and_then_let_go(
    talk: Talk, receipts: Receipts, graph: Graph
) -> None:
    graph.answer = graph.says(503, refusal(2))
    await write(talk)
    await receipts.step()
    assert (await receipts.step()).done == 0, "it waits"
    await sql(talk.database, "update receipt set typing_until = clock_timestamp()")
    for _ in range(5):
        await hurry(talk)
        await receipts.step()

    assert marked(graph) == [("wamid.1", True), *[("wamid.1", False)] * 3]
    assert await sql(talk.database, "select from receipt") == []


async def test_what_whatsapp_refuses_is_not_told_again(
    talk: Talk, receipts: Receipts, graph: Graph
) -> None:
    graph.answer = graph.says(400, refusal(131009))
    await read(talk)
    await receipts.step()
    await hurry(talk)
    await receipts.step()

    assert len(graph.bodies) == 1
    assert await sql(talk.database, "select from receipt") == []


async def test_without_a_token_nobody_is_told_and_nothing_says_so(talk: Talk, graph: Graph) -> None:
    client = await Client.open(graph.url, "v26.0")
    await read(talk)
    await Receipts(talk.database, client, access_token=None).step()

    assert graph.bodies == []
    (row,) = await sql(talk.database, "select told_read_seq from conversation")
    assert row["told_read_seq"] == 0
    await client.close()


async def test_one_that_was_claimed_by_a_process_that_died_is_told_later(
    talk: Talk, receipts: Receipts, graph: Graph
) -> None:
    await read(talk)
    await sql(talk.database, "update receipt set due_at = clock_timestamp() + interval '30 s'")
    assert (await receipts.step()).done == 0
    await hurry(talk)
    await receipts.step()

    assert marked(graph) == [("wamid.1", False)]


async def test_the_loop_is_woken_and_knows_when_it_is_needed_again(
    talk: Talk, receipts: Receipts, graph: Graph
) -> None:
    heard: set[Nudge] = set()
    talk.database.subscribe(heard.update)
    await read(talk)
    assert Nudge(Kind.RECEIPT, 0) in heard
    assert (await receipts.step()).again_in is None

    graph.answer = graph.says(500, "<html>")
    await write(talk)
    assert (await receipts.step()).again_in is not None


async def test_nobody_writes_in_a_task_that_is_over(
    talk: Talk, receipts: Receipts, graph: Graph
) -> None:
    async with talk.database.transaction() as tx:
        await tasks.move(tx, talk.task, end, talk.marina)

    with pytest.raises(Refused):
        await write(talk)
    await read(talk)
    assert (await receipts.step()).done == 0
    assert graph.bodies == []
