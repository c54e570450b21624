"""Webhooks go out as Meta sends them, and go wrong as the faults say."""

import asyncio
import base64
import hashlib
import hmac
import json

import pytest

from balcao.simulator.envelope import encode
from tests.simulator.conftest import SALES_NUMBER, SECRET, SUPPORT, SUPPORT_NUMBER, World

pytestmark = pytest.mark.slow  # it waits in real time for the pretend WhatsApp


async def test_a_message_is_escaped_and_signed_over_the_escaped_bytes(world: World) -> None:
    customer = await world.customer(name="João Ávila", phone="5511980001200")
    await world.write(customer, "ção 😀 a/b @ <b>")
    await world.settled()

    [body] = world.inbox.bodies
    assert body.isascii()
    assert rb"\u00e7\u00e3o \ud83d\ude00 a\/b @ <b>" in body
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    assert world.inbox.signatures == [f"sha256={digest}"]
    assert json.loads(body)["entry"][0]["changes"][0]["field"] == "messages"


def test_what_was_written_reads_back_the_same() -> None:
    text = 'back\\slash \\/ "quoted" é / \u2028'
    assert json.loads(encode({"a": text})) == {"a": text}


async def test_a_message_carries_both_identities_and_its_number(world: World) -> None:
    customer = await world.customer(name="Ana", phone="5511980001200", username="ana")
    wamid = await world.write(customer, "Oi")
    await world.settled()

    [value] = world.inbox.values()
    [message] = value["messages"]
    assert value["metadata"] == {
        "display_phone_number": SUPPORT_NUMBER,
        "phone_number_id": SUPPORT,
    }
    assert message["from"] == "5511980001200"
    assert message["from_user_id"] == customer["user_id"]
    assert message["id"] == wamid
    assert message["timestamp"].isdigit()
    assert message["text"] == {"body": "Oi"}
    [contact] = value["contacts"]
    assert contact["profile"] == {"name": "Ana", "username": "@ana"}
    assert contact["wa_id"] == "5511980001200"
    raw = base64.b64decode(wamid.removeprefix("wamid."))
    assert raw[:3] == b"\x1c\x18\x0d"
    assert b"5511980001200" in raw


async def test_a_hidden_phone_appears_nowhere(world: World) -> None:
    customer = await world.customer(phone="5511980001200", hide_phone=True)
    await world.write(customer)
    status, answer = await world.graph(
        {
            "messaging_product": "whatsapp",
            "recipient": customer["user_id"],
            "type": "text",
            "text": {"body": "Olá"},
        }
    )
    await world.settled()

    assert status == 200
    assert answer["contacts"] == [{"input": customer["user_id"], "user_id": customer["user_id"]}]
    assert all(b"5511980001200" not in body for body in world.inbox.bodies)
    assert {s["recipient_user_id"] for s in world.inbox.items("statuses")} == {customer["id"]}


async def test_kinds_other_than_text_go_out_as_given_and_completed(world: World) -> None:
    customer = await world.customer()
    place = {"latitude": -23.5, "longitude": -46.6, "name": "Paulista"}
    await world.write(customer, "legenda", type="image")
    await world.write(customer, type="audio")
    await world.write(customer, type="location", location=place)
    await world.write(customer, type="contacts", contacts=[{"name": {"formatted_name": "Bia"}}])
    await world.write(customer, type="unsupported")
    await world.write(customer, type="hologram", hologram={"depth": 3})
    await world.settled()

    image, audio, location, contacts, unsupported, hologram = world.inbox.items("messages")
    assert image["image"]["caption"] == "legenda"
    assert image["image"]["id"].isdigit()
    assert audio["audio"]["voice"] is True
    assert location["location"] == place
    assert contacts["contacts"][0]["name"] == {"formatted_name": "Bia"}
    assert unsupported["errors"][0]["code"] == 131051
    assert hologram["hologram"] == {"depth": 3}
    shown = [line["type"] for line in await world.phone(customer)]
    assert shown == ["image", "audio", "location", "contacts", "unsupported", "hologram"]


async def test_a_quote_names_its_author(world: World) -> None:
    customer = await world.customer()
    await world.write(customer)
    ours = await world.reply(customer)
    await world.settled()
    await world.write(customer, "Esse?", context={"id": ours})
    await world.settled()

    assert world.inbox.items("messages")[-1]["context"] == {"from": SUPPORT_NUMBER, "id": ours}


async def test_what_is_not_answered_200_comes_again_the_same_until_it_is(world: World) -> None:
    world.inbox.answers = [500, 503, 302]
    customer = await world.customer()
    wamid = await world.write(customer)
    await world.settled()

    assert len(world.inbox.bodies) == 4
    assert len(set(world.inbox.bodies)) == 1
    [line] = await world.phone(customer)
    assert (line["wamid"], line["status"]) == (wamid, "delivered")
    _, log = await world.sim("GET", "webhooks")
    assert [(e["attempt"], e["status"]) for e in log] == [(1, 500), (2, 503), (3, 302), (4, 200)]


async def test_the_phone_shows_one_tick_until_the_webhook_is_answered(world: World) -> None:
    await world.faults(outage=True)
    customer = await world.customer()
    await world.write(customer)

    assert [line["status"] for line in await world.phone(customer)] == ["sent"]
    assert (await world.sim("GET", "deliveries"))[1]["pending"] == 1
    await world.faults()
    await world.settled()
    assert [line["status"] for line in await world.phone(customer)] == ["delivered"]


async def test_one_customers_messages_arrive_in_order_beside_the_others(world: World) -> None:
    customers = [await world.customer() for _ in range(5)]
    wrote: dict[str, list[str]] = {c["id"]: [] for c in customers}
    for turn in range(20):
        for customer in customers:
            wrote[customer["id"]].append(await world.write(customer, f"linha {turn}"))
    await world.settled()

    for customer in customers:
        arrived = [
            m["id"] for m in world.inbox.items("messages") if m["from_user_id"] == customer["id"]
        ]
        assert arrived == wrote[customer["id"]]


async def test_duplicates_come_twice_and_show_once_on_the_phone(world: World) -> None:
    await world.faults(duplicate=1, seed=3)
    customer = await world.customer()
    wamids = [await world.write(customer, f"{n}") for n in range(10)]
    await world.settled()

    arrived = [message["id"] for message in world.inbox.items("messages")]
    assert sorted(arrived) == sorted(wamids * 2)
    assert len(await world.phone(customer)) == 10


async def test_reordered_messages_all_arrive_in_another_order(world: World) -> None:
    await world.faults(reorder=0.5, seed=3)
    customer = await world.customer()
    wamids = [await world.write(customer, f"{n}") for n in range(20)]
    await world.settled()

    arrived = [message["id"] for message in world.inbox.items("messages")]
    assert sorted(arrived) == sorted(wamids)
    assert arrived != wamids


async def test_batches_hold_several_items_on_every_level_and_keep_order(world: World) -> None:
    await world.faults(batch=50, outage=True, seed=3)
    customers = [await world.customer() for _ in range(4)]
    wrote: dict[str, list[str]] = {c["id"]: [] for c in customers}
    for turn in range(25):
        for customer in customers:
            point = SUPPORT_NUMBER if turn % 2 else SALES_NUMBER
            wrote[customer["id"]].append(await world.write(customer, f"{turn}", entry_point=point))
    await world.faults(batch=50, seed=3)
    await world.settled()

    assert len(world.inbox.bodies) == 2
    envelopes = [json.loads(body) for body in world.inbox.bodies]
    assert any(len(envelope["entry"]) > 1 for envelope in envelopes)
    assert any(len(entry["changes"]) > 1 for e in envelopes for entry in e["entry"])
    assert any(len(value["messages"]) > 1 for value in world.inbox.values())
    for customer in customers:
        ids = [
            m["id"] for m in world.inbox.items("messages") if m["from_user_id"] == customer["id"]
        ]
        assert ids == wrote[customer["id"]]


async def test_a_malformed_item_rides_along_and_displaces_nothing(world: World) -> None:
    await world.faults(malformed=1, seed=3)
    customer = await world.customer()
    wamids = {await world.write(customer, f"{n}") for n in range(10)}
    await world.settled()

    items = world.inbox.items("messages") + world.inbox.items("statuses")
    good = {i["id"] for i in items if isinstance(i, dict) and isinstance(i.get("id"), str)}
    assert good == wamids
    assert len(items) == 20


async def test_a_delay_holds_each_message_back(world: World) -> None:
    await world.faults(delay_ms=300)
    customer = await world.customer()
    loop = asyncio.get_running_loop()
    start = loop.time()
    await world.write(customer)
    await world.settled()

    assert loop.time() - start >= 0.3


async def test_an_outage_holds_webhooks_and_then_lets_them_go_in_order(world: World) -> None:
    await world.faults(outage=True)
    customer = await world.customer()
    wamids = [await world.write(customer, f"{n}") for n in range(5)]
    assert world.inbox.bodies == []
    await world.faults()
    await world.settled()

    assert [message["id"] for message in world.inbox.items("messages")] == wamids


async def test_a_given_body_is_signed_and_posted_as_it_is(world: World) -> None:
    text = '{"entry" : "é / \\n not what it should be"'
    world.inbox.answers = [418]
    status, answer = await world.sim("POST", "webhooks", {"body": text})

    assert (status, answer) == (200, {"status": 418})
    assert world.inbox.bodies == [text.encode()]
    digest = hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
    assert world.inbox.signatures == [f"sha256={digest}"]


async def test_verification_asks_with_the_token(world: World) -> None:
    assert await world.sim("POST", "verification") == (200, {"verified": True})
