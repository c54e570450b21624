"""Tasks to tell examples with, each made by the steps that lead to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from balcao.domain import task as steps
from balcao.domain.values import (
    Actor,
    ActorKind,
    AgentId,
    CodeId,
    Invitation,
    Leg,
    QueueId,
    Refused,
    State,
    Target,
    Task,
    ToAgent,
    ToQueue,
)

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = NOON + timedelta(seconds=20)
INSTANT = timedelta(microseconds=1)
RING = timedelta(seconds=60)
WAIT = timedelta(minutes=10)
MOST = 5
SUPPORT, SALES = QueueId(1), QueueId(2)
ANA, BIA, CAIO, DAVI = AgentId(1), AgentId(2), AgentId(3), AgentId(4)
SOLVED = CodeId(9)
TO_BIA, TO_CAIO, TO_SALES = ToAgent(BIA), ToAgent(CAIO), ToQueue(SALES)


def agent(id: AgentId) -> Actor:
    """The actor that an agent is."""
    return Actor(ActorKind.AGENT, id)


def queued() -> Task:
    """Waits since noon."""
    return Task(id=1, queue=SUPPORT, priority=5, queued_at=NOON)


def offered_to(agent: AgentId) -> Task:
    """Rings since noon."""
    return steps.offer(queued(), NOON, agent, RING)[0]


def connected_to(agent: AgentId) -> Task:
    """Accepted at noon."""
    return steps.accept(offered_to(agent), NOON, agent)[0]


def given(to: Target, note: str | None = None) -> Task:
    """Transferred by Ana at noon."""
    return steps.transfer(connected_to(ANA), NOON, ANA, to, note, RING)[0]


def inviting(*targets: Target) -> Task:
    """Ana's, who asks for all of *targets* at noon."""
    task = connected_to(ANA)
    for target in targets:
        task = steps.invite(task, NOON, ANA, target, RING, WAIT, MOST)[0]
    return task


def conference(*guests: AgentId) -> Task:
    """Ana's, with guests who came one second after the other."""
    task = connected_to(ANA)
    for second, guest in enumerate(guests):
        at = NOON + timedelta(seconds=second)
        asked = steps.invite(task, at, ANA, ToAgent(guest), RING, WAIT, MOST)[0]
        task = steps.accept(asked, at, guest)[0]
    return task


def wrapping(agent: AgentId) -> Task:
    """Ended at noon."""
    return steps.end(connected_to(agent), NOON, agent)[0]


def leg(task: Task, agent: AgentId) -> Leg:
    """The newest part of *agent* in it."""
    return [leg for leg in task.legs if leg.agent == agent][-1]


def states(task: Task) -> dict[AgentId, State]:
    """Where everybody's newest part stands."""
    return {leg.agent: leg.state for leg in task.legs}


def invitation(task: Task, number: int = 1) -> Invitation:
    """The invitation of that *number*."""
    return task.invitations[number - 1]


@contextmanager
def refused(code: str, state: State, **more: object) -> Iterator[None]:
    """What is done within must be refused with *code*, in *state*."""
    with pytest.raises(Refused) as info:
        yield
    assert (info.value.code, info.value.details) == (code, {"state": state, **more})
