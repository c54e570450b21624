"""The sender on a real PostgreSQL and a real socket: in order, once, and honest about doubt."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from balcao.domain.message import TRY_FOR
from balcao.domain.task import end
from balcao.engine.sender import CALLS_MAX, Sender
from balcao.store import outbox, tasks
from balcao.store.bus import Kind, Nudge
from balcao.store.database import Database
from balcao.whatsapp.client import Client
from balcao.whatsapp.opaque import unseal
from tests.engine.outbound import KEY, Desk, hurry, send_all, texts
from tests.whatsapp.graph import Graph, refusal
from tests.world import sql


async def test_a_reply_is_accepted_under_its_wamid(
    desk: Desk, sender: Sender, graph: Graph
) -> None:
    id = await desk.say("Bom dia")

    await send_all(sender)

    row = await desk.row(id)
    assert (row["status"], row["wamid"], row["attempt"]) == ("accepted", "wamid.1", 1)
    assert unseal(KEY, graph.bodies[0]["biz_opaque_callback_data"]) == (id, 1)
    assert graph.bodies[0]["to"].startswith("+5511")
    attempts = await sql(desk.database, "select message_id, attempt, wamid from attempt")
    assert attempts == [{"message_id": id, "attempt": 1, "wamid": "wamid.1"}]


async def test_replies_of_one_conversation_go_out_in_the_order_of_writing(
    desk: Desk, sender: Sender, graph: Graph
) -> None:
    for n in range(10):
        await desk.say(f"{n}")

    await send_all(sender)

    assert texts(graph) == [f"{n}" for n in range(10)]


async def test_it_is_marked_before_whatsapp_is_called(
    desk: Desk, sender: Sender, graph: Graph
) -> None:
    seen: list[str] = []
    id = await desk.say("Bom dia")

    async def look(request: web.Request) -> web.StreamResponse:
        seen.append(await desk.status(id))
        return await graph.accepts(request)

    graph.answer = look
    await send_all(sender)

    assert seen == ["sending"]


async def test_one_slow_customer_holds_up_nobody_else(
    desk: Desk, sender: Sender, graph: Graph
) -> None:
    released = asyncio.Event()
    slow = await desk.say("slow")
    after = await desk.say("after the slow one")
    other = await desk.say("other", desk.tasks[1])

    async def answer(request: web.Request) -> web.StreamResponse:
        if (await request.json())["text"]["body"] == "slow":
            await released.wait()
        return await graph.accepts(request)

    graph.answer = answer
    await sender.step()
    async with asyncio.timeout(5):
        while await desk.status(other) != "accepted":
            await sender.step()
    assert [await desk.status(slow), await desk.status(after)] == ["sending", "pending"]
    released.set()
    await sender.finish()
    await send_all(sender)
    assert [await desk.status(slow), await desk.status(after)] == ["accepted", "accepted"]


async def test_what_surely_did_nothing_is_tried_again_and_keeps_its_place(
    desk: Desk, sender: Sender, graph: Graph
) -> None:
    first, second = await desk.say("first"), await desk.say("second")
    graph.answer = graph.says(503, refusal(2))
    await send_all(sender)
    row = await desk.row(first)
    assert (row["status"], row["tries"], row["attempt"]) == ("pending", 1, 1)
    assert await desk.status(second) == "pending"
    assert (await sender.step()).again_in is not None

    graph.answer = graph.accepts
    await hurry(desk)
    await send_all(sender)

    assert texts(graph)[-2:] == ["first", "second"]
    assert await desk.status(second) == "accepted"


async def test_after_a_minute_of_trying_a_person_is_asked(
    desk: Desk, sender: Sender, graph: Graph
) -> None:
    id = await desk.say("Bom dia")
    graph.answer = graph.says(400, refusal(130429))
    await send_all(sender)
    await sql(desk.database, "update attempt set started_at = started_at - $1::interval", TRY_FOR)
    await hurry(desk)
    await send_all(sender)

    row = await desk.row(id)
    assert row["status"] == "failed"
    assert (row["error"]["code"], row["error"]["action"]) == ("too-fast", "resend")


async def test_what_whatsapp_refuses_fails_with_its_reason_and_holds_back_nothing(
    desk: Desk, sender: Sender, graph: Graph
) -> None:
    first, second = await desk.say("first"), await desk.say("second")
    graph.answer = graph.says(400, refusal(131047))
    await sender.step()
    await sender.finish()
    graph.answer = graph.accepts
    await send_all(sender)

    row = await desk.row(first)
    assert (row["status"], row["error"]["code"]) == ("failed", "window-closed")
    assert await desk.status(second) == "accepted"


@pytest.mark.parametrize("answer", [Graph.says(500, "<html>"), Graph.says(200, "{}")])
async def test_what_nobody_can_know_is_unconfirmed_and_never_sent_again_by_itself(
    desk: Desk, sender: Sender, graph: Graph, answer: Callable[..., Any]
) -> None:
    first, second = await desk.say("first"), await desk.say("second")
    graph.answer = answer
    await sender.step()
    await sender.finish()
    graph.answer = graph.accepts
    await send_all(sender)
    await send_all(sender)

    assert await desk.status(first) == "unconfirmed"
    assert await desk.status(second) == "accepted", "an unconfirmed message holds nothing back"
    assert texts(graph) == ["first", "second"]


async def test_a_sender_that_died_leaves_an_unconfirmed_message(
    desk: Desk, sender: Sender, graph: Graph
) -> None:
    id = await desk.say("Bom dia")
    async with desk.database.transaction() as tx:
        claims, _ = await outbox.claim(tx, 1)
    assert [claim.message_id for claim in claims] == [id]
    await send_all(sender)
    assert await desk.status(id) == "sending"

    await sql(desk.database, "update message set lease_by = clock_timestamp()")
    await send_all(sender)

    assert await desk.status(id) == "unconfirmed"
    assert texts(graph) == []


async def test_a_sender_that_was_held_up_since_its_claim_does_not_call_any_more(
    desk: Desk, graph: Graph
) -> None:
    lease = timedelta(seconds=5.2)
    hold_up = iter([0.3])  # so that a call of 5 seconds would outlast the lease

    def edge(side: str) -> None:
        if side == "before":
            threading.Event().wait(next(hold_up, 0.0))

    client = await Client.open(graph.url, "v26.0", answer_seconds=5, edge=edge)
    sender = Sender(desk.database, client, seal_key=KEY, access_token="a-token", lease=lease)
    id = await desk.say("Bom dia")
    await send_all(sender)
    row = await desk.row(id)
    assert (row["status"], row["tries"]) == ("pending", 1)
    assert texts(graph) == []

    await hurry(desk)
    await send_all(sender)

    assert await desk.status(id) == "accepted"
    assert texts(graph) == ["Bom dia"]
    await client.close()


async def test_two_senders_send_each_message_once(
    dsn: str, desk: Desk, sender: Sender, graph: Graph
) -> None:
    for n in range(20):
        await desk.say(f"{n}", desk.tasks[n % 2])
    other_process = await Database.open(dsn)
    client = await Client.open(graph.url, "v26.0")
    other = Sender(other_process, client, seal_key=KEY, access_token="a-token")

    async with asyncio.timeout(10):
        while await sql(desk.database, "select 1 from message where status = 'pending'"):
            await asyncio.gather(sender.step(), other.step())
            await asyncio.gather(sender.finish(), other.finish())

    assert sorted(texts(graph), key=int) == [f"{n}" for n in range(20)]
    by_customer: dict[str, list[int]] = {}
    for body in graph.bodies:
        by_customer.setdefault(body["to"], []).append(int(body["text"]["body"]))
    assert all(said == sorted(said) for said in by_customer.values())
    await client.close()
    await other_process.close()


async def test_what_is_written_before_the_end_of_a_task_is_still_sent(
    desk: Desk, sender: Sender
) -> None:
    id = await desk.say("Até logo")
    async with desk.database.transaction() as tx:
        await tasks.move(tx, desk.tasks[0], end, desk.marina)

    await send_all(sender)

    assert await desk.status(id) == "accepted"


async def test_a_reply_that_fails_after_its_task_ended_is_told_to_its_author(
    desk: Desk, sender: Sender, graph: Graph
) -> None:
    id = await desk.say("Até logo")
    async with desk.database.transaction() as tx:
        await tasks.move(tx, desk.tasks[0], end, desk.marina)
    graph.answer = graph.says(400, refusal(131026))

    await send_all(sender)

    (notice,) = await sql(desk.database, "select * from notice")
    assert (notice["agent_id"], notice["message_id"]) == (desk.marina, id)
    assert notice["params"] == {"customer": "Ana", "error": "not-reachable"}


@pytest.mark.parametrize(
    ("age", "code"),
    [
        (
            "update conversation set last_inbound_at = last_inbound_at - $1::interval",
            "window-closed",
        ),
        ("update message set due_at = due_at - $1::interval where direction = 'out'", "stale"),
    ],
)
async def test_what_may_not_go_out_any_more_fails_without_a_call(
    desk: Desk, sender: Sender, graph: Graph, age: str, code: str
) -> None:
    id = await desk.say("Bom dia")
    await sql(desk.database, age, timedelta(days=1))

    await send_all(sender)

    row = await desk.row(id)
    assert (row["status"], row["error"]["code"]) == ("failed", code)
    assert graph.bodies == []


async def test_the_number_s_own_token_comes_before_the_installation_s(
    desk: Desk, sender: Sender, graph: Graph
) -> None:
    await sql(desk.database, "update entry_point set access_token = 'its-own'")
    await desk.say("Bom dia")
    await send_all(sender)
    assert graph.asked[0].headers["Authorization"] == "Bearer its-own"


async def test_there_are_never_more_calls_than_there_is_room_for(
    desk: Desk, sender: Sender, graph: Graph
) -> None:
    released = asyncio.Event()

    async def hold(request: web.Request) -> web.StreamResponse:
        await released.wait()
        return await graph.accepts(request)

    graph.answer = hold
    await sql(
        desk.database,
        "with c as (insert into customer (wa_id) select '5521' || n from generate_series(1, $1) n"
        " returning id), v as (insert into conversation (customer_id, entry_point_id, last_seq,"
        " last_inbound_at) select c.id, e.id, 1, clock_timestamp() from c, entry_point e"
        " returning id, entry_point_id)"
        " insert into message (conversation_id, entry_point_id, seq, version, direction, type,"
        " text, at, second, author_kind, status, attempt, due_at) select v.id, v.entry_point_id,"
        " 1, 1, 'out', 'text', 'Oi', clock_timestamp(), 1, 'agent', 'pending', 1,"
        " clock_timestamp() from v",
        CALLS_MAX + 10,
    )

    assert (await sender.step()).done == CALLS_MAX
    progress = await sender.step()
    assert (progress.done, progress.again_in) == (0, None), "the end of a call wakes the next step"
    released.set()
    await sender.finish()
    await send_all(sender)
    assert len(graph.bodies) == CALLS_MAX + 10


async def test_what_changed_is_told(desk: Desk, sender: Sender) -> None:
    heard: set[Nudge] = set()
    desk.database.subscribe(heard.update)
    await desk.say("Bom dia")
    assert Nudge(Kind.SENDING, 0) in heard
    heard.clear()

    await send_all(sender)

    assert Nudge(Kind.SENDING, 0) in heard
    assert {nudge.kind for nudge in heard} >= {Kind.CONVERSATION, Kind.WEBHOOK}
