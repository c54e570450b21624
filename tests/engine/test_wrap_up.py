"""The end of a task and its wrap-up on a real PostgreSQL, counted down by the server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from balcao.domain import task as steps
from balcao.domain.values import AgentId, Hold, Outcome, Refused, State
from balcao.store import handling, tasks
from tests.engine.hall import Hall
from tests.world import sql

pytestmark = pytest.mark.slow

SECONDS = 30


async def counting(hall: Hall, more: str = "") -> None:
    """Every wrap-up is submitted by itself after half a minute."""
    await hall.set("desktop_profile", f"wrap_up_seconds = {SECONDS}{more}")


async def ended(hall: Hall, marina: AgentId, task: int) -> None:
    await hall.end(task, marina)


async def transferred(hall: Hall, marina: AgentId, task: int) -> None:
    await hall.transfer(task, marina, hall.sales)


async def handed_over(hall: Hall, marina: AgentId, task: int) -> None:
    await hall.become(marina, "idle")
    camila = await hall.agent("Camila")
    await hall.joined(task, marina, camila)
    await hall.do(handling.hand_over, task, marina, camila)


@pytest.mark.parametrize(
    ("how", "outcome"),
    [
        (ended, Outcome.ENDED),
        (transferred, Outcome.TRANSFERRED),
        (handed_over, Outcome.HANDED_OVER),
    ],
)
async def test_a_countdown_submits_the_default_reason(
    hall: Hall, how: Callable[[Hall, AgentId, int], Awaitable[None]], outcome: Outcome
) -> None:
    await counting(hall)
    marina = await hall.agent("Marina")
    task = await hall.talking(marina)

    await how(hall, marina, task)
    leg = await hall.leg(task, marina)
    assert leg.wrap_up_by == hall.clock.at + timedelta(seconds=SECONDS)
    await hall.pass_time(SECONDS - 1)
    assert (await hall.leg(task, marina)).state is State.WRAP_UP
    await hall.pass_time(1)

    leg = await hall.leg(task, marina)
    assert (leg.state, leg.outcome) == (State.CLOSED, outcome)
    assert leg.wrap_up_code == await hall.wrap_up_code("Pedido resolvido")
    rows = await sql(hall.database, "select by_kind, by_id from event where code = 'wrapped-up'")
    assert rows == [{"by_kind": "system", "by_id": None}]


async def test_a_hold_stops_the_countdown(hall: Hall) -> None:
    await counting(hall)
    marina = await hall.agent("Marina")
    task = await hall.talking(marina)
    await hall.end(task, marina)
    assert (await hall.leg(task, marina)).hold is Hold.ALLOWED
    await hall.pass_time(SECONDS - 1)

    await hall.do(tasks.move, task, steps.hold, marina)
    await hall.pass_time(10 * SECONDS)

    leg = await hall.leg(task, marina)
    assert (leg.state, leg.hold, leg.wrap_up_by) == (State.WRAP_UP, Hold.HELD, None)
    with pytest.raises(Refused, match="no-hold"):
        await hall.do(tasks.move, task, steps.hold, marina)
    await hall.wrap_up(task, marina)
    assert (await hall.leg(task, marina)).wrap_up_code == await hall.wrap_up_code("Engano / spam")


async def test_a_hold_is_refused_where_the_profile_forbids_it(hall: Hall) -> None:
    await counting(hall, ", wrap_up_may_hold = false")
    marina = await hall.agent("Marina")
    task = await hall.talking(marina)
    await hall.end(task, marina)

    with pytest.raises(Refused, match="no-hold"):
        await hall.do(tasks.move, task, steps.hold, marina)

    assert (await hall.leg(task, marina)).hold is Hold.NONE


async def test_without_a_countdown_there_is_nothing_to_hold_and_all_day_to_choose(
    hall: Hall,
) -> None:
    marina = await hall.agent("Marina")
    task = await hall.talking(marina)
    with pytest.raises(Refused, match="not-in-wrap-up"):
        await hall.do(tasks.move, task, steps.hold, marina)
    await hall.end(task, marina)
    with pytest.raises(Refused, match="no-hold"):
        await hall.do(tasks.move, task, steps.hold, marina)
    await hall.pass_time(900)
    assert await hall.state(task) is State.WRAP_UP


async def test_the_profile_of_the_moment_of_ending_counts(hall: Hall) -> None:
    await counting(hall)
    marina = await hall.agent("Marina")
    task = await hall.talking(marina)
    await hall.end(task, marina)
    await hall.set("desktop_profile", "wrap_up_seconds = null")
    await hall.pass_time(SECONDS)
    assert await hall.state(task) is State.ENDED


async def test_several_wrap_ups_at_once_count_down_each_for_itself(hall: Hall) -> None:
    await counting(hall)
    marina = await hall.agent("Marina")
    first, second, third = [await hall.talking(marina, customer) for customer in (1, 2, 3)]
    for task in (first, second, third):
        await hall.end(task, marina)
        await hall.pass_time(5)
    await hall.do(tasks.move, second, steps.hold, marina)

    await hall.pass_time(SECONDS - 15)
    assert [await hall.state(task) for task in (first, second, third)] == [
        *(State.ENDED, State.WRAP_UP, State.WRAP_UP)
    ]
    await hall.pass_time(10)
    assert [await hall.state(task) for task in (first, second, third)] == [
        *(State.ENDED, State.WRAP_UP, State.ENDED)
    ]


async def test_wrap_up_keeps_the_slot_until_it_is_submitted(hall: Hall) -> None:
    await hall.set("organisation", "capacity = 1")
    marina = await hall.agent("Marina")
    task = await hall.talking(marina)
    await hall.end(task, marina)
    waiting = await hall.writes(2)
    assert await hall.state(waiting) is State.QUEUED
    await hall.wrap_up(task, marina)
    assert await hall.rings_at(waiting) == marina


async def test_a_message_after_the_end_opens_a_new_task_at_once(hall: Hall) -> None:
    marina = await hall.agent("Marina")
    task = await hall.talking(marina)
    await hall.end(task, marina)

    fresh = await hall.writes()

    assert fresh != task
    assert await hall.rings_at(fresh) == marina, "another task is another matter"
    assert await hall.state(task) is State.WRAP_UP


async def test_only_the_reasons_that_the_profile_allows_are_taken(hall: Hall) -> None:
    marina = await hall.agent("Marina")
    task = await hall.talking(marina)
    await hall.end(task, marina)
    allowed = await hall.wrap_up_code("Pedido resolvido")
    await hall.set("desktop_profile", f"wrap_up_code_ids = '{{{allowed}}}'")
    with pytest.raises(Refused, match="unknown-code"):
        await hall.wrap_up(task, marina)
    await hall.do(handling.wrap_up, task, marina, allowed, "tudo certo")
    leg = await hall.leg(task, marina)
    assert (leg.wrap_up_code, leg.wrap_up_note) == (allowed, "tudo certo")
    with pytest.raises(Refused, match="not-in-wrap-up"):
        await hall.do(handling.wrap_up, task, marina, allowed, None)


async def test_after_an_outage_a_countdown_has_fifteen_seconds_left(hall: Hall) -> None:
    await counting(hall)
    marina = await hall.agent("Marina")
    task = await hall.talking(marina)
    await hall.end(task, marina)

    await hall.outage(SECONDS)

    assert (await hall.leg(task, marina)).wrap_up_by == hall.clock.at + timedelta(seconds=15)
    await hall.pass_time(15)
    assert await hall.state(task) is State.ENDED


async def test_a_reason_submitted_as_the_countdown_ends_is_taken_once(hall: Hall) -> None:
    """The deadline alone closes nothing: whoever holds the task first decides."""
    await counting(hall)
    marina = await hall.agent("Marina")
    task = await hall.talking(marina)
    await hall.end(task, marina)
    hall.clock.at += timedelta(seconds=SECONDS)

    await hall.wrap_up(task, marina)

    assert (await hall.leg(task, marina)).wrap_up_code == await hall.wrap_up_code("Engano / spam")
    assert (await hall.journal(task)).count("wrapped-up") == 1
