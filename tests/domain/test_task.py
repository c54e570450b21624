"""The life of a task with one agent at a time, told in examples."""

from datetime import timedelta

import pytest

from balcao.domain import task as steps
from balcao.domain.values import (
    FROM_QUEUE,
    SYSTEM,
    AgentId,
    Event,
    Leg,
    Outcome,
    Role,
    State,
    Task,
    Unanswered,
)
from tests.domain.examples import (
    ANA,
    BIA,
    INSTANT,
    LATER,
    NOON,
    RING,
    SUPPORT,
    agent,
    connected_to,
    leg,
    offered_to,
    queued,
    refused,
    wrapping,
)


def test_an_offer_rings_at_one_agent_until_its_deadline() -> None:
    offered, event = steps.offer(queued(), NOON, ANA, RING)

    assert offered.state is State.OFFERED
    assert offered.legs == (Leg(ANA, Role.PRIMARY, SUPPORT, NOON, NOON + RING),)
    assert event == Event("offered", NOON, SYSTEM, {"agent_id": ANA})


def test_a_task_that_rings_is_not_offered_again() -> None:
    with refused("not-queued", State.OFFERED):
        steps.offer(offered_to(ANA), NOON, BIA, RING)


def test_an_agent_who_still_wraps_up_a_task_is_not_offered_it() -> None:
    again = Task(id=1, queue=SUPPORT, priority=5, queued_at=NOON, legs=wrapping(ANA).legs)
    with refused("has-leg", State.QUEUED):
        steps.offer(again, NOON, ANA, RING)


def test_an_agent_who_missed_a_task_may_be_offered_it_again() -> None:
    back = steps.ring_out(offered_to(ANA), NOON + RING, ANA)[0]
    assert steps.offer(back, NOON + RING, ANA, RING)[0].state is State.OFFERED


def test_accepting_connects_and_says_how_long_the_customer_waited() -> None:
    at = NOON + timedelta(seconds=7, milliseconds=600)
    accepted, event = steps.accept(offered_to(ANA), at, ANA)

    assert (accepted.state, leg(accepted, ANA).connected_at) == (State.CONNECTED, at)
    assert accepted.origin == FROM_QUEUE
    assert event == Event("accepted", at, agent(ANA), {"agent_id": ANA, "waited_s": 8})


@pytest.mark.parametrize("late", [timedelta(0), INSTANT])
def test_an_offer_cannot_be_accepted_at_its_deadline_or_after(late: timedelta) -> None:
    with refused("offer-over", State.OFFERED):
        steps.accept(offered_to(ANA), NOON + RING + late, ANA)


def test_an_offer_can_be_accepted_in_its_last_microsecond() -> None:
    last = NOON + RING - INSTANT
    assert steps.accept(offered_to(ANA), last, ANA)[0].state is State.CONNECTED


def test_nobody_else_accepts_an_offer() -> None:
    with refused("offer-over", State.OFFERED):
        steps.accept(offered_to(ANA), NOON, BIA)


def test_an_offer_is_accepted_once() -> None:
    with refused("offer-over", State.CONNECTED):
        steps.accept(connected_to(ANA), NOON, ANA)


@pytest.mark.parametrize("policy", Unanswered)
def test_an_unanswered_offer_puts_the_task_back_in_its_queue(policy: Unanswered) -> None:
    back, event = steps.ring_out(offered_to(ANA), NOON + RING, ANA, policy)

    assert (back.state, back.queue) == (State.QUEUED, SUPPORT)
    assert back.queued_at == NOON, "the customer keeps the place"
    assert (leg(back, ANA).outcome, leg(back, ANA).closed_at) == (Outcome.RONA, NOON + RING)
    assert event == Event("rona", NOON + RING, SYSTEM, {"agent_id": ANA})


def test_an_offer_does_not_ring_out_before_its_deadline() -> None:
    with refused("still-ringing", State.OFFERED):
        steps.ring_out(offered_to(ANA), NOON + RING - INSTANT, ANA)


def test_what_does_not_ring_does_not_ring_out() -> None:
    with refused("not-offered", State.CONNECTED):
        steps.ring_out(connected_to(ANA), NOON + RING, ANA)


def test_a_withdrawn_offer_is_no_rona() -> None:
    back, event = steps.withdraw(offered_to(ANA), LATER, ANA, "rona")

    assert (back.state, back.queued_at) == (State.QUEUED, NOON)
    assert (leg(back, ANA).outcome, leg(back, ANA).closed_at) == (Outcome.WITHDRAWN, LATER)
    assert event == Event("withdrawn", LATER, SYSTEM, {"agent_id": ANA, "reason": "rona"})


def test_what_does_not_ring_is_not_withdrawn() -> None:
    with refused("not-offered", State.CONNECTED):
        steps.withdraw(connected_to(ANA), NOON, ANA, "rona")


def test_after_an_outage_an_offer_rings_a_little_longer() -> None:
    late, least = NOON + RING, timedelta(seconds=15)
    prolonged, event = steps.prolong(offered_to(ANA), late, ANA, least)

    assert leg(prolonged, ANA).answer_by == late + least
    assert event == Event("prolonged", late, SYSTEM, {"agent_id": ANA})


def test_an_offer_with_time_left_is_not_prolonged() -> None:
    with refused("long-enough", State.OFFERED):
        steps.prolong(offered_to(ANA), NOON, ANA, RING)
    assert steps.prolong(offered_to(ANA), NOON, ANA, RING + INSTANT)


@pytest.mark.parametrize("who", [ANA, BIA], ids=["talks", "no part"])
def test_nothing_is_prolonged_for_who_talks_or_has_no_part(who: AgentId) -> None:
    with refused("long-enough", State.CONNECTED):
        steps.prolong(connected_to(ANA), NOON, who, 2 * RING)


def test_ending_ends_for_the_customer_while_the_owner_wraps_up() -> None:
    ended, event = steps.end(connected_to(ANA), LATER, ANA)

    assert (ended.ended_at, ended.state, ended.owner) == (LATER, State.WRAP_UP, None)
    assert (leg(ended, ANA).wrap_up_at, leg(ended, ANA).outcome) == (LATER, Outcome.ENDED)
    assert event == Event("ended", LATER, agent(ANA), {"agent_id": ANA})


def test_only_a_connected_agent_ends_a_task() -> None:
    with refused("not-connected", State.OFFERED):
        steps.end(offered_to(ANA), NOON, ANA)


def test_a_task_is_ended_once() -> None:
    with refused("not-connected", State.WRAP_UP):
        steps.end(wrapping(ANA), NOON, ANA)
