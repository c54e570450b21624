"""The life of a task: one customer's request, from first message to wrap-up.

Every function that changes a task takes it with the time and returns the task that follows,
with the event that says what happened.  A step that does not fit raises Refused and changes
nothing.  Nothing here does I/O or reads a clock: whether an agent may be rung is looked at
by the caller, under locks, and what is left to decide is decided here.

A live task has at most one live primary leg.  A transfer ends the giver's part at once and
queues the task again, or rings at the agent named.  A conference is a connected primary with
guests; an invitation to a queue waits there and rings at one agent after another, an
invitation to an agent rings at that one only.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime, timedelta

from balcao.domain.values import (
    FROM_QUEUE,
    SYSTEM,
    Actor,
    ActorKind,
    AgentId,
    Answer,
    CodeId,
    Event,
    Hold,
    Invitation,
    Leg,
    Notice,
    Origin,
    Outcome,
    Plans,
    QueueId,
    Refused,
    Role,
    Source,
    State,
    Target,
    Task,
    ToAgent,
    ToQueue,
    Unanswered,
    WrapUpPlan,
)

NO_PLANS: Plans = {}


def offer(task: Task, at: datetime, agent: AgentId, ring: timedelta) -> tuple[Task, Event]:
    """Ring at *agent* for *ring*; only a queued task, and none that the agent still has."""
    if task.state is not State.QUEUED:
        raise Refused("not-queued", state=task.state)
    leg = Leg(agent, Role.PRIMARY, task.queue, at, at + ring, origin=task.origin)
    return _add(task, leg), Event("offered", at, SYSTEM, {"agent_id": agent})


def offer_invitation(
    task: Task, at: datetime, number: int, agent: AgentId, ring: timedelta
) -> tuple[Task, Event]:
    """Ring at *agent* for an invitation that waits in a queue."""
    invitation = _invitation(task, number)
    if not isinstance(invitation.to, ToQueue) or task.ringing_for(number) is not None:
        raise Refused("not-queued", state=task.state)
    leg = _guest_leg(invitation, agent, invitation.to.queue, at, ring)
    params = {"agent_id": agent, "queue_id": invitation.to.queue, "role": Role.GUEST}
    return _add(task, leg), Event("offered", at, SYSTEM, params)


def accept(task: Task, at: datetime, agent: AgentId) -> tuple[Task, Event]:
    """Answer an offer, before its time is up; a guest joins the conference."""
    leg = _leg(task, agent, State.OFFERED, code="offer-over")
    if leg.rang_out(at):
        raise Refused("offer-over", state=task.state)
    accepted = task.put(leg, replace(leg, connected_at=at))
    if leg.invitation is not None:
        joined = accepted.answered(leg.invitation, at, Answer.ACCEPTED)
        return joined, Event("joined", at, _agent(agent), {"agent_id": agent})
    params = {"agent_id": agent, "waited_s": round((at - task.queued_at).total_seconds())}
    return replace(accepted, origin=FROM_QUEUE), Event("accepted", at, _agent(agent), params)


def ring_out(
    task: Task, at: datetime, agent: AgentId, unanswered: Unanswered = Unanswered.REQUEUE
) -> tuple[Task, Event]:
    """Redirection on no answer (RONA): take back an offer whose time is up.

    What was offered to this agent directly is abandoned: an invitation is over, and of a
    transfer the queue's policy *unanswered* says what becomes.
    """
    leg = _leg(task, agent, State.OFFERED)
    if not leg.rang_out(at):
        raise Refused("still-ringing", state=task.state)
    outcome = Outcome.ABANDONED if leg.direct else Outcome.RONA
    after = task.put(leg, replace(leg, closed_at=at, outcome=outcome))
    if not leg.direct:
        return after, Event("rona", at, SYSTEM, {"agent_id": agent})
    params: dict[str, object] = {"agent_id": agent, "source": leg.origin.source}
    if leg.invitation is not None:
        after = after.answered(leg.invitation, at, Answer.ABANDONED)
    else:
        params["policy"] = unanswered
        if unanswered is Unanswered.END:
            after = replace(after, ended_at=at)
    return after, Event("abandoned", at, SYSTEM, params, _told(task, leg, "unanswered", params))


def withdraw(task: Task, at: datetime, agent: AgentId, reason: str) -> tuple[Task, Event]:
    """Take back an offer through no fault of the agent's; the task keeps its place."""
    leg = _leg(task, agent, State.OFFERED)
    after = task.put(leg, replace(leg, closed_at=at, outcome=Outcome.WITHDRAWN))
    params: dict[str, object] = {"agent_id": agent, "reason": reason}
    if not leg.direct:
        return after, Event("withdrawn", at, SYSTEM, params)
    if leg.invitation is not None:
        after = after.answered(leg.invitation, at, Answer.WITHDRAWN)
    return after, Event("withdrawn", at, SYSTEM, params, _told(task, leg, "withdrawn", params))


def prolong(task: Task, at: datetime, agent: AgentId, least: timedelta) -> tuple[Task, Event]:
    """Leave *agent* at least *least* from now, after a time in which nobody could be heard."""
    leg = task.leg_of(agent)
    event = Event("prolonged", at, SYSTEM, {"agent_id": agent})
    if leg is not None and leg.state is State.OFFERED and _before(leg.answer_by, at + least):
        return task.put(leg, replace(leg, answer_by=at + least)), event
    if leg is not None and leg.state is State.WRAP_UP and _before(leg.wrap_up_by, at + least):
        return task.put(leg, replace(leg, wrap_up_by=at + least)), event
    raise Refused("long-enough", state=task.state)


def transfer(
    task: Task,
    at: datetime,
    agent: AgentId,
    to: Target,
    note: str | None,
    ring: timedelta,
    plans: Plans = NO_PLANS,
) -> tuple[Task, Event]:
    """Give the task away, blind: its owner wraps up at once, whatever becomes of it.

    To a queue it enters that queue now; to an agent it rings there for *ring* and keeps its
    place.  Refused while guests are connected.
    """
    leg = primary(task, agent)
    if task.guests:
        raise Refused("has-guests", state=task.state)
    origin = Origin(Source.TRANSFER, agent, note)
    given = task.put(leg, _over(leg, at, Outcome.TRANSFERRED, plans))
    given = replace(_withdraw_all(given, at), origin=origin)
    if isinstance(to, ToQueue):
        given = replace(given, queue=to.queue, queued_at=at)
    else:
        rings = Leg(to.agent, Role.PRIMARY, task.queue, at, at + ring, origin=origin, direct=True)
        given = _add(given, rings, task.state)
    params = {"agent_id": agent, **to.named, **({} if note is None else {"note": note})}
    return given, Event("transferred", at, _agent(agent), params)


def invite(
    task: Task,
    at: datetime,
    agent: AgentId,
    to: Target,
    ring: timedelta,
    wait: timedelta,
    most: int,
) -> tuple[Task, Event]:
    """Ask into a conference: an agent, who rings for *ring*, or a queue, which waits for *wait*.

    Refused where guests and invitations are *most* already.
    """
    primary(task, agent)
    if len(task.guests) + len(task.asked) >= most:
        raise Refused("guests-full", state=task.state, max=most)
    expires_at = at + wait if isinstance(to, ToQueue) else None
    number = len(task.invitations) + 1
    invitation = Invitation(number, agent, to, at, expires_at)
    asked = replace(task, invitations=(*task.invitations, invitation))
    if isinstance(to, ToAgent):
        asked = _add(asked, _guest_leg(invitation, to.agent, task.queue, at, ring))
    return asked, Event("invited", at, _agent(agent), {"agent_id": agent, **to.named})


def cancel(
    task: Task, at: datetime, agent: AgentId, number: int | None = None
) -> tuple[Task, Event]:
    """Take back one invitation, or without *number* all that are not accepted yet."""
    primary(task, agent)
    gone = [one for one in task.asked if number in (None, one.number)]
    if not gone:
        raise Refused("no-invitation", state=task.state)
    after = _withdraw_all(task, at, Answer.CANCELLED, number)
    params = {"agent_id": agent, **(gone[0].to.named if len(gone) == 1 else {})}
    return after, Event("cancelled", at, _agent(agent), params)


def expire(task: Task, at: datetime, number: int) -> tuple[Task, Event]:
    """Let an invitation that has waited in its queue for too long come to its end."""
    invitation = _invitation(task, number)
    if invitation.expires_at is None or at < invitation.expires_at:
        raise Refused("still-waiting", state=task.state)
    if task.ringing_for(number) is not None:
        raise Refused("still-ringing", state=task.state)
    after = task.answered(number, at, Answer.EXPIRED)
    params = invitation.to.named
    told = Notice(invitation.by, "conference-expired", params)
    return after, Event("expired", at, SYSTEM, params, (told,))


def leave(task: Task, at: datetime, agent: AgentId, plans: Plans = NO_PLANS) -> tuple[Task, Event]:
    """Go out of a conference as a guest; the chat goes on."""
    leg = _leg(task, agent, State.CONNECTED)
    if leg.role is not Role.GUEST:
        raise Refused("not-guest", state=task.state)
    left = task.put(leg, _over(leg, at, Outcome.LEFT, plans))
    return left, Event("left", at, _agent(agent), {"agent_id": agent})


def remove(
    task: Task, at: datetime, agent: AgentId, guest: AgentId, plans: Plans = NO_PLANS
) -> tuple[Task, Event]:
    """Put a guest out of the conference."""
    primary(task, agent)
    leg = _guest(task, guest)
    removed = task.put(leg, _over(leg, at, Outcome.REMOVED, plans))
    return removed, Event("removed", at, _agent(agent), {"agent_id": guest, "by_id": agent})


def hand_over(
    task: Task, at: datetime, agent: AgentId, guest: AgentId, plans: Plans = NO_PLANS
) -> tuple[Task, Event]:
    """Make a connected guest the owner; the owner until now wraps up.

    Open invitations are kept, and are the new owner's.
    """
    leg, heir = primary(task, agent), _guest(task, guest)
    after = task.put(leg, _over(leg, at, Outcome.HANDED_OVER, plans))
    params = {"agent_id": agent, "to_agent_id": guest}
    return _inherit(after, heir), Event("handed-over", at, _agent(agent), params)


def end(task: Task, at: datetime, agent: AgentId, plans: Plans = NO_PLANS) -> tuple[Task, Event]:
    """End the task for the customer at once, and for guests; its owner goes to wrap-up."""
    primary(task, agent)
    after = _withdraw_all(task, at)
    for leg in after.connected:
        after = after.put(leg, _over(leg, at, Outcome.ENDED, plans))
    return replace(after, ended_at=at), Event("ended", at, _agent(agent), {"agent_id": agent})


def lose(
    task: Task, at: datetime, agent: AgentId, present: AbstractSet[AgentId]
) -> tuple[Task, Event]:
    """Go on without a connected agent whose desk is gone for good.

    A guest's part closes and the chat goes on.  For an owner the longest-connected guest among
    the *present* becomes owner; where there is none, all parts close and the task is queued in
    its place.
    """
    leg = _leg(task, agent, State.CONNECTED)
    after = task.put(leg, replace(leg, closed_at=at, outcome=Outcome.LOST))
    params: dict[str, object] = {"agent_id": agent, "role": leg.role}
    if leg.role is Role.PRIMARY:
        guests = [guest for guest in after.guests if guest.agent in present]
        heir = min(guests, key=lambda guest: (guest.connected_at, guest.agent), default=None)
        if heir is not None:
            params["to_agent_id"] = heir.agent
            after = _inherit(after, heir)
        else:
            after = _withdraw_all(after, at)
            for guest in after.connected:
                after = after.put(guest, replace(guest, closed_at=at, outcome=Outcome.LOST))
    return after, Event("lost", at, SYSTEM, params, (Notice(agent, "task-lost", params),))


def wrap_up(
    task: Task,
    at: datetime,
    agent: AgentId,
    code: CodeId | None,
    note: str | None,
    by: Actor | None = None,
) -> tuple[Task, Event]:
    """Submit the reason, and with it close the agent's part; *by* the system at a time-out."""
    leg = _leg(task, agent, State.WRAP_UP, code="not-in-wrap-up")
    closed = replace(leg, closed_at=at, wrap_up_code=code, wrap_up_note=note)
    params = {"agent_id": agent, "aux_code_id": code}
    return task.put(leg, closed), Event("wrapped-up", at, by or _agent(agent), params)


def hold(task: Task, at: datetime, agent: AgentId) -> tuple[Task, Event]:
    """Stop the countdown of the agent's wrap-up, where the agent may."""
    leg = _leg(task, agent, State.WRAP_UP, code="not-in-wrap-up")
    if leg.hold is not Hold.ALLOWED:
        raise Refused("no-hold", state=task.state)
    held = task.put(leg, replace(leg, wrap_up_by=None, hold=Hold.HELD))
    return held, Event("held", at, _agent(agent), {"agent_id": agent})


def primary(task: Task, agent: AgentId) -> Leg:
    """The connected leg with which *agent* owns the task, or Refused."""
    leg = _leg(task, agent, State.CONNECTED)
    if leg.role is not Role.PRIMARY:
        raise Refused("not-primary", state=task.state)
    return leg


def _agent(id: AgentId) -> Actor:
    return Actor(ActorKind.AGENT, id)


def _before(deadline: datetime | None, at: datetime) -> bool:
    return deadline is not None and deadline < at


def _leg(task: Task, agent: AgentId, state: State, code: str | None = None) -> Leg:
    """The open leg of *agent* in *state*, or Refused."""
    for leg in task.legs:
        if leg.agent == agent and leg.state is state:
            return leg
    raise Refused(code or f"not-{state}", state=task.state)


def _guest(task: Task, agent: AgentId) -> Leg:
    leg = next((guest for guest in task.guests if guest.agent == agent), None)
    if leg is None:
        raise Refused("no-guest", state=task.state)
    return leg


def _guest_leg(
    invitation: Invitation, agent: AgentId, queue: QueueId, at: datetime, ring: timedelta
) -> Leg:
    return Leg(
        agent,
        Role.GUEST,
        queue,
        at,
        at + ring,
        origin=Origin(Source.CONFERENCE, invitation.by),
        direct=isinstance(invitation.to, ToAgent),
        invitation=invitation.number,
    )


def _invitation(task: Task, number: int) -> Invitation:
    invitation = next((one for one in task.asked if one.number == number), None)
    if invitation is None:
        raise Refused("no-invitation", state=task.state)
    return invitation


def _add(task: Task, leg: Leg, was: State | None = None) -> Task:
    """The task with one more leg; Refused, as the state that it *was*, with one open already."""
    if any(other.agent == leg.agent and other.closed_at is None for other in task.legs):
        raise Refused("has-leg", state=was or task.state)
    return replace(task, legs=(*task.legs, leg))


def _over(leg: Leg, at: datetime, outcome: Outcome, plans: Plans) -> Leg:
    """The leg once its talking is over: in wrap-up, or closed for a guest who has none."""
    plan = plans.get(leg.agent, WrapUpPlan())
    if leg.role is Role.GUEST and not plan.as_guest:
        return replace(leg, closed_at=at, outcome=outcome)
    if plan.after is None:
        return replace(leg, wrap_up_at=at, outcome=outcome)
    held = Hold.ALLOWED if plan.may_hold else Hold.NONE
    return replace(leg, wrap_up_at=at, wrap_up_by=at + plan.after, hold=held, outcome=outcome)


def _withdraw_all(
    task: Task, at: datetime, answer: Answer = Answer.WITHDRAWN, number: int | None = None
) -> Task:
    """Take back every open invitation, or the one of that *number*, and what rings for it."""
    for one in task.asked:
        if number in (None, one.number):
            ringing = task.ringing_for(one.number)
            if ringing is not None:
                gone = replace(ringing, closed_at=at, outcome=Outcome.WITHDRAWN)
                task = task.put(ringing, gone)
            task = task.answered(one.number, at, answer)
    return task


def _inherit(task: Task, heir: Leg) -> Task:
    """The guest *heir* owns the task from now on, and its open invitations."""
    asked = tuple(
        one if one.closed_at is not None else replace(one, by=heir.agent)
        for one in task.invitations
    )
    return replace(task.put(heir, replace(heir, role=Role.PRIMARY)), invitations=asked)


def _told(task: Task, leg: Leg, what: str, params: dict[str, object]) -> tuple[Notice, ...]:
    """What the one who transferred, or who owns the invitation by now, is told of it."""
    by = leg.origin.by if leg.invitation is None else _invitation(task, leg.invitation).by
    return () if by is None else (Notice(by, f"{leg.origin.source}-{what}", params),)
