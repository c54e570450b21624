"""What others have stumbled over, at the level of signed HTTP: webhook in, thread out.

One test for each pitfall of `whatsapp.md` 10 that a server can be asked about.  Numbers 4 to 8
are statuses (`test_status_rows.py`), 14 is a type (`test_inbound_rows.py`), 19 is the door's
(`test_webhook.py`), and a thousand mixed items of 1 are in `test_batches.py`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from balcao.whatsapp.signature import sign
from tests.web.house import House
from tests.web.signed import FIRST, connected, of
from tests.web.test_batches import deliver
from tests.whatsapp import bodies
from tests.whatsapp.bodies import NOON, text
from tests.whatsapp.graph import Graph
from tests.world import clock, sql

PHONE = "5511987654321"
HIDDEN = {"from": None, "from_user_id": "BR.123aB"}


@pytest.fixture
async def graph() -> AsyncIterator[Graph]:
    async with Graph() as graph:
        yield graph


def written(wamid: str, words: str, **over: Any) -> dict[str, Any]:
    """A text; a key that is None is left out."""
    return of(wamid, "text", {"body": words}, **over)


async def count(here: House, table: str) -> int:
    """How many rows there are."""
    return len(await sql(here.database, f"select from {table}"))


async def test_every_item_of_a_batch_is_shown_at_all_four_levels(here: House) -> None:
    """10.1: entries, changes and messages, several of each."""
    line = await connected(here)
    whole = json.loads(bodies.envelope())
    texts = [written(f"wamid.{n}", f"{n}", second=NOON + n) for n in range(8)]
    pairs = [bodies.change(texts[n : n + 2], contacts=[bodies.contact()]) for n in (0, 2, 4, 6)]
    whole["entry"] += [{"id": "200", "changes": pairs[:2]}, {"id": "200", "changes": pairs[2:]}]
    await deliver(here, json.dumps(whole).encode())
    assert [one["text"] for one in await line.thread()] == [*map(str, range(8)), "Chego já"]


async def test_what_is_delivered_twice_is_shown_once(here: House) -> None:
    """10.2: the same body again, the same item in another batch, and twice in one."""
    line = await connected(here)
    one, other = written("wamid.1", "um"), written("wamid.2", "dois", second=NOON + 1)
    known = [bodies.contact()]
    for batch in ([one], [one], [other, one], [other, other]):
        await line.takes(bodies.change(batch, contacts=known))
    assert [shown["text"] for shown in await line.thread()] == ["um", "dois", "Chego já"]
    assert await line.tasks() == 1


async def test_an_album_in_parallel_posts_is_one_conversation_with_one_task(here: House) -> None:
    """10.3: N separate images in N deliveries at once, from somebody who never wrote before."""
    picture = {"id": "900", "mime_type": "image/jpeg", "sha256": "q83v"}
    posts = [bodies.messages(of(f"wamid.{n}", "image", picture)) for n in range(10)]

    async def post(body: bytes) -> int:
        signed = {"x-hub-signature-256": sign(body, "an app secret")}
        return (await here.browser().ask("POST", "/webhooks/whatsapp", body, signed)).status

    assert set(await asyncio.gather(*map(post, posts))) == {200}
    await asyncio.gather(*(deliver(here, body) for body in posts))
    rows = [await count(here, table) for table in ("customer", "conversation", "task")]
    assert rows == [1, 1, 1]
    pictures = await sql(here.database, "select from message where type = 'image'")
    assert len(pictures) == len(posts)


async def test_a_customer_without_a_phone_is_served_as_any_other(here: House, graph: Graph) -> None:
    """10.9 and 10.10: known by user id alone, which is shown and sent back as it came."""
    second = int((await clock(here.database)).timestamp())
    contact = {"user_id": "BR.123aB", "profile": {"name": "Ana", "username": "@ana"}}
    line = await connected(here, written(FIRST, "Oi", second=second, **HIDDEN), [contact])
    customer = (await line.card())["customer"]
    assert (customer["name"], customer["phone"]) == ("Ana", None)
    assert customer["user_id"] == "BR.123aB"

    await line.says("Bem-vinda")
    await line.sends(graph)

    (sent,) = graph.bodies
    assert sent["recipient"] == "BR.123aB"
    assert "to" not in sent


async def test_a_phone_that_comes_later_belongs_to_the_same_customer(here: House) -> None:
    """10.9 and 2.1: both ids in one event are linked."""
    line = await connected(here, written(FIRST, "Oi", **HIDDEN), ())
    both = {**HIDDEN, "from": PHONE}
    await line.hears(written("wamid.1", "Meu número", **both), contacts=())
    await line.hears(written("wamid.2", "Só ele", **{**both, "from_user_id": None}), contacts=())
    assert len(await line.thread()) == 3
    assert (await line.card())["customer"]["phone"] == f"+{PHONE}"
    assert await count(here, "customer") == 1


@pytest.mark.parametrize("number", ["558299448232", "5215512345678", "541123456789"])
async def test_a_number_is_answered_as_it_wrote_and_never_put_right(
    here: House, graph: Graph, number: str
) -> None:
    """10.11, 10.23 and 9: without the ninth digit, with Mexico's 1, and always with the plus."""
    second = int((await clock(here.database)).timestamp())
    first = written(FIRST, "Oi", second=second, **{"from": number, "from_user_id": None})
    line = await connected(here, first, ())
    assert (await line.card())["customer"]["phone"] == f"+{number}"
    await line.says("Olá!")
    await line.sends(graph)
    assert [body["to"] for body in graph.bodies] == [f"+{number}"]


async def test_the_signature_is_over_the_bytes_as_they_came(here: House) -> None:
    """10.12: escaped as WhatsApp escapes; the same, written anew, is not what was signed."""
    line = await connected(here)
    words = "ação 🎉 a/b @ação"
    body = bodies.messages(written("wamid.1", words))
    assert b"\\u00e7" in body and b"\\/" in body
    again = json.dumps(json.loads(body), ensure_ascii=False).encode()
    signed = {"x-hub-signature-256": sign(body, "an app secret")}
    reply = await here.browser().ask("POST", "/webhooks/whatsapp", again, signed)
    assert reply.status == 401
    await deliver(here, body)
    assert (await line.newest())["text"] == words


async def test_the_webhook_is_verified_without_a_signature(here: House) -> None:
    """10.13: the question that WhatsApp asks before it delivers bears none."""
    query = "hub.mode=subscribe&hub.challenge=4711&hub.verify_token=a%20word"
    reply = await here.browser().get(f"/webhooks/whatsapp?{query}")
    assert (reply.status, reply.body) == (200, b"4711")
    assert reply.headers["content-type"].startswith("text/plain")


async def test_the_same_answer_from_a_weak_connection_goes_out_once(
    here: House, graph: Graph
) -> None:
    """10.18: the desk's own id of what was written makes a repeat the same message."""
    line = await connected(here)
    first = await line.says("Já saiu")
    assert (await line.says("Já saiu")).json["id"] == first.json["id"]
    await line.sends(graph)
    await line.says("Já saiu")
    await line.sends(graph)
    assert [body["text"]["body"] for body in graph.bodies] == ["Já saiu"]


@pytest.mark.parametrize("field", ["standby", "messaging_handovers", "smb_message_echoes", "calls"])
async def test_what_has_no_place_yet_is_kept_and_costs_no_neighbour(
    here: House, field: str
) -> None:
    """10.21 and 10.22: nothing is lost, nothing raises, and no task is opened by it."""
    line = await connected(here)
    value = {"messages": [written("wamid.1", "cópia")], "message_echoes": [{"id": "wamid.2"}]}
    known = [bodies.contact()]
    await line.takes(
        {"field": field, "value": {field: value, **value}},
        bodies.change([written("wamid.3", "Oi")], contacts=known),
    )
    assert [one["text"] for one in await line.thread()] == ["Oi", "Chego já"]
    assert await line.aside() == [f"unknown field: {field}"]
    (kept,) = await sql(here.database, "select convert_from(raw, 'utf8') as raw from set_aside")
    assert "wamid.2" in str(kept["raw"])
    assert await line.tasks() == 1


async def test_what_is_written_to_another_number_is_another_conversation(here: House) -> None:
    """1.4: routed by phone number id, whatever number is displayed."""
    line = await connected(here)
    change = bodies.change([text("wamid.1", "Para vendas")], number="100000000000002")
    await line.takes(change)
    assert len(await line.thread()) == 1
    assert await line.aside() == ["unknown number"]


async def test_what_one_of_our_numbers_sends_to_another_opens_nothing(here: House) -> None:
    """10.24: its owner is told of it as of a kind that is not supported."""
    errors = [{"code": 131051, "title": "Message type unknown"}]
    loop = of("wamid.loop", "unsupported", None, errors=errors)
    loop |= {"from": "551140001000", "from_user_id": "BR.own"}
    await deliver(here, bodies.envelope(bodies.change([loop])))
    assert await count(here, "task") == 0
    assert await count(here, "message") == 0
    await deliver(here, bodies.messages({**loop, "id": "wamid.2", "from": PHONE}))
    assert await count(here, "task") == 1
