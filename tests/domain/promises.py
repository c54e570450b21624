"""What holds of every task, however it came about.

Each promise is a sentence and a predicate; the walk asks all of them everywhere, and the
sentences stand in docs/lifecycle.md.  They say what `balcao.domain.task` must come to, in other
words than it does.  `step_promises.py` has those of the steps.
"""

from collections import Counter
from collections.abc import Callable

from balcao.domain.values import (
    Answer,
    Hold,
    Leg,
    Outcome,
    Role,
    Source,
    State,
    Task,
    ToAgent,
    ToQueue,
)

TALKED = set(Outcome) - {Outcome.RONA, Outcome.ABANDONED, Outcome.WITHDRAWN}


def broken(task: Task) -> list[str]:
    """The promises that *task* breaks."""
    return [promise for promise, holds in OF_A_TASK.items() if not holds(task)]


def _open(task: Task) -> list[Leg]:
    return [leg for leg in task.legs if leg.closed_at is None]


def _rings(leg: Leg) -> bool:
    return leg.connected_at is None and leg.closed_at is None


def _talks(leg: Leg) -> bool:
    return leg.connected_at is not None and leg.wrap_up_at is None and leg.closed_at is None


def _owners(task: Task) -> list[Leg]:
    return [leg for leg in task.legs if leg.role is Role.PRIMARY and (_rings(leg) or _talks(leg))]


def _guests(task: Task) -> list[Leg]:
    return [leg for leg in task.legs if leg.role is Role.GUEST and (_rings(leg) or _talks(leg))]


def _one_owner(task: Task) -> bool:
    return len(_owners(task)) <= 1


def _one_part(task: Task) -> bool:
    return max(Counter(leg.agent for leg in _open(task)).values(), default=1) == 1


def _quiet_end(task: Task) -> bool:
    busy = [*_owners(task), *_guests(task), *task.asked]
    return task.ended_at is None or not busy


def _no_lonely_guest(task: Task) -> bool:
    return not _guests(task) or any(_talks(owner) for owner in _owners(task))


def _invitations_owned(task: Task) -> bool:
    talking = {owner.agent for owner in _owners(task) if _talks(owner)}
    return all({one.by} == talking for one in task.asked)


def _asked_agent_rings(task: Task) -> bool:
    """Also that what rings for an invitation is what was asked for."""
    for one in task.invitations:
        ringing = [leg for leg in task.legs if leg.invitation == one.number and _rings(leg)]
        is_open = one.closed_at is None
        if isinstance(one.to, ToAgent):
            right = [leg.agent for leg in ringing] == [one.to.agent] * is_open
        else:
            right = len(ringing) <= is_open
        if not right:
            return False
    return True


def _offers(task: Task) -> bool:
    """Every leg bears what it was offered for: whose, where from, and to whom alone."""
    for leg in task.legs:
        if leg.invitation is None:
            right = leg.origin.source is not Source.CONFERENCE and leg.role is Role.PRIMARY
            right = right and (not leg.direct or leg.origin.source is Source.TRANSFER)
        else:
            to = task.invitations[leg.invitation - 1].to
            right = leg.origin.source is Source.CONFERENCE and leg.origin.by is not None
            right = right and leg.direct is isinstance(to, ToAgent)
            right = right and (isinstance(to, ToAgent) or leg.queue == to.queue)
        if not right:
            return False
    return True


def _state(task: Task) -> bool:
    owners, wrapping = _owners(task), [leg for leg in _open(task) if leg.wrap_up_at is not None]
    if task.ended_at is not None:
        return task.state is (State.WRAP_UP if wrapping else State.ENDED)
    if not owners:
        return task.state is State.QUEUED
    if _talks(owners[0]):
        return task.state is State.CONNECTED
    return task.state is State.OFFERED and owners[0].answer_by is not None


def _moments(leg: Leg) -> bool:
    written = [leg.offered_at, leg.connected_at, leg.wrap_up_at, leg.closed_at]
    known = [at for at in written if at is not None]
    in_order = known == sorted(known)
    after_talking = leg.wrap_up_at is None or leg.connected_at is not None
    over = (leg.wrap_up_at or leg.closed_at) is not None
    return in_order and after_talking and over is (leg.outcome is not None)


def _outcomes(leg: Leg) -> bool:
    talked = leg.connected_at is not None
    return leg.outcome is None or talked is (leg.outcome in TALKED)


def _reasons(leg: Leg) -> bool:
    submitted = leg.wrap_up_at is not None and leg.closed_at is not None
    return submitted is (leg.wrap_up_code is not None) is (leg.wrap_up_note is not None)


def _holds(leg: Leg) -> bool:
    """The countdown runs only in wrap-up, and one that may be stopped runs until it is."""
    if leg.wrap_up_at is None:
        return leg.hold is Hold.NONE and leg.wrap_up_by is None
    running = leg.wrap_up_by is not None
    return leg.hold is Hold.NONE or running is (leg.hold is Hold.ALLOWED)


def _numbered(task: Task) -> bool:
    numbers = [one.number for one in task.invitations]
    queued = [isinstance(one.to, ToQueue) for one in task.invitations]
    bounded = [one.expires_at is not None for one in task.invitations]
    return numbers == list(range(1, len(numbers) + 1)) and queued == bounded


def _answered(task: Task) -> bool:
    for one in task.invitations:
        came = [
            leg.connected_at
            for leg in task.legs
            if leg.invitation == one.number and leg.connected_at is not None
        ]
        if came != ([one.closed_at] if one.answer is Answer.ACCEPTED else []):
            return False
        if (one.answer is None) is not (one.closed_at is None):
            return False
    return True


def _all_legs(holds: Callable[[Leg], bool]) -> Callable[[Task], bool]:
    return lambda task: all(holds(leg) for leg in task.legs)


OF_A_TASK: dict[str, Callable[[Task], bool]] = {
    "at most one primary leg rings or talks": _one_owner,
    "an agent has at most one open leg": _one_part,
    "in an ended task nobody rings or talks, and nobody is asked in": _quiet_end,
    "a guest rings or talks only while a primary talks": _no_lonely_guest,
    "every open invitation is the talking primary's": _invitations_owned,
    "an invitation to an agent is open just as long as it rings there, one to a queue rings at"
    " one agent at a time, and nothing rings for a closed one": _asked_agent_rings,
    "a leg bears where its offer came from": _offers,
    "the state is that of the owner's leg, queued without one, and once ended wrap-up as long as"
    " anybody wraps up": _state,
    "the moments of a leg are in order, and it has an outcome once its talking or ringing is"
    " over": _all_legs(_moments),
    "who never talked has another outcome than who did": _all_legs(_outcomes),
    "a reason is submitted only out of wrap-up, and by everybody who wraps up": _all_legs(_reasons),
    "a countdown runs in wrap-up only, until it is held": _all_legs(_holds),
    "invitations are counted from 1, and those to a queue wait only so long": _numbered,
    "an invitation is closed with an answer, and accepted by one agent at most": _answered,
}
