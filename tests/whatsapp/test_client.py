"""What is known after asking WhatsApp to send."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from balcao.domain.outgoing import in_words
from balcao.whatsapp.client import Accepted, Address, Client, Line, Rejected, Retryable, Unsure
from balcao.whatsapp.errors import Retry
from balcao.whatsapp.outgoing import content
from tests.whatsapp.graph import Graph, refusal

LINE = Line("100000000000001", "a-token")
ANA = Address("5511987654321", "BR.1")


@pytest.fixture
async def graph() -> AsyncIterator[Graph]:
    async with Graph() as graph:
        yield graph


@pytest.fixture
async def client(graph: Graph) -> AsyncIterator[Client]:
    client = await Client.open(graph.url, "v26.0", answer_seconds=2)
    yield client
    await client.close()


async def send(client: Client, address: Address = ANA) -> Accepted:
    over_by = asyncio.get_running_loop().time() + 60
    return await client.send(
        LINE, address, content(in_words("text", "Olá")), opaque="v1.1.1.00000000", over_by=over_by
    )


async def test_a_text_goes_out_with_its_plus_its_token_and_our_id(
    client: Client, graph: Graph
) -> None:
    assert await send(client) == Accepted("wamid.1")

    assert graph.asked[0].path == "/v26.0/100000000000001/messages"
    assert graph.asked[0].headers["Authorization"] == "Bearer a-token"
    assert graph.bodies[0] == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "+5511987654321",
        "type": "text",
        "text": {"body": "Olá", "preview_url": False},
        "biz_opaque_callback_data": "v1.1.1.00000000",
    }


async def test_a_customer_without_a_phone_is_reached_by_user_id(
    client: Client, graph: Graph
) -> None:
    await send(client, Address(None, "BR.13491208655302741918"))

    assert graph.bodies[0]["recipient"] == "BR.13491208655302741918"
    assert "to" not in graph.bodies[0]


async def test_what_is_no_address_is_never_sent(client: Client, graph: Graph) -> None:
    with pytest.raises(Rejected):
        await send(client, Address("not a number", "nor this"))
    assert graph.asked == []


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (503, refusal(2)),
        (503, refusal(131016)),
        (400, refusal(130429)),
        (400, refusal("131056")),
        (429, "slow down"),
        (429, refusal(999)),
    ],
)
async def test_what_surely_did_nothing_and_may_do_better_is_to_be_tried_again(
    client: Client, graph: Graph, status: int, body: object
) -> None:
    graph.answer = graph.says(status, body)
    with pytest.raises(Retryable):
        await send(client)


async def test_too_much_to_one_customer_is_waited_out_for_that_customer(
    client: Client, graph: Graph
) -> None:
    graph.answer = graph.says(400, refusal(131056))
    with pytest.raises(Retryable) as caught:
        await send(client)
    assert caught.value.failure.rule.retry is Retry.PAIR


@pytest.mark.parametrize("code", [0, 190, 200])
async def test_where_our_access_is_refused_the_number_waits_until_that_is_mended(
    client: Client, graph: Graph, code: int
) -> None:
    graph.answer = graph.says(401, refusal(code))
    with pytest.raises(Retryable) as caught:
        await send(client)
    assert caught.value.failure.rule.retry is Retry.PAUSE
    assert caught.value.failure.told()["action"] == "administrator"


@pytest.mark.parametrize(
    ("status", "body", "code", "action"),
    [
        (400, refusal(131047, error_data={"details": "24 hours"}), "window-closed", "template"),
        (403, refusal(368), "account", "administrator"),
        (400, refusal(131026), "not-reachable", "other-way"),
        (400, refusal(100, error_data="in words"), "refused", "nothing"),
        (400, refusal(None), "refused", "nothing"),
        (404, "<html>", "refused", "nothing"),
        (302, "", "refused", "nothing"),
    ],
)
async def test_what_surely_did_nothing_and_never_will_is_told_to_a_person(
    client: Client, graph: Graph, status: int, body: object, code: str, action: str
) -> None:
    graph.answer = graph.says(status, body)
    with pytest.raises(Rejected) as caught:
        await send(client)
    told = caught.value.failure.told()
    assert (told["code"], told["action"]) == (code, action)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, refusal(131000)),
        (500, refusal(3)),
        (502, "<html>Bad gateway</html>"),
        (503, ""),
        (503, refusal(1)),
        (200, "<html>"),
        (200, {"messages": []}),
        (408, ""),
    ],
)
async def test_every_other_answer_leaves_us_unsure(
    client: Client, graph: Graph, status: int, body: object
) -> None:
    graph.answer = graph.says(status, body)
    with pytest.raises(Unsure):
        await send(client)


async def test_no_answer_in_time_leaves_us_unsure(graph: Graph) -> None:
    released = asyncio.Event()

    async def silent(_request: web.Request) -> web.StreamResponse:
        await released.wait()
        return web.Response()

    graph.answer = silent
    client = await Client.open(graph.url, "v26.0", answer_seconds=0.2)
    with pytest.raises(Unsure):
        await send(client)
    released.set()
    await client.close()


async def test_a_connection_that_breaks_after_the_request_leaves_us_unsure(
    client: Client, graph: Graph
) -> None:
    async def break_off(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    graph.answer = break_off
    with pytest.raises(Unsure):
        await send(client)


async def test_where_nobody_listens_nothing_was_sent() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    client = await Client.open(f"http://127.0.0.1:{port}", "v26.0")
    with pytest.raises(Retryable):
        await send(client)
    await client.close()
