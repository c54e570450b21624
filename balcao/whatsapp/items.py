"""What a webhook comes to: items, each with its place in the body and its bytes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

from balcao.domain.amendment import Act
from balcao.domain.message import Sender, Status
from balcao.whatsapp.errors import Failure


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """A customer wrote; what is not text is *payload*, as received."""

    position: str
    phone_number_id: str
    wamid: str
    second: int
    sender: Sender
    type: str
    text: str | None
    payload: dict[str, Any] | None
    quoted: str | None
    raw: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class StatusUpdate:
    """How far one of our messages has come."""

    position: str
    phone_number_id: str
    wamid: str
    status: Status
    second: int
    opaque: str | None
    failure: Failure | None
    raw: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class IdentityChange:
    """A customer has another number or user id from now on."""

    position: str
    phone_number_id: str | None
    old: Sender
    new: Sender
    raw: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SetAside:
    """What could not be read, or is not for showing yet, with its bytes and the reason."""

    position: str
    phone_number_id: str | None
    raw: bytes = field(repr=False)
    error: str


@dataclass(frozen=True, slots=True)
class MessageChange:
    """A customer did something to a message that is there: *text* is the emoji or the new text."""

    position: str
    phone_number_id: str
    wamid: str
    second: int
    about: str
    act: Act
    text: str | None
    raw: bytes = field(repr=False)


Item: TypeAlias = InboundMessage | StatusUpdate | MessageChange | IdentityChange | SetAside
