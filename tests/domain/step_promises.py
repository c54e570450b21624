"""What holds of every step from one task to the next.

As in `promises.py`, but comparing what was with what is.  `ALLOWED` says of each event which legs
it may change, how it may close them, and how it may answer invitations: what a step is not
named for it must leave alone.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from balcao.domain.values import (
    FROM_QUEUE,
    SYSTEM,
    Actor,
    ActorKind,
    Answer,
    Event,
    Hold,
    Invitation,
    Leg,
    Notice,
    Outcome,
    Plans,
    Role,
    Source,
    State,
    Task,
    ToAgent,
    ToQueue,
    WrapUpPlan,
)
from tests.domain.moves import RING, Move, open_leg


@dataclass(frozen=True, slots=True)
class Taken:
    """A step that was taken."""

    before: Task
    move: Move
    at: datetime
    after: Task
    event: Event

    @property
    def code(self) -> str:
        """What it is called in the journal."""
        return self.event.code

    @property
    def legs(self) -> Iterator[tuple[Leg, Leg]]:
        """Every leg that was, with what has become of it."""
        return zip(self.before.legs, self.after.legs, strict=False)

    @property
    def changed(self) -> list[tuple[Leg, Leg]]:
        """The legs that were changed."""
        return [(old, new) for old, new in self.legs if old != new]

    @property
    def new(self) -> tuple[Leg, ...]:
        """The legs that were added."""
        return self.after.legs[len(self.before.legs) :]

    @property
    def invitations(self) -> Iterator[tuple[Invitation, Invitation]]:
        """Every invitation that was, with what has become of it."""
        return zip(self.before.invitations, self.after.invitations, strict=False)

    @property
    def mine(self) -> Leg | None:
        """The leg that the mover had open."""
        return None if self.move.agent is None else open_leg(self.before, self.move.agent)

    @property
    def closed(self) -> list[Invitation]:
        """The invitations that were closed, as they are now."""
        return [new for old, new in self.invitations if old.closed_at != new.closed_at]


@dataclass(frozen=True, slots=True)
class Change:
    """What a step may do to legs and invitations besides adding a leg."""

    mine: Outcome | None = None
    guests: Outcome | None = None
    ringing: Outcome | None = None
    answer: Answer | None = None


ALLOWED = {
    "offered": Change(),
    "accepted": Change(),
    "joined": Change(answer=Answer.ACCEPTED),
    "rona": Change(mine=Outcome.RONA),
    "abandoned": Change(mine=Outcome.ABANDONED, answer=Answer.ABANDONED),
    "withdrawn": Change(mine=Outcome.WITHDRAWN, answer=Answer.WITHDRAWN),
    "prolonged": Change(),
    "transferred": Change(
        mine=Outcome.TRANSFERRED, ringing=Outcome.WITHDRAWN, answer=Answer.WITHDRAWN
    ),
    "invited": Change(),
    "cancelled": Change(ringing=Outcome.WITHDRAWN, answer=Answer.CANCELLED),
    "expired": Change(answer=Answer.EXPIRED),
    "left": Change(mine=Outcome.LEFT),
    "removed": Change(guests=Outcome.REMOVED),
    "handed-over": Change(mine=Outcome.HANDED_OVER),
    "ended": Change(
        mine=Outcome.ENDED,
        guests=Outcome.ENDED,
        ringing=Outcome.WITHDRAWN,
        answer=Answer.WITHDRAWN,
    ),
    "lost": Change(
        mine=Outcome.LOST,
        guests=Outcome.LOST,
        ringing=Outcome.WITHDRAWN,
        answer=Answer.WITHDRAWN,
    ),
    "wrapped-up": Change(),
    "held": Change(),
}
BY_SYSTEM = {"offered", "rona", "abandoned", "withdrawn", "prolonged", "expired", "lost"}
OF_OWNERS = {"transferred", "invited", "cancelled", "removed", "handed-over", "ended"}
OF_RINGING = {"accepted", "joined", "rona", "abandoned", "withdrawn"}
OF_WRAPPING = {"wrapped-up", "held"}
INHERITED = {"handed-over", "lost"}


def broken(taken: Taken) -> list[str]:
    """The promises that a step breaks."""
    return [promise for promise, holds in OF_A_STEP.items() if not holds(taken)]


def _something(taken: Taken) -> bool:
    before, after = taken.before, taken.after
    kept = (before.id, before.priority, before.version)
    return before != after and kept == (after.id, after.priority, after.version)


def _nothing_vanishes(taken: Taken) -> bool:
    legs = all(_what_it_is(old) == _what_it_is(new) for old, new in taken.legs)
    asked = all(_what_was_asked(old) == _what_was_asked(new) for old, new in taken.invitations)
    more = len(taken.after.invitations) - len(taken.before.invitations)
    fewer = len(taken.after.legs) < len(taken.before.legs)
    return legs and asked and not fewer and more == (taken.code == "invited")


def _what_it_is(leg: Leg) -> object:
    made = (leg.agent, leg.queue, leg.offered_at, leg.origin, leg.direct)
    return (*made, leg.invitation, leg.id)


def _what_was_asked(one: Invitation) -> object:
    return (one.number, one.to, one.invited_at, one.expires_at)


def _once(taken: Taken) -> bool:
    pairs = [(taken.before.ended_at, taken.after.ended_at)]
    for old, new in taken.legs:
        pairs += [(old.connected_at, new.connected_at), (old.wrap_up_at, new.wrap_up_at)]
        pairs.append((old.closed_at, new.closed_at))
    pairs += [(old.closed_at, new.closed_at) for old, new in taken.invitations]
    return all(new == old if old is not None else new in (None, taken.at) for old, new in pairs)


def _deadlines(taken: Taken) -> bool:
    for old, new in taken.legs:
        if old.answer_by != new.answer_by and not _prolonged(taken, old.answer_by, new.answer_by):
            return False
        if old.wrap_up_by is None or old.wrap_up_by == new.wrap_up_by:
            continue
        held = taken.code == "held" and new.wrap_up_by is None and new.hold is Hold.HELD
        if not held and not _prolonged(taken, old.wrap_up_by, new.wrap_up_by):
            return False
    return True


def _prolonged(taken: Taken, old: datetime | None, new: datetime | None) -> bool:
    return taken.code == "prolonged" and old is not None and new is not None and old < new


def _outcomes(taken: Taken) -> bool:
    may = ALLOWED[taken.code]
    for old, new in taken.changed:
        mine, rang = old.agent == taken.move.agent, old.connected_at is None
        if old.outcome == new.outcome:
            right = mine or old.role != new.role
        else:
            expected = may.mine if mine else may.ringing if rang else may.guests
            right = old.outcome is None and new.outcome is expected
        if not right:
            return False
    return True


def _answers(taken: Taken) -> bool:
    return all(new.answer is ALLOWED[taken.code].answer for new in taken.closed)


def _roles(taken: Taken) -> bool:
    """Also whose the open invitations are."""
    heirs = [(old, new) for old, new in taken.legs if old.role != new.role]
    passed = [new for old, new in taken.invitations if old.by != new.by]
    if not heirs:
        return not passed
    ((old, new),) = heirs
    right = (old.role, new.role) == (Role.GUEST, Role.PRIMARY) and old.state is State.CONNECTED
    mine = {one.by for one in passed} <= {new.agent} and all(not one.closed_at for one in passed)
    return right and mine and taken.code in INHERITED


def _place(taken: Taken) -> bool:
    to = taken.move.args[1] if taken.code == "transferred" else None
    before, after = taken.before, taken.after
    if isinstance(to, ToQueue):
        return (after.queue, after.queued_at) == (to.queue, taken.at)
    return (after.queue, after.queued_at) == (before.queue, before.queued_at)


def _origin(taken: Taken) -> bool:
    if taken.code == "transferred":
        given = taken.after.origin
        return (given.source, given.by, given.note) == (
            Source.TRANSFER,
            taken.move.agent,
            taken.move.args[2],
        )
    expected = FROM_QUEUE if taken.code == "accepted" else taken.before.origin
    return taken.after.origin == expected


def _end(taken: Taken) -> bool:
    """A task is over at its owner's word, or where a policy says so."""
    over = taken.after.ended_at is not None and taken.before.ended_at is None
    policy = taken.event.params.get("policy") == "end"
    return over is (taken.code == "ended" or policy)


def _rings(taken: Taken) -> bool:
    """An invitation that is withdrawn by a transfer may be to the very agent who gets the task."""
    if not taken.new:
        to = taken.move.args[1] if taken.code == "transferred" else None
        return taken.code != "offered" and not isinstance(to, ToAgent)
    (leg,) = taken.new
    had = open_leg(taken.before, leg.agent)
    rang = had is not None and had.state is State.OFFERED and taken.code == "transferred"
    moments = (leg.offered_at, leg.answer_by) == (taken.at, taken.at + RING)
    right = leg.state is State.OFFERED and moments and (had is None or rang)
    return right and taken.code in {"offered", "transferred", "invited"}


def _who_may(taken: Taken) -> bool:
    state = None if taken.mine is None else taken.mine.state
    role = None if taken.mine is None else taken.mine.role
    if taken.code in OF_OWNERS:
        return (state, role) == (State.CONNECTED, Role.PRIMARY)
    if taken.code in OF_RINGING:
        return state is State.OFFERED
    if taken.code in OF_WRAPPING:
        return state is State.WRAP_UP
    if taken.code == "left":
        return (state, role) == (State.CONNECTED, Role.GUEST)
    if taken.code == "prolonged":
        return state in (State.OFFERED, State.WRAP_UP)
    return state is (State.CONNECTED if taken.code == "lost" else None)


def _in_time(taken: Taken) -> bool:
    until = None if taken.mine is None else taken.mine.answer_by
    if taken.code in {"accepted", "joined"}:
        return until is not None and taken.at < until
    if taken.code in {"rona", "abandoned"}:
        return until is not None and taken.at >= until
    if taken.code == "expired":
        (one,) = taken.closed
        rang = taken.before.ringing_for(one.number) is not None
        return one.expires_at is not None and taken.at >= one.expires_at and not rang
    return True


def _as_many(taken: Taken) -> bool:
    """No transfer past guests, no guest too many, and only what is named is taken back."""
    before, args = taken.before, taken.move.args
    if taken.code == "transferred":
        return not before.guests
    if taken.code == "invited":
        return len(before.guests) + len(before.asked) < int(str(args[-1]))
    if taken.code == "cancelled":
        named = [one.number for one in before.asked if len(args) == 1 or one.number == args[1]]
        return [one.number for one in taken.closed] == named != []
    if taken.code in {"removed", "handed-over"}:
        return args[1] in {guest.agent for guest in before.guests}
    return True


def _wraps(taken: Taken) -> bool:
    """Whoever has talked wraps up as is planned; the lost, and guests without a plan, do not."""
    plans: Plans = next((arg for arg in taken.move.args if isinstance(arg, dict)), {})
    for old, new in taken.changed:
        if old.state is not State.CONNECTED or new.state is State.CONNECTED:
            continue
        plan = plans.get(old.agent, WrapUpPlan())
        wraps = (old.role is Role.PRIMARY or plan.as_guest) and taken.code != "lost"
        counts = wraps and plan.after is not None
        until = taken.at + plan.after if counts and plan.after is not None else None
        held = Hold.ALLOWED if counts and plan.may_hold else Hold.NONE
        state = State.WRAP_UP if wraps else State.CLOSED
        if (new.state, new.wrap_up_by, new.hold) != (state, until, held):
            return False
    return True


def _heir(taken: Taken) -> bool:
    """The guest who came first of all who are there, else nobody."""
    if taken.code != "lost" or taken.mine is None or taken.mine.role is Role.GUEST:
        return True
    there = taken.move.args[1]
    assert isinstance(there, frozenset)
    present = [guest for guest in taken.before.guests if guest.agent in there]
    first = min(present, key=lambda guest: str(guest.connected_at), default=None)
    owner = taken.after.owner
    return (owner and owner.agent) == (first and first.agent)


def _who_did_it(taken: Taken) -> bool:
    system = taken.code in BY_SYSTEM
    by = SYSTEM if system else Actor(ActorKind.AGENT, taken.move.agent)
    return (taken.event.by, taken.event.at) == (by, taken.at)


def _who_is_told(taken: Taken) -> bool:
    """Whoever waits for an answer that will not come, or has lost the task."""
    code, mine = taken.code, taken.mine
    owner = taken.before.owner.agent if taken.before.owner is not None else None
    told, what = None, ""
    if code in {"abandoned", "withdrawn"} and mine is not None and mine.direct:
        told = mine.origin.by if mine.invitation is None else owner
        what = "unanswered" if code == "abandoned" else "withdrawn"
        what = f"{mine.origin.source}-{what}"
        if told in (None, mine.agent):
            return False
    elif code == "expired":
        told, what = owner, "conference-expired"
    elif code == "lost":
        told, what = taken.move.agent, "task-lost"
    expected = () if told is None else (Notice(told, what, taken.event.params),)
    return taken.event.notices == expected


OF_A_STEP: dict[str, Callable[[Taken], bool]] = {
    "a step changes something, and never what task it is": _something,
    "no leg and no invitation vanishes or becomes another": _nothing_vanishes,
    "a moment is written once, and is the moment of the step": _once,
    "a deadline moves only when it is prolonged, and goes when it is held": _deadlines,
    "an outcome is written once, and a step closes only what it is about": _outcomes,
    "an invitation is answered once, by what became of it": _answers,
    "only a talking guest becomes owner, when the task is handed over or its owner lost, and"
    " the open invitations go along": _roles,
    "the place in the queue is kept, but for a transfer to a queue": _place,
    "the next offer is told of a transfer until it is accepted": _origin,
    "a task ends at its owner's word or a policy's, and only so": _end,
    "what is offered rings from now on, at somebody with no other open part": _rings,
    "a step is for those whose part it is": _who_may,
    "an offer is accepted before its time is up and taken back only after, and an invitation"
    " expires when its time is up and nobody rings for it": _in_time,
    "nothing is given away past a guest, nobody asked in beyond the limit, and only what is"
    " named is cancelled, removed or made owner": _as_many,
    "who has talked wraps up as planned; a guest without a plan and who is lost do not": _wraps,
    "of the guests who are there the first to come inherits": _heir,
    "the journal says who did it and when": _who_did_it,
    "who waits for an answer is told that none comes, and the lost what they lost": _who_is_told,
}
