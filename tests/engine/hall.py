"""A hall of agents on a clock of its own: time passes as told, and desks answer until cut off.

The hall uses the real steps (intake, router, `store.handling`) over a real PostgreSQL.  Time
passes in strides: at each one the desks that are there answer their ping and a router looks,
as it would have all along, so that a long wait is no outage.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Concatenate, ParamSpec

from balcao.domain import agent as agent_steps
from balcao.domain import task as steps
from balcao.domain.values import (
    Actor,
    ActorKind,
    AgentId,
    CodeId,
    Leg,
    State,
    Task,
    ToAgent,
    ToQueue,
)
from balcao.engine.router import Router
from balcao.store import agents, handling, organisation, tasks
from balcao.store.database import Database, Tx
from tests import world
from tests.engine.inbound import take_in
from tests.whatsapp import bodies
from tests.world import World, sql

P = ParamSpec("P")

STRIDE = timedelta(seconds=20)  # shorter than the silence after which a desk is away


@dataclass
class Clock:
    """The only clock of a hall."""

    at: datetime

    def __call__(self) -> datetime:
        return self.at


@dataclass
class Hall:
    """The organisation, its clock, and whose desk answers."""

    database: Database
    clock: Clock
    floor: World
    present: set[AgentId] = field(default_factory=set)
    written: int = 0

    async def agent(self, name: str, team: int | None = None) -> AgentId:
        """A new agent, available, with a desk that answers."""
        agent = await world.available(self.database, self.floor, name, team)
        self.present.add(agent)
        return agent

    async def writes(self, customer: int = 1, words: str = "Oi") -> int:
        """A customer writes, and the router looks; the id of the newest task."""
        self.written += 1
        more = {"from": f"55119876543{customer:02}", "from_user_id": f"BR.{customer}"}
        second = int(self.clock.at.timestamp())
        told = bodies.text(f"wamid.{self.written}", words, second, **more)
        await take_in(self.database, bodies.messages(told))
        await self.look()
        rows = await sql(self.database, "select max(id) as id from task")
        return int(str(rows[0]["id"]))

    async def ringing(self, agent: AgentId, customer: int = 1) -> int:
        """A customer's task that rings at this agent, who must be the next to be asked."""
        task = await self.writes(customer)
        assert await self.rings_at(task) == agent
        return task

    async def talking(self, agent: AgentId, customer: int = 1) -> int:
        """A customer's task that this agent, who must be the next to be asked, has accepted."""
        task = await self.ringing(agent, customer)
        await self.accept(task, agent)
        return task

    async def joined(self, task: int, owner: AgentId, guest: AgentId) -> None:
        """Ask this guest in, and let the guest accept."""
        await self.invite(task, owner, guest)
        await self.accept(task, guest)

    async def do(
        self, step: Callable[Concatenate[Tx, P], Awaitable[object]], *args: P.args, **more: P.kwargs
    ) -> None:
        """One step in a transaction of its own, and then the router looks."""
        async with self.database.transaction() as tx:
            await step(tx, *args, **more)
        await self.look()

    async def accept(self, task: int, agent: AgentId) -> None:
        await self.do(tasks.move, task, steps.accept, agent)

    async def transfer(
        self, task: int, by: AgentId, to: AgentId | ToQueue, note: str | None = None
    ) -> None:
        target = to if isinstance(to, ToQueue) else ToAgent(to)
        await self.do(handling.transfer, task, by, target, note)

    async def invite(self, task: int, by: AgentId, to: AgentId | ToQueue) -> None:
        target = to if isinstance(to, ToQueue) else ToAgent(to)
        await self.do(handling.invite, task, by, target)

    async def cancel(self, task: int, by: AgentId, number: int | None = None) -> None:
        await self.do(tasks.move, task, steps.cancel, by, number)

    async def end(self, task: int, by: AgentId) -> None:
        await self.do(handling.end, task, by)

    async def wrap_up(self, task: int, by: AgentId) -> None:
        await self.do(handling.wrap_up, task, by, await self.wrap_up_code("Engano / spam"), None)

    async def become(self, agent: AgentId, state: str) -> None:
        """The agent chooses to be available, or idle with the default reason."""
        by = Actor(ActorKind.AGENT, agent)
        async with self.database.transaction() as tx:
            if state == "available":
                await agents.move(tx, agent, by, agent_steps.become_available)
            else:
                code = await agents.default_idle_code(tx)
                await agents.move(tx, agent, by, agent_steps.become_idle, code)
        await self.look()

    async def beat(self, agent: AgentId) -> None:
        """The agent's desk is back, and answers from now on."""
        self.present.add(agent)
        async with self.database.transaction() as tx:
            await agents.beat(tx, [agent], await tx.now())

    def cut(self, *all_: AgentId) -> None:
        """These agents' desks answer no more."""
        self.present -= set(all_)

    async def disable(self, agent: AgentId) -> None:
        """An administrator lets this agent in no more; the router looks."""
        rows = await sql(self.database, "select email from person where id = $1", agent)
        await self.do(organisation.disable, str(rows[0]["email"]))

    async def pass_time(self, seconds: float) -> None:
        """So much time goes by; desks answer, and the router does what becomes due."""
        until = self.clock.at + timedelta(seconds=seconds)
        while self.clock.at < until:
            self.clock.at = min(self.clock.at + STRIDE, until)
            async with self.database.transaction() as tx:
                await agents.beat(tx, self.present, self.clock.at)
            await self.look()

    async def outage(self, seconds: float) -> None:
        """So much time goes by in which nobody could reach the database; then a router looks."""
        self.clock.at += timedelta(seconds=seconds)
        router = Router(self.database)
        while (await router.step()).done:
            pass

    async def look(self) -> None:
        """Let a router, which never was away, do all that there is to do."""
        await sql(self.database, "update pulse set at = $1", self.clock.at)
        router = Router(self.database)
        while (await router.step()).done:
            pass

    async def read(self, task: int) -> Task:
        async with self.database.transaction() as tx:
            return await tasks.read(tx, task)

    async def state(self, task: int) -> State:
        return (await self.read(task)).state

    async def rings_at(self, task: int) -> AgentId | None:
        """Whose desk the task itself rings at."""
        owner = (await self.read(task)).owner
        return owner.agent if owner is not None and owner.state is State.OFFERED else None

    async def owner(self, task: int) -> AgentId | None:
        """Who talks with the customer as the owner."""
        owner = (await self.read(task)).owner
        return owner.agent if owner is not None and owner.state is State.CONNECTED else None

    async def guests(self, task: int) -> list[AgentId]:
        return [leg.agent for leg in (await self.read(task)).guests]

    async def leg(self, task: int, agent: AgentId) -> Leg:
        """The agent's part: the open one, else the last."""
        leg = (await self.read(task)).leg_of(agent)
        assert leg is not None
        return leg

    async def stands(self, agent: AgentId) -> str:
        """`signed out`, `available`, `rona`, or the idle reason by its name."""
        rows = await sql(
            self.database,
            "select case when a.signed_in_at is null then 'signed out' else"
            " coalesce(x.name, a.state) end as it from agent a"
            " left join aux_code x on x.id = a.aux_code_id where person_id = $1",
            agent,
        )
        return str(rows[0]["it"])

    async def lines(self, task: int) -> list[tuple[str, dict[str, Any]]]:
        """What the thread tells of the task, in its order: code and params."""
        rows: list[dict[str, Any]] = await sql(
            self.database,
            "select system->>'code' as code, system->'params' as params from message"
            " where task_id = $1 and direction = 'system' order by seq",
            task,
        )
        return [(row["code"], row["params"]) for row in rows]

    async def told(self, agent: AgentId) -> list[tuple[str, dict[str, Any]]]:
        """The notices of an agent, oldest first: code and params."""
        rows: list[dict[str, Any]] = await sql(
            self.database, "select code, params from notice where agent_id = $1 order by id", agent
        )
        return [(row["code"], row["params"]) for row in rows]

    async def journal(self, task: int) -> list[str]:
        """The steps of the task, by their codes."""
        rows = await sql(
            self.database, "select code from event where task_id = $1 order by version", task
        )
        return [str(row["code"]) for row in rows]

    @property
    def support(self) -> ToQueue:
        """The queue that customers enter, as a target."""
        return ToQueue(self.floor.queue)

    @property
    def sales(self) -> ToQueue:
        """The other queue, as a target."""
        return ToQueue(self.floor.other_queue)

    async def wrap_up_code(self, name: str) -> CodeId:
        rows = await sql(self.database, "select id from aux_code where name = $1", name)
        return CodeId(int(str(rows[0]["id"])))

    async def set(self, table: str, change: str) -> None:
        """Configure the organisation."""
        await sql(self.database, f"update {table} set {change}")


@asynccontextmanager
async def hall(dsn: str) -> AsyncIterator[Hall]:
    """A hall at a whole second of today, with nobody in it."""
    clock = Clock(datetime.min.replace(tzinfo=UTC))
    database = await Database.open(dsn, clock=clock)
    try:
        (now,) = await sql(database, "select date_trunc('second', clock_timestamp()) as at")
        assert isinstance(now["at"], datetime)
        clock.at = now["at"]
        await sql(database, "update pulse set at = $1", clock.at)
        yield Hall(database, clock, await world.build(database))
    finally:
        await database.close()
