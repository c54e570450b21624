"""What WhatsApp tells of an answer is what the desk shows of it: signed HTTP in, thread out.

One test for each rule of `whatsapp.md` 1.8.  The answers are written at the desk and go out to a
Graph API on a real socket.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from balcao.whatsapp.signature import sign
from tests.engine.outbound import send_all
from tests.web.house import House
from tests.web.signed import Line, connected, of, sending
from tests.whatsapp import bodies
from tests.whatsapp.bodies import NOON, status
from tests.whatsapp.graph import Graph
from tests.world import sql

OURS = "wamid.ours"
WINDOW = {
    "code": 131047,
    "title": "Re-engagement message",
    "error_data": {"details": "More than 24 hours have passed."},
}
MEDIA = {"code": 131053, "title": "Media upload error"}
WORDS = ("sent", "delivered", "read")
RANK = {word: rank for rank, word in enumerate(("accepted", "sent", "failed", "delivered", "read"))}


@pytest.fixture
async def graph() -> AsyncIterator[Graph]:
    async with Graph() as graph:
        graph.answer = Graph.says(200, {"messages": [{"id": OURS}]})
        yield graph


@pytest.fixture
async def line(here: House, graph: Graph) -> Line:
    """A customer whose agent's one answer WhatsApp has accepted."""
    line = await connected(here)
    await line.says("Já saiu")
    await line.sends(graph)
    assert (await line.ours())["status"] == "accepted"
    return line


def told(word: str, second: int = NOON, **over: Any) -> dict[str, Any]:
    """A status of our answer."""
    return status(OURS, word, second, **over)


async def shown(line: Line) -> str:
    """The status that the desk shows of our answer."""
    return str((await line.ours())["status"])


@pytest.mark.parametrize("word", ["sent", "delivered", "read", "played", "failed"])
async def test_each_word_is_shown(line: Line, word: str) -> None:
    """1.8 status: five words."""
    await line.told(told(word))
    assert await shown(line) == word


async def test_read_implies_delivered(line: Line) -> None:
    """1.8: `read` may arrive with no `delivered` before it, which then tells nothing new."""
    await line.told(told("sent"))
    await line.told(told("read"))
    assert await shown(line) == "read"
    await line.told(told("delivered"))
    assert await shown(line) == "read"


@pytest.mark.parametrize("order", [*itertools.permutations(WORDS)], ids="-".join)
async def test_in_whatever_order_and_however_often_it_only_moves_up(
    line: Line, order: tuple[str, ...]
) -> None:
    """1.8 state rule: only up, and every event is kept with its own time."""
    highest = "accepted"
    for word in order:
        second = NOON + RANK[word]
        await line.told(told(word, second), told(word, second))
        highest = max(highest, word, key=RANK.__getitem__)
        assert await shown(line) == highest
    kept = await sql(
        line.here.database,
        "select status, extract(epoch from at)::int as second from message_status",
    )
    assert {(row["status"], row["second"]) for row in kept} == {
        (word, NOON + RANK[word]) for word in WORDS
    }
    assert len(kept) == len(WORDS)


@pytest.mark.parametrize("before", [(), ("sent",)])
@pytest.mark.parametrize("after", [(), ("sent",)])
async def test_failed_wins_over_all_that_the_customer_has_not_seen(
    line: Line, before: tuple[str, ...], after: tuple[str, ...]
) -> None:
    """1.8 state rule: `failed` wins over accepted and sent, and says why and what to do."""
    for word in before:
        await line.told(told(word))
    await line.told(told("failed", errors=[WINDOW]))
    for word in after:
        await line.told(told(word))
    ours = await line.ours()
    assert ours["status"] == "failed"
    assert (ours["error"]["code"], ours["error"]["action"]) == ("window-closed", "template")
    assert ours["error"]["params"] == {
        "number": 131047,
        "title": "Re-engagement message",
        "details": "More than 24 hours have passed.",
    }


@pytest.mark.parametrize("word", ["delivered", "read"])
@pytest.mark.parametrize("failed_first", [True, False])
async def test_what_was_delivered_stays_so_and_the_error_is_a_note(
    line: Line, word: str, failed_first: bool
) -> None:
    """1.8 state rule: after delivered or read the higher state is kept."""
    failed = told("failed", errors=[MEDIA])
    for one in (failed, told(word)) if failed_first else (told(word), failed):
        await line.told(one)
    ours = await line.ours()
    assert (ours["status"], ours["error"]["code"]) == (word, "media")


@pytest.mark.parametrize(
    "errors",
    [None, [], "broken", [None], [{"code": "131053"}], [{"code": 10**12, "title": 7}]],
    ids=str,
)
async def test_a_failure_needs_no_readable_reason(line: Line, errors: object) -> None:
    """1.8 errors: a code may be a text, and all of it may be missing."""
    await line.told(told("failed", errors=errors))
    ours = await line.ours()
    code = "media" if errors == [{"code": "131053"}] else "refused"
    assert (ours["status"], ours["error"]["code"]) == ("failed", code)


async def test_a_customer_who_hides_the_phone_is_told_of_as_any_other(line: Line) -> None:
    """1.8 recipient_id: absent when it was sent to a user id, and so are names."""
    one = bodies.without(told("delivered", recipient_user_id="BR.1"), "recipient_id")
    await line.told(one, contacts=[{"user_id": "BR.1"}])
    assert await shown(line) == "delivered"
    assert (await line.card())["customer"]["name"] == "Ana", "nobody was renamed"
    assert (await line.card())["customer"]["phone"] == "+5511987654321"


@pytest.mark.parametrize(
    "over",
    [
        {"pricing": {"billable": True, "pricing_model": "PMP", "category": "service"}},
        {"pricing": {"type": "free_entry_point", "category": "general_purpose_ai"}},
        {"conversation": {"id": "c", "expiration_timestamp": "1", "origin": {"type": "service"}}},
        {"conversation": None, "pricing": None},
        {"recipient_type": "group", "recipient_participant_id": "5511987654321"},
        {"timestamp": NOON},
        {"biz_opaque_callback_data": None},
        {"biz_opaque_callback_data": {"not": "ours"}},
        {"something": "new"},
    ],
    ids=lambda over: next(iter(over)),
)
async def test_what_stands_beside_a_status_makes_no_difference(
    line: Line, over: dict[str, Any]
) -> None:
    """1.8 pricing, conversation, recipient_type: on some statuses, and never a key of anything."""
    await line.told(told("delivered", **over))
    assert await shown(line) == "delivered"
    assert await line.aside() == []


async def test_a_status_finds_its_answer_by_our_own_word_for_it(here: House, graph: Graph) -> None:
    """1.8 biz_opaque_callback_data: echoed verbatim, it names what no wamid was told of."""
    graph.answer = Graph.says(500, "<html>")
    line = await connected(here)
    await line.says("Já saiu")
    await line.sends(graph)
    assert await shown(line) == "unconfirmed"
    (sent,) = graph.bodies

    await line.told(told("sent", biz_opaque_callback_data=sent["biz_opaque_callback_data"]))
    assert await shown(line) == "sent"
    await line.told(told("delivered"))
    assert await shown(line) == "delivered", "and its wamid is known from then on"


async def test_a_status_may_come_before_the_answer_to_the_call(here: House, graph: Graph) -> None:
    """1.8: it reaches us while Graph still writes its answer to the send."""
    line = await connected(here)

    async def slow(request: web.Request) -> web.StreamResponse:
        body = bodies.envelope(bodies.change(statuses=[told("delivered")]))
        signed = {"x-hub-signature-256": sign(body, "an app secret")}
        reply = await here.browser().ask("POST", "/webhooks/whatsapp", body, signed)
        assert reply.status == 200
        await line.takes()
        assert await shown(line) == "sending", "nothing names our answer yet"
        return web.json_response({"messages": [{"id": OURS}]})

    graph.answer = slow
    await line.says("Já saiu")
    async with sending(here, graph) as sender:
        await send_all(sender)
    await line.takes()
    assert await shown(line) == "delivered"


async def test_an_unknown_word_costs_only_itself(line: Line) -> None:
    """1.4 and 1.8: what is unknown is kept, and the rest is shown."""
    await line.told(told("teleported"), told("read"))
    assert await shown(line) == "read"
    assert await line.aside() == ["unknown status: teleported"]


async def test_a_status_of_nobodys_message_changes_nothing(line: Line) -> None:
    """1.8: another program may send from the same number."""
    await line.told(status("wamid.another-program", "failed", errors=[MEDIA]))
    assert (await shown(line), await line.aside()) == ("accepted", [])


async def test_messages_and_statuses_may_come_in_one_change(line: Line) -> None:
    """1.4: Meta's examples hold either; code accepts both at once."""
    written = of("wamid.2", "text", {"body": "Chegou!"})
    change = bodies.change([written], [told("read")], contacts=[bodies.contact()])
    await line.takes(change)
    assert await shown(line) == "read"
    assert "Chegou!" in [one["text"] for one in await line.thread()]


async def test_no_status_opens_the_window_or_a_task(line: Line) -> None:
    """1.8 and 4: what we wrote was read, and nobody has written to us."""
    before = (await line.card())["window_closes_at"]
    await asyncio.gather(*(line.told(told(word)) for word in WORDS))
    assert (await line.card())["window_closes_at"] == before
    assert await line.tasks() == 1
