"""What a customer sends is what the desk is told: webhook in, thread out."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.house import Browser, House
from tests.whatsapp import bodies
from tests.world import sql

LINK = "https://maps.example/1"
CARD = {
    "name": {"formatted_name": "Bia Souza", "first_name": "Bia"},
    "org": {"company": "Loja"},
    "phones": [{"phone": "+55 11 98888-7777", "type": "CELL"}, {"type": "HOME"}],
    "emails": [{"email": "bia@loja.example"}],
    "urls": [{"url": LINK}],
}
ITEM = {"product_retailer_id": "A1", "quantity": 2, "item_price": "19.9", "currency": "BRL"}
POLL = {"type": "poll_creation"}
NOTHING = {"id": None, "author": None, "type": None, "text": None, "deleted": False}
ERRORS = [{"code": 131051, "title": "Message type unknown"}]


def other(wamid: str, kind: str, own: object) -> dict[str, Any]:
    """A message of another type, of now."""
    return bodies.without(bodies.other(wamid, kind, own), "timestamp")


async def thread(browser: Browser, task: int) -> list[dict[str, Any]]:
    """What the customer wrote, the newest first, as the desk asks for it."""
    shown = (await browser.get(f"/api/tasks/{task}")).json
    path = f"/api/conversations/{shown['conversation_id']}/messages"
    items = (await browser.get(path)).json["items"]
    return [one for one in items if one["direction"] == "in"]


async def connected(here: House, *, name: str = "Marina", **first: Any) -> tuple[Browser, int]:
    """An agent at the desk of whom a customer is, who wrote once."""
    browser = await here.agent(name)
    task = await here.written("wamid.0", "Chego às 14h", **first)
    assert (await browser.post(f"/api/tasks/{task}/accept")).status == 200
    return browser, task


async def sent(here: House, browser: Browser, task: int, wamid: str, **more: Any) -> dict[str, Any]:
    """What the desk shows of one more message of the customer's."""
    await here.written(wamid, **more)
    return (await thread(browser, task))[0]


@pytest.mark.parametrize(
    ("kind", "own", "content"),
    [
        (
            "location",
            {"latitude": -23.5, "longitude": "-46.6", "name": "Loja", "url": LINK},
            {
                "kind": "location",
                "latitude": -23.5,
                "longitude": -46.6,
                "name": "Loja",
                "address": None,
                "url": LINK,
            },
        ),
        ("location", {"latitude": 91, "longitude": 0}, None),
        ("location", {"latitude": "aqui"}, None),
        (
            "contacts",
            [CARD, "no card", {"name": {"first_name": "Rui", "last_name": "Dias"}}],
            {
                "kind": "cards",
                "cards": [
                    {
                        "name": "Bia Souza",
                        "organisation": "Loja",
                        "phones": ["+55 11 98888-7777"],
                        "emails": ["bia@loja.example"],
                        "urls": [LINK],
                    },
                    {
                        "name": "Rui Dias",
                        "organisation": None,
                        "phones": [],
                        "emails": [],
                        "urls": [],
                    },
                ],
            },
        ),
        (
            "interactive",
            {"list_reply": {"id": "2", "title": "Contas", "description": "Boletos"}},
            {"kind": "answer", "to": "list", "description": "Boletos", "fields": []},
        ),
        (
            "interactive",
            {"button_reply": {"id": "1", "title": "Não"}},
            {"kind": "answer", "to": "button", "description": None, "fields": []},
        ),
        (
            "interactive",
            {"nfm_reply": {"response_json": '{"flow_token": "t", "nome": "Ana", "idade": 30}'}},
            {
                "kind": "answer",
                "to": "flow",
                "description": None,
                "fields": [{"name": "nome", "value": "Ana"}, {"name": "idade", "value": "30"}],
            },
        ),
        (
            "interactive",
            {"nfm_reply": {"response_json": "[" * 100_000}},
            {"kind": "answer", "to": "flow", "description": None, "fields": []},
        ),
        (
            "button",
            {"text": "Sim", "payload": "sim"},
            {"kind": "answer", "to": "button", "description": None, "fields": []},
        ),
        (
            "order",
            {"product_items": [ITEM, {"quantity": True}]},
            {
                "kind": "order",
                "items": [
                    {"product": "A1", "quantity": 2.0, "price": 19.9, "currency": "BRL"},
                    {"product": "?", "quantity": None, "price": None, "currency": None},
                ],
            },
        ),
        ("image", {"id": "9", "caption": "veja"}, None),
        ("something_new", {"any": ["thing"]}, None),
    ],
)
async def test_every_kind_says_what_it_says(
    here: House, kind: str, own: Any, content: dict[str, Any] | None
) -> None:
    browser, task = await connected(here)

    shown = await sent(here, browser, task, "wamid.1", **other("wamid.1", kind, own))

    assert (shown["type"], shown["content"]) == (kind, content)


async def test_what_whatsapp_does_not_pass_on_opens_a_task_and_says_what_it_was(
    here: House,
) -> None:
    whole: dict[str, Any] = {"type": "unsupported", "errors": ERRORS, "unsupported": POLL}
    browser, task = await connected(here, **whole)

    (shown,) = await thread(browser, task)

    what = {"kind": "unsupported", "what": "poll_creation", "code": 131051}
    assert (shown["type"], shown["content"]) == ("unsupported", what)


async def test_a_reply_shows_what_it_answers_also_where_we_do_not_have_that(here: House) -> None:
    browser, task = await connected(here)

    known = await sent(here, browser, task, "wamid.1", context={"id": "wamid.0"})
    unknown = await sent(here, browser, task, "wamid.2", context={"id": "wamid.elsewhere"})

    assert known["quoted"]["text"] == "Chego às 14h"
    assert known["quoted"]["author"]["name"] == "Ana"
    assert unknown["quoted"] == NOTHING


@pytest.mark.parametrize(
    ("context", "mark"),
    [
        ({"forwarded": True}, "once"),
        ({"frequently_forwarded": True, "forwarded": True}, "often"),
        ({"forwarded": "yes"}, None),
    ],
)
async def test_what_was_passed_on_is_marked(
    here: House, context: dict[str, object], mark: str | None
) -> None:
    browser, task = await connected(here)

    assert (await sent(here, browser, task, "wamid.1", context=context))["forwarded"] == mark


async def test_an_advertisement_is_told_with_the_task(here: House) -> None:
    ad = {"source_type": "ad", "headline": "Promoção", "source_url": "https://fb.example/1"}
    browser, task = await connected(here, referral=ad)

    told = (await browser.get(f"/api/tasks/{task}")).json["referral"]

    said = {"kind": "ad", "headline": "Promoção", "body": None, "url": "https://fb.example/1"}
    assert told == said


async def test_an_open_desk_sees_reactions_edits_and_deletions_as_they_come(here: House) -> None:
    browser, task = await connected(here)
    async with here.desk(browser) as desk:

        def original() -> dict[str, Any]:
            return next(one for one in desk.of("message") if one["direction"] == "in")

        on = {"message_id": "wamid.0", "emoji": "👍"}
        await here.written("wamid.1", **other("wamid.1", "reaction", on))
        await desk.until(lambda _: [one["emoji"] for one in original()["reactions"]] == ["👍"])

        off = {"message_id": "wamid.0"}
        await here.written("wamid.2", **other("wamid.2", "reaction", off))
        await desk.until(lambda _: original()["reactions"] == [])

        new = {"type": "text", "text": {"body": "Chego às 15h"}}
        about = {"original_message_id": "wamid.0"}
        await here.written("wamid.3", **other("wamid.3", "edit", {**about, "message": new}))
        await desk.until(lambda _: original()["text"] == "Chego às 15h")
        assert original()["edited_at"] is not None

        quoting = await sent(here, browser, task, "wamid.4", context={"id": "wamid.0"})
        assert quoting["quoted"]["text"] == "Chego às 15h"

        await here.written("wamid.5", **other("wamid.5", "revoke", about))
        await desk.until(lambda _: original()["deleted_at"] is not None)
        assert original()["text"] is None
        (first,) = (one for one in await thread(browser, task) if one["quoted"] is None)
        assert (first["text"], first["content"]) == (None, None)
        quoting = next(one for one in await thread(browser, task) if one["quoted"] is not None)
        assert (quoting["quoted"]["text"], quoting["quoted"]["deleted"]) == (None, True)


async def test_the_card_shows_the_words_as_they_are_now(here: House) -> None:
    browser, task = await connected(here)
    new = {"type": "text", "text": {"body": "Chego às 15h"}}
    about = {"original_message_id": "wamid.0"}

    async def preview() -> Any:
        return (await browser.get(f"/api/tasks/{task}")).json["last_message"]["preview"]

    assert await preview() == "Chego às 14h"
    await here.written("wamid.1", **other("wamid.1", "edit", {**about, "message": new}))
    assert await preview() == "Chego às 15h"
    await here.written("wamid.2", **other("wamid.2", "revoke", about))
    assert await preview() == ""


async def test_who_may_not_see_a_message_does_not_see_it_quoted(here: House) -> None:
    browser, first = await connected(here)
    await finish(here, browser, first)
    rui = await here.agent("Rui")
    second = await here.written("wamid.1", "Voltei", context={"id": "wamid.0"})
    assert (await rui.post(f"/api/tasks/{second}/accept")).status == 200
    (quoting, *_) = await thread(rui, second)
    assert quoting["quoted"]["text"] == "Chego às 14h", "who is connected sees all of it"
    path = f"/api/conversations/{quoting['conversation_id']}/messages"
    await finish(here, rui, second)

    items = (await rui.get(path)).json["items"]

    (quoting,) = (one for one in items if one["direction"] == "in")
    assert quoting["quoted"] == NOTHING


async def finish(here: House, browser: Browser, task: int) -> None:
    """End a task and conclude it, and take no other."""
    path = f"/api/tasks/{task}"
    assert (await browser.post(f"{path}/end")).status == 200
    rows = await sql(here.database, "select id from aux_code where kind = 'wrap_up' limit 1")
    assert (await browser.ask("PUT", "/api/agent/state", {"state": "idle"})).status == 200
    concluded = await browser.post(f"{path}/wrap-up", {"aux_code_id": str(rows[0]["id"])})
    assert concluded.status in (200, 204)
