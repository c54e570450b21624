"""Agents who vanish: the desk's connection is cut in each state of a leg, and where it all goes.

Grace (50 s) and loss (10 min) are proved to the second on a virtual clock.  That a stream that
is really cut, a sign-in elsewhere and a session that expires end in the same silence is
proved in tests/web/test_lost_desks.py.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from balcao.domain.values import AgentId, Answer, Outcome, Role, State
from balcao.engine.router import Router
from balcao.store import handling, tasks
from tests.engine.hall import Hall
from tests.world import sql, until_blocked

pytestmark = pytest.mark.slow

GRACE = 50
LOST = 10 * 60


async def test_ringing_goes_back_at_the_end_of_the_grace_time_without_rona(hall: Hall) -> None:
    marina = await hall.agent("Marina")
    await hall.set("organisation", "rona_seconds = 120")
    task = await hall.ringing(marina)
    place = (await hall.read(task)).queued_at
    camila = await hall.agent("Camila")
    hall.cut(marina)

    await hall.pass_time(GRACE - 1)
    assert (await hall.rings_at(task), await hall.stands(marina)) == (marina, "available")
    await hall.pass_time(1)

    assert (await hall.rings_at(task), await hall.stands(marina)) == (camila, "Conexão perdida")
    assert (await hall.leg(task, marina)).outcome is Outcome.WITHDRAWN
    assert (await hall.read(task)).queued_at == place
    rows = await sql(hall.database, "select params from event where code = 'withdrawn'")
    assert rows == [{"params": {"agent_id": marina, "reason": "connection-lost"}}]


async def test_an_offer_that_runs_out_within_the_grace_time_at_a_cut_desk_is_no_rona(
    hall: Hall,
) -> None:
    marina = await hall.agent("Marina")
    await hall.set("organisation", "rona_seconds = 30")
    task = await hall.ringing(marina)
    hall.cut(marina)

    await hall.pass_time(29)
    assert await hall.rings_at(task) == marina
    await hall.pass_time(1)

    assert (await hall.leg(task, marina)).outcome is Outcome.WITHDRAWN
    assert await hall.stands(marina) == "Conexão perdida", "at once"


async def test_only_a_desk_that_answers_gets_new_offers(hall: Hall) -> None:
    marina = await hall.agent("Marina")
    hall.cut(marina)
    await hall.pass_time(24)
    assert await hall.rings_at(await hall.writes(1)) == marina
    await hall.pass_time(1)
    task = await hall.writes(2)
    assert await hall.state(task) is State.QUEUED
    await hall.beat(marina)
    await hall.look()
    assert await hall.rings_at(task) == marina, "still available: the grace time is not over"


async def test_a_transfer_that_rings_at_a_lost_agent_is_queued_again(hall: Hall) -> None:
    await hall.set("queue", "transfer_unanswered = 'end', rona_seconds = 120")
    marina = await hall.agent("Marina")
    task = await hall.talking(marina)
    place = (await hall.read(task)).queued_at
    camila = await hall.agent("Camila")
    await hall.transfer(task, marina, camila)
    hall.cut(camila)

    await hall.pass_time(GRACE - 1)
    assert await hall.rings_at(task) == camila
    await hall.pass_time(1)

    after = await hall.read(task)
    assert (after.state, after.queued_at) == (State.QUEUED, place)
    assert [code for code, _ in await hall.told(marina)] == ["transfer-withdrawn"]


@pytest.mark.parametrize("to", ["agent", "queue"])
async def test_an_invitation_that_rings_at_a_lost_agent_is_withdrawn_or_waits_on(
    hall: Hall, to: str
) -> None:
    await hall.set("queue", "rona_seconds = 120")
    marina = await hall.agent("Marina")
    task = await hall.talking(marina)
    camila = await hall.agent("Camila")
    await hall.pass_time(1)
    await hall.invite(task, marina, camila if to == "agent" else hall.support)
    hall.cut(camila)

    await hall.pass_time(GRACE - 1)
    assert (await hall.leg(task, camila)).state is State.OFFERED
    await hall.pass_time(1)

    leg = await hall.leg(task, camila)
    assert (leg.state, leg.outcome) == (State.CLOSED, Outcome.WITHDRAWN)
    (invitation,) = (await hall.read(task)).invitations
    if to == "agent":
        assert invitation.answer is Answer.WITHDRAWN
        assert [code for code, _ in await hall.told(marina)] == ["conference-withdrawn"]
    else:
        assert invitation.answer is None, "the queue asks the next one"
        diego = await hall.agent("Diego")
        await hall.look()
        assert (await hall.leg(task, diego)).state is State.OFFERED
    assert await hall.owner(task) == marina


async def test_a_conversation_of_one_goes_back_to_its_queue_in_its_place(hall: Hall) -> None:
    marina = await hall.agent("Marina")
    task = await hall.talking(marina)
    before = await hall.read(task)
    await hall.pass_time(5)
    await hall.writes(2)
    camila = await hall.agent("Camila")
    await hall.become(camila, "idle")
    hall.cut(marina)

    await hall.pass_time(LOST - 1)
    assert await hall.owner(task) == marina, "kept for as long"
    assert await hall.stands(marina) == "Conexão perdida"
    await hall.pass_time(1)

    after = await hall.read(task)
    assert after.state is State.QUEUED
    assert (after.queue, after.queued_at, after.priority) == (
        *(before.queue, before.queued_at, before.priority),
    )
    assert (await hall.leg(task, marina)).outcome is Outcome.LOST
    assert [params for code, params in await hall.lines(task) if code == "lost"] == [
        {"agent_id": str(marina), "agent": "Marina", "role": "primary"}
    ]
    ((code, params),) = await hall.told(marina)
    assert (code, params["customer"], params["role"]) == ("task-lost", "Ana", "primary")
    assert await hall.stands(marina) == "signed out"
    await hall.become(camila, "available")
    assert await hall.rings_at(task) == camila


async def conference(hall: Hall, *names: str) -> tuple[int, AgentId, list[AgentId]]:
    """A task of Marina's with these guests, who joined in this order, a second apart."""
    marina = await hall.agent("Marina")
    task = await hall.talking(marina)
    guests = [await hall.agent(name) for name in names]
    for guest in guests:
        await hall.joined(task, marina, guest)
        await hall.pass_time(1)
    return task, marina, guests


async def test_a_conference_passes_to_a_guest_who_is_there(hall: Hall) -> None:
    await hall.set("queue", "wait_seconds_max = 6000")
    task, marina, (camila,) = await conference(hall, "Camila")
    await hall.invite(task, marina, hall.sales)
    hall.cut(marina)

    await hall.pass_time(LOST - 1)
    assert await hall.owner(task) == marina
    await hall.pass_time(1)

    assert await hall.owner(task) == camila
    assert (await hall.leg(task, camila)).role is Role.PRIMARY
    assert (await hall.leg(task, marina)).outcome is Outcome.LOST
    lost = [params for code, params in await hall.lines(task) if code == "lost"]
    assert (lost[0]["agent"], lost[0]["to_agent"]) == ("Marina", "Camila")
    ((code, params),) = await hall.told(marina)
    assert (code, params["to_agent"]) == ("task-lost", "Camila")
    assert [one.by for one in (await hall.read(task)).asked] == [camila], "it is hers now"
    await hall.end(task, camila)
    assert (await hall.leg(task, camila)).state is State.WRAP_UP


async def test_a_conference_whose_guest_is_away_too_is_queued_again(hall: Hall) -> None:
    await hall.set("organisation", "rona_seconds = 6000")
    task, marina, (camila,) = await conference(hall, "Camila")
    diego = await hall.agent("Diego")
    await hall.invite(task, marina, diego)
    await hall.become(diego, "idle")
    hall.cut(marina)
    await hall.pass_time(LOST - 26)
    hall.cut(camila)

    await hall.pass_time(25)
    assert await hall.owner(task) == marina
    await hall.pass_time(1)

    after = await hall.read(task)
    assert (after.state, after.connected, after.asked) == (State.QUEUED, (), ())
    outcomes = [(await hall.leg(task, one)).outcome for one in (marina, camila, diego)]
    assert outcomes == [Outcome.LOST, Outcome.LOST, Outcome.WITHDRAWN]
    assert await hall.stands(camila) == "available", "her own grace time has only begun"


async def test_of_two_guests_the_one_who_is_there_longest_becomes_owner(hall: Hall) -> None:
    task, marina, (camila, diego) = await conference(hall, "Camila", "Diego")
    hall.cut(marina)
    await hall.pass_time(LOST)
    assert await hall.owner(task) == camila
    assert await hall.guests(task) == [diego]


async def test_of_two_guests_the_one_whose_desk_answers_becomes_owner(hall: Hall) -> None:
    task, marina, (camila, diego) = await conference(hall, "Camila", "Diego")
    hall.cut(marina)
    await hall.pass_time(LOST - 26)
    hall.cut(camila)
    await hall.pass_time(26)
    assert await hall.owner(task) == diego
    assert await hall.guests(task) == [camila], "her time has only begun"


async def test_a_lost_guest_leaves_the_chat_to_the_others(hall: Hall) -> None:
    task, marina, (camila, diego) = await conference(hall, "Camila", "Diego")
    hall.cut(camila)

    await hall.pass_time(LOST - 1)
    assert await hall.guests(task) == [camila, diego]
    await hall.pass_time(1)

    assert (await hall.owner(task), await hall.guests(task)) == (marina, [diego])
    leg = await hall.leg(task, camila)
    assert (leg.state, leg.outcome) == (State.CLOSED, Outcome.LOST)
    ((code, params),) = await hall.told(camila)
    assert (code, params["role"]) == ("task-lost", "guest")
    assert await hall.told(marina) == []


@pytest.mark.parametrize("auto", [False, True])
async def test_a_wrap_up_is_submitted_by_the_system(hall: Hall, auto: bool) -> None:
    """With a countdown when that is over, without one when the agent is lost for good."""
    seconds = 100 if auto else LOST
    await hall.set("desktop_profile", f"wrap_up_seconds = {'100' if auto else 'null'}")
    marina = await hall.agent("Marina")
    task = await hall.talking(marina)
    await hall.end(task, marina)
    hall.cut(marina)

    await hall.pass_time(seconds - 1)
    assert await hall.state(task) is State.WRAP_UP
    await hall.pass_time(1)

    leg = await hall.leg(task, marina)
    assert (leg.state, leg.outcome) == (State.CLOSED, Outcome.ENDED)
    assert leg.wrap_up_code == await hall.wrap_up_code("Pedido resolvido")
    assert (await hall.stands(marina) == "signed out") is not auto
    await hall.pass_time(LOST)
    assert await hall.stands(marina) == "signed out"


async def test_a_guests_wrap_up_is_submitted_too(hall: Hall) -> None:
    await hall.set("desktop_profile", "guests_wrap_up = true")
    task, marina, (camila,) = await conference(hall, "Camila")
    await hall.do(handling.leave, task, camila)
    hall.cut(camila)
    await hall.pass_time(LOST - 1)
    assert (await hall.leg(task, camila)).state is State.WRAP_UP
    await hall.pass_time(1)
    assert (await hall.leg(task, camila)).state is State.CLOSED
    assert await hall.owner(task) == marina


@pytest.mark.parametrize("back_after", [GRACE - 1, LOST - 1])
async def test_a_desk_that_answers_meanwhile_is_not_lost(hall: Hall, back_after: int) -> None:
    marina = await hall.agent("Marina")
    task = await hall.talking(marina)
    hall.cut(marina)
    await hall.pass_time(back_after)
    await hall.beat(marina)

    await hall.pass_time(2)

    in_time = back_after < GRACE
    assert await hall.stands(marina) == ("available" if in_time else "Conexão perdida")
    assert await hall.owner(task) == marina
    hall.cut(marina)
    await hall.pass_time(LOST - 21)
    assert await hall.owner(task) == marina, "the time starts anew"


async def test_rona_stays_rona_when_the_connection_is_lost(hall: Hall) -> None:
    marina = await hall.agent("Marina")
    await hall.ringing(marina)
    await hall.pass_time(60)
    hall.cut(marina)
    await hall.pass_time(LOST - 1)
    assert await hall.stands(marina) == "rona"
    await hall.pass_time(1)
    assert await hall.stands(marina) == "signed out"


async def test_the_reason_of_an_idle_agent_becomes_the_lost_connection(hall: Hall) -> None:
    marina = await hall.agent("Marina")
    await hall.become(marina, "idle")
    hall.cut(marina)
    await hall.pass_time(GRACE - 1)
    assert await hall.stands(marina) == "Pausa"
    await hall.pass_time(1)
    assert await hall.stands(marina) == "Conexão perdida"
    rows = await sql(hall.database, "select by_kind from agent_event order by id desc limit 1")
    assert rows == [{"by_kind": "system"}]


async def test_an_outage_counts_for_nobody(hall: Hall) -> None:
    """Grace and lost times start anew when somebody can reach the database again."""
    marina = await hall.agent("Marina")
    task = await hall.talking(marina)
    hall.cut(marina)
    await hall.pass_time(GRACE - 1)

    await hall.outage(LOST)

    assert await hall.stands(marina) == "available"
    await hall.pass_time(GRACE - 1)
    assert await hall.stands(marina) == "available"
    await hall.pass_time(1)
    assert await hall.stands(marina) == "Conexão perdida"
    await hall.pass_time(LOST - GRACE - 1)
    assert await hall.owner(task) == marina
    await hall.pass_time(1)
    assert await hall.state(task) is State.QUEUED


async def test_after_an_outage_every_offer_has_fifteen_seconds_left(hall: Hall) -> None:
    marina = await hall.agent("Marina")
    task = await hall.ringing(marina)

    await hall.outage(300)
    assert await hall.rings_at(task) == marina
    await hall.beat(marina)
    await hall.pass_time(14)
    assert await hall.rings_at(task) == marina
    await hall.pass_time(1)

    assert await hall.stands(marina) == "rona"


async def test_a_router_that_dies_after_an_outage_takes_nobodys_time(hall: Hall) -> None:
    marina = await hall.agent("Marina")
    task = await hall.ringing(marina)
    hall.clock.at += timedelta(seconds=300)
    async with hall.database.transaction() as tx:
        await tasks.lock(tx, task)
        dying = asyncio.create_task(Router(hall.database).step())
        await until_blocked(hall.database)
        dying.cancel()
        await asyncio.wait([dying])
    await hall.beat(marina)

    await hall.outage(1)

    assert await hall.rings_at(task) == marina
    assert (await hall.leg(task, marina)).answer_by == hall.clock.at + timedelta(seconds=15)
