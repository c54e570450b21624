"""Buttons and lists: Graph takes those that a phone can show, and a tap answers them."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.simulator.conftest import World, text_to

pytestmark = pytest.mark.slow  # it waits in real time for the pretend WhatsApp


def buttons() -> dict[str, Any]:
    """Is a message with two buttons."""
    replies = [{"id": "yes", "title": "Sim"}, {"id": "no", "title": "Não"}]
    return {
        "type": "button",
        "header": {"type": "text", "text": "Pedido 88213"},
        "body": {"text": "Recebeu?"},
        "footer": {"text": "Responda quando puder"},
        "action": {"buttons": [{"type": "reply", "reply": reply} for reply in replies]},
    }


def rows() -> dict[str, Any]:
    """Is a message with a list of three rows in two sections."""
    return {
        "type": "list",
        "body": {"text": "Sobre o quê?"},
        "action": {
            "button": "Ver assuntos",
            "sections": [
                {"title": "Compras", "rows": [{"id": "1", "title": "Entrega"}]},
                {
                    "title": "Contas",
                    "rows": [
                        {"id": "2", "title": "Boleto", "description": "Segunda via"},
                        {"id": "3", "title": "Nota"},
                    ],
                },
            ],
        },
    }


async def send(
    world: World, customer: dict[str, Any], interactive: dict[str, Any]
) -> tuple[int, Any]:
    """Asks Graph to send an interactive message."""
    body = text_to("+" + customer["phone"])
    return await world.graph({**body, "type": "interactive", "interactive": interactive})


async def shown(world: World, interactive: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Is a customer, and the line of an interactive message on their phone."""
    customer = await world.customer()
    await world.write(customer)
    status, answer = await send(world, customer, interactive)
    assert status == 200, answer
    await world.settled()
    return customer, (await world.phone(customer))[-1]


async def test_buttons_show_and_a_tap_names_the_message(world: World) -> None:
    customer, line = await shown(world, buttons())
    assert line["text"] == "Recebeu?"
    assert line["choices"] == {
        "type": "button",
        "header": "Pedido 88213",
        "footer": "Responda quando puder",
        "label": None,
        "items": [
            {"id": "yes", "title": "Sim", "description": None, "section": None},
            {"id": "no", "title": "Não", "description": None, "section": None},
        ],
    }
    reply = {"type": "button_reply", "button_reply": {"id": "no", "title": "Não"}}
    context = {"id": line["wamid"]}
    await world.write(customer, type="interactive", interactive=reply, context=context)
    await world.settled()

    told = world.inbox.items("messages")[-1]
    assert told["interactive"] == reply
    assert told["context"]["id"] == line["wamid"]
    last = (await world.phone(customer))[-1]
    assert (last["text"], last["quoted"]) == ("Não", line["wamid"])


async def test_a_list_shows_its_rows_by_section(world: World) -> None:
    customer, line = await shown(world, rows())
    choices = line["choices"]
    assert (choices["type"], choices["label"]) == ("list", "Ver assuntos")
    assert [(x["section"], x["title"], x["description"]) for x in choices["items"]] == [
        ("Compras", "Entrega", None),
        ("Contas", "Boleto", "Segunda via"),
        ("Contas", "Nota", None),
    ]
    row = {"id": "2", "title": "Boleto", "description": "Segunda via"}
    reply = {"type": "list_reply", "list_reply": row}
    context = {"id": line["wamid"]}
    await world.write(customer, type="interactive", interactive=reply, context=context)

    assert (await world.phone(customer))[-1]["text"] == "Boleto"


def _button(change: dict[str, Any]) -> dict[str, Any]:
    given = buttons()
    given["action"]["buttons"][0]["reply"].update(change)
    return given


def _row(change: dict[str, Any]) -> dict[str, Any]:
    given = rows()
    given["action"]["sections"][0]["rows"][0].update(change)
    return given


def _section(change: dict[str, Any]) -> dict[str, Any]:
    given = rows()
    given["action"]["sections"][0].update(change)
    return given


_MANY = [{"id": f"{n}", "title": f"{n}"} for n in range(11)]


@pytest.mark.parametrize(
    ("interactive", "code"),
    [
        (_button({"title": "x" * 21}), 100),
        (_button({"title": ""}), 100),
        (_button({"id": "x" * 257}), 100),
        (_button({"title": "Não"}), 131009),
        (_button({"id": "no"}), 131009),
        ({**buttons(), "action": {"buttons": []}}, 100),
        ({**buttons(), "action": {"buttons": ["Sim"]}}, 100),
        ({**buttons(), "action": {"buttons": [{"type": "reply", "reply": r} for r in _MANY]}}, 100),
        ({**buttons(), "body": {"text": "x" * 1025}}, 100),
        ({**buttons(), "footer": {"text": "x" * 61}}, 100),
        ({**buttons(), "header": {"type": "text", "text": "x" * 61}}, 100),
        ({**rows(), "header": {"type": "image", "image": {"id": "1"}}}, 100),
        ({**rows(), "body": {"text": "x" * 4097}}, 100),
        (_row({"title": "x" * 25}), 100),
        (_row({"id": "x" * 201}), 100),
        (_row({"description": "x" * 73}), 100),
        (_row({"id": "2"}), 131009),
        (_section({"title": "x" * 25}), 100),
        (_section({"title": ""}), 100),
        (_section({"rows": _MANY}), 100),
        (_section({"rows": []}), 100),
        ({**rows(), "action": {**rows()["action"], "button": "x" * 21}}, 100),
    ],
)
async def test_what_a_phone_could_not_show_is_refused(
    world: World, interactive: dict[str, Any], code: int
) -> None:
    customer = await world.customer()
    await world.write(customer)
    status, answer = await send(world, customer, interactive)

    assert (status, answer["error"]["code"]) == (400, code)


@pytest.mark.parametrize(
    "make",
    [
        lambda: _button({"title": "x" * 20, "id": "x" * 256}),
        lambda: _row({"title": "x" * 24, "id": "x" * 200, "description": "x" * 72}),
        lambda: {**buttons(), "body": {"text": "x" * 1024}},
        lambda: {**buttons(), "header": {"type": "image", "image": {"id": "1"}}},
        lambda: {**rows(), "body": {"text": "x" * 4096}},
    ],
)
async def test_the_longest_that_is_allowed_is_taken(
    world: World, make: Callable[[], dict[str, Any]]
) -> None:
    _, line = await shown(world, make())
    assert len(line["choices"]["items"]) in (2, 3)


@pytest.mark.parametrize(
    ("kind", "content", "code"),
    [
        ("contacts", [{"name": {"formatted_name": "Bia"}}], 100),
        ("contacts", [{"name": {"formatted_name": "Bia", "first_name": "Bia"}}] * 6, 100),
        ("contacts", [{"name": {"formatted_name": "Bia", "first_name": "Bia"}}], None),
        ("location", {"latitude": "91", "longitude": "0"}, 100),
        ("location", {"latitude": "-23.5", "longitude": -46.6, "name": "Paulista"}, None),
    ],
)
async def test_cards_and_places_are_taken_where_they_are_whole(
    world: World, kind: str, content: object, code: int | None
) -> None:
    customer = await world.customer()
    await world.write(customer)
    body = {**text_to("+" + customer["phone"]), "type": kind, kind: content}
    _, answer = await world.graph(body)
    await world.settled()

    assert answer.get("error", {}).get("code") == code
    texts = [line["text"] for line in await world.phone(customer)]
    names = {"contacts": "Bia", "location": "Paulista"}
    assert texts == (["Oi"] if code else ["Oi", names[kind]])
