"""The life of a task, told in examples."""

from datetime import UTC, datetime, timedelta

import pytest

from balcao.domain import task as steps
from balcao.domain.task import AgentId, CodeId, Outcome, QueueId, Refused, State, Task

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
RING = timedelta(seconds=60)
ANA, BIA = AgentId(1), AgentId(2)
SOLVED = CodeId(9)


def queued() -> Task:
    return Task(id=1, queue=QueueId(1), priority=5, queued_at=NOON)


def offered_to(agent: AgentId) -> Task:
    return steps.offer(queued(), NOON, agent, RING)[0]


def connected_to(agent: AgentId) -> Task:
    return steps.accept(offered_to(agent), NOON, agent)[0]


def wrapping(agent: AgentId) -> Task:
    return steps.end(connected_to(agent), NOON, agent)[0]


def refusal(info: pytest.ExceptionInfo[Refused]) -> str:
    return info.value.code


def test_an_offer_rings_at_one_agent_until_its_deadline() -> None:
    offered, event = steps.offer(queued(), NOON, ANA, RING)

    assert offered.state is State.OFFERED
    assert offered.owner is not None and offered.owner.answer_by == NOON + RING
    assert (event.code, event.params) == ("offered", {"agent_id": ANA})


def test_a_task_that_rings_is_not_offered_again() -> None:
    with pytest.raises(Refused) as info:
        steps.offer(offered_to(ANA), NOON, BIA, RING)
    assert refusal(info) == "not-queued"


def test_an_agent_who_still_wraps_up_a_task_is_not_offered_it() -> None:
    again = Task(id=1, queue=QueueId(1), priority=5, queued_at=NOON, legs=wrapping(ANA).legs)
    with pytest.raises(Refused) as info:
        steps.offer(again, NOON, ANA, RING)
    assert refusal(info) == "has-leg"


def test_accepting_connects_and_says_how_long_the_customer_waited() -> None:
    accepted, event = steps.accept(offered_to(ANA), NOON + timedelta(seconds=7), ANA)

    assert accepted.state is State.CONNECTED
    assert event.params == {"agent_id": ANA, "waited_s": 7}


@pytest.mark.parametrize("late", [timedelta(0), timedelta(microseconds=1)])
def test_an_offer_cannot_be_accepted_at_its_deadline_or_after(late: timedelta) -> None:
    with pytest.raises(Refused) as info:
        steps.accept(offered_to(ANA), NOON + RING + late, ANA)
    assert refusal(info) == "offer-over"


def test_an_offer_can_be_accepted_in_its_last_microsecond() -> None:
    last = NOON + RING - timedelta(microseconds=1)
    assert steps.accept(offered_to(ANA), last, ANA)[0].state is State.CONNECTED


def test_nobody_else_accepts_an_offer() -> None:
    with pytest.raises(Refused) as info:
        steps.accept(offered_to(ANA), NOON, BIA)
    assert refusal(info) == "offer-over"


def test_an_unanswered_offer_puts_the_task_back_in_its_queue() -> None:
    back, event = steps.ring_out(offered_to(ANA), NOON + RING, ANA)

    assert back.state is State.QUEUED
    assert back.queued_at == NOON, "the customer keeps the place"
    assert back.legs[0].outcome is Outcome.RONA
    assert event.code == "rona"


def test_an_offer_does_not_ring_out_before_its_deadline() -> None:
    with pytest.raises(Refused) as info:
        steps.ring_out(offered_to(ANA), NOON + RING - timedelta(microseconds=1), ANA)
    assert refusal(info) == "still-ringing"


def test_a_withdrawn_offer_is_no_rona() -> None:
    back, event = steps.withdraw(offered_to(ANA), NOON, ANA, "rona")

    assert back.state is State.QUEUED and back.queued_at == NOON
    assert back.legs[0].outcome is Outcome.WITHDRAWN
    assert event.params["reason"] == "rona"


def test_after_an_outage_an_offer_rings_a_little_longer() -> None:
    late = NOON + RING
    prolonged, _ = steps.prolong(offered_to(ANA), late, ANA, timedelta(seconds=15))
    assert steps.accept(prolonged, late + timedelta(seconds=14), ANA)[0].state is State.CONNECTED


def test_an_offer_with_time_left_is_not_prolonged() -> None:
    with pytest.raises(Refused) as info:
        steps.prolong(offered_to(ANA), NOON, ANA, timedelta(seconds=15))
    assert refusal(info) == "long-enough"


def test_ending_ends_for_the_customer_while_the_owner_wraps_up() -> None:
    ended, _ = steps.end(connected_to(ANA), NOON, ANA)

    assert ended.ended_at == NOON
    assert ended.state is State.WRAP_UP
    assert ended.owner is None


def test_only_a_connected_agent_ends_a_task() -> None:
    with pytest.raises(Refused) as info:
        steps.end(offered_to(ANA), NOON, ANA)
    assert refusal(info) == "not-connected"


def test_submitting_the_reason_closes_the_leg_and_the_task() -> None:
    done, _ = steps.wrap_up(wrapping(ANA), NOON, ANA, SOLVED, "ligou de volta")

    leg = done.leg_of(ANA)
    assert done.state is State.ENDED
    assert leg is not None and leg.state is State.CLOSED
    assert (leg.wrap_up_code, leg.wrap_up_note) == (SOLVED, "ligou de volta")
    assert leg.outcome is Outcome.ENDED


def test_a_reason_is_submitted_once() -> None:
    done, _ = steps.wrap_up(wrapping(ANA), NOON, ANA, SOLVED, None)
    with pytest.raises(Refused) as info:
        steps.wrap_up(done, NOON, ANA, SOLVED, None)
    assert refusal(info) == "not-in-wrap-up"


def test_a_refused_step_says_what_the_state_is() -> None:
    with pytest.raises(Refused) as info:
        steps.end(offered_to(ANA), NOON, ANA)
    assert info.value.details == {"state": State.OFFERED}
