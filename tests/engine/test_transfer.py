"""Transfers on a real PostgreSQL: blind, to a queue or an agent, accepted or not (product.md 6)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from balcao.domain.values import AgentId, Outcome, Refused, Source, State, ToQueue
from balcao.store.targets import UnknownTarget
from tests.engine.hall import Hall
from tests.world import sql

pytestmark = pytest.mark.slow

RONA = 60


async def giver_and_receiver(hall: Hall) -> tuple[AgentId, AgentId, int]:
    """Marina, who talks; Camila, who is free; the task.  Marina will be asked no more."""
    marina = await hall.agent("Marina")
    task = await hall.talking(marina)
    await hall.become(marina, "idle")
    camila = await hall.agent("Camila")
    await hall.pass_time(7)
    return marina, camila, task


async def refused_and_nothing_changed(
    hall: Hall, task: int, by: AgentId, to: AgentId | ToQueue, code: str
) -> None:
    """The giver is told why, and still has the task."""
    before, lines = await hall.read(task), await hall.lines(task)
    with pytest.raises(Refused) as refused:
        await hall.transfer(task, by, to)
    assert refused.value.code == code
    with pytest.raises(Refused) as refused:
        await hall.invite(task, by, to)
    assert refused.value.code == code
    assert (await hall.read(task), await hall.lines(task)) == (before, lines)


async def idle(hall: Hall, target: AgentId) -> None:
    await hall.become(target, "idle")


async def in_rona(hall: Hall, target: AgentId) -> None:
    await hall.ringing(target, 9)
    await hall.pass_time(RONA)


async def silent(hall: Hall, target: AgentId) -> None:
    hall.cut(target)
    await hall.pass_time(25)


async def full(hall: Hall, target: AgentId) -> None:
    for customer in range(20, 25):
        await hall.ringing(target, customer)


async def ringing_to_the_limit(hall: Hall, target: AgentId) -> None:
    await hall.set("agent", "capacity = 1 where person_id = 2")
    await hall.ringing(target, 9)


@pytest.mark.parametrize("how", [idle, in_rona, silent, full, ringing_to_the_limit])
async def test_an_agent_who_can_not_be_rung_takes_nothing(
    hall: Hall, how: Callable[[Hall, AgentId], Awaitable[None]]
) -> None:
    marina, camila, task = await giver_and_receiver(hall)
    await how(hall, camila)
    await refused_and_nothing_changed(hall, task, marina, camila, "target-unavailable")


async def test_an_agent_who_signed_out_takes_nothing(hall: Hall) -> None:
    marina = await hall.agent("Marina")
    task = await hall.talking(marina)
    camila = await hall.agent("Camila")
    hall.cut(camila)
    await hall.pass_time(600)
    assert await hall.stands(camila) == "signed out"
    await refused_and_nothing_changed(hall, task, marina, camila, "target-unavailable")


async def test_nobody_transfers_to_oneself(hall: Hall) -> None:
    marina = await hall.agent("Marina")
    task = await hall.talking(marina)
    await refused_and_nothing_changed(hall, task, marina, marina, "has-leg")
    await hall.become(marina, "idle")
    await refused_and_nothing_changed(hall, task, marina, marina, "target-unavailable")


async def test_a_queue_that_is_retired_takes_nothing(hall: Hall) -> None:
    marina, _, task = await giver_and_receiver(hall)
    await hall.set("queue", "retired_at = now() where name = 'Vendas'")
    await refused_and_nothing_changed(hall, task, marina, hall.sales, "queue-closed")


@pytest.mark.parametrize("to", ["nobody", "sales", "hugo", "disabled"])
async def test_what_the_profile_does_not_allow_or_nobody_knows_is_no_target(
    hall: Hall, to: str
) -> None:
    marina, camila, task = await giver_and_receiver(hall)
    hugo = await hall.agent("Hugo", hall.floor.other_team)
    await hall.set("desktop_profile", "queue_ids = '{1}', team_ids = '{1}'")
    if to == "disabled":
        await hall.disable(camila)
    before = await hall.read(task)
    targets: dict[str, AgentId | ToQueue] = {
        "nobody": AgentId(99),
        "sales": hall.sales,
        "hugo": hugo,
        "disabled": camila,
    }
    for give in (hall.transfer, hall.invite):
        with pytest.raises(UnknownTarget):
            await give(task, marina, targets[to])
    assert await hall.read(task) == before


async def test_only_the_connected_owner_transfers(hall: Hall) -> None:
    marina, camila, task = await giver_and_receiver(hall)
    ringing = await hall.ringing(camila, 2)
    await hall.joined(task, marina, camila)
    with pytest.raises(Refused, match="not-primary"):
        await hall.transfer(task, camila, hall.sales)
    with pytest.raises(Refused, match="not-connected"):
        await hall.transfer(ringing, camila, hall.sales)
    await hall.end(task, marina)
    with pytest.raises(Refused, match="not-connected"):
        await hall.transfer(task, marina, hall.sales)


async def test_to_an_agent_it_rings_there_with_the_note_and_nowhere_else(hall: Hall) -> None:
    marina, camila, task = await giver_and_receiver(hall)
    diego = await hall.agent("Diego")
    place = (await hall.read(task)).queued_at

    await hall.transfer(task, marina, camila, "cliente com pressa")

    leg, after = await hall.leg(task, camila), await hall.read(task)
    assert leg.state is State.OFFERED
    assert leg.direct
    assert leg.origin.source is Source.TRANSFER
    assert (leg.origin.by, leg.origin.note) == (marina, "cliente com pressa")
    assert (after.queue, after.queued_at) == (hall.floor.queue, place)
    assert after.leg_of(diego) is None
    given = (await hall.lines(task))[-1]
    assert given == (
        "transferred",
        {
            "agent_id": str(marina),
            "agent": "Marina",
            "to_agent_id": str(camila),
            "to_agent": "Camila",
            "note": "cliente com pressa",
        },
    )


async def test_the_giver_wraps_up_at_once_and_the_receiver_gets_the_conversation(
    hall: Hall,
) -> None:
    marina, camila, task = await giver_and_receiver(hall)
    await hall.transfer(task, marina, camila)

    leg = await hall.leg(task, marina)
    assert (leg.state, leg.outcome) == (State.WRAP_UP, Outcome.TRANSFERRED)
    assert leg.wrap_up_at == hall.clock.at
    await hall.wrap_up(task, marina)
    assert await hall.rings_at(task) == camila
    await hall.accept(task, camila)

    assert await hall.owner(task) == camila
    assert [code for code, _ in await hall.lines(task)] == [
        *("queued", "accepted", "transferred", "accepted")
    ]
    assert await hall.told(marina) == []


async def test_to_a_queue_it_enters_now_and_rings_by_normal_routing(hall: Hall) -> None:
    marina, _, task = await giver_and_receiver(hall)
    hugo = await hall.agent("Hugo", hall.floor.other_team)

    await hall.transfer(task, marina, hall.sales, "quer comprar")

    after = await hall.read(task)
    assert (after.queue, after.queued_at) == (hall.floor.other_queue, hall.clock.at)
    leg = await hall.leg(task, hugo)
    assert (leg.state, leg.direct) == (State.OFFERED, False)
    assert (leg.origin.by, leg.origin.note) == (marina, "quer comprar")
    assert (await hall.lines(task))[-1][1]["to_queue"] == "Vendas"
    # Missed, it is offered to the next one with the same words; accepted, they are used up.
    ivo = await hall.agent("Ivo", hall.floor.other_team)
    await hall.pass_time(RONA)
    assert (await hall.leg(task, ivo)).origin.note == "quer comprar"
    await hall.accept(task, ivo)
    assert (await hall.read(task)).origin.source is Source.QUEUE
    assert await hall.told(marina) == [], "that somebody missed it is nothing to tell"


async def test_not_accepted_by_the_agent_it_is_queued_again_in_its_place(hall: Hall) -> None:
    marina, camila, task = await giver_and_receiver(hall)
    place = (await hall.read(task)).queued_at
    await hall.transfer(task, marina, camila)
    later = await hall.writes(2)
    await hall.become(camila, "idle")

    await hall.pass_time(RONA - 1)
    assert await hall.rings_at(task) == camila
    await hall.pass_time(1)

    after = await hall.read(task)
    assert (after.state, after.queue, after.queued_at) == (State.QUEUED, hall.floor.queue, place)
    assert (await hall.leg(task, camila)).outcome is Outcome.ABANDONED
    assert await hall.stands(camila) == "rona"
    assert "abandoned" in await hall.journal(task)
    ((code, params),) = await hall.told(marina)
    assert code == "transfer-unanswered"
    assert (params["agent"], params["customer"], params["policy"]) == ("Camila", "Ana", "requeue")
    line = (await hall.lines(task))[-1]
    assert line == (
        "abandoned",
        {
            "agent_id": str(camila),
            "agent": "Camila",
            "source": "transfer",
            "policy": "requeue",
        },
    )
    await hall.set("organisation", "capacity = 1")
    diego = await hall.agent("Diego")
    await hall.look()
    assert await hall.rings_at(task) == diego, "before the one who came later"
    assert await hall.rings_at(later) != diego


async def test_not_accepted_by_the_agent_it_ends_where_the_queue_says_so(hall: Hall) -> None:
    await hall.set("queue", "transfer_unanswered = 'end'")
    marina, camila, task = await giver_and_receiver(hall)
    await hall.transfer(task, marina, camila)

    await hall.pass_time(RONA)

    after = await hall.read(task)
    assert after.ended_at == hall.clock.at
    assert after.state is State.WRAP_UP, "Marina's"
    ((code, params),) = await hall.told(marina)
    assert (code, params["policy"]) == ("transfer-unanswered", "end")
    assert (await hall.lines(task))[-1][1]["policy"] == "end"
    diego = await hall.agent("Diego")
    fresh = await hall.writes()
    assert fresh != task, "the customer's next message opens a new one"
    assert await hall.rings_at(fresh) == diego
    await hall.wrap_up(task, marina)
    assert await hall.state(task) is State.ENDED


async def test_a_rona_on_a_transfer_to_a_queue_is_none_that_abandons(hall: Hall) -> None:
    await hall.set("queue", "transfer_unanswered = 'end'")
    marina, _, task = await giver_and_receiver(hall)
    hugo = await hall.agent("Hugo", hall.floor.other_team)
    await hall.transfer(task, marina, hall.sales)

    await hall.pass_time(RONA)

    assert (await hall.leg(task, hugo)).outcome is Outcome.RONA
    assert await hall.state(task) is State.QUEUED
    assert await hall.told(marina) == []


async def test_what_the_customer_writes_meanwhile_is_in_the_thread(hall: Hall) -> None:
    marina, camila, task = await giver_and_receiver(hall)
    await hall.transfer(task, marina, camila)
    assert await hall.writes(words="alguém aí?") == task
    await hall.accept(task, camila)
    assert await hall.writes(words="ufa") == task

    rows = await sql(
        hall.database, "select text from message where task_id = $1 and text is not null", task
    )
    assert [row["text"] for row in rows] == ["Oi", "alguém aí?", "ufa"]
    (until,) = await sql(
        hall.database,
        "select max(seq) as seq from message where text = 'Oi' or system->>'code' = 'transferred'",
    )
    legs = await sql(hall.database, "select until_seq from leg where agent_id = $1", marina)
    assert legs == [{"until_seq": until["seq"]}], "Marina reads no further"


async def test_a_task_given_back_and_forth_has_one_leg_for_each_time(hall: Hall) -> None:
    marina, camila, task = await giver_and_receiver(hall)
    await hall.transfer(task, marina, camila)
    await hall.accept(task, camila)
    with pytest.raises(Refused, match="target-unavailable"):
        await hall.transfer(task, camila, marina)
    await hall.become(marina, "available")
    with pytest.raises(Refused, match="has-leg"):
        await hall.transfer(task, camila, marina)
    await hall.wrap_up(task, marina)

    await hall.transfer(task, camila, marina)
    await hall.accept(task, marina)

    legs = (await hall.read(task)).legs
    assert [leg.agent for leg in legs] == [marina, camila, marina]
    assert await hall.owner(task) == marina
