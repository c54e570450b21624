"""What customers write and WhatsApp tells, at a steady rate whatever becomes of it.

The moments are fixed beforehand (open loop).  A webhook that is not answered 200 is sent again,
as WhatsApp does, to the other server, until it is.  In a bad time each is sent twice, at once, and
out of order.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from balcao.simulator.envelope import Sent, Update, compose, encode, message_update, status_update
from balcao.simulator.world import Customer, EntryPoint
from bench.client import Pool
from bench.fill import NUMBERS, OpenConversation
from bench.soak.graph import Taken
from bench.soak.ledger import MESSAGE, STATUSES, Ledger
from bench.webhooks import signed

INBOUND_SHARE = 0.3
ITEMS_MAX = 10
TICK_SECONDS = 0.005
RETRY_SECONDS = 1.0
RETRY_SECONDS_MAX = 10.0
#: So many messages at a time are told of in turn: all sent, all delivered, all read.
ROUND = 400
#: When WhatsApp tells of a message that it has taken.
TOLD_AFTER_SECONDS = (0.3, 1.0, 4.0)
SHUFFLED_SECONDS = 2.0
WORDS = "Olá! Meu pedido chegou com a caixa aberta e falta uma peça. Vocês conseguem trocar?"

POINTS = {id: EntryPoint(id, number, name) for id, number, name in NUMBERS}


@dataclass(frozen=True, slots=True)
class Thread:
    """A customer, the number written to, and what was sent to him before."""

    customer: Customer
    number: EntryPoint


@dataclass(slots=True)
class Letter:
    """A webhook on its way."""

    whole: bytes
    due: float
    told: Sequence[Callable[[], None]]
    pause: float = RETRY_SECONDS


class Traffic:
    """Sends webhooks to both servers, and knows what of them was taken."""

    def __init__(
        self,
        pools: Sequence[Pool],
        conversations: Sequence[OpenConversation],
        secret: str,
        clock: Callable[[], float],
        dice: random.Random,
    ) -> None:
        """*clock* gives the Unix time that messages are written at."""
        self.troubled = False
        self.unanswered = 0
        self.untold = 0  # statuses that WhatsApp is still to tell
        self.answers: list[float] = []
        self.refused: dict[int, int] = {}
        self.last_answer_at = time.perf_counter()
        self._pools = pools
        self._threads = [_thread(one) for one in conversations]
        pairs = [
            (thread, out)
            for thread, one in zip(self._threads, conversations, strict=True)
            for out in one.outbound
        ]
        dice.shuffle(pairs)
        self._outbound = pairs[: len(pairs) // ROUND * ROUND]
        self.ledger = Ledger([out for _, out in self._outbound])
        self._secret = secret
        self._clock = clock
        self._dice = dice
        self._statuses_told = 0
        self._turn = 0

    async def flow(self, rate: float, until: Callable[[], bool]) -> None:
        """Send *rate* items a second, in webhooks of several, until *until* says so."""
        due = time.perf_counter()
        while not until():
            while due <= time.perf_counter():
                size = self._dice.randint(1, ITEMS_MAX)
                self._post([self._next_item() for _ in range(size)], due)
                due += self._dice.expovariate(rate / size)
            await asyncio.sleep(TICK_SECONDS)

    def tell_of(self, taken: Taken) -> None:
        """Let WhatsApp tell how far a message has come that it has taken."""
        sent = Sent(taken.wamid, POINTS[taken.phone_number_id], None, taken.to, None, taken.opaque)
        loop = asyncio.get_running_loop()
        for status, after in zip(STATUSES, TOLD_AFTER_SECONDS, strict=True):
            self.untold += 1
            loop.call_later(after, self._tell, sent, status)

    def _tell(self, sent: Sent, status: str) -> None:
        self.untold -= 1
        self._post([(status_update(sent, status, self._clock()), lambda: None)])

    def _next_item(self) -> tuple[Update, Callable[[], None]]:
        if not self._outbound or self._dice.random() < INBOUND_SHARE:
            return self._message()
        return self._status()

    def _message(self) -> tuple[Update, Callable[[], None]]:
        thread, number = self._dice.choice(self._threads), self.ledger.new_message()
        content = {"type": "text", "text": {"body": f"{WORDS} {number}"}}
        update = message_update(
            thread.customer, thread.number, f"{MESSAGE}{number}", self._clock(), content
        )
        return update, partial(self.ledger.take_message, number)

    def _status(self) -> tuple[Update, Callable[[], None]]:
        """The next status; when all have been told they are told again, as WhatsApp may."""
        block, rest = divmod(self._statuses_told, ROUND * len(STATUSES))
        rank, within = divmod(rest, ROUND)
        place = (block * ROUND + within) % len(self._outbound)
        self._statuses_told += 1
        thread, out = self._outbound[place]
        sent = Sent(out.wamid, thread.number, thread.customer, thread.customer.phone, None, None)
        update = status_update(sent, STATUSES[rank], self._clock())
        return update, partial(self.ledger.take_status, place, rank)

    def _post(
        self, items: Sequence[tuple[Update, Callable[[], None]]], due: float | None = None
    ) -> None:
        body = encode(compose([update for update, _ in items], self._dice))
        letter = Letter(
            signed(body, self._secret),
            time.perf_counter() if due is None else due,
            [told for _, told in items],
        )
        self.unanswered += 1
        if not self.troubled:
            self._send(letter)
            return
        loop = asyncio.get_running_loop()
        loop.call_later(self._dice.uniform(0, SHUFFLED_SECONDS), self._send, letter)
        for pool in self._pools:
            pool.send(letter.whole, lambda _status, _body: None)

    def _send(self, letter: Letter) -> None:
        self._turn += 1
        pool = self._pools[self._turn % len(self._pools)]
        pool.send(letter.whole, partial(self._answered, letter))

    def _answered(self, letter: Letter, status: int, _body: bytes) -> None:
        if status == 200:
            self.last_answer_at = time.perf_counter()
            self.answers.append(self.last_answer_at - letter.due)
            self.unanswered -= 1
            for told in letter.told:
                told()
            return
        self.refused[status] = self.refused.get(status, 0) + 1
        asyncio.get_running_loop().call_later(letter.pause, self._send, letter)
        letter.pause = min(2 * letter.pause, RETRY_SECONDS_MAX)


def _thread(one: OpenConversation) -> Thread:
    customer = Customer(one.user_id, f"Cliente {int(one.user_id[3:])}", one.wa_id)
    return Thread(customer, POINTS[one.phone_number_id])
