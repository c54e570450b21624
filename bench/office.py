"""A contact centre at work: a filled database, a server over it, and desks that are open.

The database is filled once a run and shared by the scenarios, each of which opens the office anew:
a fresh server process, fresh desks, and customers who go on where they were.
"""

from __future__ import annotations

import asyncio
import gc
import random
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import asyncpg

from balcao.simulator.world import Customer, EntryPoint
from bench.client import Pool
from bench.desks import Desks, Seen
from bench.fill import NUMBERS, Filled, OpenConversation, Shape, fill
from bench.graph import Graph, listening
from bench.machine import on_own_core
from bench.rig import SECRET, Rig, Running
from bench.schedule import batch_sizes
from bench.webhooks import Item, Mail, Thread, deliver

OPEN_TASKS = 5  # of each agent
WARM_UP_SECONDS = 4
SHOWN_SECONDS_MAX = 120.0
LOOK_SECONDS = 0.05
STATUSES_PER_SECOND = 2_700  # of all scenarios that last for some time
CONNECTIONS = 64  # that webhooks come by, and agents' commands: as many as a proxy may hold
ENTRY_POINTS = {number: EntryPoint(number, shown, name) for number, shown, name in NUMBERS}


@dataclass(frozen=True)
class Size:
    """How much of everything a run has."""

    seconds: int = 60
    desks: int = 500
    herd: int = 2_000
    stored_messages: int = 300_000
    waiting_items: int = 30_000
    receive_rounds: int = 3
    receive_seconds: float = 5.0

    @property
    def statuses(self) -> int:
        """How many statuses all scenarios send together, at the most."""
        return (self.seconds + 2 * WARM_UP_SECONDS) * STATUSES_PER_SECOND + self.waiting_items


SHORT = Size(
    seconds=5, herd=200, stored_messages=20_000, waiting_items=5_000, receive_rounds=1,
    receive_seconds=2.0,
)  # fmt: skip


class Mix(NamedTuple):
    """How much comes in a second."""

    inbound: int
    statuses: int

    def inbound_of(self, items: int) -> int:
        """How many of *items* are messages."""
        return items * self.inbound // (self.inbound + self.statuses)


@dataclass
class Office:
    """What a scenario works with."""

    running: Running
    graph: Graph
    desks: Desks
    pool: Pool
    seen: Seen
    connection: asyncpg.Connection[asyncpg.Record]

    async def until_shown(self, items: Sequence[Item]) -> None:
        """Wait until every item is on its desk, or for as long as that could take."""
        missing = {item.key for item in items}
        deadline = time.perf_counter() + SHOWN_SECONDS_MAX
        while time.perf_counter() < deadline:
            missing -= self.seen.at.keys()
            if not missing:
                return
            await asyncio.sleep(LOOK_SECONDS)


class Full(NamedTuple):
    """A database in which agents work, what is in it, and the mail for it."""

    dsn: str
    filled: Filled
    mail: Mail


class Bench:
    """One run: the rig, its databases, and the mail that has not been sent yet."""

    def __init__(self, rig: Rig, size: Size, seed: int) -> None:
        self.rig = rig
        self.size = size
        self.dice = random.Random(seed)
        self._plain: str | None = None
        self._full: Full | None = None

    async def plain(self) -> str:
        """The database in which only webhooks are stored."""
        if self._plain is None:
            self._plain = await self.rig.database("plain")
        return self._plain

    async def full(self) -> Full:
        """The database in which agents work, filled when it is first asked for."""
        if self._full is None:
            size = self.size
            dsn = await self.rig.database("office")
            shape = Shape(
                agents=size.desks,
                stored_messages=size.stored_messages,
                open_tasks_per_agent=OPEN_TASKS,
                outbound_with_wamid=size.statuses // (3 * size.desks * OPEN_TASKS) + 2,
            )
            filled = await fill(dsn, shape)
            self._full = Full(dsn, filled, await _mail(dsn, filled, self.dice))
        return self._full

    @asynccontextmanager
    async def office(
        self, desks: int | None = None, seen: Seen | None = None
    ) -> AsyncIterator[Office]:
        """The office with so many *desks* open (all, where nothing is said), told to *seen*."""
        full = await self.full()
        cookies = cookies_of(full.filled)[: self.size.desks if desks is None else desks]
        async with AsyncExitStack() as stack:
            graph, graph_url = await stack.enter_async_context(listening())
            serving = self.rig.balcao(full.dsn, graph_url=graph_url)
            running = await stack.enter_async_context(serving)
            pool = await stack.enter_async_context(Pool(running.address, CONNECTIONS))
            connection = await asyncpg.connect(full.dsn)
            stack.push_async_callback(connection.close)
            seen = seen or Seen()
            opened = Desks(running.address, pool, seen)
            stack.callback(opened.close)
            await opened.connect(cookies)
            yield Office(running, graph, opened, pool, seen, connection)

    async def warm_up(self, office: Office, rate: Mix, items_max: int) -> None:
        """Let a fresh server meet the load for a moment that does not count.

        Its statements are prepared then, and what is measured is a server that has been up.
        """
        mail, seconds = (await self.full()).mail, WARM_UP_SECONDS
        items = mail.mixture(rate.inbound * seconds, rate.statuses * seconds)
        posts = mail.posts(items, batch_sizes(len(items), 1, items_max, self.dice))
        await deliver(office.pool, posts, seconds, self.dice)
        await office.until_shown(items)


@contextmanager
def at_full_speed() -> Iterator[None]:
    """Make load without pauses of our own: on one core, with no garbage collected."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        with on_own_core():
            yield
    finally:
        gc.enable()
        gc.unfreeze()


def cookies_of(filled: Filled) -> list[str]:
    """The agents' sessions as a browser sends them."""
    return [f"balcao={agent.cookie}" for agent in filled.agents]


async def _mail(dsn: str, filled: Filled, dice: random.Random) -> Mail:
    desks = {agent.id: number for number, agent in enumerate(filled.agents)}
    return Mail(_threads(filled.conversations, desks), SECRET, await unix_time(dsn), dice)


def _threads(conversations: Sequence[OpenConversation], desks: dict[int, int]) -> list[Thread]:
    return [
        Thread(
            Customer(one.user_id, f"Cliente {int(one.wa_id[4:])}", one.wa_id),
            ENTRY_POINTS[one.phone_number_id],
            desks[one.agent_id],
            [(sent.id, sent.wamid) for sent in one.outbound],
        )
        for one in conversations
    ]


async def unix_time(dsn: str) -> float:
    """The time by the database's clock, which decides how old a message is."""
    connection = await asyncpg.connect(dsn)
    try:
        return float(await connection.fetchval("select extract(epoch from clock_timestamp())"))
    finally:
        await connection.close()
