"""What agents think of customers' messages, on its way to WhatsApp: the newest, and what holds."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.counter import Counter
from tests.engine.outbound import send_all
from tests.whatsapp.graph import Graph, refusal
from tests.world import sql


async def test_a_reaction_is_shown_at_once_and_told(counter: Counter) -> None:
    shown = await counter.react("👍")
    assert [(one["emoji"], one["author"]["name"]) for one in shown] == [("👍", "Marina")]
    await send_all(counter.sender)

    assert counter.graph.bodies == [
        {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": "+5511987654321",
            "type": "reaction",
            "reaction": {"message_id": "wamid.in", "emoji": "👍"},
        }
    ]
    assert await counter.react("") == []
    assert await counter.react("") == []
    await send_all(counter.sender)
    assert [body["reaction"]["emoji"] for body in counter.graph.bodies] == ["👍", ""]
    assert await sql(counter.database, "select 1 from reaction where due_at is not null") == []


async def test_of_several_reactions_before_a_call_the_newest_is_told(counter: Counter) -> None:
    for emoji in ("👍", "❤️", "🙏🏽"):
        await counter.react(emoji)
    await send_all(counter.sender)

    assert [body["reaction"]["emoji"] for body in counter.graph.bodies] == ["🙏🏽"]
    assert await counter.reactions() == ["🙏🏽"]


async def test_a_reaction_does_not_overtake_what_was_written_before(counter: Counter) -> None:
    await counter.say("text", text="antes")
    await counter.react("👍")
    await counter.say("text", text="depois")
    counter.graph.answer = Graph.says(503, refusal(2))
    await send_all(counter.sender)
    assert [body["type"] for body in counter.graph.bodies] == ["text"]

    counter.graph.answer = counter.graph.accepts
    await counter.hurry()
    await send_all(counter.sender)

    assert [body["type"] for body in counter.graph.bodies].index("reaction") > 1


@pytest.mark.parametrize("answer", [Graph.says(503, refusal(2)), Graph.says(500, "<html>")])
async def test_a_reaction_of_which_nothing_is_known_is_told_again(
    counter: Counter, answer: Any
) -> None:
    await counter.react("👍")
    counter.graph.answer = answer
    await send_all(counter.sender)
    counter.graph.answer = counter.graph.accepts
    await counter.hurry()
    await send_all(counter.sender)

    assert [body["reaction"]["emoji"] for body in counter.graph.bodies] == ["👍", "👍"]
    assert await counter.reactions() == ["👍"]


async def test_a_reaction_that_whatsapp_refuses_is_shown_no_longer(counter: Counter) -> None:
    await counter.react("👍")
    await send_all(counter.sender)
    counter.graph.answer = Graph.says(400, refusal(131009))
    await counter.react("❤️")
    await send_all(counter.sender)

    assert await counter.reactions() == ["👍"], "that is what the customer sees"


async def test_a_reaction_that_cannot_be_told_for_a_minute_is_taken_back(counter: Counter) -> None:
    await counter.react("👍")
    await sql(counter.database, "update reaction set asked_at = asked_at - interval '2 minutes'")
    counter.graph.answer = Graph.says(503, refusal(2))
    await send_all(counter.sender)

    assert await counter.reactions() == []


async def test_a_reaction_that_failed_after_it_was_taken_is_taken_back(counter: Counter) -> None:
    await counter.react("👍")
    await sql(
        counter.database,
        "insert into early_status (wamid, status, at, received_at)"
        " values ('wamid.1', 'failed', clock_timestamp(), clock_timestamp())",
    )
    await send_all(counter.sender)
    await send_all(counter.sender)

    assert await counter.reactions() == []
    assert len(counter.graph.bodies) == 1


async def test_a_reaction_after_the_window_has_closed_is_not_told(counter: Counter) -> None:
    await counter.react("👍")
    await sql(
        counter.database,
        "update conversation set last_inbound_at = last_inbound_at - interval '24 hours'",
    )
    await send_all(counter.sender)

    assert counter.graph.bodies == []
    assert await counter.reactions() == []


async def test_reactions_wait_while_their_number_is_refused(counter: Counter) -> None:
    await counter.react("👍")
    counter.graph.answer = Graph.says(401, refusal(190))
    await send_all(counter.sender)
    assert await counter.reactions() == ["👍"]

    counter.graph.answer = counter.graph.accepts
    await sql(counter.database, "update pace set probe_at = clock_timestamp()")
    await counter.hurry()
    await send_all(counter.sender)

    assert len(counter.graph.bodies) == 2
