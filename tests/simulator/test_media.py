"""Customers' media can be had as at WhatsApp: by an id, an address with an end, and a token."""

import base64
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from balcao.simulator.customers import STORIES, Sample
from balcao.simulator.main import Simulator
from balcao.simulator.shelf import Shelf
from tests.simulator.conftest import NUMBERS, SUPPORT_NUMBER, Inbox, World
from tests.simulator.files import (
    DAY_S,
    MIB,
    PDF,
    PHOTO,
    STICKER,
    TOKEN,
    VOICE,
    animated,
    attached,
    data,
    fetched,
    node,
    uploaded,
)

pytestmark = pytest.mark.slow  # it waits in real time for the pretend WhatsApp


async def test_what_a_customer_sends_can_be_fetched_whole(world: World) -> None:
    customer = await world.customer()
    told = await attached(
        world, customer, "image", media=data(PHOTO, "image/jpeg"), caption="Veio amassada"
    )
    digest = hashlib.sha256(PHOTO)

    assert told["id"].isdigit()
    assert told["caption"] == "Veio amassada"
    assert base64.b64decode(told["sha256"]) == digest.digest()
    assert told["url"].startswith(world.simulator.media_url + "/")
    assert world.simulator.media_url != world.simulator.url
    assert await fetched(world, told["url"]) == (200, PHOTO)
    status, found = await node(world, told["id"])
    assert status == 200
    assert (found["id"], found["sha256"]) == (told["id"], digest.hexdigest())
    assert (found["mime_type"], found["file_size"]) == ("image/jpeg", len(PHOTO))
    assert found["messaging_product"] == "whatsapp"
    assert await fetched(world, found["url"]) == (200, PHOTO)


async def test_a_phone_shows_what_was_attached_to_it(world: World) -> None:
    customer = await world.customer()
    pdf = data(PDF, "application/pdf", name="recibo.pdf")
    told = await attached(world, customer, "document", media=pdf)
    [line] = await world.phone(customer)

    assert told["filename"] == "recibo.pdf"
    assert (line["type"], line["text"]) == ("document", None)
    media = line["media"]
    assert (media["mime_type"], media["size"]) == ("application/pdf", len(PDF))
    assert (media["sha256"], media["name"]) == (hashlib.sha256(PDF).hexdigest(), "recibo.pdf")


@pytest.mark.parametrize("kind", ["image", "audio", "document", "sticker"])
async def test_where_nothing_is_given_a_sample_is_sent(world: World, kind: str) -> None:
    customer = await world.customer()
    told = await attached(world, customer, kind)
    status, body = await fetched(world, told["url"])

    assert (status, base64.b64decode(told["sha256"])) == (200, hashlib.sha256(body).digest())
    assert (await world.phone(customer))[0]["media"]["size"] == len(body)


@pytest.mark.parametrize("name", sorted({story.name for story in STORIES}))
async def test_what_scripted_people_attach_can_be_fetched(world: World, name: str) -> None:
    customer = await world.customer()
    [story] = [story for story in STORIES if story.name == name]
    said = (*story.opening, *story.answers)
    kinds = [line.kind for line in said if isinstance(line, Sample)]
    urls = [(await attached(world, customer, kind))["url"] for kind in kinds]
    assert [(await fetched(world, url))[0] for url in urls] == [200] * len(kinds)
    assert len(kinds) < len(said)


async def test_a_voice_note_and_an_audio_file_are_told_apart(world: World) -> None:
    customer = await world.customer()
    note = await attached(world, customer, "audio", media=data(VOICE, "audio/ogg; codecs=opus"))
    assert (note["voice"], note["mime_type"]) == (True, "audio/ogg; codecs=opus")
    song = await attached(world, customer, "audio", media=data(b"ID3" + bytes(9), "audio/mpeg"))
    assert song["voice"] is False
    song = await attached(world, customer, "audio", media=data(VOICE, "audio/ogg"), voice=False)
    assert song["voice"] is False


async def test_a_sticker_says_whether_it_moves(world: World) -> None:
    customer = await world.customer()
    still = await attached(world, customer, "sticker", media=data(STICKER, "image/webp"))
    moving = await attached(world, customer, "sticker", media=data(animated(99), "image/webp"))
    assert (still["animated"], moving["animated"]) == (False, True)


async def test_an_id_that_leads_nowhere_goes_out_as_it_is(world: World) -> None:
    customer = await world.customer()
    told = await attached(world, customer, "image", media={"id": "123"})
    assert (told["id"], "url" in told) == ("123", False)
    assert (await world.phone(customer))[0]["media"] is None
    status, answer = await node(world, "123")
    assert (status, answer["error"]["code"], answer["error"]["error_subcode"]) == (400, 100, 33)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"type": "image", "media": "photo"}, "bad-value"),
        ({"type": "image", "media": {"data": "?"}}, "bad-value"),
        ({"type": "image", "media": {"data": 7}}, "bad-value"),
        ({"type": "image", "media": {"data": ""}}, "empty"),
        ({"type": "image", "media": {"content": "0" * 64}}, "unknown-content"),
        ({"type": "image", "media": {"content": "../memory"}}, "unknown-content"),
        ({"type": "image", "media": {"mime_type": "a photo\r\n"}}, "bad-value"),
        ({"type": "image", "caption": 7}, "bad-value"),
        ({"type": "document", "media": {"name": ""}}, "bad-value"),
        ({"type": "audio", "voice": "yes"}, "bad-value"),
        ({"type": "video"}, "missing"),
        ({"type": "video", "code": 131051}, "bad-value"),
    ],
)
async def test_a_senseless_attachment_is_refused(
    world: World, given: dict[str, Any], code: str
) -> None:
    customer = await world.customer()
    body = {"entry_point": SUPPORT_NUMBER, **given}
    status, problem = await world.sim("POST", f"customers/{customer['id']}/messages", body)

    assert (status, problem["code"]) == (422, code)
    assert await world.phone(customer) == []


async def test_a_file_larger_than_a_message_is_put_on_the_shelf_first(world: World) -> None:
    customer = await world.customer()
    url = f"{world.simulator.url}/sim/media"
    big = bytes(range(256)) * (20 * MIB // 256)
    async with world.session.post(url, data=_in_pieces(big)) as answer:
        put = await answer.json()
    assert put == {"content": hashlib.sha256(big).hexdigest(), "size": len(big)}
    media = {"content": put["content"], "mime_type": "video/mp4"}
    told = await attached(world, customer, "video", media=media)

    assert await fetched(world, told["url"]) == (200, big)


async def test_more_than_a_hundred_megabytes_are_too_many(world: World) -> None:
    url = f"{world.simulator.url}/sim/media"
    async with world.session.post(url, data=_in_pieces(bytes(100 * MIB + 1))) as answer:
        assert (answer.status, (await answer.json())["code"]) == (413, "too-large")
    async with world.session.post(url, data=b"") as answer:
        assert (answer.status, (await answer.json())["code"]) == (422, "empty")


async def test_what_whatsapp_could_not_get_is_told_without_it(world: World) -> None:
    customer = await world.customer()
    await world.write(customer, type="video", code=131052)
    await world.settled()
    [told] = world.inbox.items("messages")
    assert (told["type"], told["errors"][0]["code"], "video" in told) == ("video", 131052, False)
    [line] = await world.phone(customer)
    assert (line["type"], line["media"]) == ("video", None)


async def test_a_phones_content_shows_on_the_page_and_can_do_nothing_there(world: World) -> None:
    customer = await world.customer()
    page = data(b"<script>alert(1)</script>", "text/html", name="page.html")
    for kind, media, shown in (
        ("image", data(PHOTO, "image/jpeg"), "image/jpeg"),
        ("audio", data(VOICE, "audio/ogg; codecs=opus"), "audio/ogg"),
        ("document", page, None),
    ):
        await attached(world, customer, kind, media=media)
        own = (await world.phone(customer))[-1]["media"]
        url = f"{world.simulator.url}/sim/media/{own['sha256']}"
        async with world.session.get(url, params={"as": own["mime_type"]}) as answer:
            assert answer.headers["Content-Security-Policy"].startswith("sandbox")
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.content_type == (shown or "application/octet-stream")
            assert ("Content-Disposition" in answer.headers) == (shown is None)
            assert len(await answer.read()) == own["size"]
    async with world.session.get(f"{world.simulator.url}/sim/media/{'0' * 64}") as answer:
        assert (answer.status, (await answer.json())["code"]) == (404, "unknown-content")


async def test_an_address_wants_the_token_and_lasts_five_minutes(world: World) -> None:
    customer = await world.customer()
    told = await attached(world, customer, "image")
    url = told["url"]
    assert (await fetched(world, url, Authorization="Bearer wrong"))[0] == 401
    async with world.session.get(url) as answer:
        assert answer.status == 401
    assert (await fetched(world, url.replace("mid=", "mid=1")))[0] == 404
    assert (await fetched(world, url.replace("ext=", "ext=9")))[0] == 404
    assert (await fetched(world, url.partition("?")[0]))[0] == 404
    await world.sim("PUT", "clock", {"offset_s": 290})
    assert (await fetched(world, url))[0] == 200
    await world.sim("PUT", "clock", {"offset_s": 310})
    assert (await fetched(world, url))[0] == 404
    assert (await fetched(world, (await node(world, told["id"]))[1]["url"]))[0] == 200


async def test_ids_of_customers_media_end_after_seven_days_and_of_uploads_after_thirty(
    world: World,
) -> None:
    customer = await world.customer()
    theirs = (await attached(world, customer, "image"))["id"]
    ours = await uploaded(world, PHOTO, "image/jpeg")
    for days, alive in ((6.99, [theirs, ours]), (7.01, [ours]), (29.99, [ours]), (30.01, [])):
        await world.sim("PUT", "clock", {"offset_s": days * DAY_S})
        answers = {id_: (await node(world, id_))[0] for id_ in (theirs, ours)}
        assert [id_ for id_, status in answers.items() if status == 200] == alive


async def test_the_way_to_a_media_can_fail_as_it_does(world: World) -> None:
    customer = await world.customer()
    content = bytes(300_000)
    url = (await attached(world, customer, "image", media=data(content, "image/png")))["url"]
    await world.faults(media=404)
    assert (await fetched(world, url))[0] == 404
    await world.faults(media="wrong_hash")
    status, wrong = await fetched(world, url)
    assert (status, len(wrong)) == (200, len(content))
    assert wrong != content
    await world.faults(media="truncated")
    with pytest.raises(aiohttp.ClientError):
        await fetched(world, url)
    await world.faults(media="slow")
    async with world.session.get(url, headers=TOKEN) as answer:
        assert await answer.content.readexactly(len(content) // 2) == bytes(len(content) // 2)
        assert not answer.content.at_eof()
        assert len(await answer.read()) == len(content) // 2
    await world.faults()
    assert await fetched(world, url) == (200, content)


async def test_media_outlive_a_restart(inbox: Inbox, tmp_path: Path) -> None:
    ids: list[str] = []
    for _ in range(2):
        simulator = Simulator(
            webhook_url=inbox.url,
            app_secret="s",
            verify_token="verify",
            access_token="token",
            entry_points=NUMBERS,
            memory=tmp_path / "memory.json",
        )
        async with simulator, aiohttp.ClientSession() as session:
            world = World(simulator, inbox, session)
            if not ids:
                customer = await world.customer()
                ids.append((await attached(world, customer, "image"))["id"])
                ids.append(await uploaded(world, PDF, "application/pdf"))
            sizes = []
            for id_ in ids:
                _, found = await node(world, id_)
                sizes.append(len((await fetched(world, found["url"]))[1]))

    assert sizes == [len(PHOTO), len(PDF)]


async def test_the_oldest_contents_go_and_equal_ones_are_kept_once(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "media", most_kept=1000)
    shelf.open()
    first, second = shelf.put_whole(b"a" * 400), shelf.put_whole(b"b" * 400)
    assert shelf.put_whole(b"a" * 400) == first
    third = shelf.put_whole(b"c" * 400)

    assert shelf.find(second.sha256) is None
    assert (shelf.find(first.sha256), shelf.find(third.sha256)) == (first, third)
    there = sorted(file.name for file in (tmp_path / "media").iterdir())
    assert there == sorted((first.sha256, third.sha256))
    (tmp_path / "media" / "x.draft").touch()
    again = Shelf(tmp_path / "media", most_kept=1000)
    again.open()
    assert again.find(third.sha256) == third
    assert len(list((tmp_path / "media").iterdir())) == 2


async def _in_pieces(content: bytes) -> AsyncIterator[bytes]:
    for begin in range(0, len(content), MIB):
        yield content[begin : begin + MIB]
