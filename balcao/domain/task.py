"""The life of a task: one customer's request, from first message to wrap-up.

A task is served by legs.  A leg is one agent's part in it.  The task's own state
is never stored; it is read off its legs, so the two can not disagree.  Every
function that changes a task takes it with the time and returns the task that
follows, with the event that says what happened.  A step that does not fit raises
Refused and changes nothing.  Nothing here does I/O or reads a clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

AgentId = NewType("AgentId", int)
QueueId = NewType("QueueId", int)
CodeId = NewType("CodeId", int)


class Refused(Exception):
    """The step does not fit the state, and nothing changed."""

    def __init__(self, code: str, **details: object) -> None:
        super().__init__(code)
        self.code = code
        self.details = details


class Role(StrEnum):
    """An agent's part in a task: its owner, or asked in."""

    PRIMARY = "primary"
    GUEST = "guest"


class State(StrEnum):
    """Where a task or a leg stands.  Only tasks are queued or ended, only legs closed."""

    QUEUED = "queued"
    OFFERED = "offered"
    CONNECTED = "connected"
    WRAP_UP = "wrap-up"
    ENDED = "ended"
    CLOSED = "closed"


class Outcome(StrEnum):
    """How an agent's part came to its end."""

    ENDED = "ended"
    RONA = "rona"
    WITHDRAWN = "withdrawn"


class ActorKind(StrEnum):
    """Who can make things happen."""

    AGENT = "agent"
    CUSTOMER = "customer"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it; the system has no id."""

    kind: ActorKind
    id: int | None = None


SYSTEM = Actor(ActorKind.SYSTEM)


@dataclass(frozen=True, slots=True)
class Leg:
    """One agent's part in a task; every moment is written once."""

    agent: AgentId
    role: Role
    offered_at: datetime
    answer_by: datetime | None = None
    connected_at: datetime | None = None
    wrap_up_at: datetime | None = None
    closed_at: datetime | None = None
    outcome: Outcome | None = None
    wrap_up_code: CodeId | None = None
    wrap_up_note: str | None = None
    id: int | None = None  # known once it is stored

    @property
    def state(self) -> State:
        """Where this agent's part stands."""
        if self.closed_at is not None:
            return State.CLOSED
        if self.wrap_up_at is not None:
            return State.WRAP_UP
        return State.OFFERED if self.connected_at is None else State.CONNECTED


@dataclass(frozen=True, slots=True)
class Task:
    """One request of a customer, and everyone's part in it."""

    id: int
    queue: QueueId
    priority: int
    queued_at: datetime
    version: int = 1
    ended_at: datetime | None = None
    legs: tuple[Leg, ...] = ()

    @property
    def state(self) -> State:
        """What the legs say: the owner's leg first, then whether anyone still wraps up."""
        if self.ended_at is None:
            owner = self.owner
            return State.QUEUED if owner is None else owner.state
        wrapping = any(leg.state is State.WRAP_UP for leg in self.legs)
        return State.WRAP_UP if wrapping else State.ENDED

    @property
    def owner(self) -> Leg | None:
        """The live primary leg, ringing or connected."""
        live = (State.OFFERED, State.CONNECTED)
        return next((x for x in self.legs if x.role is Role.PRIMARY and x.state in live), None)

    def leg_of(self, agent: AgentId) -> Leg | None:
        """The open leg of *agent*, else the last closed one."""
        mine = [leg for leg in self.legs if leg.agent == agent]
        return next((leg for leg in mine if leg.closed_at is None), mine[-1] if mine else None)


@dataclass(frozen=True, slots=True)
class Event:
    """What a step did: a line of the journal, told in codes."""

    code: str
    at: datetime
    by: Actor
    params: Mapping[str, object] = field(default_factory=dict)


def offer(task: Task, at: datetime, agent: AgentId, ring: timedelta) -> tuple[Task, Event]:
    """Ring at *agent* for *ring*; only a queued task, and none that the agent still has."""
    _require(task, State.QUEUED)
    if any(leg.agent == agent and leg.closed_at is None for leg in task.legs):
        raise Refused("has-leg", state=task.state)
    leg = Leg(agent, Role.PRIMARY, offered_at=at, answer_by=at + ring)
    offered = replace(task, legs=(*task.legs, leg))
    return offered, Event("offered", at, SYSTEM, {"agent_id": agent})


def accept(task: Task, at: datetime, agent: AgentId) -> tuple[Task, Event]:
    """Answer an offer, before its time is up."""
    leg = _leg(task, agent, State.OFFERED, code="offer-over")
    if leg.answer_by is not None and at >= leg.answer_by:
        raise Refused("offer-over", state=task.state)
    accepted = _put(task, leg, replace(leg, connected_at=at))
    waited = round((at - task.queued_at).total_seconds())
    return accepted, Event("accepted", at, _agent(agent), {"agent_id": agent, "waited_s": waited})


def ring_out(task: Task, at: datetime, agent: AgentId) -> tuple[Task, Event]:
    """Redirection on no answer (RONA): take back an offer whose time is up."""
    leg = _leg(task, agent, State.OFFERED)
    if leg.answer_by is not None and at < leg.answer_by:
        raise Refused("still-ringing", state=task.state)
    rang_out = _put(task, leg, replace(leg, closed_at=at, outcome=Outcome.RONA))
    return rang_out, Event("rona", at, SYSTEM, {"agent_id": agent})


def withdraw(task: Task, at: datetime, agent: AgentId, reason: str) -> tuple[Task, Event]:
    """Take back an offer through no fault of the agent's; the task keeps its place."""
    leg = _leg(task, agent, State.OFFERED)
    withdrawn = _put(task, leg, replace(leg, closed_at=at, outcome=Outcome.WITHDRAWN))
    return withdrawn, Event("withdrawn", at, SYSTEM, {"agent_id": agent, "reason": reason})


def prolong(task: Task, at: datetime, agent: AgentId, least: timedelta) -> tuple[Task, Event]:
    """Leave an offer at least *least* from now, after a time in which nobody could answer."""
    leg = _leg(task, agent, State.OFFERED)
    if leg.answer_by is None or leg.answer_by >= at + least:
        raise Refused("long-enough", state=task.state)
    prolonged = _put(task, leg, replace(leg, answer_by=at + least))
    return prolonged, Event("prolonged", at, SYSTEM, {"agent_id": agent})


def end(task: Task, at: datetime, agent: AgentId) -> tuple[Task, Event]:
    """End the task for the customer at once; its owner goes to wrap-up."""
    leg = _leg(task, agent, State.CONNECTED, code="not-connected")
    if leg.role is not Role.PRIMARY:
        raise Refused("not-primary", state=task.state)
    wrapping = _put(task, leg, replace(leg, wrap_up_at=at, outcome=Outcome.ENDED))
    return replace(wrapping, ended_at=at), Event("ended", at, _agent(agent), {"agent_id": agent})


def wrap_up(
    task: Task, at: datetime, agent: AgentId, code: CodeId, note: str | None
) -> tuple[Task, Event]:
    """Submit the reason, and with it close the agent's part."""
    leg = _leg(task, agent, State.WRAP_UP, code="not-in-wrap-up")
    closed = replace(leg, closed_at=at, wrap_up_code=code, wrap_up_note=note)
    done = Event("wrapped-up", at, _agent(agent), {"agent_id": agent, "aux_code_id": code})
    return _put(task, leg, closed), done


def _agent(id: AgentId) -> Actor:
    return Actor(ActorKind.AGENT, id)


def _require(task: Task, state: State) -> None:
    if task.state is not state:
        raise Refused(f"not-{state}", state=task.state)


def _leg(task: Task, agent: AgentId, state: State, code: str | None = None) -> Leg:
    """The open leg of *agent* in *state*, or Refused."""
    for leg in task.legs:
        if leg.agent == agent and leg.state is state:
            return leg
    raise Refused(code or f"not-{state}", state=task.state)


def _put(task: Task, old: Leg, new: Leg) -> Task:
    return replace(task, legs=tuple(new if leg is old else leg for leg in task.legs))
