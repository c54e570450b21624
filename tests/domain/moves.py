"""Every move that can be tried with a task, by anybody, whether it fits or not.

A move is a step of `balcao.domain.task` with its arguments.  Who is *unlike* whom is the caller's
to say: of agents with the same part in the task one is enough, for who moves and for who is meant.
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from balcao.domain import task as steps
from balcao.domain.values import (
    AgentId,
    CodeId,
    Event,
    Leg,
    QueueId,
    Task,
    ToAgent,
    ToQueue,
    Unanswered,
    WrapUpPlan,
)

TICK = timedelta(seconds=1)
LEAST = timedelta(seconds=500)
RING = 2 * LEAST
WAIT = 3 * LEAST
SUPPORT, SALES, BILLING = QueueId(1), QueueId(2), QueueId(3)
SOLVED = CodeId(9)
NOTE = "quer outra fatura"

Unlike = Callable[[list[AgentId]], list[AgentId]]


@dataclass(frozen=True, slots=True)
class Move:
    """A step to try: its name in the table, the agent who moves or is moved, and its arguments."""

    name: str
    agent: AgentId | None
    step: Callable[..., tuple[Task, Event]]
    args: tuple[object, ...]

    def __str__(self) -> str:
        return f"{self.name} {self.args}"


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far a walk goes: agents, guests with invitations, open invitations, wrap-up plans."""

    agents: int
    most: int
    asked: int
    plans: tuple[WrapUpPlan, ...] = (WrapUpPlan(),)

    @property
    def everyone(self) -> list[AgentId]:
        """The agents in it."""
        return [AgentId(number) for number in range(1, self.agents + 1)]


# Four agents with one way to wrap up; and two agents with every way.
WIDE = Bounds(agents=4, most=3, asked=2)
DEEP = Bounds(
    agents=2,
    most=1,
    asked=1,
    plans=(
        WrapUpPlan(),
        WrapUpPlan(after=RING, may_hold=True, as_guest=True),
        WrapUpPlan(after=RING, may_hold=False),
    ),
)


def open_leg(task: Task, agent: AgentId) -> Leg | None:
    """The part of an agent that is not over."""
    return next((leg for leg in task.legs if leg.agent == agent and leg.closed_at is None), None)


def moves(task: Task, bounds: Bounds, unlike: Unlike) -> Iterator[Move]:
    """All that can be tried, by one agent for each part."""
    for agent in unlike(bounds.everyone):
        others = [agent, *unlike([other for other in bounds.everyone if other != agent])]
        yield from _of_offers(task, agent)
        yield from _of_talkers(task, agent, bounds)
        yield from _of_owners(agent, others, bounds)
        yield from _of_inviters(task, agent, others, bounds)
    for number in _numbers(task):
        yield Move("expire", None, steps.expire, (number,))


def _of_offers(task: Task, agent: AgentId) -> Iterator[Move]:
    yield Move("offer", agent, steps.offer, (agent, RING))
    for number in _numbers(task):
        yield Move("offer an invitation", agent, steps.offer_invitation, (number, agent, RING))
    yield Move("accept", agent, steps.accept, (agent,))
    for policy in Unanswered:
        yield Move(f"ring out ({policy})", agent, steps.ring_out, (agent, policy))
    yield Move("withdraw", agent, steps.withdraw, (agent, "disabled"))
    yield Move("prolong", agent, steps.prolong, (agent, LEAST))


def _of_talkers(task: Task, agent: AgentId, bounds: Bounds) -> Iterator[Move]:
    """What concerns nobody else, and losing an agent whoever else is there."""
    for plan in bounds.plans:
        plans = dict.fromkeys(bounds.everyone, plan)
        yield Move("leave", agent, steps.leave, (agent, plans))
        yield Move("end", agent, steps.end, (agent, plans))
    guests = [guest.agent for guest in task.guests]
    for count in range(len(guests) + 1):
        for present in itertools.combinations(guests, count):
            yield Move("lose", agent, steps.lose, (agent, frozenset(present)))
    yield Move("wrap up", agent, steps.wrap_up, (agent, SOLVED, NOTE))
    yield Move("hold", agent, steps.hold, (agent,))


def _of_owners(agent: AgentId, others: list[AgentId], bounds: Bounds) -> Iterator[Move]:
    for plan in bounds.plans:
        plans = dict.fromkeys(bounds.everyone, plan)
        to_queue = (agent, ToQueue(SALES), NOTE, RING, plans)
        yield Move("transfer to a queue", agent, steps.transfer, to_queue)
        for other in others:
            to_agent = (agent, ToAgent(other), None, RING, plans)
            yield Move("transfer to an agent", agent, steps.transfer, to_agent)
            yield Move("remove", agent, steps.remove, (agent, other, plans))
            yield Move("hand over", agent, steps.hand_over, (agent, other, plans))


def _of_inviters(
    task: Task, agent: AgentId, others: list[AgentId], bounds: Bounds
) -> Iterator[Move]:
    if len(task.asked) < bounds.asked or len(task.asked) + len(task.guests) >= bounds.most:
        limits = (RING, WAIT, bounds.most)
        yield Move("invite a queue", agent, steps.invite, (agent, ToQueue(BILLING), *limits))
        for other in others:
            yield Move("invite an agent", agent, steps.invite, (agent, ToAgent(other), *limits))
    yield Move("cancel all", agent, steps.cancel, (agent,))
    for number in _numbers(task):
        yield Move("cancel one", agent, steps.cancel, (agent, number))


def _numbers(task: Task) -> list[int]:
    """The open invitations, the last closed one, and one that there is not."""
    closed = [one.number for one in task.invitations if one.closed_at is not None]
    return [*(one.number for one in task.asked), *closed[-1:], len(task.invitations) + 1]
