"""Graph takes what Meta's would take, and refuses as Meta's would refuse."""

from typing import Any

import aiohttp
import pytest

from tests.simulator.conftest import SUPPORT, SUPPORT_NUMBER, World, text_to

pytestmark = pytest.mark.slow  # it waits in real time for the pretend WhatsApp

DAY_S = 24 * 3600


async def test_a_reply_rises_to_read_and_shows_on_the_phone(world: World) -> None:
    customer = await world.customer(phone="5511980001200")
    await world.write(customer)
    status, answer = await world.graph(
        text_to("+5511980001200", "Olá!", biz_opaque_callback_data="v1.7.1.abc")
    )
    assert status == 200
    assert answer["contacts"] == [{"input": "+5511980001200", "wa_id": "5511980001200"}]
    wamid = answer["messages"][0]["id"]
    await world.settled()

    assert world.inbox.statuses(wamid) == ["sent", "delivered", "read"]
    sent, delivered, read = world.inbox.items("statuses")
    assert {s["biz_opaque_callback_data"] for s in (sent, delivered, read)} == {"v1.7.1.abc"}
    assert {s["recipient_id"] for s in (sent, delivered, read)} == {"5511980001200"}
    assert {s["recipient_user_id"] for s in (sent, delivered, read)} == {customer["user_id"]}
    assert sent["pricing"]["category"] == "service"
    assert "pricing" not in read
    lines = await world.phone(customer)
    assert [(x["direction"], x["text"], x["status"]) for x in lines] == [
        ("sent", "Oi", "delivered"),
        ("received", "Olá!", "read"),
    ]


async def test_statuses_name_the_contact_but_sent_has_no_profile(world: World) -> None:
    customer = await world.customer()
    await world.write(customer)
    await world.reply(customer)
    await world.settled()

    contacts = {v["statuses"][0]["status"]: v["contacts"] for v in world.inbox.values()[1:]}
    assert "profile" not in contacts["sent"][0]
    assert contacts["delivered"][0]["profile"]["name"] == customer["name"]


async def test_with_receipts_off_nothing_is_ever_read(world: World) -> None:
    await world.faults(receipts="off")
    customer = await world.customer()
    await world.write(customer)
    wamid = await world.reply(customer)
    await world.settled()

    assert world.inbox.statuses(wamid) == ["sent", "delivered"]


async def test_replies_reach_the_phone_in_the_order_of_acceptance(world: World) -> None:
    customer = await world.customer()
    await world.write(customer)
    wamids = [await world.reply(customer, f"{n}") for n in range(30)]
    await world.settled()

    received = [x["wamid"] for x in await world.phone(customer) if x["direction"] == "received"]
    assert received == wamids


async def test_what_graph_accepted_twice_shows_twice(world: World) -> None:
    customer = await world.customer()
    await world.write(customer)
    await world.reply(customer, "uma vez?", biz_opaque_callback_data="same")
    await world.reply(customer, "uma vez?", biz_opaque_callback_data="same")
    await world.settled()

    assert [x["text"] for x in await world.phone(customer)].count("uma vez?") == 2


async def test_a_number_without_a_plus_gets_our_country_and_reaches_nobody(world: World) -> None:
    customer = await world.customer(phone="5511980001200")
    await world.write(customer)
    status, answer = await world.graph(text_to("5511980001200"))
    await world.settled()

    assert status == 200
    assert answer["contacts"][0]["wa_id"] == "555511980001200"
    [failed] = world.inbox.items("statuses")
    assert (failed["status"], failed["errors"][0]["code"]) == ("failed", 131026)
    assert len(await world.phone(customer)) == 1


async def test_brazils_ninth_digit_may_be_left_out(world: World) -> None:
    customer = await world.customer(phone="5511980001200")
    await world.write(customer)
    _, answer = await world.graph(text_to("+55 (11) 8000-1200"))

    assert answer["contacts"][0]["wa_id"] == "5511980001200"


async def test_a_blocking_customer_is_undeliverable_by_status(world: World) -> None:
    customer = await world.customer(blocked=True)
    await world.write(customer)
    wamid = await world.reply(customer)
    await world.settled()

    [failed] = world.inbox.items("statuses")
    assert failed["errors"][0]["code"] == 131026
    assert "recipient_user_id" not in failed
    assert "contacts" not in world.inbox.values()[-1]
    assert wamid not in [line["wamid"] for line in await world.phone(customer)]


async def test_a_closed_window_fails_later_by_status(world: World) -> None:
    customer = await world.customer()
    await world.write(customer)
    await world.sim("PUT", "clock", {"offset_s": DAY_S + 1})
    wamid = await world.reply(customer)
    await world.settled()

    [failed] = world.inbox.items("statuses")
    assert (failed["id"], failed["errors"][0]["code"]) == (wamid, 131047)
    assert len(await world.phone(customer)) == 1


async def test_a_closed_window_is_refused_at_once_if_told_so(world: World) -> None:
    await world.faults(window="sync")
    customer = await world.customer()
    status, answer = await world.graph(text_to("+" + customer["phone"]))

    assert (status, answer["error"]["code"]) == (400, 131047)


async def test_a_window_belongs_to_one_business_number(world: World) -> None:
    await world.faults(window="sync")
    customer = await world.customer()
    await world.write(customer)
    body = text_to("+" + customer["phone"])

    assert (await world.graph(body))[0] == 200
    assert (await world.graph(body, number="100000000000002"))[0] == 400


async def test_the_forty_sixth_message_in_a_row_to_one_person_is_too_much(world: World) -> None:
    customer = await world.customer()
    await world.write(customer)
    for n in range(45):
        await world.reply(customer, f"{n}")
    status, answer = await world.graph(text_to("+" + customer["phone"]))

    assert (status, answer["error"]["code"]) == (400, 131056)
    other = await world.customer()
    await world.write(other)
    await world.reply(other)
    await world.sim("PUT", "clock", {"offset_s": 7})
    await world.reply(customer)


async def test_more_than_eighty_messages_a_second_are_too_many(world: World) -> None:
    customers = [await world.customer() for _ in range(4)]
    codes = []
    for n in range(160):
        _, answer = await world.graph(text_to("+" + customers[n % 4]["phone"], f"{n}"))
        codes.append(answer.get("error", {}).get("code"))
        if codes[-1] is not None:
            break

    # The clock runs meanwhile, so that a few more than eighty may pass.
    assert codes[-1] == 130429
    assert len(codes) > 80


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"text": {"body": "x" * 4097}}, 100),
        ({"text": {"body": ""}}, 100),
        ({"text": "Olá"}, 100),
        ({"messaging_product": "sms"}, 100),
        ({"type": "hologram"}, 100),
        ({"type": "image", "image": {}}, 100),
        ({"type": "image", "image": {"id": "1", "caption": "x" * 1025}}, 100),
        ({"type": "location", "location": {"latitude": "north", "longitude": 1}}, 100),
        ({"type": "reaction", "reaction": {"message_id": "wamid.X", "emoji": "👍"}}, 131009),
        ({"type": "template", "template": {"name": "a", "language": {"code": "pt_BR"}}}, 132001),
        ({"to": "nobody"}, 100),
        ({"to": "+" + SUPPORT_NUMBER}, 131021),
        ({"biz_opaque_callback_data": "x" * 513}, 100),
        ({"status": "read", "message_id": "wamid.X"}, 131009),
    ],
)
async def test_what_graph_would_not_take_is_refused(
    world: World, change: dict[str, Any], code: int
) -> None:
    customer = await world.customer()
    await world.write(customer)
    status, answer = await world.graph({**text_to("+" + customer["phone"]), **change})

    assert 400 <= status < 500
    assert answer["error"]["code"] == code
    assert answer["error"]["fbtrace_id"].startswith("A")
    await world.settled()
    assert len(await world.phone(customer)) == 1


async def test_4096_characters_beyond_the_basic_plane_are_not_too_many(world: World) -> None:
    customer = await world.customer()
    await world.write(customer)
    await world.reply(customer, "😀" * 4096)


async def test_a_wrong_token_and_an_unknown_number_are_told_apart(world: World) -> None:
    status, answer = await world.graph(text_to("+5511980001200"), token="wrong")
    assert (status, answer["error"]["code"]) == (401, 190)
    status, answer = await world.graph(text_to("+5511980001200"), number="999")
    assert status == 400
    assert (answer["error"]["code"], answer["error"]["error_subcode"]) == (100, 33)


async def test_a_read_mark_turns_the_ticks_blue_up_to_it(world: World) -> None:
    customer = await world.customer()
    await world.write(customer, "um")
    second = await world.write(customer, "dois")
    await world.write(customer, "três")
    await world.settled()
    mark = {"messaging_product": "whatsapp", "status": "read", "message_id": second}
    answer = await world.graph({**mark, "typing_indicator": {"type": "text"}})

    assert answer == (200, {"success": True})
    statuses = [line["status"] for line in await world.phone(customer)]
    assert statuses == ["read", "read", "delivered"]


async def test_a_reaction_shows_and_is_only_ever_sent(world: World) -> None:
    customer = await world.customer()
    theirs = await world.write(customer)
    reaction = {"message_id": theirs, "emoji": "👍"}
    body = {**text_to("+" + customer["phone"]), "type": "reaction", "reaction": reaction}
    _, answer = await world.graph(body)
    await world.settled()

    assert world.inbox.statuses(answer["messages"][0]["id"]) == ["sent"]
    assert [line["reactions"] for line in await world.phone(customer)] == [{"business": "👍"}]


@pytest.mark.parametrize(("mode", "status", "code"), [("500", 500, 131000), ("429", 429, 130429)])
async def test_a_failing_graph_has_taken_nothing(
    world: World, mode: str, status: int, code: int
) -> None:
    customer = await world.customer()
    await world.write(customer)
    await world.faults(graph=mode)
    answered, answer = await world.graph(text_to("+" + customer["phone"]))
    await world.settled()

    assert (answered, answer["error"]["code"]) == (status, code)
    assert len(await world.phone(customer)) == 1


async def test_a_graph_that_speaks_html_has_taken_nothing(world: World) -> None:
    customer = await world.customer()
    await world.write(customer)
    await world.faults(graph="html")
    with pytest.raises(aiohttp.ContentTypeError):
        await world.graph(text_to("+" + customer["phone"]))
    await world.settled()

    assert len(await world.phone(customer)) == 1


async def test_a_reset_after_accepting_has_had_its_effect(world: World) -> None:
    customer = await world.customer()
    await world.write(customer)
    await world.faults(graph="reset_after_accept")
    with pytest.raises(aiohttp.ClientConnectionError):
        await world.graph(text_to("+" + customer["phone"], "chegou?"))
    await world.settled()

    assert [x["text"] for x in await world.phone(customer)].count("chegou?") == 1
    _, requests = await world.sim("GET", "requests")
    assert requests[-1]["body"]["text"]["body"] == "chegou?"


async def test_a_slow_graph_tells_by_status_before_it_answers(world: World) -> None:
    customer = await world.customer()
    await world.write(customer)
    await world.faults(graph="slow")
    wamid = await world.reply(customer)

    assert world.inbox.statuses(wamid) == ["sent", "delivered", "read"]


async def test_a_graph_that_never_answers_has_taken_nothing(world: World) -> None:
    customer = await world.customer()
    await world.write(customer)
    await world.faults(graph="timeout")
    url = f"{world.simulator.url}/v26.0/{SUPPORT}/messages"
    patience = aiohttp.ClientTimeout(total=0.3)
    body = text_to("+" + customer["phone"])
    with pytest.raises(TimeoutError):
        await world.session.post(url, json=body, timeout=patience)
    await world.settled()

    assert len(await world.phone(customer)) == 1
    assert (await world.sim("GET", "requests"))[1][-1]["status"] is None


async def test_a_number_can_be_asked_for(world: World) -> None:
    url = f"{world.simulator.url}/v26.0/{SUPPORT}"
    headers = {"Authorization": "Bearer token"}
    async with world.session.get(url, headers=headers) as answer:
        assert (await answer.json())["display_phone_number"] == "+" + SUPPORT_NUMBER
