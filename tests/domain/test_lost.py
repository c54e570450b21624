"""Agents whose desk is gone for good, told in examples."""

from balcao.domain import task as steps
from balcao.domain.values import SYSTEM, AgentId, Answer, Event, Notice, Outcome, Role, State
from tests.domain.examples import (
    ANA,
    BIA,
    CAIO,
    LATER,
    MOST,
    NOON,
    RING,
    SUPPORT,
    TO_BIA,
    TO_CAIO,
    TO_SALES,
    WAIT,
    conference,
    connected_to,
    invitation,
    inviting,
    leg,
    offered_to,
    refused,
    states,
)

NOBODY: frozenset[AgentId] = frozenset()


def test_a_task_whose_owner_is_lost_is_queued_in_its_place() -> None:
    back, event = steps.lose(connected_to(ANA), LATER, ANA, NOBODY)

    assert (back.state, back.queue, back.queued_at) == (State.QUEUED, SUPPORT, NOON)
    mine = leg(back, ANA)
    assert (mine.closed_at, mine.wrap_up_at, mine.outcome) == (LATER, None, Outcome.LOST)
    params = {"agent_id": ANA, "role": Role.PRIMARY}
    told = Notice(ANA, "task-lost", params)
    assert event == Event("lost", LATER, SYSTEM, params, (told,))


def test_the_longest_connected_guest_inherits() -> None:
    passed, event = steps.lose(conference(CAIO, BIA), LATER, ANA, {BIA, CAIO})

    assert passed.owner is not None and passed.owner.agent == CAIO
    assert states(passed) == {ANA: State.CLOSED, CAIO: State.CONNECTED, BIA: State.CONNECTED}
    params = {"agent_id": ANA, "role": Role.PRIMARY, "to_agent_id": CAIO}
    told = Notice(ANA, "task-lost", params)
    assert event == Event("lost", LATER, SYSTEM, params, (told,))


def test_of_guests_who_came_at_once_the_lower_number_inherits() -> None:
    asked = inviting(TO_CAIO, TO_BIA)
    both = steps.accept(steps.accept(asked, NOON, CAIO)[0], NOON, BIA)[0]
    passed = steps.lose(both, LATER, ANA, {BIA, CAIO})[0]
    assert passed.owner is not None and passed.owner.agent == BIA


def test_a_guest_whose_desk_is_gone_too_does_not_inherit() -> None:
    passed, event = steps.lose(conference(BIA, CAIO), LATER, ANA, {CAIO})

    assert passed.owner is not None and passed.owner.agent == CAIO
    assert states(passed)[BIA] is State.CONNECTED
    assert event.params["to_agent_id"] == CAIO


def test_open_invitations_are_inherited() -> None:
    task = steps.invite(conference(BIA), NOON, ANA, TO_CAIO, RING, WAIT, MOST)[0]
    passed = steps.lose(task, LATER, ANA, {BIA})[0]

    assert [(one.by, one.answer) for one in passed.invitations] == [
        (ANA, Answer.ACCEPTED),
        (BIA, None),
    ]
    assert states(passed)[CAIO] is State.OFFERED


def test_where_nobody_can_inherit_all_parts_close_and_invitations_are_withdrawn() -> None:
    task = steps.invite(conference(BIA), NOON, ANA, TO_CAIO, RING, WAIT, MOST)[0]
    back, event = steps.lose(task, LATER, ANA, NOBODY)

    assert back.state is State.QUEUED
    assert [(one.outcome, one.closed_at) for one in back.legs] == [
        (Outcome.LOST, LATER),
        (Outcome.LOST, LATER),
        (Outcome.WITHDRAWN, LATER),
    ]
    assert (invitation(back, 2).answer, invitation(back, 2).closed_at) == (Answer.WITHDRAWN, LATER)
    assert "to_agent_id" not in event.params


def test_an_invitation_in_a_queue_is_withdrawn_with_its_lost_owner() -> None:
    back = steps.lose(inviting(TO_SALES), LATER, ANA, NOBODY)[0]
    assert (invitation(back).answer, back.asked) == (Answer.WITHDRAWN, ())


def test_a_lost_guest_goes_and_the_chat_goes_on() -> None:
    task = steps.invite(conference(BIA), NOON, ANA, TO_CAIO, RING, WAIT, MOST)[0]
    on, event = steps.lose(task, LATER, BIA, NOBODY)

    assert states(on) == {ANA: State.CONNECTED, BIA: State.CLOSED, CAIO: State.OFFERED}
    assert (leg(on, BIA).closed_at, leg(on, BIA).outcome) == (LATER, Outcome.LOST)
    assert len(on.asked) == 1
    params = {"agent_id": BIA, "role": Role.GUEST}
    told = Notice(BIA, "task-lost", params)
    assert event == Event("lost", LATER, SYSTEM, params, (told,))


def test_only_who_talks_is_lost() -> None:
    with refused("not-connected", State.OFFERED):
        steps.lose(offered_to(ANA), LATER, ANA, NOBODY)
    with refused("not-connected", State.CONNECTED):
        steps.lose(inviting(TO_BIA), LATER, BIA, NOBODY)
