"""Webhooks as WhatsApp sends them: composed and signed beforehand, and sent when they are due.

Items are customers' messages and statuses of messages of ours, in the simulator's shapes.  Each
has a key by which desks recognise it, and what the database must hold in the end.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from balcao.simulator import ids
from balcao.simulator.envelope import (
    Sent,
    Update,
    compose,
    encode,
    message_update,
    sign,
    status_update,
)
from balcao.simulator.world import Customer, EntryPoint
from bench.client import Pool, request
from bench.schedule import arrivals, play

STATUSES = ("sent", "delivered", "read")
#: Of so many messages at a time the statuses are told in turn: all sent, all delivered, all read.
ROUND = 400
ANSWERS_SECONDS_MAX = 30.0
WORDS = "Olá! Meu pedido chegou com a caixa aberta e falta uma peça. Vocês conseguem trocar? "
RECEIVED_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Thread:
    """An open conversation: who writes, to which number, and on whose desk it is."""

    customer: Customer
    number: EntryPoint
    desk: int
    #: Messages of ours that no status has come for: their row and their wamid.
    outbound: list[tuple[int, str]]


class Item(NamedTuple):
    """A message or a status, the key that desks know it by, and its desk."""

    update: Update
    key: str
    desk: int


class Post(NamedTuple):
    """One webhook as it goes over the wire, and what is in it."""

    whole: bytes
    items: tuple[Item, ...]


class Mail:
    """Composes items and webhooks for the conversations that are open."""

    def __init__(
        self, threads: Sequence[Thread], secret: str, at: float, dice: random.Random
    ) -> None:
        """*at* is the Unix time that messages say they were written at."""
        self._threads = threads
        self._secret = secret
        self._at = at
        self._dice = dice
        self._numbers = itertools.count(1)
        self._statuses = self._all_statuses()

    def message(self, customer: Customer, number: EntryPoint, desk: int) -> Item:
        """A customer's message that nobody has sent yet."""
        mark = f"m{next(self._numbers)}"
        return Item(_text(customer, number, self._at, f"#{mark}# {WORDS}"), mark, desk)

    def mixture(self, inbound: int, statuses: int) -> list[Item]:
        """So many messages and statuses in any order, but for those of one message of ours."""
        kinds = [True] * inbound + [False] * statuses
        self._dice.shuffle(kinds)
        return [self._inbound() if one else next(self._statuses) for one in kinds]

    def post(self, items: Sequence[Item]) -> Post:
        """One webhook with all of *items*."""
        body = encode(compose([item.update for item in items], self._dice))
        return Post(signed(body, self._secret), tuple(items))

    def posts(self, items: Sequence[Item], sizes: Iterable[int]) -> list[Post]:
        """Webhooks of the given *sizes*, which together hold all of *items*."""
        rest = iter(items)
        return [self.post(list(itertools.islice(rest, size))) for size in sizes]

    def _inbound(self) -> Item:
        thread = self._dice.choice(self._threads)
        return self.message(thread.customer, thread.number, thread.desk)

    def _all_statuses(self) -> Iterator[Item]:
        """Statuses of messages that have none, none twice, until there are no such messages."""
        stock = [(thread, *sent) for thread in self._threads for sent in thread.outbound]
        self._dice.shuffle(stock)
        while stock:
            some, stock = stock[:ROUND], stock[ROUND:]
            for rank, status in enumerate(STATUSES, 1):
                for thread, row, wamid in some:
                    phone = thread.customer.phone
                    sent = Sent(wamid, thread.number, thread.customer, phone, None, None)
                    update = status_update(sent, status, self._at)
                    yield Item(update, f"{row}:{rank}", thread.desk)
        raise LookupError("every status of every stored message has been sent: store more")


def signed(body: bytes, secret: str) -> bytes:
    """The request that brings *body*."""
    headers = {"x-hub-signature-256": sign(secret, body)}
    return request("POST", "/webhooks/whatsapp", body, headers)


def alike(customer: Customer, number: EntryPoint, at: float, secret: str) -> Iterator[bytes]:
    """Requests of some 1 KB with one message each, all new and for ever; cheap to make."""
    serial = "its-own-part"  # as long as the number that takes its place
    update = _text(customer, number, at, WORDS)
    update.item["id"] = f"wamid.{serial}"
    missing = RECEIVED_BYTES - len(encode(compose([update], random.Random(0))))
    update.item["text"]["body"] += "." * missing
    head, _, tail = encode(compose([update], random.Random(0))).partition(serial.encode())
    for number_of in itertools.count(1):
        yield signed(b"%b%012d%b" % (head, number_of, tail), secret)


@dataclass(slots=True)
class Delivered:
    """What became of webhooks that were sent when they were due; moments as in `play`."""

    began: float = 0.0
    ended: float = 0.0
    #: For each item, when its webhook was due.
    due: dict[str, float] = field(default_factory=dict)
    #: Seconds from when a webhook was due to its answer.
    answers: list[float] = field(default_factory=list)
    #: Seconds by which requests were late in leaving: the generator's own fault.
    late: list[float] = field(default_factory=list)
    #: Answers that were not 200, by status.
    refused: Counter[int] = field(default_factory=Counter)


async def deliver(
    pool: Pool, posts: Sequence[Post], seconds: float, dice: random.Random
) -> Delivered:
    """Send *posts*, of which there are some, over *seconds*; return when the last is answered."""
    assert posts, "there is something to send"
    done = Delivered()
    left, all_answered = len(posts), asyncio.Event()

    def answered(due: float, status: int, _body: bytes) -> None:
        nonlocal left
        done.answers.append(time.perf_counter() - due)
        if status != 200:
            done.refused[status] += 1
        left -= 1
        if left == 0:
            all_answered.set()

    def fire(i: int, due: float) -> None:
        done.late.append(time.perf_counter() - due)
        for item in posts[i].items:
            done.due[item.key] = due
        pool.send(posts[i].whole, partial(answered, due))

    done.began = await play(arrivals(len(posts), seconds, dice), fire)
    done.ended = done.began + seconds
    async with asyncio.timeout(ANSWERS_SECONDS_MAX):
        await all_answered.wait()
    return done


async def saturate(pool: Pool, requests: Sequence[bytes], at_once: int, seconds: float) -> float:
    """Keep *at_once* requests on their way; answers of 200 per second.

    Ends after *seconds*, or with the last of *requests*.  Raises where any answer is another.
    """
    rest, under_way = iter(requests), 0
    statuses: Counter[int] = Counter()
    over = asyncio.Event()
    began = time.perf_counter()
    last = began

    def go_on() -> None:
        nonlocal under_way
        whole = next(rest, None) if last < began + seconds else None
        if whole is not None:
            under_way += 1
            pool.send(whole, answered)
        elif under_way == 0:
            over.set()

    def answered(status: int, _body: bytes) -> None:
        nonlocal under_way, last
        under_way -= 1
        statuses[status] += 1
        last = time.perf_counter()
        go_on()

    for _ in range(at_once):
        go_on()
    async with asyncio.timeout(seconds + ANSWERS_SECONDS_MAX):
        await over.wait()
    if statuses.keys() - {200}:
        raise ConnectionError(f"webhooks were not answered 200, but {dict(statuses)}")
    return statuses[200] / (last - began)


def _text(customer: Customer, number: EntryPoint, at: float, words: str) -> Update:
    wamid = ids.message_id(customer.address, outbound=False)
    return message_update(customer, number, wamid, at, {"type": "text", "text": {"body": words}})
