"""The work after the conversation, told in examples."""

from datetime import timedelta

import pytest

from balcao.domain import task as steps
from balcao.domain.values import (
    SYSTEM,
    Event,
    Hold,
    Outcome,
    Plans,
    State,
    Task,
    WrapUpPlan,
)
from tests.domain.examples import (
    ANA,
    BIA,
    CAIO,
    INSTANT,
    LATER,
    NOON,
    RING,
    SOLVED,
    TO_SALES,
    agent,
    conference,
    connected_to,
    leg,
    refused,
    states,
    wrapping,
)

AFTER = timedelta(seconds=30)
HOLDABLE: Plans = {ANA: WrapUpPlan(AFTER)}
FIXED: Plans = {ANA: WrapUpPlan(AFTER, may_hold=False)}
GUESTS_TOO: Plans = {BIA: WrapUpPlan(AFTER, as_guest=True)}


def counting(plans: Plans = HOLDABLE) -> Task:
    return steps.end(connected_to(ANA), NOON, ANA, plans)[0]


def test_submitting_the_reason_closes_the_leg_and_the_task() -> None:
    done, event = steps.wrap_up(wrapping(ANA), LATER, ANA, SOLVED, "ligou de volta")

    mine = leg(done, ANA)
    assert (done.state, mine.state, mine.closed_at) == (State.ENDED, State.CLOSED, LATER)
    assert (mine.wrap_up_code, mine.wrap_up_note) == (SOLVED, "ligou de volta")
    assert mine.outcome is Outcome.ENDED
    params = {"agent_id": ANA, "aux_code_id": SOLVED}
    assert event == Event("wrapped-up", LATER, agent(ANA), params)


def test_a_reason_may_be_missing_where_nobody_has_defined_one() -> None:
    done, event = steps.wrap_up(wrapping(ANA), LATER, ANA, None, None)
    assert (done.state, event.params) == (State.ENDED, {"agent_id": ANA, "aux_code_id": None})


def test_the_countdown_is_submitted_by_the_system() -> None:
    event = steps.wrap_up(counting(), NOON + AFTER, ANA, SOLVED, None, SYSTEM)[1]
    assert event.by == SYSTEM


def test_a_reason_is_submitted_once_and_only_in_wrap_up() -> None:
    done = steps.wrap_up(wrapping(ANA), NOON, ANA, SOLVED, None)[0]
    with refused("not-in-wrap-up", State.ENDED):
        steps.wrap_up(done, NOON, ANA, SOLVED, None)
    with refused("not-in-wrap-up", State.CONNECTED):
        steps.wrap_up(connected_to(ANA), NOON, ANA, SOLVED, None)


def test_without_a_plan_wrap_up_takes_as_long_as_it_takes() -> None:
    mine = leg(wrapping(ANA), ANA)
    assert (mine.wrap_up_by, mine.hold) == (None, Hold.NONE)


@pytest.mark.parametrize(("plans", "held"), [(HOLDABLE, Hold.ALLOWED), (FIXED, Hold.NONE)])
def test_with_a_plan_it_counts_down(plans: Plans, held: Hold) -> None:
    mine = leg(counting(plans), ANA)
    assert (mine.wrap_up_at, mine.wrap_up_by, mine.hold) == (NOON, NOON + AFTER, held)


def test_every_way_to_give_up_a_task_follows_the_plan() -> None:
    both = conference(BIA)
    ways = [
        steps.end(both, LATER, ANA, HOLDABLE),
        steps.hand_over(both, LATER, ANA, BIA, HOLDABLE),
        steps.transfer(connected_to(ANA), LATER, ANA, TO_SALES, None, RING, HOLDABLE),
    ]
    assert [leg(task, ANA).wrap_up_by for task, _ in ways] == [LATER + AFTER] * 3


def test_guests_wrap_up_only_where_their_profile_says_so() -> None:
    both = conference(BIA)
    ways = [
        (steps.leave(both, LATER, BIA, GUESTS_TOO), Outcome.LEFT),
        (steps.remove(both, LATER, ANA, BIA, GUESTS_TOO), Outcome.REMOVED),
        (steps.end(both, LATER, ANA, GUESTS_TOO), Outcome.ENDED),
    ]
    for (task, _), outcome in ways:
        mine = leg(task, BIA)
        assert (mine.state, mine.outcome) == (State.WRAP_UP, outcome)
        assert (mine.wrap_up_by, mine.hold) == (LATER + AFTER, Hold.ALLOWED)


def test_a_task_wraps_up_as_long_as_anybody_does() -> None:
    ended = steps.end(conference(BIA), NOON, ANA, GUESTS_TOO)[0]
    half = steps.wrap_up(ended, NOON, ANA, SOLVED, None)[0]

    assert (half.state, states(half)) == (State.WRAP_UP, {ANA: State.CLOSED, BIA: State.WRAP_UP})
    assert steps.wrap_up(half, NOON, BIA, SOLVED, None)[0].state is State.ENDED


def test_holding_stops_the_countdown() -> None:
    held, event = steps.hold(counting(), LATER, ANA)

    assert (leg(held, ANA).wrap_up_by, leg(held, ANA).hold) == (None, Hold.HELD)
    assert leg(held, ANA).state is State.WRAP_UP
    assert event == Event("held", LATER, agent(ANA), {"agent_id": ANA})


def test_a_countdown_is_held_once_and_only_where_it_may_be() -> None:
    for task in (steps.hold(counting(), NOON, ANA)[0], counting(FIXED), wrapping(ANA)):
        with refused("no-hold", State.WRAP_UP):
            steps.hold(task, NOON, ANA)


def test_nothing_is_held_outside_wrap_up() -> None:
    with refused("not-in-wrap-up", State.CONNECTED):
        steps.hold(connected_to(ANA), NOON, ANA)


def test_after_an_outage_the_countdown_has_a_little_left() -> None:
    prolonged = steps.prolong(counting(), NOON + AFTER, ANA, RING)[0]
    assert leg(prolonged, ANA).wrap_up_by == NOON + AFTER + RING


def test_a_countdown_with_time_left_or_held_is_not_prolonged() -> None:
    with refused("long-enough", State.WRAP_UP):
        steps.prolong(counting(), NOON, ANA, AFTER)
    assert steps.prolong(counting(), NOON, ANA, AFTER + INSTANT)
    with refused("long-enough", State.WRAP_UP):
        steps.prolong(steps.hold(counting(), NOON, ANA)[0], NOON + RING, ANA, RING)


def test_several_parts_of_one_agent_in_a_task_are_told_apart() -> None:
    given = steps.transfer(connected_to(ANA), NOON, ANA, TO_SALES, None, RING)[0]
    free = steps.wrap_up(given, NOON, ANA, SOLVED, None)[0]
    again = steps.accept(steps.offer(free, LATER, ANA, RING)[0], LATER, ANA)[0]
    ended = steps.end(again, LATER, ANA)[0]
    done = steps.wrap_up(ended, LATER, ANA, None, "de novo")[0]

    assert [(one.wrap_up_code, one.wrap_up_note) for one in done.legs] == [
        (SOLVED, None),
        (None, "de novo"),
    ]
    assert done.leg_of(ANA) is done.legs[1]
    assert done.leg_of(CAIO) is None
