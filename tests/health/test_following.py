"""A message can be followed by its ids, from the door to the desk and back out to the phone."""

from __future__ import annotations

from pathlib import Path

import pytest

from balcao.store.database import Database
from tests import world
from tests.health.day import at_work, employ
from tests.health.serving import Server, served
from tests.whatsapp import bodies
from tests.whatsapp.graph import Graph

pytestmark = pytest.mark.slow

EMAIL, PASSWORD = "marina@test", "right horse"


async def test_a_message_is_followed_from_the_door_to_the_desk_and_its_answer_to_the_phone(
    database: Database, dsn: str, tmp_path: Path, graph: Graph
) -> None:
    floor = await world.build(database)
    marina = await employ(database, floor, "Marina", EMAIL, PASSWORD)
    told = {"BALCAO_GRAPH_URL": graph.url}
    async with (
        served(dsn, tmp_path, environment=told) as server,
        at_work(server, EMAIL, PASSWORD) as agent,
    ):
        second = int((await world.clock(database)).timestamp())
        first = bodies.messages(bodies.text("wamid.other", second=second, **{"from": "5511"}))
        assert (await server.webhook(first))[0] == 200
        second_ = bodies.messages(bodies.text("wamid.this", second=second))
        assert (await server.webhook(second_))[0] == 200
        task = await agent.talking()
        await follow_in(server, marina)
        assert (await agent.says(task["id"], "Bom dia"))[0] == 202
        await follow_out(server, int(task["conversation_id"]))
        report = bodies.statuses(bodies.status("wamid.1", "read", second))
        assert (await server.webhook(report))[0] == 200
        await follow_status(server)


async def follow_in(server: Server, agent: int) -> None:
    """By the number of its webhook, to the message and the desk that was told of it."""
    webhook = (await server.line("webhook_stored"))["webhook"]
    placed = await server.line("placed", webhook=webhook, kind="message")
    task, conversation = placed["task"], placed["conversation"]
    await server.line("offered", task=task, conversation=conversation, agent=agent)
    await server.line("stepped", task=task, step="offered")
    await server.line("stepped", task=task, step="accepted", by=agent)
    await server.line("told", agent=agent, task=task)
    await server.line("told", agent=agent, message=placed["message"])


async def follow_out(server: Server, conversation: int) -> None:
    """By the conversation, to the reply, and by its number to what came of it."""
    claimed = await server.line("claimed", conversation=conversation)
    reply = claimed["message"]
    called = await server.line("called", message=reply, attempt=1)
    assert called["result"] == "accepted"
    await server.line("settled", message=reply, attempt=1)
    await server.line("told", message=reply)


async def follow_status(server: Server) -> None:
    """By the number of the reply, to the webhook that said that it was read."""
    reply = (await server.line("claimed"))["message"]
    status = await server.line("placed", kind="status", message=reply)
    await server.line("webhook_stored", webhook=status["webhook"])
