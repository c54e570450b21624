"""What waits before it is sent, and what is said of that which was probably lost."""

from __future__ import annotations

from datetime import timedelta

from balcao.domain.bucket import PAIR
from balcao.engine.sender import Sender
from balcao.store.database import Database
from balcao.whatsapp.client import Client
from tests.engine.inbound import take_in
from tests.engine.outbound import KEY, Desk, hurry, send_all, texts
from tests.whatsapp import bodies
from tests.whatsapp.graph import Graph, refusal
from tests.world import sql


async def test_where_whatsapp_tells_of_later_messages_only_one_was_probably_lost(
    desk: Desk, sender: Sender, graph: Graph
) -> None:
    graph.answer = graph.says(500, "<html>")
    lost = await desk.say("lost")
    await send_all(sender)
    await sql(desk.database, "update attempt set started_at = started_at - interval '119 s'")
    graph.answer = graph.accepts
    later = await desk.say("later", desk.tasks[1])
    await send_all(sender)
    (claimed,) = await sql(desk.database, f"select wamid from message where id = {later}")

    async def doubted() -> object:
        await sender.doubt()
        return (await desk.row(lost))["doubted"]

    told = bodies.status(str(claimed["wamid"]), "delivered")
    await take_in(desk.database, bodies.statuses(told))
    assert await doubted() is False, "it is too early"
    await sql(desk.database, "update attempt set started_at = started_at - interval '2 s'")
    version = (await desk.row(lost))["version"]
    assert await doubted() is True
    assert (await desk.row(lost))["version"] > version
    assert await desk.status(lost) == "unconfirmed"

    await desk.resend(lost)
    assert (await desk.row(lost))["doubted"] is False


async def test_where_whatsapp_tells_nothing_at_all_nothing_is_said_either(
    desk: Desk, sender: Sender, graph: Graph
) -> None:
    graph.answer = graph.says(500, "<html>")
    lost = await desk.say("lost")
    await send_all(sender)
    graph.answer = graph.accepts
    await desk.say("later", desk.tasks[1])
    await send_all(sender)
    await sql(desk.database, "update attempt set started_at = started_at - interval '1 day'")
    await sender.doubt()

    assert (await desk.row(lost))["doubted"] is False


async def probed(desk: Desk) -> None:
    """Let the time come at which a refused number tries again."""
    await sql(desk.database, "update pace set probe_at = clock_timestamp()")
    await hurry(desk)


async def test_a_number_whose_access_is_refused_waits_and_then_sends_all_of_it_in_order(
    desk: Desk, sender: Sender, graph: Graph
) -> None:
    graph.answer = graph.says(401, refusal(190))
    first, second = await desk.say("first"), await desk.say("second")
    other = await desk.say("other", desk.tasks[1])
    await send_all(sender)
    refused = len(graph.bodies)
    assert refused <= 2, "of what was under way together"
    assert [await desk.status(id) for id in (first, second, other)] == ["pending"] * 3
    rows = [await desk.row(first), await desk.row(other)]
    assert "administrator" in [(row["error"] or {}).get("action") for row in rows]

    await probed(desk)
    await send_all(sender)
    assert len(graph.bodies) == refused + 1, "one message finds out for all"

    graph.answer = graph.accepts
    await probed(desk)
    await send_all(sender)
    assert [await desk.status(id) for id in (first, second, other)] == ["accepted"] * 3
    sent = texts(graph)[refused + 1 :]
    assert sorted(sent) == ["first", "other", "second"]
    assert sent.index("first") < sent.index("second")
    assert (await sql(desk.database, "select refused_at from pace"))[0] == {"refused_at": None}


async def test_without_a_token_nothing_is_sent_and_the_administrator_is_named(
    desk: Desk, database: Database, graph: Graph
) -> None:
    client = await Client.open(graph.url, "v26.0")
    id = await desk.say("Bom dia")

    await send_all(Sender(database, client, seal_key=KEY, access_token=None))

    row = await desk.row(id)
    assert (row["status"], row["error"]["action"]) == ("pending", "administrator")
    assert graph.bodies == []
    await client.close()


async def test_a_customer_is_sent_no_more_than_whatsapp_takes_and_in_order(
    desk: Desk, sender: Sender, graph: Graph
) -> None:
    lines = [await desk.say(f"{n}") for n in range(PAIR.burst + 2)]
    await send_all(sender)
    assert texts(graph) == [f"{n}" for n in range(PAIR.burst)]
    assert [await desk.status(id) for id in lines[-2:]] == ["pending", "pending"]
    again_in = (await sender.step()).again_in
    assert again_in is not None
    assert timedelta(0) < again_in <= PAIR.every

    other = await desk.say("other", desk.tasks[1])
    await send_all(sender)
    assert await desk.status(other) == "accepted", "it holds up nobody else"

    await sql(desk.database, "update conversation set pair_at = pair_at - interval '7 s'")
    await hurry(desk)
    await send_all(sender)
    assert texts(graph)[-1] == f"{PAIR.burst}"
    assert await desk.status(lines[-1]) == "pending"


async def test_a_number_sends_no_more_than_it_may_to_all_together(
    desk: Desk, sender: Sender, graph: Graph
) -> None:
    await sql(desk.database, "update entry_point set sends_per_second = 1")
    for task in desk.tasks:
        await desk.say(f"Oi {task}", task)
    await send_all(sender)
    assert len(graph.bodies) == 1

    await sql(desk.database, "update pace set sent_at = sent_at - interval '1 s'")
    await hurry(desk)
    await send_all(sender)
    assert len(graph.bodies) == 2
