"""What is done to a message after it was written: reactions, edits, and taking it back.

The message itself stays as it came.  Amendments are kept beside it, in whatever order and however
often they come, and how the message is shown now is derived from all of them: of each side the
latest reaction counts, of edits the latest, and one revocation is enough.  The later one is that
with the later second, and of two in one second that which came last.

The sides are the customer and the business: whichever agent reacts, WhatsApp knows one of us.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Act(StrEnum):
    """What is done."""

    REACTION = "reaction"
    EDIT = "edit"
    REVOKE = "revoke"


@dataclass(frozen=True, slots=True)
class By:
    """Who does it, under the name of then; *id* is None for the customer of the conversation."""

    kind: str
    id: int | None
    name: str | None


@dataclass(frozen=True, slots=True)
class Amendment:
    """One of them; of a reaction *text* is the emoji, and None takes it back."""

    act: Act
    by: By
    text: str | None
    second: int
    order: int
    """By arrival."""
    at: datetime


@dataclass(frozen=True, slots=True)
class Amended:
    """How a message is shown now."""

    reactions: tuple[tuple[By, str], ...] = ()
    edit: Amendment | None = None
    revoked: Amendment | None = None


def amended(amendments: Iterable[Amendment]) -> Amended:
    """What all *amendments* of one message come to, in whatever order they are given."""
    reactions: dict[str, Amendment] = {}
    edit = revoked = None
    for one in sorted(amendments, key=lambda one: (one.second, one.order)):
        if one.act is Act.REACTION:
            reactions[one.by.kind] = one
        elif one.act is Act.EDIT:
            edit = one
        else:
            revoked = revoked or one
    present = ((one.by, one.text) for one in reactions.values() if one.text)
    return Amended(tuple((by, emoji) for by, emoji in present), edit, revoked)
