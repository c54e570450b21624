"""Offers that nobody answered: RONA, and what is taken back with it or instead of it.

An agent's other offers go back without blame, in the same transaction, and the agent rests in
RONA until saying otherwise.  Where nobody was at the desk it is no RONA: the offers are
withdrawn, and the agent is idle with the reason that the connection was lost.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from balcao.domain import agent as agents_domain
from balcao.domain import task
from balcao.domain.values import SYSTEM, AgentId
from balcao.store import agents, floor, tasks
from balcao.store.database import Database, Tx
from balcao.telemetry import figures

log = structlog.get_logger()

#: What is left of every ringing offer and every countdown, at least, after an outage.
LEFT_AFTER_OUTAGE = timedelta(seconds=15)


async def prolong(database: Database, task_id: int, agent_id: AgentId) -> None:
    """Give an agent time to answer after a time in which nobody could be heard."""
    async with database.transaction() as tx:
        await tasks.move(tx, task_id, task.prolong, agent_id, LEFT_AFTER_OUTAGE)


async def ring_out(database: Database, task_id: int, agent_id: AgentId) -> None:
    """RONA at one agent: this offer rang out, and nothing rings there any more."""
    while not await _try_ring_out(database, task_id, agent_id):
        log.debug("ring_out_again", task=task_id)


async def hold_ringing(
    tx: Tx, agent_id: AgentId
) -> tuple[agents_domain.Agent, dict[int, tasks.Held]] | None:
    """Hold the agent with every task that rings there; None where more came to ring meanwhile.

    What rings is read without locks, its conversations are held in their order and the agent
    after them, and then it is looked at again.
    """
    ids = await tasks.ringing_at(tx, agent_id)
    held = {one: await tasks.lock(tx, one) for one in ids}
    agent, at = await agents.lock(tx, agent_id)
    still = await tasks.ringing_at(tx, agent_id)
    if not set(still) <= set(ids):
        return None
    for one in still:
        held[one].at = at
    return agent, {one: held[one] for one in still}


async def withdraw_all(
    tx: Tx, ringing: dict[int, tasks.Held], agent_id: AgentId, reason: str
) -> None:
    """Take back all that rings at the agent, without blame."""
    for held in ringing.values():
        await tasks.take(tx, held, task.withdraw, agent_id, reason)


async def disconnect(
    tx: Tx, ringing: dict[int, tasks.Held], agent_id: AgentId, reason: str
) -> None:
    """Nobody is there to answer: no RONA, but no more offers either."""
    await withdraw_all(tx, ringing, agent_id, reason)
    code = await agents.system_idle_code(tx, "connection-lost")
    await agents.move(tx, agent_id, SYSTEM, agents_domain.lose_connection, code)


async def _try_ring_out(database: Database, task_id: int, agent_id: AgentId) -> bool:
    """Ring out in one transaction; False, and nothing done, where more came to ring."""
    async with database.transaction() as tx:
        found = await hold_ringing(tx, agent_id)
        if found is None:
            return False
        agent, ringing = found
        if task_id not in ringing:
            return True  # accepted or withdrawn meanwhile
        at = ringing[task_id].at
        leg = ringing[task_id].task.leg_of(agent_id)
        if leg is None or leg.answer_by is None or not leg.rang_out(at):
            return True  # prolonged meanwhile
        present = agent.connected(at)
        if present:
            await _miss(tx, ringing, task_id, agent_id, at)
        else:
            await disconnect(tx, ringing, agent_id, "connection-lost")
    if present:
        figures.missed()
    figures.acted_late("offer", at - leg.answer_by)
    log.debug("rang_out", task=task_id, agent=agent_id, present=present)
    return True


async def _miss(
    tx: Tx, ringing: dict[int, tasks.Held], task_id: int, agent_id: AgentId, at: datetime
) -> None:
    held = ringing.pop(task_id)
    policy = await floor.unanswered(tx, held.task.queue)
    await tasks.take(tx, held, task.ring_out, agent_id, policy)
    await withdraw_all(tx, ringing, agent_id, "rona")
    await agents.move(tx, agent_id, SYSTEM, agents_domain.miss)
    await agents.miss(tx, agent_id, at, task_id)
