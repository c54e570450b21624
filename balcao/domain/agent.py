"""An agent's state: available, idle with a reason, or rona; signed in or out.

Engaged is no state: it is read off the legs.  RONA is set by the system only and
never ends by itself.  Every function takes the agent and the time and returns the
agent that follows, or the same agent where there is nothing to change.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from balcao.domain.values import AgentId, CodeId, Refused

#: A desk that has not answered a ping for this long is not connected (product.md 2).
SILENCE_MAX = timedelta(seconds=25)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a silent desk is waited for; absences before *resumed_at* count for nobody."""

    grace: timedelta
    lost: timedelta
    resumed_at: datetime


class AgentState(StrEnum):
    """What is stored of an agent's readiness."""

    AVAILABLE = "available"
    IDLE = "idle"
    RONA = "rona"


@dataclass(frozen=True, slots=True)
class Agent:
    """One agent, as far as it matters for being offered work."""

    id: AgentId
    state: AgentState
    since: datetime
    aux_code: CodeId | None = None
    idle_since: datetime | None = None
    signed_in_at: datetime | None = None
    beat_at: datetime | None = None
    capacity: int = 5
    load: int = 0

    def connected(self, at: datetime) -> bool:
        """Whether the desk answered a ping lately enough."""
        return self.beat_at is not None and at - self.beat_at < SILENCE_MAX

    def silent_for(self, at: datetime, patience: Patience) -> timedelta:
        """How long the desk has not been heard, as far as that counts against the agent."""
        known = (self.beat_at, self.signed_in_at, patience.resumed_at)
        return at - max(moment for moment in known if moment is not None)

    def may_be_offered(self, at: datetime) -> bool:
        """Whether one more task may ring at this agent now."""
        ready = self.signed_in_at is not None and self.state is AgentState.AVAILABLE
        return ready and self.load < self.capacity and self.connected(at)


def sign_in(agent: Agent, at: datetime, default: CodeId) -> Agent:
    """Begin work, idle with the *default* reason: never available by itself."""
    begun = replace(agent, signed_in_at=at, state=AgentState.IDLE, aux_code=default)
    return replace(begun, since=at, idle_since=at)


def sign_out(agent: Agent, at: datetime, default: CodeId) -> Agent:
    """End work; refused while anything rings, is connected or in wrap-up."""
    if agent.load > 0:
        raise Refused("has-work", load=agent.load)
    gone = replace(agent, signed_in_at=None, beat_at=None, state=AgentState.IDLE)
    return replace(gone, aux_code=default, since=at, idle_since=at)


def become_available(agent: Agent, at: datetime) -> Agent:
    """Be ready for offers; the way out of idle and of RONA."""
    _require_signed_in(agent)
    if agent.state is AgentState.AVAILABLE:
        return agent
    ready = replace(agent, state=AgentState.AVAILABLE, aux_code=None)
    return replace(ready, since=at, idle_since=None)


def become_idle(agent: Agent, at: datetime, code: CodeId) -> Agent:
    """Take no new offers, for the reason *code*; unbroken idleness keeps its beginning."""
    _require_signed_in(agent)
    if agent.state is AgentState.IDLE and agent.aux_code == code:
        return agent
    began = agent.idle_since if agent.state is AgentState.IDLE else at
    idle = replace(agent, state=AgentState.IDLE, aux_code=code)
    return replace(idle, since=at, idle_since=began or at)


def lose_connection(agent: Agent, at: datetime, code: CodeId) -> Agent:
    """Take no new offers, as nobody answers at the desk; RONA stays, as it never ends by itself."""
    return agent if agent.state is AgentState.RONA else become_idle(agent, at, code)


def miss(agent: Agent, at: datetime) -> Agent:
    """An offer ran out: no more until the agent says so by hand."""
    if agent.state is AgentState.RONA:
        return agent
    return replace(agent, state=AgentState.RONA, aux_code=None, since=at, idle_since=None)


def _require_signed_in(agent: Agent) -> None:
    if agent.signed_in_at is None:
        raise Refused("signed-out")
