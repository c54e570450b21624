"""A customer writes: the content is checked, shown on the phone, and sent off as a webhook.

Media get what WhatsApp would add (see `attaching`). Any other kind goes out as it was given, as a
receiver has to live with kinds that nobody knows yet. What a phone cannot do is refused: to edit or
delete what somebody else wrote, or to react to a message that is not there.
"""

import re
from collections.abc import Mapping
from typing import Any

from balcao.simulator import attaching, formats, ids, showing
from balcao.simulator.delivery import Deliveries
from balcao.simulator.envelope import message_update
from balcao.simulator.media import Media
from balcao.simulator.problems import Problem
from balcao.simulator.world import AMENDING, Customer, EntryPoint, Line, World

MOST_TEXT = 65_536
REVOKED_WITHIN_S = 2 * 86_400.0
_MOST_EMOJI = 64
_UNSUPPORTED = {
    131051: ("Message type unknown", "Message type is currently not supported."),
    131060: ("This message is unavailable", "This message is currently unavailable."),
}
_UNAVAILABLE = {
    131052: ("Media download error", "The media is larger than 100 MB, or could not be had."),
}
_OPENS_NO_WINDOW = ("system", "request_welcome", "edit", "revoke")
_NEEDED = {
    "location": ("latitude", "longitude"),
    "reaction": ("message_id",),
    "interactive": ("type",),
    "button": ("text",),
    "order": ("product_items",),
    "edit": ("original_message_id", "message"),
    "revoke": ("original_message_id",),
    "system": ("type",),
}
_TYPE = re.compile(r"[a-z][a-z0-9_]{0,63}")


class Writing:
    """Lets customers write to business numbers."""

    def __init__(self, world: World, deliveries: Deliveries, media: Media) -> None:
        self._world = world
        self._deliveries = deliveries
        self._media = media

    def write(self, customer: Customer, given: Mapping[str, Any]) -> Line:
        """Sends what was given from a customer's phone; refuses it whole if it makes no sense."""
        number = self._world.number(given.get("entry_point"))
        kind, shown = _kind(given), None
        content: dict[str, Any]
        if kind in formats.MEDIA and "code" in given:
            content = {"type": kind, "errors": [_error(given["code"], _UNAVAILABLE)]}
        elif kind in formats.MEDIA:
            own, shown = attaching.attach(kind, given, number, self._media)
            content = {"type": kind, kind: own}
        else:
            content = _content(kind, given)
        content.update(_company(given, customer, number))
        line = self._line(customer, number, content)
        line.media = shown
        if line.type in AMENDING:
            _check_amending(customer, line, content)
        self._world.show(customer, line)
        if line.type not in _OPENS_NO_WINDOW:
            customer.wrote_at[number.phone_number_id] = line.at
        self._deliveries.put(message_update(customer, number, line.wamid, line.at, content))
        return line

    def _line(self, customer: Customer, number: EntryPoint, content: dict[str, Any]) -> Line:
        kind, context = content["type"], content.get("context", {})
        return Line(
            wamid=ids.message_id(customer.address, outbound=False),
            entry_point=number.display_number,
            direction="sent",
            type=kind,
            text=_words(content),
            at=self._world.clock.now(),
            status="sent",
            quoted=_about(kind, content[kind]) if kind in AMENDING else context.get("id"),
            forwarded=bool(context.get("forwarded") or context.get("frequently_forwarded")),
            referral=_headline(content.get("referral")),
            place=showing.place(content[kind]) if kind == "location" else None,
        )


def _kind(given: Mapping[str, Any]) -> str:
    kind = given.get("type", "text")
    if not isinstance(kind, str) or not _TYPE.fullmatch(kind):
        raise Problem(422, "bad-value", "type must be a word such as text or image")
    return kind


def _content(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    if kind == "text":
        return {"type": "text", "text": {"body": _text(given.get("text"))}}
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


def _unsupported(given: Mapping[str, Any]) -> dict[str, Any]:
    code = given.get("code", 131051)
    error = _error(code, _UNSUPPORTED)
    content = {"type": "unsupported", "errors": given.get("errors", [error])}
    own = given.get("unsupported", {"type": "poll_creation"} if code == 131051 else None)
    return content if own is None else {**content, "unsupported": own}


def _error(code: Any, known: Mapping[int, tuple[str, str]]) -> dict[str, Any]:
    """Is why WhatsApp does not pass something on."""
    if not isinstance(code, int) or code not in known:
        raise Problem(422, "bad-value", f"code must be one of {', '.join(map(str, known))}")
    title, details = known[code]
    return {"code": code, "title": title, "message": title, "error_data": {"details": details}}


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
        # Whoever hides their phone hides it here too.
        told = "id" in context and not (own and customer.hide_phone)
        along["context"] = {**({"from": author} if told else {}), **context}
    if given.get("referral") is not None:
        if not isinstance(given["referral"], dict):
            raise Problem(422, "bad-value", "referral must be an object")
        along["referral"] = given["referral"]
    return along


def _about(kind: str, own: dict[str, Any]) -> str:
    """Is the message that a reaction, an edit or a deletion is about."""
    about = own["message_id" if kind == "reaction" else "original_message_id"]
    if not isinstance(about, str):
        raise Problem(422, "bad-value", f"{kind} must name a message")
    return about


def _check_amending(customer: Customer, line: Line, content: dict[str, Any]) -> None:
    """Refuses what this phone cannot do to the message that it is about."""
    about = customer.lines.get(line.quoted or "")
    if about is None or about.deleted or about.entry_point != line.entry_point:
        raise Problem(422, "unknown-message", f"no message to {line.type} in this chat")
    if line.type == "reaction":
        return
    if about.direction != "sent":
        raise Problem(422, "not-own", f"this customer did not send the message to {line.type}")
    if line.type == "revoke" and line.at > about.at + REVOKED_WITHIN_S:
        raise Problem(422, "too-late", "a message can be deleted for two days")
    if line.type == "edit" and content["edit"]["message"]["type"] != about.type:
        raise Problem(422, "bad-value", "an edited message keeps its type")


def _headline(referral: dict[str, Any] | None) -> str | None:
    found = ((referral or {}).get(key) for key in ("headline", "body", "source_url"))
    return next((text for text in found if isinstance(text, str) and text), None)


def _words(content: dict[str, Any]) -> str | None:
    """Is what the phone shows of a content in words, if there are any."""
    kind = content["type"]
    own = content.get(kind)
    if kind == "contacts":
        name = own[0].get("name") if own and isinstance(own[0], dict) else None
        own = {"name": name.get("formatted_name")} if isinstance(name, dict) else None
    if not isinstance(own, dict):
        return None
    if kind == "edit":
        return _new_words(own["message"])
    if kind == "reaction":
        return _emoji(own.get("emoji"))
    if kind == "interactive":
        reply = own.get(str(own["type"]))
        own = {"name": reply.get("title")} if isinstance(reply, dict) else {}
    words = (own.get(key) for key in ("body", "caption", "emoji", "text", "name"))
    return next((word for word in words if isinstance(word, str) and word), None)


def _new_words(message: Any) -> str:
    kind = message.get("type") if isinstance(message, dict) else None
    own = message.get(kind) if isinstance(kind, str) else None
    words = own.get("body" if kind == "text" else "caption") if isinstance(own, dict) else None
    return _text(words)


def _emoji(emoji: Any) -> str | None:
    """Is the emoji of a reaction; one that is empty or missing takes it back."""
    if emoji is None or emoji == "":
        return None
    if not isinstance(emoji, str) or len(emoji) > _MOST_EMOJI:
        raise Problem(422, "bad-value", f"emoji must be a text of at most {_MOST_EMOJI} characters")
    return emoji
