"""Agents whose desk answers no more: first their offers go back, later all that they have.

Losing the connection is no RONA.  After the grace time the agent is idle, and what rings goes
back to its queue.  After a further while the agent is lost for good: a conversation passes to a
connected guest or back to its queue, a wrap-up is submitted with the default reason, and the
agent is signed out once nothing is left.  Each task is a transaction of its own that looks
again under locks, as the desk may come back at any moment.
"""

from __future__ import annotations

from datetime import datetime

import structlog

from balcao.domain import agent as agents_domain
from balcao.domain import task
from balcao.domain.agent import Agent
from balcao.domain.values import SYSTEM, AgentId, CodeId, State
from balcao.engine import ringing
from balcao.store import agents, due, profiles, sessions, tasks
from balcao.store.database import Database, Tx

log = structlog.get_logger()


async def disconnect(database: Database, agent_id: AgentId) -> None:
    """The grace time is over: idle, and nothing rings there any more."""
    while not await _try_disconnect(database, agent_id):
        log.debug("disconnect_again", agent=agent_id)


async def give_up(database: Database, agent_id: AgentId) -> None:
    """Go on without an agent who is lost for good; it stops where the desk comes back."""
    await disconnect(database, agent_id)
    async with database.transaction() as tx:
        ids = await tasks.open_at(tx, agent_id)
    for task_id in ids:
        async with database.transaction() as tx:
            await _give_up_task(tx, task_id, agent_id)
    async with database.transaction() as tx:
        await _sign_out(tx, agent_id)


async def _try_disconnect(database: Database, agent_id: AgentId) -> bool:
    """Disconnect in one transaction; False, and nothing done, where more came to ring."""
    async with database.transaction() as tx:
        found = await ringing.hold_ringing(tx, agent_id)
        if found is None:
            return False
        agent, held = found
        disabled = await agents.is_disabled(tx, agent_id)
        patience = await due.patience(tx)
        if disabled or agent.silent_for(await tx.now(), patience) >= patience.grace:
            reason = "disabled" if disabled else "connection-lost"
            await ringing.disconnect(tx, held, agent_id, reason)
        return True


async def _give_up_task(tx: Tx, task_id: int, agent_id: AgentId) -> None:
    held = await tasks.lock(tx, task_id)
    everybody = [leg.agent for leg in held.task.legs if leg.closed_at is None]
    people, held.at = await agents.lock_all(tx, [*everybody, agent_id])
    leg = held.task.leg_of(agent_id)
    if leg is None or not await _is_lost(tx, people[agent_id], held.at):
        return
    if leg.state is State.OFFERED:
        await tasks.take(tx, held, task.withdraw, agent_id, "connection-lost")
    elif leg.state is State.CONNECTED:
        present = {one.id for one in people.values() if one.connected(held.at)}
        await tasks.take(tx, held, task.lose, agent_id, present)
    elif leg.state is State.WRAP_UP:
        await submit(tx, held, agent_id)


async def submit(tx: Tx, held: tasks.Held, agent_id: AgentId) -> None:
    """Wrap up in the agent's place, with the default reason."""
    default = await profiles.default_wrap_up_code(tx)
    code = None if default is None else CodeId(default)
    await tasks.take(tx, held, task.wrap_up, agent_id, code, None, SYSTEM)


async def _sign_out(tx: Tx, agent_id: AgentId) -> None:
    """Sign out whoever is still lost; Refused where something was left open."""
    agent, at = await agents.lock(tx, agent_id)
    if agent.signed_in_at is not None and await _is_lost(tx, agent, at):
        code = await agents.default_idle_code(tx)
        await agents.move(tx, agent_id, SYSTEM, agents_domain.sign_out, code)
        await sessions.end_all(tx, agent_id)


async def _is_lost(tx: Tx, agent: Agent, at: datetime) -> bool:
    patience = await due.patience(tx)
    silent = agent.silent_for(at, patience) >= patience.lost
    return silent or await agents.is_disabled(tx, agent.id)
