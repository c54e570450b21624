"""What a phone shows of a message of the business: its words, choices, place and media."""

from typing import Any

from balcao.simulator import formats
from balcao.simulator.media import Item


def words(kind: str, own: Any) -> str | None:
    """Is what a phone shows of a message in words, if there are any."""
    if kind == "contacts":
        return ", ".join(str(card["name"]["formatted_name"]) for card in own)
    body = own["body"].get("text") if kind == "interactive" else own.get("body")
    found = (body, own.get("caption"), own.get("emoji"), own.get("name"))
    return next((word for word in found if isinstance(word, str) and word), None)


def choices(own: dict[str, Any]) -> dict[str, Any] | None:
    """Is what a phone lets tap of an interactive message, with what stands around it."""
    action, header = own["action"], own.get("header") or {}
    if own["type"] == "button":
        items = [_choice(button["reply"], None) for button in action["buttons"]]
    elif own["type"] == "list":
        sections = action["sections"]
        items = [_choice(row, part.get("title")) for part in sections for row in part["rows"]]
    else:
        return None
    return {
        "type": own["type"],
        "header": header.get("text"),
        "footer": (own.get("footer") or {}).get("text"),
        "label": action.get("button"),
        "items": items,
    }


def place(own: dict[str, Any]) -> dict[str, Any] | None:
    """Is where a location is, if that can be told."""
    try:
        degrees = {key: float(own[key]) for key in ("latitude", "longitude")}
    except (KeyError, TypeError, ValueError):
        return None
    told = {key: own.get(key) for key in ("name", "address")}
    return {**degrees, **{key: w if isinstance(w, str) else None for key, w in told.items()}}


def attached(item: Item, head: bytes, name: object, *, voice: bool) -> dict[str, Any]:
    """Is what a phone has of a media that begins so."""
    return {
        "id": item.id,
        "sha256": item.sha256,
        "mime_type": item.mime_type,
        "size": item.size,
        "name": name if isinstance(name, str) and name else None,
        "voice": voice,
        "animated": formats.is_animated(head),
    }


def _choice(own: dict[str, Any], section: str | None) -> dict[str, Any]:
    told = {key: own.get(key) for key in ("id", "title", "description")}
    return {**told, "section": section}
