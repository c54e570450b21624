"""Customers can do what real ones do: react, quote, edit, delete, tap, forward, come by an ad."""

import json
from typing import Any

import pytest

from tests.simulator.conftest import SALES_NUMBER, SUPPORT_NUMBER, World, text_to

pytestmark = pytest.mark.slow  # it waits in real time for the pretend WhatsApp

DAY_S = 24 * 3600
POLL, UNAVAILABLE = 131051, 131060


async def say(world: World, customer: dict[str, Any], **given: object) -> tuple[int, Any]:
    """Lets a customer try something; gives status and answer."""
    body = {"entry_point": SUPPORT_NUMBER, **given}
    return await world.sim("POST", f"customers/{customer['id']}/messages", body)


async def only_line(world: World, customer: dict[str, Any]) -> dict[str, Any]:
    """Is the one line of a phone that has no other."""
    [line] = await world.phone(customer)
    return line


def reaction(wamid: str, **emoji: str) -> dict[str, Any]:
    """Is what a customer gives to react."""
    return {"type": "reaction", "reaction": {"message_id": wamid, **emoji}}


def edit(wamid: str, text: object, kind: str = "text") -> dict[str, Any]:
    """Is what a customer gives to edit."""
    message = {"type": kind, kind: {"body": text}}
    return {"type": "edit", "edit": {"original_message_id": wamid, "message": message}}


def revoke(wamid: str) -> dict[str, Any]:
    """Is what a customer gives to delete."""
    return {"type": "revoke", "revoke": {"original_message_id": wamid}}


@pytest.mark.parametrize("back", [{"emoji": ""}, {}])
async def test_a_reaction_sits_on_its_message_changes_and_goes(
    world: World, back: dict[str, str]
) -> None:
    customer = await world.customer()
    wamid = await world.write(customer)
    seen = []
    for emoji in ({"emoji": "👍"}, {"emoji": "❤️"}, back):
        status, answer = await say(world, customer, **reaction(wamid, **emoji))
        assert status == 201
        assert answer["wamid"] != wamid
        seen.append((await only_line(world, customer))["reactions"])
    await world.settled()

    assert seen == [{"customer": "👍"}, {"customer": "❤️"}, {}]
    told = [m["reaction"] for m in world.inbox.items("messages")[1:]]
    assert told == [{"message_id": wamid, **e} for e in ({"emoji": "👍"}, {"emoji": "❤️"}, back)]
    assert [m["type"] for m in world.inbox.items("messages")] == ["text", *["reaction"] * 3]


async def test_the_business_reacts_on_the_customers_message(world: World) -> None:
    customer = await world.customer()
    wamid = await world.write(customer)
    await say(world, customer, **reaction(wamid, emoji="😂"))
    for emoji, both in (("🙏", {"customer": "😂", "business": "🙏"}), ("", {"customer": "😂"})):
        given = {"type": "reaction", "reaction": {"message_id": wamid, "emoji": emoji}}
        status, _ = await world.graph({**text_to("+" + customer["phone"]), **given})
        await world.settled()

        assert status == 200
        assert (await only_line(world, customer))["reactions"] == both


async def test_the_business_cannot_react_to_what_is_another_customers_old_or_gone(
    world: World,
) -> None:
    customer, other = await world.customer(), await world.customer()
    theirs, gone = await world.write(customer), await world.write(customer)
    await world.write(other)
    await say(world, customer, **revoke(gone))

    async def code(to: dict[str, Any], wamid: str) -> int | None:
        given = {"type": "reaction", "reaction": {"message_id": wamid, "emoji": "👍"}}
        _, answer = await world.graph({**text_to("+" + to["phone"]), **given})
        found = answer.get("error", {}).get("code")
        return None if found is None else int(found)

    assert await code(other, theirs) == 131009
    assert await code(customer, gone) == 131009
    assert await code(customer, theirs) is None
    await world.sim("PUT", "clock", {"offset_s": 31 * DAY_S})
    assert await code(customer, theirs) == 131009


async def test_an_edit_changes_the_bubble_and_marks_it(world: World) -> None:
    customer = await world.customer()
    wamid = await world.write(customer, "Meu pedido é 123")
    status, _ = await say(world, customer, **edit(wamid, "Meu pedido é 124"))
    await world.settled()

    assert status == 201
    line = await only_line(world, customer)
    assert (line["text"], line["edited"], line["deleted"]) == ("Meu pedido é 124", True, False)
    told = world.inbox.items("messages")[-1]
    assert told["type"] == "edit"
    assert told["edit"]["original_message_id"] == wamid
    assert told["edit"]["message"] == {"type": "text", "text": {"body": "Meu pedido é 124"}}


async def test_a_deletion_leaves_a_mark_and_no_words(world: World) -> None:
    customer = await world.customer()
    wamid = await world.write(customer, "segredo")
    await say(world, customer, **reaction(wamid, emoji="👍"))
    status, _ = await say(world, customer, **revoke(wamid))
    await world.settled()

    assert status == 201
    line = await only_line(world, customer)
    assert (line["text"], line["deleted"], line["reactions"]) == (None, True, {})
    assert world.inbox.items("messages")[-1]["revoke"] == {"original_message_id": wamid}
    for again in (edit(wamid, "de volta"), revoke(wamid), reaction(wamid, emoji="👍")):
        status, problem = await say(world, customer, **again)
        assert (status, problem["code"]) == (422, "unknown-message")


async def test_only_what_this_phone_has_and_sent_can_be_amended(world: World) -> None:
    customer, other = await world.customer(), await world.customer()
    own, others = await world.write(customer), await world.write(other)
    ours = await world.reply(customer)
    await world.settled()
    before, told = await world.phone(customer), len(world.inbox.bodies)
    senseless = [
        (edit(ours, "x"), "not-own"),
        (revoke(ours), "not-own"),
        (edit(others, "x"), "unknown-message"),
        (revoke("wamid.X"), "unknown-message"),
        (reaction(others, emoji="👍"), "unknown-message"),
        ({**reaction(own, emoji="👍"), "entry_point": SALES_NUMBER}, "unknown-message"),
        (edit(own, ""), "missing"),
        (edit(own, "x", kind="image"), "missing"),
        ({"type": "edit", "edit": {"original_message_id": own, "message": "x"}}, "missing"),
        ({"type": "edit", "edit": {"original_message_id": own}}, "missing"),
        ({"type": "revoke", "revoke": {"original_message_id": 7}}, "bad-value"),
        (reaction(own, emoji="x" * 65), "bad-value"),
    ]
    for given, code in senseless:
        status, problem = await say(world, customer, **given)
        assert (status, problem["code"]) == (422, code), given
    await world.settled()

    assert await world.phone(customer) == before
    assert len(world.inbox.bodies) == told
    assert (await say(world, customer, **reaction(ours, emoji="👍")))[0] == 201


async def test_an_edit_keeps_the_kind_of_its_message(world: World) -> None:
    customer = await world.customer()
    photo = await world.write(customer, "legenda", type="image")
    status, problem = await say(world, customer, **edit(photo, "texto"))
    assert (status, problem["code"]) == (422, "bad-value")
    message = {"type": "image", "image": {"id": "1", "caption": "outra"}}
    given = {"type": "edit", "edit": {"original_message_id": photo, "message": message}}
    status, _ = await say(world, customer, **given)

    assert status == 201
    assert (await only_line(world, customer))["text"] == "outra"


async def test_a_message_can_be_deleted_for_two_days(world: World) -> None:
    customer = await world.customer()
    wamid = await world.write(customer)
    await world.sim("PUT", "clock", {"offset_s": 2 * DAY_S + 60})
    status, problem = await say(world, customer, **revoke(wamid))
    assert (status, problem["code"]) == (422, "too-late")
    await world.sim("PUT", "clock", {"offset_s": 2 * DAY_S - 60})
    assert (await say(world, customer, **revoke(wamid)))[0] == 201


async def test_reactions_open_the_window_again_and_edits_do_not(world: World) -> None:
    await world.faults(window="sync")
    customer = await world.customer()
    wamid = await world.write(customer)
    await world.sim("PUT", "clock", {"offset_s": DAY_S + 60})
    await say(world, customer, **edit(wamid, "Olá?"))
    _, answer = await world.graph(text_to("+" + customer["phone"]))
    assert answer["error"]["code"] == 131047
    await say(world, customer, **reaction(wamid, emoji="👍"))
    await world.reply(customer)


async def test_the_live_feed_shows_the_message_and_not_the_amendment(world: World) -> None:
    customer = await world.customer()
    wamid = await world.write(customer, "antes")
    await world.settled()
    async with world.session.get(f"{world.simulator.url}/sim/events") as stream:
        await stream.content.readuntil(b"\n\n")
        await say(world, customer, **reaction(wamid, emoji="👍"))
        await say(world, customer, **edit(wamid, "depois"))
        await say(world, customer, **revoke(wamid))
        lines: list[Any] = []
        while not lines or not lines[-1]["deleted"]:
            event = (await stream.content.readuntil(b"\n\n")).decode().splitlines()
            if event[0] == "event: message":
                lines.append(json.loads(event[1].removeprefix("data: "))["message"])

    assert {line["wamid"] for line in lines} == {wamid}
    shown = [(x["text"], x["reactions"], x["edited"], x["deleted"]) for x in lines]
    assert shown == [
        ("antes", {"customer": "👍"}, False, False),
        ("depois", {"customer": "👍"}, True, False),
        (None, {}, True, True),
    ]


async def test_quotes_show_in_both_directions(world: World) -> None:
    customer = await world.customer()
    first = await world.write(customer, "Qual o prazo?")
    ours = await world.reply(customer, "Dois dias", context={"message_id": first})
    await world.settled()
    await world.write(customer, "Úteis?", context={"id": ours})
    await world.write(customer, "Este", context={"id": first})
    await world.settled()

    quoted = [line["quoted"] for line in await world.phone(customer)]
    assert quoted == [None, first, ours, first]
    authors = [m["context"]["from"] for m in world.inbox.items("messages")[1:]]
    assert authors == [SUPPORT_NUMBER, customer["phone"]]


async def test_a_quote_of_ones_own_does_not_tell_a_hidden_phone(world: World) -> None:
    customer = await world.customer(phone="5511980001200", hide_phone=True)
    first = await world.write(customer)
    await world.write(customer, "Este", context={"id": first})
    await world.settled()

    assert world.inbox.items("messages")[-1]["context"] == {"id": first}
    assert all(b"5511980001200" not in body for body in world.inbox.bodies)


async def test_a_forwarded_text_and_one_by_an_advertisement_say_so(world: World) -> None:
    customer = await world.customer()
    advert = {"source_type": "ad", "source_id": "1", "headline": "Frete grátis"}
    await world.write(customer, "veja", context={"forwarded": True})
    await world.write(customer, "vi o anúncio", referral=advert)
    await world.settled()

    lines = await world.phone(customer)
    assert [(x["forwarded"], x["referral"]) for x in lines] == [
        (True, None),
        (False, "Frete grátis"),
    ]
    forwarded, led = world.inbox.items("messages")
    assert forwarded["context"] == {"forwarded": True}
    assert led["referral"] == advert


@pytest.mark.parametrize(
    ("given", "code", "kind"),
    [({}, POLL, {"type": "poll_creation"}), ({"code": UNAVAILABLE}, UNAVAILABLE, None)],
)
async def test_what_whatsapp_does_not_pass_on_says_why(
    world: World, given: dict[str, object], code: int, kind: object
) -> None:
    customer = await world.customer()
    await say(world, customer, type="unsupported", **given)
    await world.settled()

    [told] = world.inbox.items("messages")
    assert told["errors"][0]["code"] == code
    assert told.get("unsupported") == kind
    assert (await only_line(world, customer))["type"] == "unsupported"
    status, problem = await say(world, customer, type="unsupported", code=7)
    assert (status, problem["code"]) == (422, "bad-value")


async def test_contacts_and_orders_show_in_words(world: World) -> None:
    customer = await world.customer()
    card = {"name": {"formatted_name": "Bia Almeida"}, "phones": [{"phone": "+55 11 98765-4321"}]}
    item = {"product_retailer_id": "SKU", "quantity": 2, "item_price": 9.9, "currency": "BRL"}
    order = {"catalog_id": "1", "text": "pela manhã", "product_items": [item]}
    await say(world, customer, type="contacts", contacts=[card])
    await say(world, customer, type="order", order=order)
    await world.settled()

    assert [x["text"] for x in await world.phone(customer)] == ["Bia Almeida", "pela manhã"]
    contacts, ordered = world.inbox.items("messages")
    assert contacts["contacts"] == [card]
    assert ordered["order"] == order


async def test_a_page_that_opens_later_sees_messages_as_they_are_now(world: World) -> None:
    customer = await world.customer()
    wamid = await world.write(customer, "um")
    await say(world, customer, **edit(wamid, "dois"))
    async with world.session.get(f"{world.simulator.url}/sim/events") as stream:
        event = (await stream.content.readuntil(b"\n\n")).decode().splitlines()
    [line] = json.loads(event[1].removeprefix("data: "))["customers"][0]["messages"]

    assert (line["text"], line["edited"]) == ("dois", True)
