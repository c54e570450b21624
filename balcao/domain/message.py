"""A message: its delivery ladder, its limits, and who may settle one that did not get through.

The statuses of one attempt form a ladder, and what is told of it only ever moves it up:
the state is the highest status told so far, whatever the order and however often.
*Failed* stands above *sent* and below *delivered*, so it wins over everything that
might still fail and over nothing that the customer has seen.  *Unconfirmed* stands
below *accepted*: any word of WhatsApp's settles it.  A resend is a new attempt of
the same message and starts at the foot.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from balcao.domain.values import Refused, Role

TEXT_MAX = 4096  # Unicode code points, as WhatsApp counts
CLOCKS_APART_MAX = timedelta(seconds=60)

#: Somebody waits for the answer: after this much of trying again, a person decides.
TRY_FOR = timedelta(seconds=60)
PAUSE_MAX = timedelta(seconds=15)
#: So many uploads of one file are tried, each of which may take its time.
UPLOADS_MAX = 6
#: A reply that could not leave for so long is not sent without asking.
STALE_AFTER = timedelta(hours=1)
#: A number whose access was refused sends one message in so long, to see whether it is mended.
PAUSED_FOR = timedelta(seconds=30)
#: When WhatsApp has told of later messages and nothing of this one for so long, it is in doubt.
DOUBTED_AFTER = timedelta(seconds=120)


class Status(StrEnum):
    """How far an outbound message has come, lowest first."""

    PENDING = "pending"
    SENDING = "sending"
    UNCONFIRMED = "unconfirmed"
    ACCEPTED = "accepted"
    SENT = "sent"
    FAILED = "failed"
    DELIVERED = "delivered"
    READ = "read"
    PLAYED = "played"


_RANK = {status: rank for rank, status in enumerate(Status)}

#: What WhatsApp's status webhooks can say.
TOLD = frozenset({Status.SENT, Status.FAILED, Status.DELIVERED, Status.READ, Status.PLAYED})

#: Not out yet: these hold back what was written after them.
UNSETTLED = frozenset({Status.PENDING, Status.SENDING})

#: Did not get through, or may not have: a person decides.
SETTLEABLE = frozenset({Status.FAILED, Status.UNCONFIRMED})


def advance(current: Status, told: Status) -> Status:
    """The status after *told* was heard: the higher of the two."""
    return max(current, told, key=_RANK.__getitem__)


def checked_text(text: str, most: int = TEXT_MAX) -> str:
    """The text as it is kept and sent; Refused where it is empty or longer than *most*.

    A NUL shows as nothing and no database keeps it, so it is left out.
    """
    kept = text.replace("\0", "")
    if not kept.strip():
        raise Refused("empty")
    if len(kept) > most:
        raise Refused("too-long", max=most, length=len(kept))
    return kept


def moment(second: int, arrived_at: datetime) -> datetime:
    """When a customer wrote, by WhatsApp's clock; by ours where theirs is too far ahead."""
    latest = arrived_at + CLOCKS_APART_MAX
    if second > latest.timestamp():
        return arrived_at
    return datetime.fromtimestamp(second, arrived_at.tzinfo)


def next_try(
    tries: int, pair: bool, spread: int, started_at: datetime, at: datetime
) -> datetime | None:
    """When to call again after *tries* calls that did nothing; None when that is enough.

    WhatsApp's limit per customer (*pair*) asks for 4^x seconds.  *spread* is any number of
    the message's own, so that those refused together do not all come back together.
    """
    pause = timedelta(seconds=4**tries) if pair else min(timedelta(seconds=2**tries), PAUSE_MAX)
    due_at = at + pause * (1 + spread % 16 / 64)
    return due_at if due_at <= started_at + TRY_FOR else None


def next_upload(tries: int, spread: int, at: datetime) -> datetime | None:
    """When to upload again after *tries* uploads before this one failed; None when that is enough.

    An upload has no effect on anybody, so it may be repeated whatever came of it.
    """
    if tries + 1 >= UPLOADS_MAX:
        return None
    return at + min(timedelta(seconds=2**tries), PAUSE_MAX) * (1 + spread % 16 / 64)


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks to settle a message, seen from its conversation.

    *role* is the part of an open leg there (connected or wrapping), None without one.
    """

    id: int
    role: Role | None = None
    supervises: bool = False


def check_settle(status: Status, dismissed: bool, author: int | None, person: Person) -> None:
    """Refused unless *person* may resend or dismiss the message as it stands.

    Its author and the owner may while their part is open, a supervisor always.
    """
    if not person.supervises:
        if person.role is None:
            raise Refused("not-connected", status=status)
        if person.role is not Role.PRIMARY and person.id != author:
            raise Refused("not-primary", status=status)
    if status not in SETTLEABLE:
        raise Refused("settled", status=status)
    if dismissed:
        raise Refused("dismissed", status=status)


@dataclass(frozen=True, slots=True)
class Sender:
    """A customer as an event names them; an id that is hidden is None."""

    user_id: str | None = None
    wa_id: str | None = None
    name: str | None = None
    username: str | None = None
