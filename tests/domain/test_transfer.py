"""A task given away, told in examples."""

import pytest

from balcao.domain import task as steps
from balcao.domain.values import (
    FROM_QUEUE,
    SYSTEM,
    Answer,
    Event,
    Leg,
    Notice,
    Origin,
    Outcome,
    Role,
    Source,
    State,
    Target,
    ToAgent,
    Unanswered,
)
from tests.domain.examples import (
    ANA,
    BIA,
    CAIO,
    LATER,
    NOON,
    RING,
    SALES,
    SUPPORT,
    TO_BIA,
    TO_CAIO,
    TO_SALES,
    agent,
    conference,
    connected_to,
    given,
    invitation,
    inviting,
    leg,
    offered_to,
    refused,
    states,
)

NOTE = "já tem a fatura"


def test_a_task_enters_the_queue_it_is_given_to_now_and_its_giver_wraps_up() -> None:
    away, event = steps.transfer(connected_to(ANA), LATER, ANA, TO_SALES, NOTE, RING)

    assert (away.state, away.queue, away.queued_at) == (State.QUEUED, SALES, LATER)
    assert away.ended_at is None
    assert states(away) == {ANA: State.WRAP_UP}
    assert (leg(away, ANA).outcome, leg(away, ANA).wrap_up_at) == (Outcome.TRANSFERRED, LATER)
    params = {"agent_id": ANA, "to_queue_id": SALES, "note": NOTE}
    assert event == Event("transferred", LATER, agent(ANA), params)


def test_the_next_offer_tells_by_whom_and_with_what_note() -> None:
    offered = steps.offer(given(TO_SALES, NOTE), LATER, BIA, RING)[0]
    origin = Origin(Source.TRANSFER, ANA, NOTE)
    assert leg(offered, BIA) == Leg(BIA, Role.PRIMARY, SALES, LATER, LATER + RING, origin=origin)


def test_once_accepted_a_transfer_is_no_longer_told_of() -> None:
    offered = steps.offer(given(TO_SALES), LATER, BIA, RING)[0]
    assert steps.accept(offered, LATER, BIA)[0].origin == FROM_QUEUE


def test_a_task_given_to_an_agent_rings_there_at_once_and_keeps_its_place() -> None:
    away, event = steps.transfer(connected_to(ANA), LATER, ANA, TO_BIA, None, RING)

    assert (away.state, away.queue, away.queued_at) == (State.OFFERED, SUPPORT, NOON)
    assert states(away) == {ANA: State.WRAP_UP, BIA: State.OFFERED}
    assert leg(away, BIA) == Leg(
        BIA,
        Role.PRIMARY,
        SUPPORT,
        LATER,
        LATER + RING,
        origin=Origin(Source.TRANSFER, ANA),
        direct=True,
    )
    params = {"agent_id": ANA, "to_agent_id": BIA}
    assert event == Event("transferred", LATER, agent(ANA), params)


def test_a_transfer_not_accepted_is_abandoned_and_queued_in_its_place() -> None:
    back, event = steps.ring_out(given(TO_BIA, NOTE), NOON + RING, BIA)

    assert (back.state, back.queue, back.queued_at) == (State.QUEUED, SUPPORT, NOON)
    assert (back.ended_at, leg(back, BIA).outcome) == (None, Outcome.ABANDONED)
    params = {"agent_id": BIA, "source": Source.TRANSFER, "policy": Unanswered.REQUEUE}
    told = Notice(ANA, "transfer-unanswered", params)
    assert event == Event("abandoned", NOON + RING, SYSTEM, params, (told,))


def test_a_transfer_not_accepted_ends_the_task_where_the_queue_says_so() -> None:
    over, event = steps.ring_out(given(TO_BIA), NOON + RING, BIA, Unanswered.END)

    assert (over.state, over.ended_at) == (State.WRAP_UP, NOON + RING)
    assert states(over) == {ANA: State.WRAP_UP, BIA: State.CLOSED}
    assert event.params["policy"] is Unanswered.END


def test_the_policy_is_about_the_agent_named_and_nobody_later() -> None:
    back = steps.ring_out(given(TO_BIA), NOON + RING, BIA)[0]
    again = steps.offer(back, NOON + RING, CAIO, RING)[0]
    missed, event = steps.ring_out(again, NOON + 2 * RING, CAIO, Unanswered.END)

    assert (missed.state, missed.ended_at) == (State.QUEUED, None)
    assert (event.code, event.notices) == ("rona", ())


def test_a_withdrawn_transfer_is_queued_in_its_place_and_the_giver_is_told() -> None:
    back, event = steps.withdraw(given(TO_BIA), LATER, BIA, "connection-lost")

    assert (back.state, back.queue, back.queued_at) == (State.QUEUED, SUPPORT, NOON)
    assert leg(back, BIA).outcome is Outcome.WITHDRAWN
    params = {"agent_id": BIA, "reason": "connection-lost"}
    told = Notice(ANA, "transfer-withdrawn", params)
    assert event == Event("withdrawn", LATER, SYSTEM, params, (told,))


def test_whoever_misses_a_transfer_to_a_queue_is_not_told_on() -> None:
    offered = steps.offer(given(TO_SALES), NOON, BIA, RING)[0]
    assert steps.ring_out(offered, NOON + RING, BIA)[1].notices == ()
    assert steps.withdraw(offered, NOON, BIA, "disabled")[1].notices == ()


def test_a_giver_who_wraps_up_is_not_offered_the_task_again() -> None:
    with refused("has-leg", State.QUEUED):
        steps.offer(given(TO_SALES), NOON, ANA, RING)


def test_a_task_is_not_given_to_oneself() -> None:
    with refused("has-leg", State.CONNECTED):
        steps.transfer(connected_to(ANA), NOON, ANA, ToAgent(ANA), None, RING)


@pytest.mark.parametrize("to", [TO_SALES, TO_CAIO], ids=["queue", "agent"])
def test_a_task_with_guests_is_not_given_away(to: Target) -> None:
    with refused("has-guests", State.CONNECTED):
        steps.transfer(conference(BIA), NOON, ANA, to, None, RING)


def test_a_guest_gives_nothing_away() -> None:
    with refused("not-primary", State.CONNECTED):
        steps.transfer(conference(BIA), NOON, BIA, TO_SALES, None, RING)


def test_only_who_is_connected_gives_away() -> None:
    with refused("not-connected", State.OFFERED):
        steps.transfer(offered_to(ANA), NOON, ANA, TO_SALES, None, RING)


def test_a_transfer_while_an_invitation_is_open_withdraws_it() -> None:
    away, event = steps.transfer(inviting(TO_BIA, TO_SALES), LATER, ANA, TO_CAIO, None, RING)

    assert states(away) == {ANA: State.WRAP_UP, BIA: State.CLOSED, CAIO: State.OFFERED}
    assert (leg(away, BIA).outcome, leg(away, BIA).closed_at) == (Outcome.WITHDRAWN, LATER)
    answers = [(one.answer, one.closed_at) for one in away.invitations]
    assert answers == [(Answer.WITHDRAWN, LATER)] * 2
    assert event.notices == ()


def test_a_task_may_be_given_to_the_agent_who_was_asked_in() -> None:
    away = steps.transfer(inviting(TO_BIA), LATER, ANA, TO_BIA, None, RING)[0]

    assert [leg.outcome for leg in away.legs] == [Outcome.TRANSFERRED, Outcome.WITHDRAWN, None]
    assert invitation(away).answer is Answer.WITHDRAWN
    assert (leg(away, BIA).role, leg(away, BIA).state) == (Role.PRIMARY, State.OFFERED)
