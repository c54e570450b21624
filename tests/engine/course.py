"""A race: two transactions that wait for one row, let go in an order that is drawn.

A third connection holds the row that both need.  Each comes to wait for it, and then it is let
go.  So both truly race, and over many rounds every outcome is seen.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any, TypeAlias

from balcao import checker
from balcao.domain import agent as agent_steps
from balcao.domain import task as steps
from balcao.domain.values import SYSTEM, AgentId, CodeId, Refused, State, Target, Task, ToAgent
from balcao.store import agents, tasks
from balcao.store.database import Database, Tx
from tests import world
from tests.world import World, sql, until_blocked

ROUNDS = 200
RING = timedelta(minutes=1)

Contender: TypeAlias = Callable[[Database], Awaitable[object]]
Told: TypeAlias = str | None
"""With which code a contender was refused; None for one who was not."""


@dataclass
class Course:
    """Two processes' worth of database over one, a third that holds the gate, and the dice."""

    here: Database
    there: Database
    gate: Database
    floor: World
    dice: Random
    marina: AgentId
    camila: AgentId
    diego: AgentId
    code: CodeId

    async def race(self, table: str, id: int, one: Contender, other: Contender) -> list[Told]:
        """Let both wait for the row of *table*, in a drawn order, and let go; how each fared."""
        contenders = [one(self.here), other(self.there)]
        running: list[asyncio.Future[object] | None] = [None, None]
        key, lock = ("id", "update") if table == "conversation" else ("person_id", "no key update")
        async with self.gate.transaction() as tx:
            await tx.fetch(f"select 1 from {table} where {key} = $1 for {lock}", id)
            for count, which in enumerate(self.dice.sample([0, 1], 2), 1):
                running[which] = asyncio.ensure_future(contenders[which])
                await until_blocked(self.gate, count)
        ended = [future for future in running if future is not None]
        return [told(fared) for fared in await asyncio.gather(*ended, return_exceptions=True)]

    async def begin(self, *moves: tuple[Any, ...]) -> tuple[int, int]:
        """A new customer's task, taken these steps; its id and its conversation's."""
        task = await world.queued(self.here, self.floor)
        async with self.here.transaction() as tx:
            held = await tasks.lock(tx, task)
            for step, *args in moves:
                await tasks.take(tx, held, step, *args)
        return task, held.conversation.id

    async def read(self, task: int) -> Task:
        async with self.here.transaction() as tx:
            return await tasks.read(tx, task)

    async def tidy(self, task: int) -> None:
        """Bring the task to its end by steps, and have everybody there and available."""
        async with self.here.transaction() as tx:
            held = await tasks.lock(tx, task)
            await self._wrap_up(tx, held)
            owner = held.task.owner
            if owner is None and held.task.ended_at is None:
                await tasks.take(tx, held, steps.offer, self.marina, RING)
                owner = held.task.owner
            if owner is not None and owner.state is State.OFFERED:
                await tasks.take(tx, held, steps.accept, owner.agent)
            if owner is not None:
                await tasks.take(tx, held, steps.end, owner.agent)
            await self._wrap_up(tx, held)
            rows = await tx.fetch("select person_id from agent where state <> 'available'")
            for row in rows:
                await agents.move(tx, row["person_id"], SYSTEM, agent_steps.become_available)
            everybody = [self.marina, self.camila, self.diego]
            await agents.beat(tx, everybody, await tx.now())

    async def _wrap_up(self, tx: Tx, held: tasks.Held) -> None:
        for leg in held.task.legs:
            if leg.state is State.WRAP_UP:
                await tasks.take(tx, held, steps.wrap_up, leg.agent, self.code, None)


def told(fared: object) -> Told:
    """The code of a refusal; any other failure is none that may come of a race."""
    if isinstance(fared, Refused):
        return fared.code
    if isinstance(fared, BaseException):
        raise fared
    return None


def move(task: int, step: Callable[..., Any], *args: object) -> Contender:
    """A step of the task, in a transaction of its own."""

    async def moving(database: Database) -> None:
        async with database.transaction() as tx:
            await tasks.move(tx, task, step, *args)

    return moving


def handle(step: Callable[..., Awaitable[None]], *args: object) -> Contender:
    """What an agent does with a task at hand, in a transaction of its own."""

    async def handling(database: Database) -> None:
        async with database.transaction() as tx:
            await step(tx, *args)

    return handling


@asynccontextmanager
async def opened(dsn: str) -> AsyncIterator[Course]:
    """A course with three agents, all available; the checker looks at what is left of it."""
    here, there, gate = [await Database.open(dsn) for _ in range(3)]
    try:
        floor = await world.build(here)
        names = ("Marina", "Camila", "Diego")
        marina, camila, diego = [await world.available(here, floor, name) for name in names]
        rows = await sql(here, "select id from aux_code where name = 'Pedido resolvido'")
        code = CodeId(int(str(rows[0]["id"])))
        yield Course(here, there, gate, floor, Random(7), marina, camila, diego, code)
        assert await checker.check(here) == []
    finally:
        for database in (here, there, gate):
            await database.close()


def ringing_at(agent: AgentId) -> tuple[Any, ...]:
    return steps.offer, agent, RING


def talking(agent: AgentId) -> list[tuple[Any, ...]]:
    return [ringing_at(agent), (steps.accept, agent)]


def invited(owner: AgentId, to: Target) -> tuple[Any, ...]:
    return steps.invite, owner, to, RING, RING, 5


def with_guest(owner: AgentId, guest: AgentId) -> list[tuple[Any, ...]]:
    return [*talking(owner), invited(owner, ToAgent(guest)), (steps.accept, guest)]
