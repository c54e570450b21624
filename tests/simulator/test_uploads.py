"""The business uploads and sends media, and is refused, or told later, as at WhatsApp."""

import hashlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest

from balcao.whatsapp.client import Line, Rejected
from balcao.whatsapp.media import MediaClient, Vanished
from tests.simulator.conftest import SUPPORT, World, text_to
from tests.simulator.files import (
    MIB,
    MOVIE,
    OTHER,
    PDF,
    PHOTO,
    STICKER,
    TOKEN,
    VOICE,
    animated,
    node,
    sent,
    upload,
    uploaded,
)

pytestmark = pytest.mark.slow  # it waits in real time for the pretend WhatsApp


@pytest.mark.parametrize(
    ("kind", "content", "mime_type", "own"),
    [
        ("image", PHOTO, "image/jpeg", {"caption": "Assim?"}),
        ("audio", VOICE, "audio/ogg; codecs=opus", {"voice": True}),
        ("document", PDF, "application/pdf", {"filename": "recibo.pdf", "caption": "O recibo"}),
        ("document", PHOTO, "image/jpeg", {"filename": "foto.jpg"}),
        ("sticker", STICKER, "image/webp", {}),
        ("video", MOVIE, "video/mp4", {"caption": "Veja"}),
    ],
)
async def test_an_upload_reaches_the_phone_by_its_id(
    world: World, kind: str, content: bytes, mime_type: str, own: dict[str, Any]
) -> None:
    customer = await world.customer()
    first = await world.write(customer)
    id_ = await uploaded(world, content, mime_type)
    context = {"message_id": first}
    status, answer = await sent(world, customer, kind, {"id": id_, **own}, context=context)
    assert status == 200, answer
    await world.settled()

    line = (await world.phone(customer))[-1]
    assert (line["type"], line["text"]) == (kind, own.get("caption"))
    assert line["quoted"] == first
    media = line["media"]
    assert (media["sha256"], media["size"]) == (hashlib.sha256(content).hexdigest(), len(content))
    assert (media["mime_type"], media["name"]) == (mime_type, own.get("filename"))
    assert media["voice"] is own.get("voice", False)
    played = ["played"] if own.get("voice") else []
    statuses = world.inbox.statuses(answer["messages"][0]["id"])
    assert statuses == ["sent", "delivered", "read", *played]


async def test_a_place_shows_where_it_is_in_both_directions(world: World) -> None:
    customer = await world.customer()
    spot = {"latitude": -23.5, "longitude": -46.6, "name": "Loja", "address": "Rua A, 1"}
    await world.write(customer, type="location", location=spot)
    degrees = {"latitude": "-23.5", "longitude": "-46.6"}
    status, _ = await sent(world, customer, "location", {**spot, **degrees})
    await world.settled()

    assert status == 200
    assert [line["place"] for line in await world.phone(customer)] == [spot, spot]


@pytest.mark.parametrize(
    ("make", "size", "mime_type", "code"),
    [
        (bytes, 99, "image/gif", 131053),
        (bytes, 99, "audio/webm", 131053),
        (bytes, 0, "image/png", 131053),
        (bytes, 5 * MIB + 1, "image/png", 131053),
        (bytes, 16 * MIB + 1, "audio/ogg", 131053),
        (bytes, 16 * MIB + 1, "video/mp4", 131053),
        (bytes, 100 * 1024 + 1, "image/webp", 131053),
        (animated, 500 * 1024 + 1, "image/webp", 131053),
        (bytes, 5 * MIB, "image/png", None),
        (animated, 500 * 1024, "image/webp", None),
        (bytes, 17 * MIB, "application/pdf", None),
    ],
)
async def test_uploads_have_types_and_sizes_that_whatsapp_takes(
    world: World, make: Callable[[int], bytes], size: int, mime_type: str, code: int | None
) -> None:
    status, answer = await upload(world, make(size), mime_type)
    assert status == (400 if code else 200)
    assert answer.get("error", {}).get("code") == code


async def test_an_upload_above_a_hundred_megabytes_is_refused(world: World) -> None:
    status, answer = await upload(world, bytes(100 * MIB + 1), "application/pdf")
    assert (status, answer["error"]["code"]) == (400, 131053)


async def test_an_upload_wants_the_token_a_number_and_a_form(world: World) -> None:
    status, answer = await upload(world, PHOTO, "image/jpeg", token="wrong")
    assert (status, answer["error"]["code"]) == (401, 190)
    status, answer = await upload(world, PHOTO, "image/jpeg", number="999")
    assert (status, answer["error"]["error_subcode"]) == (400, 33)
    status, answer = await upload(world, PHOTO, "image/jpeg", product="sms")
    assert (status, answer["error"]["code"]) == (400, 100)
    url = f"{world.simulator.url}/v26.0/{SUPPORT}/media"
    for given in ({"json": {"file": "photo"}}, {"data": _only_a_field()}):
        async with world.session.post(url, headers=TOKEN, **given) as response:
            assert (response.status, (await response.json())["error"]["code"]) == (400, 100)
    broken = {**TOKEN, "Content-Type": "multipart/form-data; boundary=x"}
    async with world.session.post(url, headers=broken, data=b"nothing of the kind") as response:
        assert (response.status, (await response.json())["error"]["code"]) == (400, 100)


async def test_a_media_can_be_asked_for_and_deleted_with_the_token_only(world: World) -> None:
    customer = await world.customer()
    await world.write(customer)
    id_ = await uploaded(world, PHOTO, "image/jpeg")
    await sent(world, customer, "image", {"id": id_})
    await world.settled()
    for method in ("GET", "DELETE"):
        assert (await node(world, id_, method, token="wrong"))[1]["error"]["code"] == 190
        status, answer = await node(world, id_, method, phone_number_id=OTHER)
        assert (status, answer["error"]["error_subcode"]) == (400, 33)
    assert (await node(world, id_, phone_number_id=SUPPORT))[0] == 200
    assert await node(world, id_, "DELETE") == (200, {"success": True})
    assert (await node(world, id_))[0] == 400
    assert (await node(world, id_, "DELETE"))[0] == 400

    media = (await world.phone(customer))[-1]["media"]
    url = f"{world.simulator.url}/sim/media/{media['sha256']}"
    async with world.session.get(url) as answer:
        assert await answer.read() == PHOTO


async def test_an_id_that_is_not_there_is_refused_at_once(world: World) -> None:
    customer = await world.customer()
    await world.write(customer)
    await world.write(customer, entry_point="551140002000")
    id_ = await uploaded(world, PHOTO, "image/jpeg")
    own = {**text_to("+" + customer["phone"]), "type": "image", "image": {"id": id_}}
    status, answer = await world.graph(own, number=OTHER)
    assert (status, answer["error"]["code"]) == (400, 100)
    status, answer = await sent(world, customer, "image", {"id": "1"})
    assert (status, answer["error"]["code"]) == (400, 100)
    assert "image['id']" in answer["error"]["error_data"]["details"]
    await world.settled()
    assert len(await world.phone(customer)) == 2


@pytest.mark.parametrize(
    ("kind", "content", "mime_type"),
    [
        ("video", PHOTO, "image/jpeg"),
        ("image", STICKER, "image/webp"),
        ("image", b"not a photo", "image/jpeg"),
        ("audio", b"OggS" + bytes(24) + b"\x01vorbis", "audio/ogg"),
        ("audio", VOICE.replace(b"OpusHead\x01\x01", b"OpusHead\x01\x02"), "audio/ogg"),
    ],
)
async def test_a_media_that_cannot_be_used_fails_later_by_status(
    world: World, kind: str, content: bytes, mime_type: str
) -> None:
    customer = await world.customer()
    await world.write(customer)
    id_ = await uploaded(world, content, mime_type)
    status, _ = await sent(world, customer, kind, {"id": id_})
    await world.settled()

    assert status == 200
    [failed] = world.inbox.items("statuses")
    assert (failed["status"], failed["errors"][0]["code"]) == ("failed", 131053)
    assert len(await world.phone(customer)) == 1


async def test_a_link_that_nobody_can_follow_fails_later_too(world: World) -> None:
    customer = await world.customer()
    await world.write(customer)
    await sent(world, customer, "image", {"link": "https://example.com/photo.jpg"})
    await world.settled()
    [failed] = world.inbox.items("statuses")
    assert failed["errors"][0]["code"] == 131053


@pytest.mark.parametrize(
    ("kind", "own", "along"),
    [
        ("image", {"id": "1", "link": "https://example.com/"}, {}),
        ("image", {"id": 7}, {}),
        ("image", {"id": "1", "filename": "photo.jpg"}, {}),
        ("image", {"id": "1", "voice": True}, {}),
        ("audio", {"id": "1", "voice": "yes"}, {}),
        ("audio", {"id": "1", "caption": "Ouça"}, {}),
        ("sticker", {"id": "1", "caption": "Oi"}, {}),
        ("document", {"id": "1", "filename": "x" * 241}, {}),
        ("text", {"body": "Oi"}, {"context": "that one"}),
        ("text", {"body": "Oi"}, {"context": {"message_id": ""}}),
    ],
)
async def test_a_message_of_the_wrong_shape_is_refused(
    world: World, kind: str, own: dict[str, Any], along: dict[str, Any]
) -> None:
    customer = await world.customer()
    await world.write(customer)
    status, answer = await sent(world, customer, kind, own, **along)
    assert (status, answer["error"]["code"]) == (400, 100)


async def test_a_failing_graph_takes_no_upload_and_tells_no_address(world: World) -> None:
    id_ = await uploaded(world, PHOTO, "image/jpeg")
    await world.faults(graph=500)
    status, answer = await upload(world, PHOTO, "image/jpeg")
    assert (status, answer["error"]["code"]) == (500, 131000)
    assert (await node(world, id_))[0] == 500
    await world.faults(graph="reset_after_accept")
    with pytest.raises(aiohttp.ClientConnectionError):
        await upload(world, PHOTO, "image/jpeg")


def _only_a_field() -> aiohttp.FormData:
    form = aiohttp.FormData(default_to_multipart=True)
    form.add_field("messaging_product", "whatsapp")
    return form


async def test_balcaos_own_client_uploads_finds_and_fetches(world: World) -> None:
    line = Line(SUPPORT, "token")
    host = world.simulator.media_url.removeprefix("http://")
    client = await MediaClient.open(world.simulator.url, "v26.0", hosts=[host])
    try:
        content = _whole(PDF)
        id_ = await client.upload(
            line, content, name="recibo de março.pdf", mime_type="application/pdf", size=len(PDF)
        )
        found = await client.find(line, id_)
        assert (found.sha256, found.size) == (hashlib.sha256(PDF).hexdigest(), len(PDF))
        assert b"".join([piece async for piece in client.fetch(line, found.url)]) == PDF
        await world.sim("PUT", "clock", {"offset_s": 301})
        with pytest.raises(Vanished):
            await anext(client.fetch(line, found.url))
        await node(world, id_, "DELETE")
        with pytest.raises(Rejected):
            await client.find(line, id_)
    finally:
        await client.close()


async def _whole(content: bytes) -> AsyncIterator[bytes]:
    yield content
