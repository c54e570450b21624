"""What Meta decides: whether a call to Graph is accepted, and what follows from it.

Most failures of a real message come later, in a status; so do they here. No HTTP in this module:
a call is its number, its token and its bytes, and the answer is a body or a `GraphError`.
"""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from balcao.simulator import ids, refusals, shapes
from balcao.simulator.clock import Clock
from balcao.simulator.envelope import Sent
from balcao.simulator.limits import Buckets
from balcao.simulator.outcomes import Outcomes
from balcao.simulator.world import Customer, EntryPoint, Line, World

WINDOW_S = 24 * 3600.0
_PAIR_BURST, _PAIR_PER_SECOND = 45, 1 / 6
_NUMBER_BURST, _NUMBER_PER_SECOND = 80, 80.0
_REACTED_WITHIN_S = 30 * 86_400.0
_MOST_CARDS = 5
_NAME_PARTS = ("first_name", "middle_name", "last_name", "prefix", "suffix")
_MOST_HEADER = _MOST_FOOTER = 60
_BUTTON = {"id": 256, "title": 20}
_ROW = {"id": 200, "title": 24}
_MOST_ROW_DESCRIPTION, _MOST_SECTION_TITLE, _MOST_LIST_BUTTON = 72, 24, 20


class _Recipient(NamedTuple):
    customer: Customer | None
    phone: str | None
    user_id: str | None
    contact: dict[str, str]


class Meta:
    """Answers calls to the Graph API. Throughput counts outgoing messages only."""

    def __init__(self, world: World, outcomes: Outcomes, access_token: str) -> None:
        self._world = world
        self._clock: Clock = world.clock
        self._outcomes = outcomes
        self._bearer = f"Bearer {access_token}"
        self._pairs = Buckets(_PAIR_BURST, _PAIR_PER_SECOND)
        self._numbers = Buckets(_NUMBER_BURST, _NUMBER_PER_SECOND)

    def number(self, phone_number_id: str, authorization: str | None) -> dict[str, Any]:
        """Answers a question about a business number."""
        number = self._called(phone_number_id, authorization)
        return {
            "id": number.phone_number_id,
            "display_phone_number": f"+{number.display_number}",
            "verified_name": number.name,
            "quality_rating": "GREEN",
        }

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
        if kind in _CHECKS:
            _CHECKS[kind](given[kind])
        return self._send(number, given, kind)

    def _called(self, phone_number_id: str, authorization: str | None) -> EntryPoint:
        if authorization != self._bearer:
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
        self._check_limits(sent)
        if customer is None or customer.blocked:
            self._outcomes.fail(sent, refusals.undeliverable_status())
        elif not is_open:
            self._outcomes.fail(sent, refusals.window_status())
        else:
            self._outcomes.deliver(sent, self._line(sent, kind, given))
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
            text=_names(given) if kind == "contacts" else shapes.words(kind, given),
            at=self._clock.now(),
            status="delivered",
            quoted=quoted if isinstance(quoted, str) else None,
            choices=_choices(given["interactive"]) if kind == "interactive" else None,
        )

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


def _check_contacts(cards: list[dict[str, Any]]) -> None:
    if len(cards) > _MOST_CARDS:
        raise refusals.invalid(f"Param contacts: at most {_MOST_CARDS} in one message.")
    if not all(any(card["name"].get(part) for part in _NAME_PARTS) for card in cards):
        raise refusals.invalid("Param contacts: name must have a part besides formatted_name.")


def _check_interactive(own: dict[str, Any]) -> None:
    """Refuses buttons and lists that a phone could not show."""
    footer, header = own.get("footer"), own.get("header")
    if footer is not None:
        _texts(footer, "footer", {"text": _MOST_FOOTER})
    if header is not None:
        text_only = own["type"] == "list"
        if not isinstance(header, dict) or (text_only and header.get("type") != "text"):
            raise refusals.invalid("Param interactive['header'] must be an object of type text.")
        if header.get("type") == "text":
            _texts(header, "header", {"text": _MOST_HEADER})
    if own["type"] == "button":
        replies = [
            button.get("reply") if isinstance(button, dict) else None
            for button in own["action"]["buttons"]
        ]
        for reply in replies:
            _texts(reply, "reply", _BUTTON)
        _differ(replies, "id", "title")
    elif own["type"] == "list":
        _check_list(own["action"])


def _check_list(action: dict[str, Any]) -> None:
    _texts(action, "action", {"button": _MOST_LIST_BUTTON})
    sections = action["sections"]
    titled = {"title": _MOST_SECTION_TITLE}
    for section in sections:
        # One section alone needs no title.
        alone = isinstance(section, dict) and len(sections) == 1 and not section.get("title")
        _texts(section, "section", {} if alone else titled)
        if not isinstance(section.get("rows"), list) or not section["rows"]:
            raise refusals.invalid("Param section['rows'] must be a list that is not empty.")
    rows = [row for section in sections for row in section["rows"]]
    for row in rows:
        _texts(row, "row", _ROW)
        if row.get("description"):
            _texts(row, "row", {"description": _MOST_ROW_DESCRIPTION})
    _differ(rows, "id")


def _texts(own: Any, name: str, most: dict[str, int]) -> None:
    """Refuses an object whose named texts are missing or too long."""
    if not isinstance(own, dict):
        raise refusals.invalid(f"Param interactive: {name} must be an object.")
    for key, longest in most.items():
        text = own.get(key)
        if not isinstance(text, str) or not 1 <= len(text) <= longest:
            raise refusals.invalid(f"Param {name}['{key}'] must have 1 to {longest} characters.")


def _differ(items: list[Any], *keys: str) -> None:
    for key in keys:
        if len({item[key] for item in items}) < len(items):
            raise refusals.value_not_valid(f"interactive: every {key} must be different.")


_CHECKS: dict[str, Callable[[Any], None]] = {
    "contacts": _check_contacts,
    "interactive": _check_interactive,
}


def _choices(own: dict[str, Any]) -> dict[str, Any] | None:
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


def _choice(own: dict[str, Any], section: str | None) -> dict[str, Any]:
    told = {key: own.get(key) for key in ("id", "title", "description")}
    return {**told, "section": section}


def _names(given: dict[str, Any]) -> str:
    return ", ".join(str(card["name"]["formatted_name"]) for card in given["contacts"])
