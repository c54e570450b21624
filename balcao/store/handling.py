"""What an agent does with a task at hand, with all that the step needs to know looked up.

Each function holds the task's conversation and then every agent concerned, in the order of
their ids, looks at the target and the profiles under those locks, and takes one step.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from balcao.domain import task as steps
from balcao.domain.agent import Agent
from balcao.domain.values import AgentId, CodeId, Refused, Target, ToAgent, ToQueue
from balcao.store import agents, floor, profiles, targets, tasks
from balcao.store.database import Tx
from balcao.store.tasks import Held

#: How long an invitation waits in a queue that sets no maximum (product.md 7).
INVITATION_WAIT = timedelta(minutes=10)


async def transfer(tx: Tx, task_id: int, agent: AgentId, to: Target, note: str | None) -> None:
    """Give the task away.  Refused, UnknownTarget: nothing changed, and *agent* still has it."""
    held = await _hold_for(tx, task_id, agent, to)
    ring = await floor.ring_time(tx, held.task.queue)
    plans = await profiles.plans(tx, [agent])
    await tasks.take(tx, held, steps.transfer, agent, to, note, ring, plans)
    await _note_assigned(tx, held, to)


async def invite(tx: Tx, task_id: int, agent: AgentId, to: Target) -> None:
    """Ask somebody in.  Refused, UnknownTarget: nothing changed."""
    held = await _hold_for(tx, task_id, agent, to)
    ring = await floor.ring_time(tx, held.task.queue)
    wait = INVITATION_WAIT
    if isinstance(to, ToQueue):
        wait = await floor.wait_time(tx, to.queue) or INVITATION_WAIT
    most = await tx.fetchval("select guests_max from organisation")
    await tasks.take(tx, held, steps.invite, agent, to, ring, wait, most)
    await _note_assigned(tx, held, to)


async def hand_over(tx: Tx, task_id: int, agent: AgentId, guest: AgentId) -> None:
    """Make a guest whose desk is connected the owner, else Refused (guest-away)."""
    held = await tasks.lock(tx, task_id)
    steps.primary(held.task, agent)
    people = await _hold_agents(tx, held)
    if guest in people and not people[guest].connected(held.at):
        raise Refused("guest-away", state=held.task.state)
    plans = await profiles.plans(tx, [agent])
    await tasks.take(tx, held, steps.hand_over, agent, guest, plans)


async def end(tx: Tx, task_id: int, agent: AgentId) -> None:
    """End the task for everyone."""
    held = await tasks.lock(tx, task_id)
    plans = await profiles.plans(tx, _everybody(held))
    await tasks.take(tx, held, steps.end, agent, plans)


async def leave(tx: Tx, task_id: int, agent: AgentId) -> None:
    """Go out of a conference."""
    held = await tasks.lock(tx, task_id)
    plans = await profiles.plans(tx, [agent])
    await tasks.take(tx, held, steps.leave, agent, plans)


async def remove(tx: Tx, task_id: int, agent: AgentId, guest: AgentId) -> None:
    """Put a guest out of a conference."""
    held = await tasks.lock(tx, task_id)
    plans = await profiles.plans(tx, [guest])
    await tasks.take(tx, held, steps.remove, agent, guest, plans)


async def wrap_up(tx: Tx, task_id: int, agent: AgentId, code: CodeId, note: str | None) -> None:
    """Submit the reason, which the agent's profile must allow, else Refused (unknown-code)."""
    profile = await profiles.of(tx, agent)
    if profile.wrap_up_codes is not None and code not in profile.wrap_up_codes:
        raise Refused("unknown-code")
    await tasks.move(tx, task_id, steps.wrap_up, agent, code, note)


async def _hold_for(tx: Tx, task_id: int, agent: AgentId, to: Target) -> Held:
    """Hold the task of its owner *agent*, and make sure that *to* can take it."""
    held = await tasks.lock(tx, task_id)
    steps.primary(held.task, agent)
    more = [to.agent] if isinstance(to, ToAgent) else []
    people = await _hold_agents(tx, held, more)
    profile = await profiles.of(tx, agent)
    await targets.require(tx, to, profile, people, held)
    return held


async def _hold_agents(tx: Tx, held: Held, more: Iterable[AgentId] = ()) -> dict[AgentId, Agent]:
    """Hold everybody with an open part, and *more*; the time is that of holding them."""
    people, held.at = await agents.lock_all(tx, [*_everybody(held), *more])
    return people


def _everybody(held: Held) -> list[AgentId]:
    return [leg.agent for leg in held.task.legs if leg.closed_at is None]


async def _note_assigned(tx: Tx, held: Held, to: Target) -> None:
    if isinstance(to, ToAgent):
        await agents.assigned(tx, to.agent, held.at)
