"""What a message says beyond its text, read from what WhatsApp sent as far as it makes sense.

The payload is kept as it came, and a customer's program may have put anything into it.  What has
not the shape that WhatsApp's contract gives it is left out, piece by piece, and nothing here
raises.  (`whatsapp.md` 1.6 and 1.7.)
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Literal, TypeAlias

from msgspec import Struct

#: Of each list, so that one message does not fill the desk.
PIECES_MAX = 100


class Location(Struct, frozen=True, tag_field="kind", tag="location"):
    """A place; in degrees."""

    latitude: float
    longitude: float
    name: str | None
    address: str | None
    url: str | None


class Card(Struct, frozen=True):
    """How to reach somebody, as the customer gave it."""

    name: str | None
    organisation: str | None
    phones: list[str]
    emails: list[str]
    urls: list[str]


class Cards(Struct, frozen=True, tag_field="kind", tag="cards"):
    """Contact cards."""

    cards: list[Card]


class Given(Struct, frozen=True):
    """One field of a form, and what the customer put into it."""

    name: str
    value: str


class Answer(Struct, frozen=True, tag_field="kind", tag="answer"):
    """A tap on a button, a line of a list, or a form that was filled in; its title is the text."""

    to: Literal["button", "list", "flow"]
    description: str | None
    fields: list[Given]


class Ordered(Struct, frozen=True):
    """One line of an order; the price is that of one piece."""

    product: str
    quantity: float | None
    price: float | None
    currency: str | None


class Order(Struct, frozen=True, tag_field="kind", tag="order"):
    """What the customer put into the basket."""

    items: list[Ordered]


class Unsupported(Struct, frozen=True, tag_field="kind", tag="unsupported"):
    """What WhatsApp does not pass on: its word for it, and its error code."""

    what: str | None
    code: int | None


class Option(Struct, frozen=True):
    """An answer that a customer may choose; of a list, with the section that it stands in."""

    id: str
    title: str
    description: str | None
    section: str | None


class Menu(Struct, frozen=True, tag_field="kind", tag="menu"):
    """The answers under a question of ours; of a list, with the words of the button to it."""

    button: str | None
    options: list[Option]


class Referral(Struct, frozen=True):
    """The advertisement or post that led the customer here."""

    kind: str | None
    headline: str | None
    body: str | None
    url: str | None


Content: TypeAlias = Location | Cards | Answer | Menu | Order | Unsupported
Payload: TypeAlias = Mapping[str, Any] | None


def content(type: str, payload: Payload) -> Content | None:
    """What a message of *type* says beyond its text; None where that is nothing."""
    reader = _READERS.get(type)
    return None if reader is None else reader(payload or {})


def forwarded(payload: Payload) -> Literal["once", "often"] | None:
    """Whether the customer passed on what somebody else wrote, and whether many did before."""
    context = _within(payload or {}, "context")
    if context.get("frequently_forwarded") is True:
        return "often"
    return "once" if context.get("forwarded") is True else None


def referral(payload: Payload) -> Referral | None:
    """Where a message says that the customer came from."""
    said = _within(payload or {}, "referral")
    found = Referral(
        _text(said, "source_type"),
        _text(said, "headline"),
        _text(said, "body"),
        _text(said, "source_url"),
    )
    return None if found == Referral(None, None, None, None) else found


def _location(payload: Mapping[str, Any]) -> Location | None:
    said = _within(payload, "location")
    latitude, longitude = _number(said, "latitude"), _number(said, "longitude")
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return None
    named = _text(said, "name"), _text(said, "address"), _text(said, "url")
    return Location(latitude, longitude, *named)


def _cards(payload: Mapping[str, Any]) -> Cards:
    return Cards([_card(one) for one in _pieces(payload, "contacts")])


def _card(said: Mapping[str, Any]) -> Card:
    name, organisation = _within(said, "name"), _within(said, "org")
    parts = (_text(name, key) for key in ("first_name", "middle_name", "last_name"))
    return Card(
        name=_text(name, "formatted_name") or " ".join(filter(None, parts)) or None,
        organisation=_text(organisation, "company"),
        phones=_texts(said, "phones", "phone"),
        emails=_texts(said, "emails", "email"),
        urls=_texts(said, "urls", "url"),
    )


def _interactive(payload: Mapping[str, Any]) -> Answer | Unsupported:
    said = _within(payload, "interactive")
    if reply := _within(said, "list_reply"):
        return Answer("list", _text(reply, "description"), [])
    if reply := _within(said, "nfm_reply"):
        return Answer("flow", None, _fields(_text(reply, "response_json")))
    if _within(said, "button_reply"):
        return Answer("button", None, [])
    return Unsupported(_text(said, "type"), None)


def _fields(response: str | None) -> list[Given]:
    """What was put into a form; WhatsApp sends it as JSON within a text."""
    with suppress(ValueError, RecursionError):
        said = json.loads(response or "")
        if isinstance(said, dict):
            items = list(said.items())[:PIECES_MAX]
            return [Given(name, _shown(value)) for name, value in items if name != "flow_token"]
    return []


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _button(_payload: Mapping[str, Any]) -> Answer:
    return Answer("button", None, [])


def _buttons(payload: Mapping[str, Any]) -> Menu:
    return Menu(None, [_option(one, None) for one in _pieces(payload, "buttons")])


def _list(payload: Mapping[str, Any]) -> Menu:
    said = _within(payload, "list")
    options = [
        _option(row, _text(section, "title"))
        for section in _pieces(said, "sections")
        for row in _pieces(section, "rows")
    ]
    return Menu(_text(said, "button"), options)


def _option(said: Mapping[str, Any], section: str | None) -> Option:
    id, title = _text(said, "id") or "", _text(said, "title") or ""
    return Option(id, title, _text(said, "description"), section)


def _order(payload: Mapping[str, Any]) -> Order:
    items = _pieces(_within(payload, "order"), "product_items")
    return Order(
        [
            Ordered(
                _text(one, "product_retailer_id") or "?",
                _number(one, "quantity"),
                _number(one, "item_price"),
                _text(one, "currency"),
            )
            for one in items
        ]
    )


def _unsupported(payload: Mapping[str, Any]) -> Unsupported:
    errors = _pieces(payload, "errors")
    code = _number(errors[0], "code") if errors else None
    what = _text(_within(payload, "unsupported"), "type")
    return Unsupported(what, None if code is None else int(code))


_READERS: Mapping[str, Callable[[Mapping[str, Any]], Content | None]] = {
    "location": _location,
    "contacts": _cards,
    "interactive": _interactive,
    "button": _button,
    "buttons": _buttons,
    "list": _list,
    "order": _order,
    "unsupported": _unsupported,
}


def _within(said: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The object at *key*; an empty one where there is none."""
    found = said.get(key)
    return found if isinstance(found, dict) else {}


def _pieces(said: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """The objects in the list at *key*."""
    found = said.get(key)
    pieces = found if isinstance(found, list) else []
    return [one for one in pieces if isinstance(one, dict)][:PIECES_MAX]


def _text(said: Mapping[str, Any], key: str) -> str | None:
    found = said.get(key)
    return found if isinstance(found, str) and found else None


def _texts(said: Mapping[str, Any], key: str, within: str) -> list[str]:
    found = (_text(one, within) for one in _pieces(said, key))
    return [one for one in found if one is not None]


def _number(said: Mapping[str, Any], key: str) -> float | None:
    """A number, also one that was sent as a text."""
    found = said.get(key)
    if isinstance(found, bool) or not isinstance(found, int | float | str):
        return None
    try:
        number = float(found)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
