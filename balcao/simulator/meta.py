"""What Meta decides: whether a call to Graph is accepted, and what follows from it.

Most failures of a real message come later, in a status; so do they here. No HTTP in this module:
a call is its number, its token and its bytes, and the answer is a body or a `GraphError`.
"""

import json
from typing import Any, NamedTuple

from balcao.simulator import formats, ids, refusals, shapes, showing
from balcao.simulator.clock import Clock
from balcao.simulator.envelope import Sent
from balcao.simulator.limits import Buckets
from balcao.simulator.media import Media
from balcao.simulator.outcomes import Outcomes
from balcao.simulator.world import Customer, EntryPoint, Line, World

WINDOW_S = 24 * 3600.0
_PAIR_BURST, _PAIR_PER_SECOND = 45, 1 / 6
_NUMBER_BURST, _NUMBER_PER_SECOND = 80, 80.0
_REACTED_WITHIN_S = 30 * 86_400.0


class _Recipient(NamedTuple):
    customer: Customer | None
    phone: str | None
    user_id: str | None
    contact: dict[str, str]


class Meta:
    """Answers calls to the Graph API. Throughput counts outgoing messages only."""

    def __init__(self, world: World, outcomes: Outcomes, media: Media) -> None:
        self._world = world
        self._clock: Clock = world.clock
        self._outcomes = outcomes
        self._media = media
        self._pairs = Buckets(_PAIR_BURST, _PAIR_PER_SECOND)
        self._numbers = Buckets(_NUMBER_BURST, _NUMBER_PER_SECOND)

    def messages(
        self, phone_number_id: str, authorization: str | None, raw: bytes
    ) -> dict[str, Any]:
        """Takes a message or a mark of the business, and lets it run its course."""
        number = self._called(phone_number_id, authorization)
        try:
            given = json.loads(raw)
        except (ValueError, RecursionError):
            raise refusals.invalid("The body is not JSON.") from None
        if not isinstance(given, dict):
            raise refusals.invalid("The body must be an object.")
        if "status" in given:
            return self._mark(number, given)
        kind = shapes.check(given)
        return self._send(number, given, kind)

    def _called(self, phone_number_id: str, authorization: str | None) -> EntryPoint:
        if not self._media.is_allowed(authorization):
            raise refusals.no_token()
        number = self._world.number_by_id(phone_number_id)
        if number is None:
            raise refusals.no_such_number(phone_number_id)
        return number

    def _mark(self, number: EntryPoint, given: dict[str, Any]) -> dict[str, Any]:
        """Marks a customer's message as read, and shows typing if asked."""
        if given.get("messaging_product") != "whatsapp" or given["status"] != "read":
            raise refusals.invalid("messaging_product must be whatsapp, and status must be read.")
        found = self._world.line(str(given.get("message_id")))
        if found is None or not _is_from_customer(found[1], number):
            raise refusals.value_not_valid("message_id is no message of a customer.")
        customer, line = found
        typing = given.get("typing_indicator")
        if typing is not None and typing != {"type": "text"}:
            raise refusals.invalid("Param typing_indicator['type'] must be text.")
        self._world.read_by_business(customer, line)
        if typing is not None:
            self._world.typing(customer, number)
        return {"success": True}

    def _send(self, number: EntryPoint, given: dict[str, Any], kind: str) -> dict[str, Any]:
        recipient = self._recipient(number, given)
        customer = recipient.customer
        if recipient.phone == number.display_number:
            raise refusals.GraphError(400, 131021, "(#131021) Sender and recipient are the same")
        sent = Sent(
            wamid=ids.message_id(recipient.phone or str(recipient.user_id), outbound=True),
            number=number,
            customer=customer,
            to_phone=recipient.phone,
            to_user_id=recipient.user_id,
            callback_data=given.get("biz_opaque_callback_data"),
        )
        is_open = customer is not None and self._is_open(customer, number)
        if customer is not None and not is_open and self._world.faults.window == "sync":
            raise refusals.window_closed()
        if kind == "reaction":
            self._check_reaction(given["reaction"]["message_id"], number, customer)
        line, unusable = self._line(sent, kind, given), None
        if kind in formats.MEDIA:
            line.media, unusable = self._attached(kind, given[kind], number)
        self._check_limits(sent)
        if customer is None or customer.blocked:
            self._outcomes.fail(sent, refusals.undeliverable_status())
        elif not is_open:
            self._outcomes.fail(sent, refusals.window_status())
        elif unusable is not None:
            self._outcomes.fail(sent, refusals.media_status(unusable))
        else:
            self._outcomes.deliver(sent, line)
        return {
            "messaging_product": "whatsapp",
            "contacts": [recipient.contact],
            "messages": [{"id": sent.wamid}],
        }

    def _line(self, sent: Sent, kind: str, given: dict[str, Any]) -> Line:
        context = given.get("context")
        quoted = context.get("message_id") if isinstance(context, dict) else None
        if kind == "reaction":
            quoted = given["reaction"]["message_id"]
        return Line(
            wamid=sent.wamid,
            entry_point=sent.number.display_number,
            direction="received",
            type=kind,
            text=showing.words(kind, given[kind]),
            at=self._clock.now(),
            status="delivered",
            quoted=quoted if isinstance(quoted, str) else None,
            choices=showing.choices(given["interactive"]) if kind == "interactive" else None,
            place=showing.place(given["location"]) if kind == "location" else None,
        )

    def _attached(
        self, kind: str, own: dict[str, Any], number: EntryPoint
    ) -> tuple[dict[str, Any] | None, str | None]:
        """Is what a phone gets of a media, or else what is wrong with it, which shows later."""
        if "id" not in own:
            return None, "Downloading media from weblink failed: there is no way to it."
        found = self._media.of(own["id"], number)
        if found is None:
            details = f"Param {kind}['id'] is not a valid whatsapp business account media"
            raise refusals.invalid(f"{details} attachment ID.")
        item, content = found
        if not formats.suits(kind, item.mime_type):
            return None, f"A media of type {item.mime_type} cannot be sent as {kind}."
        if not formats.is_usable(item.mime_type, content.head):
            return None, f"The media is not what {item.mime_type} says, or has a codec unknown."
        # Only what is recorded in Opus shows as a voice message.
        voice = own.get("voice") is True and formats.bare(item.mime_type) == "audio/ogg"
        return showing.attached(item, content.head, own.get("filename"), voice=voice), None

    def _recipient(self, number: EntryPoint, given: dict[str, Any]) -> _Recipient:
        """Finds who is meant; where both addresses are given, `to` wins."""
        to, user_id = given.get("to"), given.get("recipient")
        if to is None:
            if not isinstance(user_id, str) or not user_id:
                raise refusals.invalid("Param recipient must be a user id.")
            contact = {"input": user_id, "user_id": user_id}
            return _Recipient(self._world.customers.get(user_id), None, user_id, contact)
        digits = _dialled(to, number)
        customer = self._world.called(digits)
        phone = customer.phone if customer and customer.phone else digits
        return _Recipient(customer, phone, None, {"input": str(to), "wa_id": phone})

    def _check_limits(self, sent: Sent) -> None:
        now, number = self._clock.now(), sent.number.phone_number_id
        if not self._pairs.has((number, sent.person), now):
            raise refusals.pair_limit()
        if not self._numbers.has(number, now):
            raise refusals.throughput()
        self._pairs.take((number, sent.person), now)
        self._numbers.take(number, now)

    def _is_open(self, customer: Customer, number: EntryPoint) -> bool:
        wrote_at = customer.wrote_at.get(number.phone_number_id)
        return wrote_at is not None and self._clock.now() < wrote_at + WINDOW_S

    def _check_reaction(self, wamid: str, number: EntryPoint, customer: Customer | None) -> None:
        found = self._world.line(wamid)
        if found is None or not _is_from_customer(found[1], number):
            raise refusals.value_not_valid("reaction message_id is no message of a customer.")
        owner, line = found
        if owner is not customer or line.deleted:
            raise refusals.value_not_valid("reaction message_id is not in this chat.")
        if self._clock.now() > line.at + _REACTED_WITHIN_S:
            raise refusals.value_not_valid("reaction message_id is older than 30 days.")


def _is_from_customer(line: Line, number: EntryPoint) -> bool:
    return line.direction == "sent" and line.entry_point == number.display_number


def _dialled(to: object, number: EntryPoint) -> str:
    """Is the full number that a `to` means: without a plus it gets our own country's code."""
    text = str(to) if type(to) in (int, str) else ""
    digits = "".join(c for c in text if c.isascii() and c.isdigit())
    if not digits:
        raise refusals.invalid("Param to must be a phone number.")
    if text.strip().startswith("+"):
        return digits
    return ids.calling_code(number.display_number) + digits
