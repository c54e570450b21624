"""What a task is made of: legs, invitations, and the words for what happens to them.

A task is served by legs.  A leg is one agent's part in it, and every moment of a leg is
written once.  An invitation asks an agent, or the next fit agent of a queue, into a
conference; whoever is rung for it has a leg with the role of a guest.  The state of a task
is never stored; it is read off its legs, so the two can not disagree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType, TypeAlias

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
    TRANSFERRED = "transferred"
    HANDED_OVER = "handed_over"
    LEFT = "left"
    REMOVED = "removed"
    RONA = "rona"
    ABANDONED = "abandoned"  # a transfer or an invitation to this agent, not accepted
    WITHDRAWN = "withdrawn"
    LOST = "lost"


class Answer(StrEnum):
    """What became of an invitation."""

    ACCEPTED = "accepted"
    CANCELLED = "cancelled"
    ABANDONED = "abandoned"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Unanswered(StrEnum):
    """A queue's policy for a transfer to an agent that is not accepted."""

    REQUEUE = "requeue"
    END = "end"


class Hold(StrEnum):
    """Whether an agent may stop the countdown of a wrap-up, or has."""

    NONE = "none"
    ALLOWED = "allowed"
    HELD = "held"


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
class ToQueue:
    """The next fit agent of a queue is meant."""

    queue: QueueId

    @property
    def named(self) -> dict[str, object]:
        """How an event says it."""
        return {"to_queue_id": self.queue}


@dataclass(frozen=True, slots=True)
class ToAgent:
    """One agent is meant, and nobody else."""

    agent: AgentId

    @property
    def named(self) -> dict[str, object]:
        """How an event says it."""
        return {"to_agent_id": self.agent}


Target: TypeAlias = ToQueue | ToAgent


class Source(StrEnum):
    """What made an offer ring."""

    QUEUE = "queue"
    TRANSFER = "transfer"
    CONFERENCE = "conference"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an offer comes from: for a transfer or an invitation also whose it is."""

    source: Source = Source.QUEUE
    by: AgentId | None = None
    note: str | None = None


FROM_QUEUE = Origin()


@dataclass(frozen=True, slots=True)
class WrapUpPlan:
    """How an agent wraps up: submitted *after* a while by itself, and whether also as a guest."""

    after: timedelta | None = None
    may_hold: bool = True
    as_guest: bool = False


Plans: TypeAlias = Mapping[AgentId, WrapUpPlan]


@dataclass(frozen=True, slots=True)
class Leg:
    """One agent's part in a task; *direct* where it was to ring at this agent and no other."""

    agent: AgentId
    role: Role
    queue: QueueId
    offered_at: datetime
    answer_by: datetime | None = None
    connected_at: datetime | None = None
    wrap_up_at: datetime | None = None
    wrap_up_by: datetime | None = None
    hold: Hold = Hold.NONE
    closed_at: datetime | None = None
    outcome: Outcome | None = None
    wrap_up_code: CodeId | None = None
    wrap_up_note: str | None = None
    origin: Origin = FROM_QUEUE
    direct: bool = False
    invitation: int | None = None
    id: int | None = None  # known once it is stored

    @property
    def state(self) -> State:
        """Where this agent's part stands."""
        if self.closed_at is not None:
            return State.CLOSED
        if self.wrap_up_at is not None:
            return State.WRAP_UP
        return State.OFFERED if self.connected_at is None else State.CONNECTED

    @property
    def live(self) -> bool:
        """Whether it rings or talks."""
        return self.state in (State.OFFERED, State.CONNECTED)

    def rang_out(self, at: datetime) -> bool:
        """Whether the time to answer is up."""
        return self.answer_by is not None and at >= self.answer_by


@dataclass(frozen=True, slots=True)
class Invitation:
    """Somebody is asked into a task; *number* counts the task's invitations from 1."""

    number: int
    by: AgentId
    to: Target
    invited_at: datetime
    expires_at: datetime | None = None  # one to a queue waits no longer
    closed_at: datetime | None = None
    answer: Answer | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """One request of a customer, and everyone's part in it."""

    id: int
    queue: QueueId
    priority: int
    queued_at: datetime
    version: int = 1
    ended_at: datetime | None = None
    origin: Origin = FROM_QUEUE  # what the next offer is told to come from
    legs: tuple[Leg, ...] = ()
    invitations: tuple[Invitation, ...] = ()

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
        return next((leg for leg in self.legs if leg.role is Role.PRIMARY and leg.live), None)

    @property
    def connected(self) -> tuple[Leg, ...]:
        """Everybody who talks with the customer."""
        return tuple(leg for leg in self.legs if leg.state is State.CONNECTED)

    @property
    def guests(self) -> tuple[Leg, ...]:
        """The connected guests."""
        return tuple(leg for leg in self.connected if leg.role is Role.GUEST)

    @property
    def asked(self) -> tuple[Invitation, ...]:
        """The invitations that nothing has become of yet."""
        return tuple(one for one in self.invitations if one.closed_at is None)

    def leg_of(self, agent: AgentId) -> Leg | None:
        """The open leg of *agent*, else the last closed one."""
        mine = [leg for leg in self.legs if leg.agent == agent]
        return next((leg for leg in mine if leg.closed_at is None), mine[-1] if mine else None)

    def ringing_for(self, number: int) -> Leg | None:
        """The leg that rings for the invitation of that *number*."""
        ringing = (leg for leg in self.legs if leg.state is State.OFFERED)
        return next((leg for leg in ringing if leg.invitation == number), None)

    def put(self, old: Leg, new: Leg) -> Task:
        """The task with *new* in the place of *old*."""
        return replace(self, legs=tuple(new if leg is old else leg for leg in self.legs))

    def answered(self, number: int, at: datetime, answer: Answer) -> Task:
        """The task with the open invitation of that *number* closed."""
        return replace(
            self,
            invitations=tuple(
                replace(one, closed_at=at, answer=answer)
                if one.number == number and one.closed_at is None
                else one
                for one in self.invitations
            ),
        )


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that *agent* should be told, in codes."""

    agent: AgentId
    code: str
    params: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Event:
    """What a step did: a line of the journal, told in codes, and who is to be told."""

    code: str
    at: datetime
    by: Actor
    params: Mapping[str, object] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()
