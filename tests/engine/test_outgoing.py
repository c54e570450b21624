"""Everything that may be said: asked for over HTTP as a desk does, and as it reaches WhatsApp."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from aiohttp import web

from balcao.domain.message import UPLOADS_MAX
from balcao.store import uploads
from tests.engine.counter import Counter
from tests.engine.outbound import send_all
from tests.whatsapp.graph import Graph, refusal
from tests.world import sql

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
OGG = b"OggS" + bytes(24) + b"OpusHead\x01\x01" + bytes(40)
WEBP = b"RIFF\x24\0\0\0WEBPVP8 " + bytes(30)
MP4 = b"\0\0\0\x18ftypisom" + bytes(8) + b"vide"
PDF = b"%PDF-1.7 a document of the tests"
BUTTONS = [{"id": "yes", "title": "Sim"}, {"id": "no", "title": "Não"}]
SECTIONS = [
    {"title": "Pedidos", "rows": [{"id": "1", "title": "Onde está", "description": "Rastreio"}]},
    {"title": "Outros", "rows": [{"id": "2", "title": "Falar"}]},
]
PLACE = {"latitude": -23.5505, "longitude": -46.6333, "name": "Loja", "address": "Praça da Sé"}


@pytest.mark.parametrize(
    ("said", "got"),
    [
        (
            {"type": "text", "text": "Olá"},
            {"type": "text", "text": {"body": "Olá", "preview_url": False}},
        ),
        ({"type": "location", "location": PLACE}, {"type": "location", "location": PLACE}),
        (
            {"type": "location", "location": {"latitude": 1, "longitude": 2.5}},
            {"type": "location", "location": {"latitude": 1.0, "longitude": 2.5}},
        ),
        (
            {"type": "buttons", "text": "Chegou?", "buttons": BUTTONS},
            {
                "type": "interactive",
                "interactive": {
                    "type": "button",
                    "body": {"text": "Chegou?"},
                    "action": {"buttons": [{"type": "reply", "reply": one} for one in BUTTONS]},
                },
            },
        ),
        (
            {"type": "list", "text": "Em que posso ajudar?", "button": "Ver", "sections": SECTIONS},
            {
                "type": "interactive",
                "interactive": {
                    "type": "list",
                    "body": {"text": "Em que posso ajudar?"},
                    "action": {"button": "Ver", "sections": SECTIONS},
                },
            },
        ),
    ],
)
async def test_what_is_no_file_reaches_whatsapp_as_it_takes_it(
    counter: Counter, said: dict[str, Any], got: Mapping[str, Any]
) -> None:
    view = await counter.say(**said)
    await send_all(counter.sender)

    (body,) = counter.graph.bodies
    assert body.pop("biz_opaque_callback_data").startswith("v1.")
    assert body.pop("to") == "+5511987654321"
    assert body == {"messaging_product": "whatsapp", "recipient_type": "individual", **got}
    assert (await counter.sees(view["id"]))["status"] == "accepted"


@pytest.mark.parametrize(
    ("type", "name", "content", "mime_type", "more", "got"),
    [
        ("image", "a.png", PNG, "image/png", {"text": "Veja"}, {"caption": "Veja"}),
        ("image", "a.png", PNG, "image/png", {}, {}),
        ("video", "a.mp4", MP4, "video/mp4", {"text": "Veja"}, {"caption": "Veja"}),
        ("audio", "a.ogg", OGG, "audio/ogg", {"voice": True}, {"voice": True}),
        ("audio", "a.ogg", OGG, "audio/ogg", {}, {}),
        ("document", "a.pdf", PDF, "application/pdf", {}, {"filename": "a.pdf"}),
        ("sticker", "a.webp", WEBP, "image/webp", {}, {}),
    ],
)
async def test_a_file_is_uploaded_whole_and_then_sent_by_its_id(
    counter: Counter,
    type: str,
    name: str,
    content: bytes,
    mime_type: str,
    more: dict[str, Any],
    got: Mapping[str, Any],
) -> None:
    view = await counter.say(type, media_id=await counter.upload(name, content), **more)
    await send_all(counter.sender)

    (file,) = counter.graph.uploaded
    assert (file["messaging_product"], file["number"]) == ("whatsapp", "100000000000001")
    assert (file["type"], file["content_type"], file["content"]) == (mime_type, mime_type, content)
    (body,) = counter.graph.bodies
    assert (body["type"], body[type]) == (type, {"id": "901", **got})
    shown = await counter.sees(view["id"])
    assert (shown["type"], shown["text"], shown["status"]) == (type, more.get("text"), "accepted")
    assert (shown["media"]["state"], shown["media"]["voice"]) == ("ready", more.get("voice", False))


async def test_a_quote_names_what_it_answers_to(counter: Counter) -> None:
    view = await counter.say("text", text="Sim", quoted=str(await counter.of_customer()))
    await send_all(counter.sender)

    assert counter.graph.bodies[0]["context"] == {"message_id": "wamid.in"}
    assert (await counter.sees(view["id"]))["quoted"]["text"] == "Oi"


async def test_menus_and_places_are_shown_as_they_were_sent(counter: Counter) -> None:
    asked = await counter.say("buttons", text="Chegou?", buttons=BUTTONS)
    listed = await counter.say("list", text="Qual?", button="Ver", sections=SECTIONS)
    place = await counter.say("location", location=PLACE)

    more = {"description": None, "section": None}
    assert (asked["type"], asked["text"]) == ("buttons", "Chegou?")
    assert asked["content"] == {
        "kind": "menu",
        "button": None,
        "options": [{**one, **more} for one in BUTTONS],
    }
    assert (listed["content"]["button"], listed["text"]) == ("Ver", "Qual?")
    assert [one["section"] for one in listed["content"]["options"]] == ["Pedidos", "Outros"]
    assert place["content"] == {"kind": "location", **PLACE, "url": None}


async def test_whatever_the_kinds_a_customer_gets_them_in_the_order_of_writing(
    counter: Counter,
) -> None:
    chance, said = Random(3), list[str]()
    for n in range(20):
        kind = chance.choice(["text", "image", "location", "buttons"])
        if kind == "text":
            view = await counter.say("text", text=f"{n}")
        elif kind == "image":
            view = await counter.say("image", media_id=await counter.upload("a.png", PNG))
        elif kind == "location":
            view = await counter.say("location", location={"latitude": n, "longitude": n})
        else:
            view = await counter.say("buttons", text=f"{n}", buttons=BUTTONS)
        said.append(view["id"])

    async def at_times(request: web.Request) -> web.StreamResponse:
        if chance.random() < 0.3:
            return await Graph.says(503, refusal(2))(request)
        return await counter.graph.accepts(request)

    async def takes_at_times(request: web.Request) -> web.StreamResponse:
        if chance.random() < 0.3:
            return await Graph.says(500, "<html>")(request)
        return await counter.graph.takes(request)

    counter.graph.answer, counter.graph.answer_upload = at_times, takes_at_times
    async with asyncio.timeout(30):
        while await sql(counter.database, "select 1 from message where status = 'pending'"):
            await counter.hurry()
            await send_all(counter.sender)

    rows = await sql(
        counter.database, "select id, wamid from message where direction = 'out' order by seq"
    )
    assert [str(row["id"]) for row in rows] == said
    assert [row["wamid"] for row in rows] == [f"wamid.{n}" for n in range(1, 21)]


async def test_what_is_written_after_a_file_waits_for_it(counter: Counter) -> None:
    image = await counter.say("image", media_id=await counter.upload("a.png", PNG))
    after = await counter.say("text", text="Viu?")
    counter.graph.answer_upload = Graph.says(503, refusal(2))
    await send_all(counter.sender)
    assert [(await counter.sees(view["id"]))["status"] for view in (image, after)] == [
        "pending",
        "pending",
    ]
    assert counter.graph.bodies == []

    counter.graph.answer_upload = counter.graph.takes
    await counter.hurry()
    await send_all(counter.sender)

    assert [body["type"] for body in counter.graph.bodies] == ["image", "text"]


async def test_a_file_that_whatsapp_refuses_fails_and_holds_back_nothing(counter: Counter) -> None:
    image = await counter.say("image", media_id=await counter.upload("a.png", PNG))
    after = await counter.say("text", text="Viu?")
    counter.graph.answer_upload = Graph.says(400, refusal(131053))
    await send_all(counter.sender)

    shown = await counter.sees(image["id"])
    assert (shown["status"], shown["error"]["code"]) == ("failed", "media")
    assert (await counter.sees(after["id"]))["status"] == "accepted"


async def test_a_file_that_cannot_be_uploaded_is_given_to_a_person_in_the_end(
    counter: Counter,
) -> None:
    image = await counter.say("image", media_id=await counter.upload("a.png", PNG))
    counter.graph.answer_upload = Graph.says(500, "<html>")
    for _ in range(UPLOADS_MAX):
        await counter.hurry()
        await send_all(counter.sender)
    shown = await counter.sees(image["id"])
    assert (shown["status"], len(counter.graph.uploaded)) == ("failed", UPLOADS_MAX)

    counter.graph.answer_upload = counter.graph.takes
    assert (await counter.marina.post(f"/api/messages/{image['id']}/resend")).status == 200
    await send_all(counter.sender)

    assert (await counter.sees(image["id"]))["status"] == "accepted"


async def test_a_process_that_died_while_uploading_leaves_the_file_to_another(
    counter: Counter,
) -> None:
    image = await counter.say("image", media_id=await counter.upload("a.png", PNG))
    async with counter.database.transaction() as tx:
        claims, _ = await uploads.claim(tx, 10)
    assert [str(claim.message_id) for claim in claims] == [image["id"]]
    await send_all(counter.sender)
    assert counter.graph.uploaded == []

    await counter.hurry()
    await send_all(counter.sender)
    async with counter.database.transaction() as tx:  # and then it turns out to have been slow
        await uploads.postpone(tx, claims[0], {"code": "late", "params": {}, "action": None})

    assert len(counter.graph.uploaded) == 1
    assert (await counter.sees(image["id"]))["status"] == "accepted"


async def test_a_process_that_ends_in_order_lets_go_of_its_uploads_at_once(
    counter: Counter,
) -> None:
    image = await counter.say("image", media_id=await counter.upload("a.png", PNG))
    asked = asyncio.Event()

    async def never(_request: web.Request) -> web.StreamResponse:
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError

    counter.graph.answer_upload = never
    await counter.sender.step()
    await asked.wait()
    await counter.uploads.let_go()
    counter.graph.answer_upload = counter.graph.takes
    await send_all(counter.sender)

    assert (await counter.sees(image["id"]))["status"] == "accepted"


async def test_an_upload_is_used_again_until_whatsapp_has_it_no_more(counter: Counter) -> None:
    image = await counter.say("image", media_id=await counter.upload("a.png", PNG))
    counter.graph.answer = Graph.says(400, refusal(131026))
    await send_all(counter.sender)
    for days, ids in ((28, ["901", "901"]), (30, ["901", "901", "902"])):
        await sql(
            counter.database,
            "update media set graph_id_at = clock_timestamp() - $1::interval",
            timedelta(days=days),
        )
        assert (await counter.marina.post(f"/api/messages/{image['id']}/resend")).status == 200
        await send_all(counter.sender)
        assert [body["image"]["id"] for body in counter.graph.bodies] == ids


async def test_a_file_that_whatsapp_makes_nothing_of_is_uploaded_anew(counter: Counter) -> None:
    image = await counter.say("image", media_id=await counter.upload("a.png", PNG))
    counter.graph.answer = Graph.says(400, refusal(131053))
    await send_all(counter.sender)
    assert (await counter.sees(image["id"]))["error"]["code"] == "media"

    assert (await counter.marina.post(f"/api/messages/{image['id']}/resend")).status == 200
    await send_all(counter.sender)

    assert [body["image"]["id"] for body in counter.graph.bodies] == ["901", "902"]


async def test_a_file_that_is_lost_fails_its_message(counter: Counter) -> None:
    image = await counter.say("image", media_id=await counter.upload("a.png", PNG))
    await sql(counter.database, "update media set sha256 = $1", "0" * 64)
    await send_all(counter.sender)

    assert (await counter.sees(image["id"]))["error"]["code"] == "media"


async def test_a_number_whose_access_is_refused_uploads_nothing_until_it_is_mended(
    counter: Counter,
) -> None:
    image = await counter.say("image", media_id=await counter.upload("a.png", PNG))
    counter.graph.answer_upload = Graph.says(401, refusal(190))
    await send_all(counter.sender)
    shown = await counter.sees(image["id"])
    assert (shown["status"], shown["error"]["action"]) == ("pending", "administrator")

    counter.graph.answer_upload = counter.graph.takes
    await sql(counter.database, "update pace set probe_at = clock_timestamp()")
    await counter.hurry()
    await send_all(counter.sender)

    assert (await counter.sees(image["id"]))["status"] == "accepted"
