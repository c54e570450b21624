"""Reads what WhatsApp tells: a webhook's bytes become frozen values, each on its own.

One POST may hold a thousand updates, at four levels, of several numbers.  One wrong
type among them must not cost the others, so reading has two stages: the envelope is
opened down to items that are still bytes, then each item is decoded alone.  What
cannot be read, or is not ours to show yet, comes out as SetAside with its bytes and
the reason; nothing that was sent is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, TypeVar

import msgspec

from balcao.domain.amendment import Act
from balcao.domain.message import TOLD, Sender, Status
from balcao.whatsapp.errors import Failure
from balcao.whatsapp.escapes import repaired
from balcao.whatsapp.items import (
    IdentityChange,
    InboundMessage,
    Item,
    MessageChange,
    SetAside,
    StatusUpdate,
)

SECOND_MAX = 253_402_300_799  # the last second of the year 9999
TYPE_CHARACTERS_MAX = 64
CODE_DIGITS_MAX = 10

#: They change what is there: never a line of their own, never a reason to open a task.
CHANGES = frozenset(Act)
#: What a customer says in words, where the type is not text: where that stands.
WORDS = {
    "image": ("image", "caption"),
    "video": ("video", "caption"),
    "document": ("document", "caption"),
    "button": ("button", "text"),
    "order": ("order", "text"),
}
REPLIES = ("button_reply", "list_reply")
IGNORED = "request_welcome"

T = TypeVar("T")


class Unreadable(Exception):
    """The item is not what WhatsApp's contract says."""


class _Envelope(msgspec.Struct):
    entry: list[msgspec.Raw]


class _Entry(msgspec.Struct):
    changes: list[msgspec.Raw] | None = None


class _Change(msgspec.Struct):
    field: str
    value: msgspec.Raw


class _Value(msgspec.Struct):
    metadata: msgspec.Raw = msgspec.Raw(b"null")
    contacts: msgspec.Raw = msgspec.Raw(b"null")
    messages: msgspec.Raw = msgspec.Raw(b"null")
    statuses: msgspec.Raw = msgspec.Raw(b"null")
    errors: msgspec.Raw = msgspec.Raw(b"null")


class _Metadata(msgspec.Struct):
    phone_number_id: str | int


class _Contact(msgspec.Struct):
    wa_id: str | None = None
    user_id: str | None = None
    username: str | None = None
    profile: dict[str, Any] | None = None


class _Message(msgspec.Struct):
    id: str
    type: str
    timestamp: str | int
    from_: str | None = msgspec.field(default=None, name="from")
    from_user_id: str | None = None


class _Status(msgspec.Struct):
    id: str
    status: str
    timestamp: str | int
    biz_opaque_callback_data: object = None
    errors: object = None


def read(body: bytes) -> list[Item]:
    """Everything in a webhook, in the order in which it stands there."""
    try:
        entries = _envelope(body).entry
    except Unreadable as error:
        return [SetAside("", None, body, str(error))]
    return [item for i, raw in enumerate(entries) for item in _entry(f"{i}", bytes(raw))]


def _envelope(body: bytes) -> _Envelope:
    try:
        return _decode(body, _Envelope)
    except Unreadable:
        return _decode(repaired(body), _Envelope)


def _entry(position: str, raw: bytes) -> Iterator[Item]:
    try:
        changes = _decode(raw, _Entry).changes or []
    except Unreadable as error:
        yield SetAside(position, None, raw, str(error))
        return
    for i, change in enumerate(changes):
        yield from _change(f"{position}/{i}", bytes(change))


def _change(position: str, raw: bytes) -> Iterator[Item]:
    try:
        change = _decode(raw, _Change)
        if change.field == "user_id_update":
            yield from _user_id_updates(position, change.value)
        elif change.field == "messages":
            yield from _value(position, _decode(change.value, _Value))
        else:
            yield SetAside(position, None, raw, f"unknown field: {change.field}")
    except Unreadable as error:
        yield SetAside(position, None, raw, str(error))


def _value(position: str, value: _Value) -> Iterator[Item]:
    """The messages, statuses and errors of one change; one bad list costs only itself."""
    number = _number(value.metadata)
    contacts = _contacts(value.contacts)
    for name, list_ in (("messages", value.messages), ("statuses", value.statuses)):
        try:
            raws = _list(list_)
        except Unreadable as error:
            yield SetAside(f"{position}/{name}", number, bytes(list_), str(error))
            continue
        for i, raw in enumerate(raws):
            yield from _item(f"{position}/{name}/{i}", number, contacts, bytes(raw))
    if bytes(value.errors) not in (b"null", b"[]"):
        yield SetAside(f"{position}/errors", number, bytes(value.errors), "errors")


def _item(
    position: str, number: str | None, contacts: dict[str, _Contact], raw: bytes
) -> Iterator[Item]:
    try:
        if number is None:
            raise Unreadable("no phone_number_id")
        if "/statuses/" in position:
            yield _status(position, number, raw)
        else:
            yield from _message(position, number, contacts, raw)
    except Unreadable as error:
        yield SetAside(position, number, raw, str(error))


def _message(
    position: str, number: str, contacts: dict[str, _Contact], raw: bytes
) -> Iterator[Item]:
    message = _decode(raw, _Message)
    if message.type == IGNORED:
        return
    whole = _clean(_decode(raw, dict[str, Any]))
    if message.type == "system":
        yield _system(position, number, message, whole, raw)
    elif message.type in CHANGES:
        yield _message_change(position, number, message, whole, raw)
    elif "group_id" in whole:
        yield SetAside(position, number, raw, "not shown yet: group")
    else:
        yield _inbound(position, number, _sender(message, contacts), message, whole, raw)


def _inbound(
    position: str,
    number: str,
    sender: Sender,
    message: _Message,
    whole: dict[str, Any],
    raw: bytes,
) -> InboundMessage:
    text = _words(message.type, whole)
    kind: str = _clean(message.type[:TYPE_CHARACTERS_MAX])
    if message.type == "text" and text is None:
        kind = "unsupported"
    known = {"id", "from", "from_user_id", "from_parent_user_id", "timestamp", "type"}
    payload = {key: value for key, value in whole.items() if key not in known}
    if kind == "text":
        del payload["text"]
    return InboundMessage(
        position=position,
        phone_number_id=number,
        wamid=_named(message.id),
        second=_second(message.timestamp),
        sender=sender,
        type=kind,
        text=text,
        payload=payload or None,
        quoted=_at(whole, "context", "id"),
        raw=raw,
    )


def _words(kind: str, whole: dict[str, Any]) -> str | None:
    """What the customer says in words."""
    if kind == "text":
        return _at(whole, "text", "body")
    if kind == "interactive":
        titles = (_at(whole, "interactive", reply, "title") for reply in REPLIES)
        return next((title for title in titles if title), None)
    return _at(whole, *WORDS[kind]) if kind in WORDS else None


def _message_change(
    position: str, number: str, message: _Message, whole: dict[str, Any], raw: bytes
) -> MessageChange:
    """A reaction, an edit or a revocation; an emoji that is empty or missing takes it back."""
    act = Act(message.type)
    named = "message_id" if act is Act.REACTION else "original_message_id"
    about = _at(whole, act, named)
    if not about:
        raise Unreadable(f"{act} of no message")
    text = None
    if act is Act.REACTION:
        text = _at(whole, act, "emoji") or None
    elif act is Act.EDIT:
        text = _edited(whole)
    second = _second(message.timestamp)
    return MessageChange(position, number, _named(message.id), second, about, act, text, raw)


def _edited(whole: dict[str, Any]) -> str:
    """The new words; only of what says something in words is an edit known."""
    edit = whole.get("edit")
    new = edit.get("message") if isinstance(edit, dict) else None
    kind = _at(new, "type")
    text = _words(kind, new) if kind is not None and isinstance(new, dict) else None
    if text is None:
        raise Unreadable("an edit without words")
    return text


def _status(position: str, number: str, raw: bytes) -> StatusUpdate:
    status = _decode(raw, _Status)
    if status.status not in TOLD:
        raise Unreadable(f"unknown status: {status.status[:TYPE_CHARACTERS_MAX]}")
    told = Status(status.status)
    opaque = status.biz_opaque_callback_data
    return StatusUpdate(
        position=position,
        phone_number_id=number,
        wamid=_named(status.id),
        status=told,
        second=_second(status.timestamp),
        opaque=opaque if isinstance(opaque, str) else None,
        failure=_first_failure(status.errors) if told is Status.FAILED else None,
        raw=raw,
    )


def _system(
    position: str, number: str, message: _Message, whole: dict[str, Any], raw: bytes
) -> IdentityChange | SetAside:
    """A change of number or user id; any other system message is kept for later."""
    new = Sender(_at(whole, "system", "user_id"), _at(whole, "system", "wa_id"))
    old = Sender(message.from_user_id, message.from_)
    if (new.user_id or new.wa_id) and (old.user_id or old.wa_id):
        return IdentityChange(position, number, old, new, raw)
    return SetAside(position, number, raw, "not shown yet: system")


def _user_id_updates(position: str, value: msgspec.Raw) -> Iterator[IdentityChange]:
    whole = _clean(_decode(value, dict[str, Any]))
    updates = whole.get("user_id_update", whole)
    number = _at(whole, "metadata", "phone_number_id")
    for i, update in enumerate(updates if isinstance(updates, list) else [updates]):
        previous, current = _at(update, "user_id", "previous"), _at(update, "user_id", "current")
        wa_id = update.get("wa_id") if isinstance(update, dict) else None
        if previous is None or current is None:
            raise Unreadable("no user ids")
        wa_id = wa_id if isinstance(wa_id, str) else None
        yield IdentityChange(
            f"{position}/{i}", number, Sender(previous, wa_id), Sender(current, wa_id), bytes(value)
        )


def _sender(message: _Message, contacts: dict[str, _Contact]) -> Sender:
    """Who wrote: contacts are matched by id, never by their place in the list."""
    user_id, wa_id = message.from_user_id or None, message.from_ or None
    contact = contacts.get(user_id or "") or contacts.get(wa_id or "") or _Contact()
    sender = Sender(
        user_id or contact.user_id or None,
        wa_id or contact.wa_id or None,
        _clean(_at(contact.profile, "name")),
        _clean(contact.username or _at(contact.profile, "username")),
    )
    if sender.user_id is None and sender.wa_id is None:
        raise Unreadable("no sender")
    return sender


def _number(metadata: msgspec.Raw) -> str | None:
    try:
        return str(_decode(metadata, _Metadata).phone_number_id)
    except Unreadable:
        return None


def _contacts(list_: msgspec.Raw) -> dict[str, _Contact]:
    """The contacts that can be read, by each of their ids; they add names and no more."""
    contacts: dict[str, _Contact] = {}
    with suppress(Unreadable):
        for raw in _list(list_):
            with suppress(Unreadable):
                contact = _decode(raw, _Contact)
                for key in filter(None, (contact.user_id, contact.wa_id)):
                    contacts.setdefault(key, contact)
    return contacts


def _list(raw: msgspec.Raw) -> list[msgspec.Raw]:
    return [] if bytes(raw) == b"null" else _decode(raw, list[msgspec.Raw])


def _first_failure(errors: object) -> Failure:
    error = errors[0] if isinstance(errors, list) and errors else None
    if not isinstance(error, dict):
        return Failure(None)
    code = str(error.get("code"))
    return Failure(
        int(code) if code.isdecimal() and len(code) < CODE_DIGITS_MAX else None,
        _clean(_at(error, "title") or _at(error, "message") or ""),
        _clean(_at(error, "error_data", "details") or ""),
    )


def _second(timestamp: str | int) -> int:
    try:
        second = int(timestamp)
    except ValueError:
        raise Unreadable("timestamp") from None
    if not 0 <= second <= SECOND_MAX:
        raise Unreadable("timestamp")
    return second


def _named(id: str) -> str:
    if not id:
        raise Unreadable("empty id")
    return id


def _at(value: object, *path: str) -> str | None:
    """The string at *path*, if there is one."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, str) else None


def _clean(value: Any) -> Any:
    """*value* without NULs, which no database keeps in a text; U+FFFD stands for each."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    if isinstance(value, list):
        return [_clean(one) for one in value]
    if isinstance(value, dict):
        return {_clean(key): _clean(one) for key, one in value.items()}
    return value


def _decode(raw: bytes | msgspec.Raw, type: type[T]) -> T:
    try:
        return msgspec.json.decode(raw, type=type)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(str(error)) from error
