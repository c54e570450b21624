"""What WhatsApp has to tell, and how it gets here: together, late, out of order, repeated.

Nothing is lost for good.  A body that was not answered with 200 comes again, whether it was
dropped on the way or the answer to it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any

from balcao.simulator import people
from balcao.simulator.day.graph import Effect
from balcao.simulator.day.organisation import LATE_NUMBER, NUMBERS
from balcao.simulator.envelope import (
    Sent,
    Update,
    compose,
    encode,
    message_update,
    status_update,
)
from balcao.simulator.world import Customer, EntryPoint
from balcao.store.database import Database
from balcao.store.webhooks import Inbox, Unstored

CUSTOMERS = 10
#: An id so long that no index takes it: whatever is in one transaction with it fails.
POISONOUS, POISON_BYTES = 3, 5_000
POISON_ERROR = "ProgramLimitExceededError"
UPDATES_MAX = 6
_STORIES = (
    ("sent", "delivered", "read"),
    ("sent", "delivered", "read"),
    ("delivered", "read"),
    ("read",),
    ("sent", "failed"),
    ("failed",),
)
_NOT_REACHED = {"code": 131026, "title": "Message undeliverable"}
_OTHERS: tuple[dict[str, Any], ...] = (
    {"type": "image", "image": {"id": "1", "mime_type": "image/jpeg"}},
    {"type": "unsupported", "errors": [{"code": 131051, "title": "Unsupported"}]},
)

Run = Callable[[str, Callable[[], Awaitable[object]]], Awaitable[bool]]


class Post:
    """Customers and their phones, and the webhooks on their way."""

    def __init__(self, chance: Random, now: Callable[[], datetime]) -> None:
        self._chance = chance
        self._now = now
        self._waiting: list[Update] = []
        self._again: list[bytes] = []
        self._written = self._changes = 0
        self._said: list[list[tuple[str, EntryPoint]]] = [[] for _ in range(CUSTOMERS)]
        self._poisonous = {chance.randint(5, 60) for _ in range(POISONOUS)}
        self._customers = [self._customer(number) for number in range(CUSTOMERS)]
        self._quiet_until = dict.fromkeys(range(CUSTOMERS), now())

    @property
    def empty(self) -> bool:
        """Whether everything has been told."""
        return not self._waiting and not self._again

    def write(self) -> None:
        """Let a customer write, once or a few times, and perhaps give up for a while."""
        index = self._chance.randrange(CUSTOMERS)
        if self._now() < self._quiet_until[index]:
            return
        for _ in range(self._chance.choice((1, 1, 1, 2, 3))):
            self._say(index, self._content())
        if self._said[index] and self._chance.random() < 0.3:
            self._change(index)
        if self._chance.random() < 0.2:
            self._quiet_until[index] = self._later(self._chance.uniform(60, 240))

    def move(self) -> None:
        """Let a customer get a new number, or hide it."""
        index = self._chance.randrange(CUSTOMERS)
        customer = self._customers[index]
        if customer.phone is None or customer.hide_phone:
            customer.hide_phone = False
            return
        if self._chance.random() < 0.5:
            customer.hide_phone = True
            return
        phone = people.phone(self._chance)
        told = {"body": "", "wa_id": phone, "type": "user_changed_number"}
        self._say(index, {"type": "system", "system": told})
        customer.phone = phone

    def took(self, effect: Effect) -> None:
        """Tell how a message of ours fares, in any order."""
        numbers = (*NUMBERS, LATE_NUMBER)
        number = next(one for one in numbers if one.phone_number_id == effect.number)
        sent = Sent(effect.wamid, number, None, effect.phone, effect.user_id, effect.opaque)
        story = list(self._chance.choice(_STORIES))
        self._chance.shuffle(story)
        for status in story:
            error = _NOT_REACHED if status == "failed" else None
            update = status_update(sent, status, self._now().timestamp(), error)
            self._waiting.append(update)

    async def deliver(self, database: Database, run: Run) -> None:
        """Send some of what is to be told, as it may come."""
        bodies = [self._body() for _ in range(self._chance.choice((1, 1, 2))) if self._waiting]
        if self._again and self._chance.random() < 0.4:
            bodies.append(self._again.pop(self._chance.randrange(len(self._again))))
        going = []
        for body in bodies:
            dropped = self._chance.random() < 0.08
            if dropped or self._chance.random() < 0.1:
                self._again.append(body)
            if not dropped:
                going.append(body)
        if going:
            await self._put(database, run, going)

    async def deliver_all(self, database: Database, run: Run) -> None:
        """Send everything that is still to be told."""
        while not self.empty:
            bodies, self._again = self._again, []
            if self._waiting:
                bodies.append(self._body())
            await self._put(database, run, bodies)

    async def _put(self, database: Database, run: Run, bodies: list[bytes]) -> None:
        async def put() -> None:
            async with Inbox(database) as inbox:
                stored = await asyncio.gather(*map(inbox.put, bodies), return_exceptions=True)
            if any(isinstance(one, Unstored) for one in stored):
                self._again += bodies

        if not await run("door", put):
            self._again += bodies

    def _body(self) -> bytes:
        if self._chance.random() < 0.2:
            self._chance.shuffle(self._waiting)
        count = self._chance.randint(1, UPDATES_MAX)
        updates, self._waiting = self._waiting[:count], self._waiting[count:]
        return encode(compose(updates, self._chance, malformed=self._chance.random() < 0.03))

    def _say(self, index: int, content: dict[str, Any]) -> None:
        self._written += 1
        customer, wamid = self._customers[index], f"wamid.in.{self._written}"
        if self._written in self._poisonous:
            wamid += self._chance.randbytes(POISON_BYTES).hex()
        at = self._now().timestamp() - self._chance.choice((0, 0, 1, 3, 90))
        number = self._number(index)
        self._said[index].append((wamid, number))
        self._waiting.append(message_update(customer, number, wamid, at, content))

    def _change(self, index: int) -> None:
        """Do something to one of one's own messages, which may not have arrived yet."""
        self._changes += 1
        about, number = self._chance.choice(self._said[index])
        new = {"type": "text", "text": {"body": f"mudança {self._changes}"}}
        kind, own = self._chance.choice(
            (
                ("reaction", {"message_id": about, "emoji": "\U0001f44d"}),
                ("reaction", {"message_id": about}),
                ("edit", {"original_message_id": about, "message": new}),
                ("revoke", {"original_message_id": about}),
            )
        )
        at, wamid = self._now().timestamp(), f"wamid.change.{self._changes}"
        update = message_update(
            self._customers[index], number, wamid, at, {"type": kind, kind: own}
        )
        self._waiting.insert(self._chance.randrange(len(self._waiting) + 1), update)

    def _content(self) -> dict[str, Any]:
        if self._chance.random() < 0.12:
            return self._chance.choice(_OTHERS)
        return {"type": "text", "text": {"body": f"Olá, linha {self._written + 1}"}}

    def _number(self, index: int) -> EntryPoint:
        usual = NUMBERS[index % len(NUMBERS)]
        others = (*NUMBERS, LATE_NUMBER, LATE_NUMBER)
        return usual if self._chance.random() < 0.75 else self._chance.choice(others)

    def _customer(self, index: int) -> Customer:
        phone = None if index % 4 == 3 else people.phone(self._chance)
        hidden = index % 4 == 2
        name = people.name(self._chance)
        return Customer(f"BR.{10**12 + index}", name, phone, hide_phone=hidden)

    def _later(self, seconds: float) -> datetime:
        return self._now() + timedelta(seconds=seconds)
