"""Desks that answer a ping: noted by the hundred, as each by itself would cost a commit."""

from __future__ import annotations

import asyncio

from balcao.domain.values import AgentId
from balcao.store import agents
from balcao.store.database import Database

#: Beats that come so soon after others were written wait for each other.
GATHER_SECONDS = 0.1


class Beats:
    """Notes which agents are there."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._there: set[AgentId] = set()
        self._writing: asyncio.Task[None] | None = None
        self._not_before = 0.0

    async def note(self, agent: AgentId) -> None:
        """Return once it is written that the desk of *agent* is there."""
        self._there.add(agent)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        await asyncio.shield(self._writing)

    async def _write(self) -> None:
        time = asyncio.get_running_loop().time
        await asyncio.sleep(max(0.0, self._not_before - time()))
        there, self._there, self._writing = self._there, set(), None
        self._not_before = time() + GATHER_SECONDS
        async with self._database.statement() as tx:
            await agents.beat(tx, there, await tx.now())
