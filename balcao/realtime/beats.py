"""Desks that answer a ping: looked up and noted together, as each alone would cost a commit."""

from __future__ import annotations

import asyncio

from balcao.domain.values import AgentId
from balcao.store import agents, sessions
from balcao.store.database import Database

#: Beats that come so soon after others were written wait for each other.
GATHER_SECONDS = 0.1


class Beats:
    """Notes which agents are there."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._tokens: set[bytes] = set()
        self._writing: asyncio.Task[frozenset[bytes]] | None = None
        self._not_before = 0.0

    async def note(self, token: bytes) -> bool:
        """Return once it is written that the desk of who holds *token* is there.

        False where nobody holds it.  The session is prolonged, as by any request.
        """
        self._tokens.add(token)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        return token in await asyncio.shield(self._writing)

    async def _write(self) -> frozenset[bytes]:
        """Write down those who hold a token; the tokens that are held."""
        time = asyncio.get_running_loop().time
        await asyncio.sleep(max(0.0, self._not_before - time()))
        tokens, self._tokens, self._writing = self._tokens, set(), None
        self._not_before = time() + GATHER_SECONDS
        async with self._database.statement() as tx:
            at = await tx.now()
            holders = await sessions.holders(tx, tokens, at)
            there = {AgentId(one.person) for one in holders if one.is_agent}
            if there:
                await agents.beat(tx, there, at)
        return frozenset(one.token for one in holders)
