"""What may not be said, and how that is answered; what was said twice is said once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.web.house import Browser, House, Reply
from tests.world import sql

PNG = b"\x89PNG\r\n\x1a\n of the tests"
BUTTON = {"id": "1", "title": "Sim"}
ROWS = [{"id": f"{n}", "title": "Um"} for n in range(11)]
PLACE = {"latitude": 1, "longitude": 2}


@dataclass
class Talk:
    """Marina, connected to Ana, who wrote one message."""

    here: House
    marina: Browser
    task: int
    message: str

    async def say(self, browser: Browser | None = None, **body: object) -> Reply:
        path = f"/api/tasks/{self.task}/messages"
        return await (browser or self.marina).post(path, {"client_id": "c1", **body})

    async def react(self, emoji: str, browser: Browser | None = None) -> Reply:
        path = f"/api/messages/{self.message}/reaction"
        return await (browser or self.marina).post(path, {"emoji": emoji})

    async def close_window(self) -> None:
        await sql(
            self.here.database,
            "update conversation set last_inbound_at = last_inbound_at - interval '24 hours'",
        )


@pytest.fixture
async def talk(here: House) -> AsyncIterator[Talk]:
    marina = await here.agent("Marina")
    task = await here.written("wamid.1")
    conversation = (await marina.post(f"/api/tasks/{task}/accept")).json["conversation_id"]
    yield Talk(here, marina, task, await newest(marina, conversation))


async def newest(browser: Browser, conversation: str) -> str:
    page = (await browser.get(f"/api/conversations/{conversation}/messages")).json
    return str(next(one["id"] for one in page["items"] if one["direction"] == "in"))


async def upload(browser: Browser) -> str:
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
    kind = {"content-type": "multipart/form-data; boundary=x"}
    reply = await browser.ask("POST", "/api/media", head + PNG + b"\r\n--x--\r\n", kind)
    return str(reply.json["id"])


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"type": "text", "text": "x" * 4097}, "too-long", "text"),
        ({"type": "text"}, "invalid", "text"),
        ({"type": "film", "text": "x"}, "invalid", None),
        ({"text": "x"}, "invalid", None),
        ({"type": "note", "text": "x", "quoted": "1"}, "invalid", None),
        ({"type": "image"}, "invalid", "media_id"),
        ({"type": "image", "media_id": "999"}, "no-such-media", "media_id"),
        ({"type": "image", "media_id": "one"}, "no-such-media", "media_id"),
        ({"type": "image", "media_id": "1", "text": "x" * 1025}, "too-long", "text"),
        ({"type": "image", "media_id": "1", "voice": True}, "invalid", None),
        ({"type": "audio", "media_id": "1", "text": "x"}, "caption-not-allowed", "text"),
        ({"type": "sticker", "media_id": "1", "text": "x"}, "caption-not-allowed", "text"),
        ({"type": "location"}, "invalid", "location"),
        (
            {"type": "location", "location": {**PLACE, "latitude": 91}},
            "out-of-range",
            "location.latitude",
        ),
        (
            {"type": "location", "location": {**PLACE, "name": "x" * 1025}},
            "too-long",
            "location.name",
        ),
        ({"type": "buttons", "text": "x", "buttons": []}, "empty", "buttons"),
        ({"type": "buttons", "text": "", "buttons": [BUTTON]}, "empty", "text"),
        (
            {"type": "buttons", "text": "x", "buttons": [{**BUTTON, "title": "x" * 21}]},
            "too-long",
            "buttons.title",
        ),
        (
            {"type": "buttons", "text": "x", "buttons": [BUTTON, BUTTON]},
            "not-unique",
            "buttons.id",
        ),
        (
            {
                "type": "buttons",
                "text": "x",
                "buttons": [{"id": f"{n}", "title": f"{n}"} for n in range(4)],
            },
            "too-many",
            "buttons",
        ),
        (
            {"type": "list", "text": "x", "button": "Ver", "sections": [{"rows": ROWS}]},
            "too-many",
            "sections.rows",
        ),
        (
            {"type": "list", "text": "x", "button": "x" * 21, "sections": [{"rows": ROWS[:1]}]},
            "too-long",
            "button",
        ),
        ({"type": "text", "text": "x", "quoted": "999"}, "no-such-message", "quoted"),
        ({"type": "text", "text": "x", "quoted": "one"}, "no-such-message", "quoted"),
    ],
)
async def test_what_whatsapp_would_not_take_is_refused_by_name(
    talk: Talk, body: dict[str, Any], code: str, field: str | None
) -> None:
    reply = await talk.say(**body)

    assert reply.problem == (422, code)
    if field is not None:
        assert reply.json["field"] == field
    assert (
        await sql(
            talk.here.database,
            "select 1 from message where direction <> 'in' and direction <> 'system'",
        )
        == []
    )


async def test_an_upload_is_of_its_uploader_of_its_kind_and_sent_once(talk: Talk) -> None:
    own, other = await upload(talk.marina), await upload(await talk.here.agent("Camila"))

    assert (await talk.say(type="image", media_id=other)).problem == (422, "no-such-media")
    wrong = await talk.say(type="video", media_id=own)
    assert wrong.problem == (422, "wrong-kind")
    assert (wrong.json["field"], wrong.json["kind"]) == ("media_id", "image")
    assert (await talk.say(type="image", media_id=own, text="Veja")).status == 202
    again = await talk.say(type="image", media_id=own, client_id="c2")
    assert again.problem == (422, "no-such-media")


async def test_a_repeat_answers_as_the_first_time_whatever_the_kind(talk: Talk) -> None:
    bodies: list[dict[str, Any]] = [
        {"type": "image", "media_id": await upload(talk.marina), "text": "Veja"},
        {"type": "location", "location": PLACE},
        {"type": "buttons", "text": "x", "buttons": [BUTTON]},
        {"type": "list", "text": "x", "button": "Ver", "sections": [{"rows": ROWS[:2]}]},
        {"type": "text", "text": "x", "quoted": talk.message},
    ]
    for n, body in enumerate(bodies):
        first = await talk.say(client_id=f"c{n}", **body)
        assert first.status == 202, first.body
        assert (await talk.say(client_id=f"c{n}", **body)).json == first.json
    changed = [
        {**bodies[0], "text": "Olhe"},
        {**bodies[1], "location": {**PLACE, "name": "Loja"}},
        {**bodies[2], "buttons": [{**BUTTON, "title": "Não"}]},
        {**bodies[3], "button": "Abrir"},
        {"type": "text", "text": "x"},
    ]
    for n, body in enumerate(changed):
        assert (await talk.say(client_id=f"c{n}", **body)).problem == (422, "client-id-reused")


@pytest.mark.parametrize(
    "body",
    [
        {"type": "location", "location": PLACE},
        {"type": "buttons", "text": "x", "buttons": [BUTTON]},
        {"type": "text", "text": "x"},
    ],
)
async def test_nothing_is_said_outside_the_window_or_of_no_part(
    talk: Talk, body: dict[str, Any]
) -> None:
    await talk.close_window()
    assert (await talk.say(**body)).problem == (409, "window-closed")
    await talk.marina.post(f"/api/tasks/{talk.task}/end")
    assert (await talk.say(**body)).problem == (409, "not-connected")


async def test_what_is_not_seen_or_not_at_whatsapp_cannot_be_quoted(talk: Talk) -> None:
    note = await talk.say(type="note", text="x", client_id="n")
    pending = await talk.say(type="text", text="x", client_id="p")
    await talk.here.written("wamid.2", **{"from": "5511900000002", "from_user_id": "BR.2"})
    (other,) = await sql(talk.here.database, "select id from message where wamid = 'wamid.2'")

    for id in (note.json["id"], pending.json["id"], str(other["id"])):
        reply = await talk.say(type="text", text="x", quoted=id)
        assert reply.problem == (422, "no-such-message")


async def test_whichever_agent_reacts_there_is_one_reaction_of_the_business(talk: Talk) -> None:
    shown = (await talk.react("👍")).json
    assert [one["emoji"] for one in shown["reactions"]] == ["👍"]
    again = (await talk.react("👍")).json
    assert again == shown, "nothing changed"
    changed = (await talk.react("❤️")).json
    assert [one["emoji"] for one in changed["reactions"]] == ["❤️"]
    assert changed["version"] > shown["version"]
    assert (await talk.react("")).json["reactions"] == []


async def test_reactions_have_their_refusals(talk: Talk) -> None:
    assert (await talk.react("ok")).problem == (422, "bad-emoji")
    assert (await talk.react("x" * 101)).problem == (422, "invalid")
    stranger = await talk.here.agent("Camila")
    assert (await talk.react("👍", stranger)).problem == (404, "not-found")
    own = await talk.say(type="text", text="x")
    reply = await talk.marina.post(f"/api/messages/{own.json['id']}/reaction", {"emoji": "👍"})
    assert reply.problem == (422, "no-such-message")
    await talk.close_window()
    assert (await talk.react("👍")).problem == (409, "window-closed")
    await talk.marina.post(f"/api/tasks/{talk.task}/end")
    assert (await talk.react("👍")).problem == (409, "not-connected")
