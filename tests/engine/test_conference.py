"""Conferences on a real PostgreSQL: asked in, joined, left, handed over (product.md 7)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from balcao.domain.values import AgentId, Answer, Outcome, Refused, Role, Source, State
from balcao.store import handling
from tests.engine.hall import Hall
from tests.world import sql

pytestmark = pytest.mark.slow

RONA = 60


async def owner_and_guest(hall: Hall) -> tuple[AgentId, AgentId, int]:
    """Marina, who talks; Camila, who is free; the task."""
    marina = await hall.agent("Marina")
    task = await hall.talking(marina)
    camila = await hall.agent("Camila")
    await hall.pass_time(7)
    return marina, camila, task


async def told(hall: Hall, agent: AgentId) -> list[str]:
    return [code for code, _ in await hall.told(agent)]


async def test_an_agent_is_asked_in_and_joins(hall: Hall) -> None:
    marina, camila, task = await owner_and_guest(hall)
    await hall.invite(task, marina, camila)
    leg = await hall.leg(task, camila)
    assert (leg.role, leg.state, leg.direct) == (Role.GUEST, State.OFFERED, True)
    assert (leg.origin.source, leg.origin.by) == (Source.CONFERENCE, marina)

    await hall.accept(task, camila)

    assert await hall.owner(task) == marina, "the inviter stays primary"
    assert await hall.guests(task) == [camila]
    assert (await hall.read(task)).invitations[0].answer is Answer.ACCEPTED
    assert (await hall.lines(task))[-1] == (
        "joined",
        {"agent_id": str(camila), "agent": "Camila"},
    )
    assert await told(hall, marina) == []


async def test_an_agent_who_does_not_accept_is_in_rona_and_the_inviter_is_told(
    hall: Hall,
) -> None:
    await hall.set("queue", "transfer_unanswered = 'end'")
    marina, camila, task = await owner_and_guest(hall)
    diego = await hall.agent("Diego")
    await hall.invite(task, marina, camila)

    await hall.pass_time(RONA)

    assert (await hall.leg(task, camila)).outcome is Outcome.ABANDONED
    assert await hall.stands(camila) == "rona"
    after = await hall.read(task)
    assert after.invitations[0].answer is Answer.ABANDONED
    assert after.leg_of(diego) is None, "nobody else is asked"
    assert await hall.owner(task) == marina, "the policy for transfers has no say in it"
    ((code, params),) = await hall.told(marina)
    assert (code, params["agent"], params["customer"]) == (
        *("conference-unanswered", "Camila", "Ana"),
    )
    assert [code for code, _ in await hall.lines(task)] == ["queued", "accepted"]


async def test_an_invitation_to_a_queue_waits_and_rings_one_after_another(hall: Hall) -> None:
    marina, camila, task = await owner_and_guest(hall)
    diego = await hall.agent("Diego")
    await hall.become(camila, "idle")
    await hall.become(diego, "idle")
    await hall.invite(task, marina, hall.support)
    (asked,) = (await hall.read(task)).asked
    assert asked.invited_at == hall.clock.at, "its place is the moment of inviting"
    assert (await hall.read(task)).leg_of(marina) is not None
    await hall.pass_time(10)

    await hall.become(camila, "available")
    assert (await hall.leg(task, camila)).direct is False
    await hall.become(diego, "available")
    await hall.pass_time(RONA)

    assert (await hall.leg(task, camila)).outcome is Outcome.RONA
    assert await hall.stands(camila) == "rona"
    assert (await hall.leg(task, diego)).state is State.OFFERED
    await hall.accept(task, diego)
    assert await hall.guests(task) == [diego]
    assert (await hall.read(task)).invitations[0].answer is Answer.ACCEPTED
    assert await told(hall, marina) == [], "a queue's RONA is nothing to tell"


async def test_tasks_and_invitations_wait_in_one_line(hall: Hall) -> None:
    await hall.set("organisation", "capacity = 1")
    marina, camila, task = await owner_and_guest(hall)
    await hall.become(camila, "idle")
    first = await hall.writes(2)
    await hall.pass_time(1)
    await hall.invite(task, marina, hall.support)
    await hall.pass_time(1)
    last = await hall.writes(3)

    await hall.become(camila, "available")
    assert await hall.rings_at(first) == camila
    diego = await hall.agent("Diego")
    await hall.look()
    assert (await hall.leg(task, diego)).state is State.OFFERED
    assert await hall.state(last) is State.QUEUED


@pytest.mark.parametrize(("limit", "seconds"), [("null", 600), ("90", 90)])
async def test_an_invitation_to_a_queue_ends_at_the_queues_maximum_or_ten_minutes(
    hall: Hall, limit: str, seconds: int
) -> None:
    await hall.set("queue", f"wait_seconds_max = {limit}")
    marina, _, task = await owner_and_guest(hall)
    await hall.invite(task, marina, hall.sales)

    await hall.pass_time(seconds - 1)
    assert len((await hall.read(task)).asked) == 1
    await hall.pass_time(1)

    assert (await hall.read(task)).invitations[0].answer is Answer.EXPIRED
    ((code, params),) = await hall.told(marina)
    assert (code, params["to_queue"], params["customer"]) == ("conference-expired", "Vendas", "Ana")


async def test_an_invitation_that_rings_as_its_time_is_over_may_still_be_accepted(
    hall: Hall,
) -> None:
    await hall.set("queue", "wait_seconds_max = 90")
    marina, _, task = await owner_and_guest(hall)
    await hall.invite(task, marina, hall.sales)
    await hall.pass_time(85)
    hugo, ivo = [await hall.agent(name, hall.floor.other_team) for name in ("Hugo", "Ivo")]
    await hall.look()
    await hall.pass_time(30)
    assert (await hall.leg(task, hugo)).state is State.OFFERED
    await hall.pass_time(30)

    assert (await hall.leg(task, hugo)).outcome is Outcome.RONA
    assert (await hall.read(task)).leg_of(ivo) is None, "no further one is asked"
    assert (await hall.read(task)).invitations[0].answer is Answer.EXPIRED


@pytest.mark.parametrize("to", ["agent", "queue", "ringing queue"])
async def test_cancelled_it_is_withdrawn_and_no_rona(hall: Hall, to: str) -> None:
    marina, camila, task = await owner_and_guest(hall)
    if to == "queue":
        await hall.become(camila, "idle")
    await hall.invite(task, marina, camila if to == "agent" else hall.support)

    await hall.cancel(task, marina)

    after = await hall.read(task)
    assert after.invitations[0].answer is Answer.CANCELLED
    if to != "queue":
        assert (await hall.leg(task, camila)).outcome is Outcome.WITHDRAWN
        assert await hall.stands(camila) == "available"
        with pytest.raises(Refused, match="offer-over"):
            await hall.accept(task, camila)
    assert await told(hall, marina) == []
    with pytest.raises(Refused, match="no-invitation"):
        await hall.cancel(task, marina)


async def test_of_two_invitations_at_once_one_is_cancelled_and_the_other_accepted(
    hall: Hall,
) -> None:
    marina, camila, task = await owner_and_guest(hall)
    diego = await hall.agent("Diego")
    await hall.invite(task, marina, camila)
    await hall.invite(task, marina, diego)

    await hall.cancel(task, marina, 1)
    with pytest.raises(Refused, match="no-invitation"):
        await hall.cancel(task, marina, 1)
    await hall.accept(task, diego)

    assert await hall.guests(task) == [diego]
    answers = [one.answer for one in (await hall.read(task)).invitations]
    assert answers == [Answer.CANCELLED, Answer.ACCEPTED]


async def test_two_invitations_to_one_queue_ring_at_two_agents(hall: Hall) -> None:
    marina, camila, task = await owner_and_guest(hall)
    diego = await hall.agent("Diego")
    await hall.invite(task, marina, hall.support)
    await hall.invite(task, marina, hall.support)

    ringing = {leg.agent for leg in (await hall.read(task)).legs if leg.state is State.OFFERED}
    assert ringing == {camila, diego}
    await hall.invite(task, marina, hall.support)
    assert {leg.agent for leg in (await hall.read(task)).legs if leg.live} == {
        marina,
        camila,
        diego,
    }, "nobody has two parts in one task"


async def test_as_many_guests_as_the_setting_says_invitations_included(hall: Hall) -> None:
    await hall.set("organisation", "guests_max = 2")
    marina, camila, task = await owner_and_guest(hall)
    await hall.joined(task, marina, camila)
    await hall.invite(task, marina, hall.sales)

    with pytest.raises(Refused, match="guests-full") as full:
        await hall.invite(task, marina, hall.sales)

    assert full.value.details["max"] == 2
    await hall.cancel(task, marina)
    await hall.invite(task, marina, hall.sales)


async def test_whoever_has_a_part_already_is_not_asked_in(hall: Hall) -> None:
    marina, camila, task = await owner_and_guest(hall)
    await hall.invite(task, marina, camila)
    with pytest.raises(Refused, match="has-leg"):
        await hall.invite(task, marina, camila)
    await hall.accept(task, camila)
    with pytest.raises(Refused, match="has-leg"):
        await hall.invite(task, marina, camila)


async def test_a_guest_leaves_and_the_chat_goes_on(hall: Hall) -> None:
    marina, camila, task = await owner_and_guest(hall)
    await hall.joined(task, marina, camila)
    with pytest.raises(Refused, match="not-guest"):
        await hall.do(handling.leave, task, marina)

    await hall.do(handling.leave, task, camila)

    leg = await hall.leg(task, camila)
    assert (leg.state, leg.outcome) == (State.CLOSED, Outcome.LEFT)
    assert await hall.owner(task) == marina
    assert (await hall.lines(task))[-1] == ("left", {"agent_id": str(camila), "agent": "Camila"})
    await hall.joined(task, marina, camila)
    assert await hall.guests(task) == [camila], "and may be asked in again"


async def test_a_guest_is_removed(hall: Hall) -> None:
    marina, camila, task = await owner_and_guest(hall)
    await hall.joined(task, marina, camila)
    with pytest.raises(Refused, match="not-primary"):
        await hall.do(handling.remove, task, camila, marina)

    await hall.do(handling.remove, task, marina, camila)

    leg = await hall.leg(task, camila)
    assert (leg.state, leg.outcome) == (State.CLOSED, Outcome.REMOVED)
    code, params = (await hall.lines(task))[-1]
    assert (code, params["agent"], params["by"]) == ("removed", "Camila", "Marina")
    with pytest.raises(Refused, match="no-guest"):
        await hall.do(handling.remove, task, marina, camila)


async def test_a_guest_to_whom_it_is_handed_over_is_primary(hall: Hall) -> None:
    marina, camila, task = await owner_and_guest(hall)
    diego = await hall.agent("Diego")
    await hall.joined(task, marina, camila)
    await hall.joined(task, marina, diego)
    with pytest.raises(Refused, match="no-guest"):
        await hall.do(handling.hand_over, task, marina, AgentId(99))
    with pytest.raises(Refused, match="not-primary"):
        await hall.do(handling.hand_over, task, camila, diego)

    await hall.do(handling.hand_over, task, marina, camila)

    assert await hall.owner(task) == camila
    assert await hall.guests(task) == [diego]
    leg = await hall.leg(task, marina)
    assert (leg.state, leg.outcome) == (State.WRAP_UP, Outcome.HANDED_OVER)
    code, params = (await hall.lines(task))[-1]
    assert (code, params["agent"], params["to_agent"]) == ("handed-over", "Marina", "Camila")
    await hall.end(task, camila)
    assert (await hall.leg(task, camila)).state is State.WRAP_UP


@pytest.mark.parametrize("guests_wrap_up", [False, True])
async def test_ended_it_is_over_for_everyone(hall: Hall, guests_wrap_up: bool) -> None:
    await hall.set("desktop_profile", f"guests_wrap_up = {guests_wrap_up}")
    marina, camila, task = await owner_and_guest(hall)
    diego, ringing = await hall.agent("Diego"), await hall.agent("Hugo")
    for guest in (camila, diego):
        await hall.joined(task, marina, guest)
    await hall.invite(task, marina, ringing)
    with pytest.raises(Refused, match="not-primary"):
        await hall.end(task, camila)

    await hall.end(task, marina)

    after = await hall.read(task)
    assert after.ended_at == hall.clock.at
    assert after.connected == ()
    own = State.WRAP_UP if guests_wrap_up else State.CLOSED
    assert [(await hall.leg(task, one)).state for one in (marina, camila, diego, ringing)] == [
        *(State.WRAP_UP, own, own, State.CLOSED)
    ]
    assert {(await hall.leg(task, one)).outcome for one in (marina, camila, diego)} == {
        Outcome.ENDED
    }
    assert after.invitations[-1].answer is Answer.WITHDRAWN
    if guests_wrap_up:
        await hall.wrap_up(task, camila)
        assert (await hall.leg(task, camila)).state is State.CLOSED


async def test_a_leaving_guest_wraps_up_where_the_profile_says_so(hall: Hall) -> None:
    """It is the guest's own profile that counts."""
    await sql(
        hall.database,
        "insert into desktop_profile (name, guests_wrap_up, wrap_up_seconds)"
        " values ('Convidados', true, 30)",
    )
    marina, camila, task = await owner_and_guest(hall)
    await hall.set("agent", f"profile_id = 2 where person_id = {camila}")
    await hall.joined(task, marina, camila)

    await hall.do(handling.leave, task, camila)

    leg = await hall.leg(task, camila)
    assert (leg.state, leg.outcome) == (State.WRAP_UP, Outcome.LEFT)
    assert leg.wrap_up_by == hall.clock.at + timedelta(seconds=30)
    assert await hall.state(task) is State.CONNECTED, "the chat goes on"
    await hall.pass_time(30)
    assert (await hall.leg(task, camila)).state is State.CLOSED


async def test_a_guests_leg_takes_a_slot_from_the_first_ring(hall: Hall) -> None:
    await hall.set("organisation", "capacity = 1")
    marina, camila, task = await owner_and_guest(hall)
    await hall.invite(task, marina, camila)
    waiting = await hall.writes(2)
    assert await hall.state(waiting) is State.QUEUED
    await hall.accept(task, camila)
    assert await hall.state(waiting) is State.QUEUED
    await hall.do(handling.leave, task, camila)
    assert await hall.rings_at(waiting) == camila


async def test_the_withdrawal_of_an_invitation_is_told_to_who_owns_it_by_then(
    hall: Hall,
) -> None:
    marina, camila, task = await owner_and_guest(hall)
    diego = await hall.agent("Diego")
    await hall.joined(task, marina, camila)
    await hall.invite(task, marina, diego)
    await hall.do(handling.hand_over, task, marina, camila)
    hall.cut(diego)

    await hall.pass_time(50)

    assert await told(hall, marina) == []
    ((code, params),) = await hall.told(camila)
    assert (code, params["agent"], params["reason"]) == (
        *("conference-withdrawn", "Diego", "connection-lost"),
    )


async def test_a_task_that_nobody_owns_asks_nobody_in(hall: Hall) -> None:
    marina, camila, task = await owner_and_guest(hall)
    await hall.transfer(task, marina, hall.sales)
    with pytest.raises(Refused, match="not-connected"):
        await hall.invite(task, marina, camila)
    with pytest.raises(Refused, match="not-connected"):
        await hall.cancel(task, marina)
