"""One look at the floor: who has which part, who is there, and what is wrong.

Whoever acts in a simulated day draws from this look, and it is taken after every step, so the
promises that it can see are checked at every step too.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources

import msgspec

from balcao.store.database import Database
from balcao.store.postgres import Connection


class Part(msgspec.Struct, frozen=True):
    """An agent's open part in a task."""

    task: int
    agent: int
    role: str
    state: str


class Agent(msgspec.Struct, frozen=True):
    """An agent as the database has one."""

    id: int
    state: str
    signed_in: bool
    capacity: int
    team: int | None
    disabled: bool


class Asked(msgspec.Struct, frozen=True):
    """An open invitation."""

    task: int
    number: int
    by: int


@dataclass(frozen=True)
class Scene:
    """What there is at one moment."""

    parts: list[Part]
    agents: dict[int, Agent]
    invitations: list[Asked]
    open_tasks: int
    wrong: list[str]

    @property
    def loads(self) -> Counter[int]:
        """How many open parts each agent has."""
        return Counter(part.agent for part in self.parts)

    def guests(self, task: int) -> list[int]:
        """The connected guests of a task."""
        return [
            part.agent
            for part in self.parts
            if part.task == task and part.role == "guest" and part.state == "connected"
        ]


async def look(connection: Connection, before: Scene | None = None) -> Scene:
    """The floor now; wrong is also whoever got more than fits, seen from *before*."""
    row = await connection.fetchrow(_sql("scene"))
    assert row is not None
    agents = msgspec.convert(row["agents"], list[Agent])
    scene = Scene(
        msgspec.convert(row["parts"], list[Part]),
        {agent.id: agent for agent in agents},
        msgspec.convert(row["invitations"], list[Asked]),
        row["open_tasks"],
        msgspec.convert(row["wrong"], list[str]),
    )
    if before is not None:
        scene.wrong.extend(_overloaded(before, scene))
    return scene


async def unserved(database: Database, at: datetime) -> list[str]:
    """Who waits although somebody is free; the router has come to rest."""
    async with database.transaction() as tx:
        return [row[0] for row in await tx.fetch(_sql("unserved"), at)]


async def left_open(database: Database) -> list[str]:
    """What is not finished."""
    async with database.transaction() as tx:
        return [row[0] for row in await tx.fetch(_sql("left_open"))]


async def digest(database: Database) -> str:
    """What the day left behind, in sixteen letters."""
    async with database.transaction() as tx:
        rows = await tx.fetch(_sql("digest"))
    lines = "\n".join(f"{row[0]} {row[1]}" for row in rows)
    return hashlib.sha256(lines.encode()).hexdigest()[:16]


def _overloaded(before: Scene, after: Scene) -> list[str]:
    had, has = before.loads, after.loads
    return [
        f"agent {id} has {has[id]} parts of at most {agent.capacity}"
        for id, agent in after.agents.items()
        if has[id] > max(had[id], agent.capacity)
    ]


@cache
def _sql(name: str) -> str:
    return (resources.files("balcao.simulator.day") / f"{name}.sql").read_text()
