"""What there is in the pretend world: business numbers, customers, and what their phones show.

A customer's phone is a list of lines, the customer's own and the business's. A line of the
business is there only once it has reached the phone, so the list is the effects that a customer
really saw: what Graph accepted twice is there twice. Reactions, edits and deletions are no lines of
their own: they change the line that they are about, which the phone then shows as it is now.
"""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from balcao.simulator import ids, people
from balcao.simulator.clock import Clock, rfc3339
from balcao.simulator.faults import Faults
from balcao.simulator.feed import Feed
from balcao.simulator.problems import Problem

MOST_CUSTOMERS = 20_000
MOST_LINES = 5_000
TYPING_S = 25.0
AMENDING = ("reaction", "edit", "revoke")
_TICKS = {"sent": 1, "delivered": 2, "read": 3, "failed": 0}


@dataclass(frozen=True)
class EntryPoint:
    """Is a business number."""

    phone_number_id: str
    display_number: str
    name: str

    def view(self) -> dict[str, str]:
        """Is this number as the control API shows it."""
        return {
            "phone_number_id": self.phone_number_id,
            "display_number": self.display_number,
            "name": self.name,
        }


@dataclass
class Line:
    """Is one line on a customer's phone, in a chat with one business number.

    `quoted` is the message that it answers, or the one that it amends where its type is of
    `AMENDING`. `reactions` has the emoji of either side that has one: customer, business. `choices`
    is what can be tapped, `referral` the headline of the advertisement that led here, `place` where
    a location is, and `media` what the phone has of a photo, a voice note or a file, found by its
    hash in hex.
    """

    wamid: str
    entry_point: str
    direction: Literal["sent", "received"]
    type: str
    text: str | None
    at: float
    status: str
    quoted: str | None = None
    reactions: dict[str, str] = field(default_factory=dict)
    edited: bool = False
    deleted: bool = False
    forwarded: bool = False
    referral: str | None = None
    choices: dict[str, Any] | None = None
    place: dict[str, Any] | None = None
    media: dict[str, Any] | None = None

    def view(self) -> dict[str, Any]:
        """Is this line as the control API shows it."""
        return {
            "wamid": self.wamid,
            "entry_point": self.entry_point,
            "direction": self.direction,
            "type": self.type,
            "text": self.text,
            "at": rfc3339(self.at),
            "status": self.status,
            "quoted": self.quoted,
            "reactions": dict(self.reactions),
            "edited": self.edited,
            "deleted": self.deleted,
            "forwarded": self.forwarded,
            "referral": self.referral,
            "choices": self.choices,
            "place": self.place,
            "media": self.media,
        }

    def amend(self, by: "Line") -> None:
        """Takes up a reaction, an edit or a deletion; what is deleted stays so."""
        if self.deleted:
            return
        if by.type == "revoke":
            self.deleted, self.text = True, None
            self.choices = self.place = self.media = None
            self.reactions.clear()
        elif by.type == "edit":
            self.edited, self.text = True, by.text
        else:
            side = "customer" if by.direction == "sent" else "business"
            self.reactions.pop(side, None)
            if by.text:
                self.reactions[side] = by.text


@dataclass
class Customer:
    """Is a person with a phone; `phone` and `entry_point` are digits only."""

    user_id: str
    name: str
    phone: str | None
    username: str | None = None
    hide_phone: bool = False
    blocked: bool = False
    lines: dict[str, Line] = field(default_factory=dict)
    wrote_at: dict[str, float] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """Is what a message id of this person embeds: the phone where it shows, else the id."""
        return self.phone if self.phone and not self.hide_phone else self.user_id

    def view(self) -> dict[str, Any]:
        """Is this customer as the control API shows it."""
        return {
            "id": self.user_id,
            "name": self.name,
            "phone": self.phone,
            "user_id": self.user_id,
            "username": self.username,
            "hide_phone": self.hide_phone,
            "blocked": self.blocked,
        }


class World:
    """Holds the numbers and the customers, and says what has changed."""

    def __init__(
        self, clock: Clock, feed: Feed, numbers: Iterable[EntryPoint], seed: int | None
    ) -> None:
        self.clock = clock
        self.feed = feed
        self.numbers = list(numbers)
        self.customers: dict[str, Customer] = {}
        self.chance = random.Random(seed)
        self.faults = Faults()
        self.dice = random.Random()
        self.sessions: dict[str, str] = {}
        """What scripted colleagues are signed in to the desk with, by address."""
        self._by_phone: dict[str, Customer] = {}
        self._owner_of_line: dict[str, Customer] = {}

    def number(self, display_number: object) -> EntryPoint:
        """Is the business number with these digits (a plus and spaces do not matter)."""
        digits = _digits(display_number) if isinstance(display_number, str) else ""
        found = next((n for n in self.numbers if n.display_number == digits), None)
        if found is None:
            raise Problem(422, "unknown-entry-point", "entry_point is no business number here")
        return found

    def number_by_id(self, phone_number_id: str) -> EntryPoint | None:
        """Is the business number with this id, if there is one."""
        return next((n for n in self.numbers if n.phone_number_id == phone_number_id), None)

    def customer(self, id_: str) -> Customer:
        """Is the customer with this id, or with this phone."""
        found = self.customers.get(id_) or self._by_phone.get(_digits(id_))
        if found is None:
            raise Problem(404, "unknown-customer", "there is no such customer")
        return found

    def called(self, digits: str) -> Customer | None:
        """Finds who a business reaches under a phone number, Brazil's ninth digit apart."""
        for candidate in (digits, _other_form(digits)):
            if candidate is not None and candidate in self._by_phone:
                return self._by_phone[candidate]
        return None

    def add(self, customer: Customer) -> Customer:
        """Lets a customer in; refuses one whose phone or user id is taken."""
        if len(self.customers) >= MOST_CUSTOMERS:
            raise Problem(409, "too-many", f"there are {MOST_CUSTOMERS} customers already")
        if customer.user_id in self.customers:
            raise Problem(409, "taken", "a customer with this user_id is here already")
        if customer.phone is not None and customer.phone in self._by_phone:
            raise Problem(409, "taken", "a customer with this phone is here already")
        self.customers[customer.user_id] = customer
        if customer.phone is not None:
            self._by_phone[customer.phone] = customer
        self.feed.publish("customer", customer.view())
        return customer

    def newcomer(self, **given: Any) -> Customer:
        """Makes up whatever of a new customer was not given, and lets the customer in."""
        name = given.pop("name", None) or people.name(self.chance)
        phone = given.pop("phone", None)
        own_id = given.pop("user_id", None)
        if phone is None:
            phone = people.phone(self.chance)
            while phone in self._by_phone:
                phone = people.phone(self.chance)
        return self.add(Customer(own_id or ids.user_id(phone), name, phone, **given))

    def show(self, customer: Customer, line: Line) -> None:
        """Puts a line on a customer's phone, or amends the one there that it is about."""
        if line.type in AMENDING:
            about = customer.lines.get(line.quoted or "")
            if about is not None:
                about.amend(line)
                self._publish(customer, about)
            return
        customer.lines[line.wamid] = line
        self._owner_of_line[line.wamid] = customer
        if len(customer.lines) > MOST_LINES:
            oldest = next(iter(customer.lines))
            del customer.lines[oldest], self._owner_of_line[oldest]
        self._publish(customer, line)

    def line(self, wamid: str) -> tuple[Customer, Line] | None:
        """Finds a line of any phone by its message id."""
        owner = self._owner_of_line.get(wamid)
        return None if owner is None else (owner, owner.lines[wamid])

    def tick(self, wamid: str, status: str) -> None:
        """Raises the ticks of a line; never lowers them."""
        found = self.line(wamid)
        if found is not None and _TICKS[status] > _TICKS.get(found[1].status, 0):
            found[1].status = status
            self._publish(*found)

    def read_by_business(self, customer: Customer, until: Line) -> None:
        """Gives blue ticks to what the customer wrote to a number, up to a line."""
        for line in customer.lines.values():
            if line.direction == "sent" and line.entry_point == until.entry_point:
                self.tick(line.wamid, "read")
            if line is until:
                return

    def typing(self, customer: Customer, number: EntryPoint) -> None:
        """Shows on the phone that the business is typing."""
        self.feed.publish(
            "typing",
            {
                "customer_id": customer.user_id,
                "entry_point": number.display_number,
                "seconds": TYPING_S,
            },
        )

    def set_faults(self, faults: Faults) -> None:
        """Replaces the faults, and starts the dice anew where there is a seed."""
        self.faults = faults
        self.dice = random.Random(faults.seed)
        self.feed.publish("faults", faults.view())

    def _publish(self, customer: Customer, line: Line) -> None:
        self.feed.publish("message", {"customer_id": customer.user_id, "message": line.view()})


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isascii() and c.isdigit())


def _other_form(digits: str) -> str | None:
    # Brazilian mobiles are written with and without the 9 after the area code; landlines, which
    # start with 2 to 5, have only one form.
    if digits.startswith("55") and len(digits) == 13 and digits[4] == "9":
        return digits[:4] + digits[5:]
    if digits.startswith("55") and len(digits) == 12 and digits[4] in "6789":
        return digits[:4] + "9" + digits[4:]
    return None
