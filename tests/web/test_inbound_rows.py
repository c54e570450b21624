"""Every type that a customer can send, with the traps of its row: signed HTTP in, thread out.

One test for each row of `whatsapp.md` 1.6, in its order; what the desk makes of well-formed
contents in detail is in `test_contents.py`.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from balcao.domain.message import TEXT_MAX
from tests.web.house import House
from tests.web.signed import FIRST, Line, connected, of
from tests.whatsapp import bodies
from tests.world import sql

PICTURE = {
    "id": "900",
    "mime_type": "image/jpeg",
    "sha256": "q83v",
    "url": "https://l.example/?mid=9",
}
OURS = {"from": "551140001000", "id": "wamid.OURS"}


async def shown(here: House, kind: str, own: object, **over: Any) -> dict[str, Any]:
    """What the thread shows of one more message of the customer's."""
    line = await connected(here)
    await line.hears(of("wamid.1", kind, own, **over))
    assert await line.aside() == []
    newest = await line.newest()
    assert newest["author"]["name"] == "Ana"
    return newest


def waits(one: dict[str, Any]) -> dict[str, Any]:
    """What is known of the file of a line, which has not been fetched yet."""
    assert one["media"]["state"] == "waiting"
    known = {name: one["media"][name] for name in ("kind", "name", "voice", "animated")}
    return {name: value for name, value in known.items() if value}


async def test_a_text_longer_than_we_may_send_is_shown_whole(here: House) -> None:
    """1.6 text: the limit of 4096 is one of sending."""
    words = "longo " * TEXT_MAX
    one = await shown(here, "text", {"body": words})
    assert (one["type"], one["text"]) == ("text", words)


async def test_an_image_shows_its_caption_or_none(here: House) -> None:
    """1.6 image: caption and url may be missing."""
    line = await connected(here)
    for n, (own, caption) in enumerate(
        [({**PICTURE, "caption": "veja"}, "veja"), (bodies.without(PICTURE, "url"), None)]
    ):
        await line.hears(of(f"wamid.{n}", "image", own))
        one = await line.newest()
        assert (one["type"], one["text"], waits(one)) == ("image", caption, {"kind": "image"})
    assert await line.aside() == []


async def test_a_video_shows_its_caption(here: House) -> None:
    """1.6 video: the same as an image."""
    one = await shown(here, "video", {**PICTURE, "mime_type": "video/mp4", "caption": "olhe"})
    assert (one["type"], one["text"], waits(one)) == ("video", "olhe", {"kind": "video"})


@pytest.mark.parametrize("filename", ["nota.pdf", None])
async def test_a_document_may_lack_its_name(here: House, filename: str | None) -> None:
    """1.6 document: `filename` is missing sometimes."""
    own = {**PICTURE, "mime_type": "application/pdf", "caption": "a nota", "filename": filename}
    one = await shown(here, "document", {k: v for k, v in own.items() if v is not None})
    assert (one["type"], one["text"]) == ("document", "a nota")
    assert waits(one) == {"kind": "document"} | ({"name": filename} if filename else {})


@pytest.mark.parametrize("voice", [True, False])
async def test_a_voice_note_is_an_audio(here: House, voice: bool) -> None:
    """1.6 audio: there is no type `voice`."""
    own = {"id": "900", "mime_type": "audio/ogg; codecs=opus", "sha256": "q83v", "voice": voice}
    one = await shown(here, "audio", own)
    assert (one["type"], one["text"]) == ("audio", None)
    assert waits(one) == {"kind": "audio"} | ({"voice": True} if voice else {})


async def test_a_sticker_is_a_line_of_its_own(here: House) -> None:
    """1.6 sticker."""
    own = {"id": "900", "mime_type": "image/webp", "sha256": "q83v", "animated": True}
    one = await shown(here, "sticker", own)
    assert (one["type"], one["text"]) == ("sticker", None)
    assert waits(one) == {"kind": "sticker", "animated": True}


async def test_a_location_may_be_no_more_than_two_numbers(here: House) -> None:
    """1.6 location: name, address and url may be missing."""
    one = await shown(here, "location", {"latitude": -23, "longitude": -46.5})
    nameless = {"name": None, "address": None, "url": None}
    place = {"kind": "location", "latitude": -23.0, "longitude": -46.5, **nameless}
    assert (one["type"], one["content"]) == ("location", place)


async def test_a_contact_card_may_lack_a_name(here: House) -> None:
    """1.6 contacts: the name can be absent, and `origin` and `vcard` are new."""
    cards = [
        {"phones": [{"phone": "+55 11 98888-7777", "wa_id": "5511988887777", "type": "CELL"}]},
        {"name": {"formatted_name": "Bia"}, "origin": "other", "vcard": "BEGIN:VCARD"},
    ]
    one = await shown(here, "contacts", cards)
    known = [(card["name"], card["phones"]) for card in one["content"]["cards"]]
    assert known == [(None, ["+55 11 98888-7777"]), ("Bia", [])]


@pytest.mark.parametrize("removal", [{"emoji": ""}, {}], ids=["empty", "absent"])
async def test_a_reaction_is_put_on_changed_and_removed(
    here: House, removal: dict[str, str]
) -> None:
    """1.6 reaction: the latest wins, and removing it is an empty or an absent emoji."""
    line = await connected(here)
    seen = []
    for n, own in enumerate(({"emoji": "👍"}, {"emoji": "🎉"}, removal)):
        reaction = of(
            f"wamid.{n}", "reaction", {"message_id": FIRST, **own}, second=bodies.NOON + n
        )
        await line.hears(reaction)
        (one,) = await line.thread()
        seen.append([reaction["emoji"] for reaction in one["reactions"]])
    assert seen == [["👍"], ["🎉"], []]


@pytest.mark.parametrize(
    ("own", "text", "content"),
    [
        (
            {"type": "button_reply", "button_reply": {"id": "1", "title": "Sim"}},
            "Sim",
            {"kind": "answer", "to": "button", "description": None, "fields": []},
        ),
        (
            {"type": "list_reply", "list_reply": {"id": "2", "title": "Contas"}},
            "Contas",
            {"kind": "answer", "to": "list", "description": None, "fields": []},
        ),
        (
            {
                "type": "nfm_reply",
                "nfm_reply": {
                    "name": "flow",
                    "body": "Sent",
                    "response_json": json.dumps({"flow_token": "t", "dia": "segunda"}),
                },
            },
            None,
            {
                "kind": "answer",
                "to": "flow",
                "description": None,
                "fields": [{"name": "dia", "value": "segunda"}],
            },
        ),
        (
            {
                "type": "call_permission_reply",
                "call_permission_reply": {"response": "accept", "is_permanent": False},
            },
            None,
            {"kind": "unsupported", "what": "call_permission_reply", "code": None},
        ),
    ],
    ids=["button", "list", "form", "permission"],
)
async def test_a_tap_is_shown_as_what_was_tapped(
    here: House, own: dict[str, Any], text: str | None, content: dict[str, Any]
) -> None:
    """1.6 interactive: one object of four, and a form's answers are JSON within a text."""
    one = await shown(here, "interactive", own, context=OURS)
    assert (one["type"], one["text"], one["content"]) == ("interactive", text, content)


@pytest.mark.parametrize("answered", [OURS, None])
async def test_a_templates_button_may_say_what_it_answers(
    here: House, answered: dict[str, str] | None
) -> None:
    """1.6 button: the context may be missing."""
    one = await shown(here, "button", {"payload": "p", "text": "Quero"}, context=answered)
    assert (one["type"], one["text"]) == ("button", "Quero")
    assert (one["quoted"] is None) is (answered is None)


async def test_an_order_is_shown_line_by_line(here: House) -> None:
    """1.6 order."""
    lines = [
        {"product_retailer_id": "A1", "quantity": 2, "item_price": 19.9, "currency": "BRL"},
        {"product_retailer_id": "B2", "quantity": 1, "item_price": 5, "currency": "BRL"},
    ]
    own = {"catalog_id": "7", "text": "para hoje", "product_items": lines}
    one = await shown(here, "order", own)
    assert (one["type"], one["text"]) == ("order", "para hoje")
    items = one["content"]["items"]
    assert [(item["product"], item["quantity"]) for item in items] == [("A1", 2), ("B2", 1)]


@pytest.mark.parametrize(
    "system",
    [
        {"type": "user_changed_number", "body": "changed", "wa_id": "5511900000002"},
        {"type": "user_changed_user_id", "user_id": "BR.2", "wa_id": "5511900000002"},
    ],
    ids=["number", "user id"],
)
async def test_a_customer_with_another_number_or_id_goes_on_in_the_same_thread(
    here: House, system: dict[str, str]
) -> None:
    """1.6 system: it has no contacts, opens no task, and what is written next belongs here."""
    line = await connected(here)
    await line.hears(of("wamid.1", "system", system), contacts=())
    now = {"from": "5511900000002", "from_user_id": system.get("user_id")}
    await line.hears(of("wamid.2", "text", {"body": "Sou eu"}, **now), contacts=())
    assert [one["text"] for one in await line.thread()] == ["Sou eu", "Chego já"]
    assert await line.tasks() == 1
    assert (await line.card())["customer"]["phone"] == "+5511900000002"


async def test_another_system_message_is_kept_and_says_nothing(here: House) -> None:
    """1.6 system: `customer_identity_changed` comes with an `identity`."""
    line = await connected(here)
    identity = {"acknowledged": True, "created_timestamp": "1790000000", "hash": "h"}
    system = {"type": "customer_identity_changed", "body": "b"}
    await line.hears(of("wamid.1", "system", system, identity=identity), contacts=())
    assert len(await line.thread()) == 1
    assert await line.aside() == ["not shown yet: system"]


@pytest.mark.parametrize(
    ("code", "what"), [(131051, "poll_creation"), (131051, None), (131060, None)]
)
async def test_what_whatsapp_does_not_pass_on_opens_a_task_with_a_placeholder(
    here: House, code: int, what: str | None
) -> None:
    """1.6 unsupported: 131060 is typical for the very first message."""
    errors = [{"code": code, "title": "t", "message": "m", "error_data": {"details": "d"}}]
    own = None if what is None else {"type": what}
    whole = of("wamid.1", "unsupported", own, errors=errors)
    line = await connected(here, whole)
    (one,) = await line.thread()
    said = {"kind": "unsupported", "what": what, "code": code}
    assert (one["type"], one["text"], one["content"]) == ("unsupported", None, said)


async def test_an_edit_changes_the_words_and_keeps_the_place(here: House) -> None:
    """1.6 edit: its message has a type and an object of its own, and perhaps a context."""
    line = await connected(here)
    new = {"type": "text", "text": {"body": "Chego às 15h"}, "context": OURS}
    await line.hears(of("wamid.1", "edit", {"original_message_id": FIRST, "message": new}))
    (one,) = await line.thread()
    assert (one["text"], one["edited_at"] is not None) == ("Chego às 15h", True)
    kept = await sql(here.database, "select text from message where wamid = $1", FIRST)
    assert kept == [{"text": "Chego já"}], "the former text stays"


async def test_a_revoked_message_is_shown_as_taken_back(here: House) -> None:
    """1.6 revoke."""
    line = await connected(here)
    await line.hears(of("wamid.1", "revoke", {"original_message_id": FIRST}))
    (one,) = await line.thread()
    assert (one["text"], one["deleted_at"] is not None) == (None, True)


async def test_an_opened_chat_is_no_message(here: House) -> None:
    """1.6 request_welcome: it is ignored, and nothing is set aside."""
    line = await connected(here)
    await line.hears(of("wamid.1", "request_welcome", None))
    assert len(await line.thread()) == 1
    assert (await line.tasks(), await line.aside()) == (1, [])


@pytest.mark.parametrize(
    ("kind", "own"), [("interactive", None), ("hologram", {"any": ["thing"]}), ("hologram", None)]
)
async def test_anything_else_is_a_line_without_words_and_costs_no_neighbour(
    here: House, kind: str, own: object
) -> None:
    """1.6 anything else: an object may be missing, and the value may have errors of its own."""
    line = await connected(here)
    both = [of("wamid.1", kind, own), of("wamid.2", "text", {"body": "depois"})]
    change = bodies.change(both, contacts=[bodies.contact()])
    change["value"]["errors"] = [{"code": 131000, "title": "Unsupported webhook payload"}]
    await line.takes(change)
    lines = {one["type"]: one["text"] for one in (await line.thread())[:-1]}
    assert lines == {kind: None, "text": "depois"}
    assert await line.aside() == ["errors"]


async def test_times_and_numbers_may_be_texts_or_numbers(here: House) -> None:
    """1.4: timestamps are strings in messages, and integers in other places."""
    line = await connected(here)
    whole = of("wamid.1", "text", {"body": "Oi"}) | {"timestamp": bodies.NOON}
    await line.hears(whole)
    assert [one["text"] for one in await line.thread()] == ["Oi", "Chego já"]


async def test_one_envelope_may_hold_several_of_everything(here: House) -> None:
    """1.4: entries, changes, messages and statuses, of a number of ours and of another."""
    line = await connected(here)
    texts = [of(f"wamid.{n}", "text", {"body": f"{n}"}, second=bodies.NOON + n) for n in range(4)]
    known = [bodies.contact()]
    foreign = bodies.change([of("wamid.9", "text", {"body": "9"})], number="999")
    status = bodies.status("wamid.nobodys")
    mixed = bodies.change(texts[2:], [status], contacts=known)
    await line.takes(bodies.change(texts[:2], contacts=known), foreign, mixed)
    assert [one["text"] for one in await line.thread()] == ["0", "1", "2", "3", "Chego já"]
    assert len(await line.aside()) == 1


async def test_contacts_are_matched_by_their_ids(here: House) -> None:
    """1.4: never by their place in the list."""
    other: dict[str, Any] = {
        "profile": {"name": "Rui"},
        "wa_id": "5511900000009",
        "user_id": "BR.9",
    }
    line: Line = await connected(here, contacts=[other, bodies.contact()])
    assert (await line.card())["customer"]["name"] == "Ana"
