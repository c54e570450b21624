"""The router: takes back offers whose time is up, and makes new ones.

One router works at a time, whatever the number of processes: a step holds an
advisory lock or does nothing.  It decides from a glance at the floor, and each
decision is then made good in a transaction of its own that looks again under
locks, so a glance that was out of date costs nothing but a further step.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from balcao.domain import agent as agents_domain
from balcao.domain import routing, task
from balcao.domain.agent import SILENCE_MAX
from balcao.domain.routing import Match
from balcao.domain.task import SYSTEM, AgentId, Refused, State
from balcao.engine.loop import Progress
from balcao.store import agents, floor, tasks
from balcao.store.database import Connection, Database, Tx

log = structlog.get_logger()

#: A gap between two looks of any router that is longer than this was an outage.
OUTAGE_MIN = timedelta(seconds=5)
#: What every ringing offer has left, at least, after an outage (product.md 2).
RING_AFTER_OUTAGE = timedelta(seconds=15)
#: Offers made in one step, so that offers run out in time on a crowded floor.
MATCHES_MAX = 200


class Router:
    """RONA and offers; `step` is called by a loop, or by a simulated day."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def step(self) -> Progress:
        """Do a bounded part of what is due; nothing while another process routes."""
        async with self._database.connection() as connection:
            if not await floor.try_lock(connection):
                return Progress()
            try:
                return await self._route()
            finally:
                await _unlock(connection)

    async def _route(self) -> Progress:
        async with self._database.transaction() as tx:
            at = await tx.now()
            away = await floor.beat_pulse(tx, at)
            rung_out = await tasks.rung_out(tx, at)
            ringing = await tasks.ringing(tx) if away >= OUTAGE_MIN else []
        if ringing:
            await self._prolong(ringing)
            return Progress(done=len(ringing))
        for task_id, agent_id in rung_out:
            await self._ring_out(task_id, agent_id)
        matches, again_in = await self._look()
        made = [await self._offer(match) for match in matches[:MATCHES_MAX]]
        return Progress(len(rung_out) + sum(made), again_in)

    async def _look(self) -> tuple[list[Match], timedelta | None]:
        """The matches of this moment, and in how long there may be more by time alone."""
        async with self._database.transaction() as tx:
            at = await tx.now()
            moments = [await tasks.next_deadline(tx)]
            waiting = await floor.waiting(tx)
            matches: list[Match] = []
            if waiting:
                candidates = await floor.candidates(tx, at - SILENCE_MAX)
                matches = routing.route(waiting, candidates, at)
                moments.append(routing.next_widening(waiting, candidates, at))
        return matches, min((m - at for m in moments if m is not None), default=None)

    async def _offer(self, match: Match) -> bool:
        """Ring at the matched agent, if under locks it is still right; whether it was."""
        async with self._database.transaction() as tx:
            held = await tasks.lock(tx, match.task)
            agent, at = await agents.lock(tx, match.agent)
            if held.task.state is not State.QUEUED or not agent.may_be_offered(at):
                return False
            held.at = at  # the bell starts when both are held
            ring = await floor.ring_time(tx, held.task.queue)
            await tasks.take(tx, held, task.offer, match.agent, ring)
            await agents.assigned(tx, match.agent, at)
            return True

    async def _prolong(self, ringing: list[tuple[int, AgentId]]) -> None:
        """Give every ringing offer time to be answered after nobody could be heard."""
        for task_id, agent_id in ringing:
            async with self._database.transaction() as tx:
                held = await tasks.lock(tx, task_id)
                try:
                    await tasks.take(tx, held, task.prolong, agent_id, RING_AFTER_OUTAGE)
                except Refused as refused:
                    log.debug("not_prolonged", task=task_id, code=refused.code)

    async def _ring_out(self, task_id: int, agent_id: AgentId) -> None:
        """RONA at one agent: this offer rang out, his others go back without blame."""
        while not await self._try_ring_out(task_id, agent_id):
            log.debug("ring_out_again", task=task_id)

    async def _try_ring_out(self, task_id: int, agent_id: AgentId) -> bool:
        """Ring out in one transaction; False, and nothing done, where more came to ring."""
        async with self._database.transaction() as tx:
            ids = await tasks.ringing_at(tx, agent_id)
            ringing = {one: await tasks.lock(tx, one) for one in ids}
            agent, at = await agents.lock(tx, agent_id)
            still = await tasks.ringing_at(tx, agent_id)
            if task_id not in still:
                return True  # accepted or withdrawn meanwhile
            if not set(still) <= set(ids):
                return False
            ringing = {one: ringing[one] for one in still}
            for held in ringing.values():
                held.at = at
            if agent.connected(at):
                await self._miss(tx, ringing, task_id, agent_id, at)
            else:
                await self._lose(tx, ringing, agent_id)
            return True

    async def _miss(
        self,
        tx: Tx,
        ringing: dict[int, tasks.Held],
        task_id: int,
        agent_id: AgentId,
        at: datetime,
    ) -> None:
        try:
            await tasks.take(tx, ringing.pop(task_id), task.ring_out, agent_id)
        except Refused:
            return  # it was prolonged meanwhile
        await _withdraw_all(tx, ringing, agent_id, "rona")
        await agents.move(tx, agent_id, SYSTEM, agents_domain.miss)
        await agents.miss(tx, agent_id, at, task_id)

    async def _lose(self, tx: Tx, ringing: dict[int, tasks.Held], agent_id: AgentId) -> None:
        """Nobody was there to answer: no RONA, but no more offers either."""
        await _withdraw_all(tx, ringing, agent_id, "connection-lost")
        code = await agents.system_idle_code(tx, "connection-lost")
        await agents.move(tx, agent_id, SYSTEM, agents_domain.become_idle, code)


async def _withdraw_all(
    tx: Tx, ringing: dict[int, tasks.Held], agent_id: AgentId, reason: str
) -> None:
    for held in ringing.values():
        await tasks.take(tx, held, task.withdraw, agent_id, reason)


async def _unlock(connection: Connection) -> None:
    if not connection.is_closed():
        await floor.unlock(connection)
