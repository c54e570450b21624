"""Guests in a task, told in examples."""

import pytest

from balcao.domain import task as steps
from balcao.domain.values import (
    SYSTEM,
    Answer,
    Event,
    Invitation,
    Leg,
    Notice,
    Origin,
    Outcome,
    Role,
    Source,
    State,
    Task,
    ToAgent,
    Unanswered,
)
from tests.domain.examples import (
    ANA,
    BIA,
    CAIO,
    DAVI,
    INSTANT,
    LATER,
    MOST,
    NOON,
    RING,
    SALES,
    SUPPORT,
    TO_BIA,
    TO_CAIO,
    TO_SALES,
    WAIT,
    agent,
    conference,
    connected_to,
    invitation,
    inviting,
    leg,
    offered_to,
    refused,
    states,
)

ASKED = Origin(Source.CONFERENCE, ANA)


def rung_for_sales() -> Task:
    """Bia is rung for Ana's invitation to the queue, at noon."""
    return steps.offer_invitation(inviting(TO_SALES), NOON, 1, BIA, RING)[0]


def test_an_agent_asked_in_rings_at_once() -> None:
    asked, event = steps.invite(connected_to(ANA), LATER, ANA, TO_BIA, RING, WAIT, MOST)

    assert asked.state is State.CONNECTED
    assert asked.invitations == (Invitation(1, ANA, TO_BIA, LATER),)
    assert leg(asked, BIA) == Leg(
        BIA,
        Role.GUEST,
        SUPPORT,
        LATER,
        LATER + RING,
        origin=ASKED,
        direct=True,
        invitation=1,
    )
    params = {"agent_id": ANA, "to_agent_id": BIA}
    assert event == Event("invited", LATER, agent(ANA), params)


def test_an_invitation_to_a_queue_waits_there_and_rings_at_nobody_yet() -> None:
    asked, event = steps.invite(connected_to(ANA), LATER, ANA, TO_SALES, RING, WAIT, MOST)

    assert asked.invitations == (Invitation(1, ANA, TO_SALES, LATER, LATER + WAIT),)
    assert states(asked) == {ANA: State.CONNECTED}
    assert asked.queued_at == NOON
    params = {"agent_id": ANA, "to_queue_id": SALES}
    assert event == Event("invited", LATER, agent(ANA), params)


def test_an_invitation_in_a_queue_rings_at_the_next_fit_agent() -> None:
    rung, event = steps.offer_invitation(inviting(TO_SALES), LATER, 1, BIA, RING)

    guest = Leg(BIA, Role.GUEST, SALES, LATER, LATER + RING, origin=ASKED, invitation=1)
    assert leg(rung, BIA) == guest
    params = {"agent_id": BIA, "queue_id": SALES, "role": Role.GUEST}
    assert event == Event("offered", LATER, SYSTEM, params)


def test_an_invitation_rings_at_one_agent_at_a_time() -> None:
    with refused("not-queued", State.CONNECTED):
        steps.offer_invitation(rung_for_sales(), NOON, 1, CAIO, RING)


def test_an_invitation_to_an_agent_is_nobody_elses() -> None:
    with refused("not-queued", State.CONNECTED):
        steps.offer_invitation(inviting(TO_BIA), NOON, 1, CAIO, RING)


@pytest.mark.parametrize("number", [0, 2])
def test_what_was_not_asked_is_not_offered(number: int) -> None:
    with refused("no-invitation", State.CONNECTED):
        steps.offer_invitation(inviting(TO_SALES), NOON, number, BIA, RING)


def test_a_closed_invitation_is_not_offered() -> None:
    cancelled = steps.cancel(inviting(TO_SALES), NOON, ANA)[0]
    with refused("no-invitation", State.CONNECTED):
        steps.offer_invitation(cancelled, NOON, 1, BIA, RING)


def test_nobody_is_rung_for_two_invitations_of_one_task() -> None:
    asked = steps.offer_invitation(inviting(TO_SALES, TO_SALES), NOON, 1, BIA, RING)[0]
    with refused("has-leg", State.CONNECTED):
        steps.offer_invitation(asked, NOON, 2, BIA, RING)


def test_who_has_a_part_is_not_asked_in() -> None:
    for other in (ANA, BIA):
        with refused("has-leg", State.CONNECTED):
            steps.invite(conference(BIA), NOON, ANA, ToAgent(other), RING, WAIT, MOST)


def test_guests_and_invitations_together_are_no_more_than_the_limit() -> None:
    both = steps.invite(conference(BIA), NOON, ANA, TO_CAIO, RING, WAIT, 2)[0]
    with refused("guests-full", State.CONNECTED, max=2):
        steps.invite(both, NOON, ANA, TO_SALES, RING, WAIT, 2)


def test_only_the_owner_asks_in() -> None:
    with refused("not-primary", State.CONNECTED):
        steps.invite(conference(BIA), NOON, BIA, TO_CAIO, RING, WAIT, MOST)
    with refused("not-connected", State.OFFERED):
        steps.invite(offered_to(ANA), NOON, ANA, TO_BIA, RING, WAIT, MOST)


def test_accepting_an_invitation_joins_the_conference() -> None:
    joined, event = steps.accept(inviting(TO_BIA), LATER, BIA)

    assert joined.owner is not None and joined.owner.agent == ANA
    assert [guest.agent for guest in joined.guests] == [BIA]
    assert (invitation(joined).answer, invitation(joined).closed_at) == (Answer.ACCEPTED, LATER)
    assert event == Event("joined", LATER, agent(BIA), {"agent_id": BIA})


def test_joining_leaves_other_invitations_open() -> None:
    joined = steps.accept(inviting(TO_BIA, TO_CAIO), LATER, BIA)[0]
    assert [one.to for one in joined.asked] == [TO_CAIO]


def test_an_invitation_not_accepted_is_over_and_its_owner_told() -> None:
    back, event = steps.ring_out(inviting(TO_BIA), NOON + RING, BIA, Unanswered.END)

    assert (back.state, back.ended_at) == (State.CONNECTED, None)
    assert leg(back, BIA).outcome is Outcome.ABANDONED
    closed = (invitation(back).answer, invitation(back).closed_at)
    assert closed == (Answer.ABANDONED, NOON + RING)
    params = {"agent_id": BIA, "source": Source.CONFERENCE}
    told = Notice(ANA, "conference-unanswered", params)
    assert event == Event("abandoned", NOON + RING, SYSTEM, params, (told,))


def test_after_a_rona_an_invitation_in_a_queue_rings_at_the_next() -> None:
    back, event = steps.ring_out(rung_for_sales(), NOON + RING, BIA)

    assert leg(back, BIA).outcome is Outcome.RONA
    assert invitation(back).closed_at is None
    assert event == Event("rona", NOON + RING, SYSTEM, {"agent_id": BIA})
    assert steps.offer_invitation(back, NOON + RING, 1, CAIO, RING)


def test_an_invitation_withdrawn_from_its_agent_is_over_and_its_owner_told() -> None:
    back, event = steps.withdraw(inviting(TO_BIA), LATER, BIA, "disabled")

    assert (invitation(back).answer, invitation(back).closed_at) == (Answer.WITHDRAWN, LATER)
    params = {"agent_id": BIA, "reason": "disabled"}
    told = Notice(ANA, "conference-withdrawn", params)
    assert event == Event("withdrawn", LATER, SYSTEM, params, (told,))


def test_an_invitation_in_a_queue_outlives_the_withdrawal_of_an_offer() -> None:
    back, event = steps.withdraw(rung_for_sales(), LATER, BIA, "disabled")
    assert (invitation(back).closed_at, event.notices) == (None, ())


def test_cancelling_takes_back_all_invitations_and_is_no_rona() -> None:
    cancelled, event = steps.cancel(inviting(TO_BIA, TO_SALES), LATER, ANA)

    assert states(cancelled) == {ANA: State.CONNECTED, BIA: State.CLOSED}
    assert (leg(cancelled, BIA).outcome, leg(cancelled, BIA).closed_at) == (
        Outcome.WITHDRAWN,
        LATER,
    )
    answers = [(one.answer, one.closed_at) for one in cancelled.invitations]
    assert answers == [(Answer.CANCELLED, LATER)] * 2
    assert event == Event("cancelled", LATER, agent(ANA), {"agent_id": ANA})


def test_one_of_two_invitations_can_be_cancelled() -> None:
    cancelled, event = steps.cancel(inviting(TO_BIA, TO_CAIO), LATER, ANA, 2)

    assert states(cancelled) == {ANA: State.CONNECTED, BIA: State.OFFERED, CAIO: State.CLOSED}
    assert [one.answer for one in cancelled.invitations] == [None, Answer.CANCELLED]
    params = {"agent_id": ANA, "to_agent_id": CAIO}
    assert event == Event("cancelled", LATER, agent(ANA), params)


def test_the_journal_names_who_was_asked_where_all_that_is_cancelled_is_one() -> None:
    event = steps.cancel(inviting(TO_SALES), LATER, ANA)[1]
    assert event.params == {"agent_id": ANA, "to_queue_id": SALES}


def test_what_is_not_open_is_not_cancelled() -> None:
    with refused("no-invitation", State.CONNECTED):
        steps.cancel(connected_to(ANA), NOON, ANA)
    with refused("no-invitation", State.CONNECTED):
        steps.cancel(inviting(TO_BIA), NOON, ANA, 2)


def test_only_the_owner_cancels() -> None:
    task = steps.invite(conference(BIA), NOON, ANA, TO_CAIO, RING, WAIT, MOST)[0]
    with refused("not-primary", State.CONNECTED):
        steps.cancel(task, NOON, BIA)


def test_an_invitation_waits_in_its_queue_only_so_long() -> None:
    over, event = steps.expire(inviting(TO_SALES), NOON + WAIT, 1)

    closed = (invitation(over).answer, invitation(over).closed_at)
    assert closed == (Answer.EXPIRED, NOON + WAIT)
    params = {"to_queue_id": SALES}
    told = Notice(ANA, "conference-expired", params)
    assert event == Event("expired", NOON + WAIT, SYSTEM, params, (told,))


def test_an_invitation_does_not_expire_early_nor_while_it_rings() -> None:
    with refused("still-waiting", State.CONNECTED):
        steps.expire(inviting(TO_SALES), NOON + WAIT - INSTANT, 1)
    with refused("still-ringing", State.CONNECTED):
        steps.expire(rung_for_sales(), NOON + WAIT, 1)


def test_an_invitation_to_an_agent_rings_out_and_does_not_expire() -> None:
    with refused("still-waiting", State.CONNECTED):
        steps.expire(inviting(TO_BIA), NOON + WAIT, 1)


def test_what_was_not_asked_does_not_expire() -> None:
    with refused("no-invitation", State.CONNECTED):
        steps.expire(connected_to(ANA), NOON + WAIT, 1)


def test_a_guest_leaves_and_the_chat_goes_on() -> None:
    left, event = steps.leave(conference(BIA, CAIO), LATER, BIA)

    assert states(left) == {ANA: State.CONNECTED, BIA: State.CLOSED, CAIO: State.CONNECTED}
    assert (leg(left, BIA).outcome, leg(left, BIA).closed_at) == (Outcome.LEFT, LATER)
    assert event == Event("left", LATER, agent(BIA), {"agent_id": BIA})


def test_the_owner_does_not_leave_nor_does_who_is_not_there() -> None:
    with refused("not-guest", State.CONNECTED):
        steps.leave(conference(BIA), LATER, ANA)
    with refused("not-connected", State.CONNECTED):
        steps.leave(inviting(TO_BIA), LATER, BIA)


def test_the_owner_removes_a_guest() -> None:
    removed, event = steps.remove(conference(BIA, CAIO), LATER, ANA, CAIO)

    assert states(removed) == {ANA: State.CONNECTED, BIA: State.CONNECTED, CAIO: State.CLOSED}
    assert (leg(removed, CAIO).outcome, leg(removed, CAIO).closed_at) == (Outcome.REMOVED, LATER)
    assert event == Event("removed", LATER, agent(ANA), {"agent_id": CAIO, "by_id": ANA})


def test_a_guest_who_left_can_be_asked_in_again() -> None:
    left = steps.leave(conference(BIA), LATER, BIA)[0]
    again = steps.invite(left, LATER, ANA, TO_BIA, RING, WAIT, MOST)[0]
    joined = steps.accept(again, LATER, BIA)[0]

    assert [one.answer for one in joined.invitations] == [Answer.ACCEPTED] * 2
    assert leg(joined, BIA).invitation == 2


def test_only_a_connected_guest_is_removed_or_made_owner() -> None:
    for step in (steps.remove, steps.hand_over):
        for nobody in (ANA, CAIO, DAVI):
            task = steps.invite(conference(BIA), NOON, ANA, TO_CAIO, RING, WAIT, MOST)[0]
            with refused("no-guest", State.CONNECTED):
                step(task, NOON, ANA, nobody)


def test_a_guest_removes_nobody_and_hands_over_nothing() -> None:
    for step in (steps.remove, steps.hand_over):
        with refused("not-primary", State.CONNECTED):
            step(conference(BIA, CAIO), NOON, BIA, CAIO)


def test_handing_over_makes_the_guest_owner_and_the_owner_wrap_up() -> None:
    handed, event = steps.hand_over(conference(BIA, CAIO), LATER, ANA, CAIO)

    assert handed.owner is not None and handed.owner.agent == CAIO
    assert [guest.agent for guest in handed.guests] == [BIA]
    assert states(handed)[ANA] is State.WRAP_UP
    assert (leg(handed, ANA).outcome, leg(handed, ANA).wrap_up_at) == (Outcome.HANDED_OVER, LATER)
    params = {"agent_id": ANA, "to_agent_id": CAIO}
    assert event == Event("handed-over", LATER, agent(ANA), params)


def test_open_invitations_are_handed_over_too_and_closed_ones_stay_as_they_were() -> None:
    task = steps.invite(conference(BIA), NOON, ANA, TO_CAIO, RING, WAIT, MOST)[0]
    handed = steps.hand_over(task, LATER, ANA, BIA)[0]

    assert [(one.by, one.closed_at) for one in handed.invitations] == [(ANA, NOON), (BIA, None)]
    told = steps.ring_out(handed, NOON + RING, CAIO)[1].notices
    assert [(notice.agent, notice.code) for notice in told] == [(BIA, "conference-unanswered")]


def test_ending_a_conference_ends_it_for_all_and_withdraws_what_is_open() -> None:
    task = steps.invite(conference(BIA), NOON, ANA, TO_CAIO, RING, WAIT, MOST)[0]
    ended, event = steps.end(task, LATER, ANA)

    assert states(ended) == {ANA: State.WRAP_UP, BIA: State.CLOSED, CAIO: State.CLOSED}
    outcomes = [leg.outcome for leg in ended.legs]
    assert outcomes == [Outcome.ENDED, Outcome.ENDED, Outcome.WITHDRAWN]
    assert (invitation(ended, 2).answer, invitation(ended, 2).closed_at) == (
        Answer.WITHDRAWN,
        LATER,
    )
    assert event.notices == ()


def test_a_guest_does_not_end_the_task() -> None:
    with refused("not-primary", State.CONNECTED):
        steps.end(conference(BIA), LATER, BIA)


def test_who_was_handed_a_task_is_its_owner_in_every_way() -> None:
    handed = steps.hand_over(conference(BIA), LATER, ANA, BIA)[0]
    given = steps.transfer(handed, LATER, BIA, TO_SALES, None, RING)[0]
    assert (given.state, states(given)[BIA]) == (State.QUEUED, State.WRAP_UP)
