"""A customer writes: the content is checked, shown on the phone, and sent off as a webhook.

Text and the common kinds get what a real phone would add (media ids, hashes, addresses). Any other
kind goes out as it was given, because a receiver has to live with kinds that nobody knows yet.
"""

import base64
import hashlib
import re
from collections.abc import Mapping
from typing import Any

from balcao.simulator import ids
from balcao.simulator.delivery import Deliveries
from balcao.simulator.envelope import message_update
from balcao.simulator.problems import Problem
from balcao.simulator.world import Customer, EntryPoint, Line, World

MOST_TEXT = 65_536
_MEDIA_TYPES = {
    "image": "image/jpeg",
    "video": "video/mp4",
    "audio": "audio/ogg; codecs=opus",
    "document": "application/pdf",
    "sticker": "image/webp",
}
_OPENS_NO_WINDOW = ("system", "request_welcome")
_NEEDED = {
    "location": ("latitude", "longitude"),
    "reaction": ("message_id",),
    "interactive": ("type",),
    "button": ("text",),
    "order": ("product_items",),
    "edit": ("original_message_id",),
    "revoke": ("original_message_id",),
    "system": ("type",),
}
_TYPE = re.compile(r"[a-z][a-z0-9_]{0,63}")


class Writing:
    """Lets customers write to business numbers."""

    def __init__(self, world: World, deliveries: Deliveries) -> None:
        self._world = world
        self._deliveries = deliveries

    def write(self, customer: Customer, given: Mapping[str, Any]) -> Line:
        """Sends what was given from a customer's phone; refuses it whole if it makes no sense."""
        number = self._world.number(given.get("entry_point"))
        content = _content(given)
        content.update(_company(given, customer, number))
        now = self._world.clock.now()
        wamid = ids.message_id(customer.address, outbound=False)
        line = Line(
            wamid=wamid,
            entry_point=number.display_number,
            direction="sent",
            type=content["type"],
            text=_words(content),
            at=now,
            status="sent",
            quoted=content.get("context", {}).get("id"),
        )
        self._world.show(customer, line)
        if content["type"] not in _OPENS_NO_WINDOW:
            customer.wrote_at[number.phone_number_id] = now
        self._deliveries.put(message_update(customer, number, wamid, now, content))
        return line


def _content(given: Mapping[str, Any]) -> dict[str, Any]:
    kind = given.get("type", "text")
    if not isinstance(kind, str) or not _TYPE.fullmatch(kind):
        raise Problem(422, "bad-value", "type must be a word such as text or image")
    if kind == "text":
        return {"type": "text", "text": {"body": _text(given.get("text"))}}
    if kind in _MEDIA_TYPES:
        return {"type": kind, kind: _media(kind, given)}
    if kind == "unsupported":
        return _unsupported(given)
    if kind == "contacts":
        return {"type": kind, "contacts": _cards(given.get("contacts"))}
    return _as_given(kind, given)


def _text(text: Any) -> str:
    body = text.get("body") if isinstance(text, dict) else text
    if not isinstance(body, str) or not body:
        raise Problem(422, "missing", "text must be a text that is not empty")
    if len(body) > MOST_TEXT:
        raise Problem(422, "too-long", f"text must be at most {MOST_TEXT} characters")
    try:
        body.encode()
    except UnicodeEncodeError:
        raise Problem(422, "bad-value", "text has half a surrogate pair") from None
    return body


def _media(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    own = given.get(kind, given.get("media", {}))
    if not isinstance(own, dict):
        raise Problem(422, "bad-value", "media must be an object")
    id_ = own.get("id") or ids.media_id()
    digest = base64.b64encode(hashlib.sha256(str(id_).encode()).digest()).decode()
    media = {"mime_type": _MEDIA_TYPES[kind], "sha256": digest, **own, "id": id_}
    if kind == "audio":
        media.setdefault("voice", True)
    if kind == "sticker":
        media.setdefault("animated", False)
    if isinstance(given.get("text"), str) and given["text"]:
        media["caption"] = _text(given["text"])
    return media


def _unsupported(given: Mapping[str, Any]) -> dict[str, Any]:
    title = "Message type unknown"
    details = {"details": "Message type is currently not supported."}
    error = {"code": 131051, "title": title, "message": title, "error_data": details}
    own = given.get("unsupported", {"type": "poll_creation"})
    return {"type": "unsupported", "errors": given.get("errors", [error]), "unsupported": own}


def _cards(cards: Any) -> list[Any]:
    if not isinstance(cards, list) or not cards:
        raise Problem(422, "missing", "contacts must be a list that is not empty")
    return cards


def _as_given(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    own = given.get(kind)
    if kind in _NEEDED and not isinstance(own, dict):
        raise Problem(422, "missing", f"{kind} must be an object")
    for key in _NEEDED.get(kind, ()):
        if isinstance(own, dict) and key not in own:
            raise Problem(422, "missing", f"{kind} must have {key}")
    return {"type": kind} if own is None else {"type": kind, kind: own}


def _company(given: Mapping[str, Any], customer: Customer, number: EntryPoint) -> dict[str, Any]:
    """Is what goes along with any content: a quote, and the advertisement that led here."""
    along: dict[str, Any] = {}
    context = given.get("context")
    if context is not None:
        if not isinstance(context, dict):
            raise Problem(422, "bad-value", "context must be an object")
        quoted = customer.lines.get(str(context.get("id")))
        own = quoted is not None and quoted.direction == "sent"
        author = customer.phone if own else number.display_number
        along["context"] = {**({"from": author} if "id" in context else {}), **context}
    if given.get("referral") is not None:
        if not isinstance(given["referral"], dict):
            raise Problem(422, "bad-value", "referral must be an object")
        along["referral"] = given["referral"]
    return along


def _words(content: dict[str, Any]) -> str | None:
    """Is what the phone shows of a content in words, if there are any."""
    own = content.get(content["type"])
    if not isinstance(own, dict):
        return None
    words = (own.get(key) for key in ("body", "caption", "emoji", "text", "name", "filename"))
    return next((word for word in words if isinstance(word, str) and word), None)
