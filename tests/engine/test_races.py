"""Two steps of one task at the same moment, two hundred times: one winner, nothing lost.

Both wait for the conversation's row (tests/engine/course.py); the checker looks at the end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from functools import partial

import pytest

from balcao.domain import task as steps
from balcao.domain.values import AgentId, Outcome, State, ToAgent
from balcao.engine import absence, ringing
from balcao.store import handling
from tests import world
from tests.engine.course import (
    ROUNDS,
    Course,
    Told,
    handle,
    invited,
    move,
    opened,
    ringing_at,
    talking,
    with_guest,
)
from tests.world import sql

pytestmark = pytest.mark.slow


@pytest.fixture
async def course(dsn: str) -> AsyncIterator[Course]:
    async with opened(dsn) as course:
        yield course


async def test_accept_and_accept(course: Course) -> None:
    """Two sessions of the agent at whom it rings; and one at whom it does not."""
    firsts = Counter[bool]()
    for round in range(ROUNDS):
        task, conversation = await course.begin(ringing_at(course.marina))
        accept = move(task, steps.accept, course.marina)
        other = accept if round % 2 else move(task, steps.accept, course.camila)
        fared = await course.race("conversation", conversation, accept, other)
        assert sorted(fared, key=str) == [None, "offer-over"]
        if round % 2:
            firsts[fared[0] is None] += 1
        else:
            assert fared[0] is None, "the stranger never wins"
        owner = (await course.read(task)).owner
        assert owner is not None
        assert (owner.agent, owner.state) == (course.marina, State.CONNECTED)
        await course.tidy(task)
    assert len(firsts) == 2


async def test_accept_and_rona(course: Course) -> None:
    """The deadline comes before, after, or just as both wait: the database's clock decides."""
    seen = Counter[Outcome | None]()
    for round in range(ROUNDS):
        task, conversation = await course.begin(ringing_at(course.marina))
        left = (-0.001, 5.0, course.dice.uniform(0, 0.01))[round % 3]
        await sql(
            course.here,
            "update leg set answer_by = clock_timestamp() + make_interval(secs => $2)"
            " where task_id = $1",
            task,
            left,
        )
        fared = await course.race(
            "conversation",
            conversation,
            move(task, steps.accept, course.marina),
            partial(ringing.ring_out, task_id=task, agent_id=course.marina),
        )
        if fared[0] is not None:  # it is due by now, if the race did not see to it
            await ringing.ring_out(course.here, task, course.marina)
        (leg,) = (await course.read(task)).legs
        state = (await sql(course.here, "select state from agent where person_id = 1"))[0]["state"]
        if fared[0] is None:
            assert (leg.state, state) == (State.CONNECTED, "available")
        else:
            assert (fared[0], leg.outcome, state) == ("offer-over", Outcome.RONA, "rona")
        seen[leg.outcome] += 1
        await course.tidy(task)
    assert set(seen) == {None, Outcome.RONA}


async def test_accept_and_withdraw(course: Course) -> None:
    """The desk is given up in the very moment in which its agent accepts."""
    seen = Counter[Outcome | None]()
    for _ in range(ROUNDS):
        task, conversation = await course.begin(ringing_at(course.marina))
        await world.silence(course.here, course.marina)
        fared = await course.race(
            "conversation",
            conversation,
            move(task, steps.accept, course.marina),
            partial(absence.disconnect, agent_id=course.marina),
        )
        (leg,) = (await course.read(task)).legs
        state = (await sql(course.here, "select state from agent where person_id = 1"))[0]["state"]
        assert state == "idle"
        won = (None, None, State.CONNECTED), ("offer-over", Outcome.WITHDRAWN, State.CLOSED)
        assert (fared[0], leg.outcome, leg.state) in won
        seen[leg.outcome] += 1
        await course.tidy(task)
    assert set(seen) == {None, Outcome.WITHDRAWN}


async def test_end_and_join(course: Course) -> None:
    seen = Counter[Told]()
    for _ in range(ROUNDS):
        task, conversation = await course.begin(
            *talking(course.marina), invited(course.marina, ToAgent(course.camila))
        )
        fared = await course.race(
            "conversation",
            conversation,
            handle(handling.end, task, course.marina),
            move(task, steps.accept, course.camila),
        )
        assert fared[0] is None
        after = await course.read(task)
        leg = after.leg_of(course.camila)
        assert leg is not None
        assert (after.connected, after.asked) == ((), ())
        won = (None, Outcome.ENDED), ("offer-over", Outcome.WITHDRAWN)
        assert (fared[1], leg.outcome) in won
        seen[fared[1]] += 1
        await course.tidy(task)
    assert len(seen) == 2


async def test_end_and_transfer(course: Course) -> None:
    seen = Counter[Outcome | None]()
    for _ in range(ROUNDS):
        task, conversation = await course.begin(*talking(course.marina))
        fared = await course.race(
            "conversation",
            conversation,
            handle(handling.end, task, course.marina),
            handle(handling.transfer, task, course.marina, ToAgent(course.camila), None),
        )
        assert sorted(fared, key=str) == [None, "not-connected"]
        after = await course.read(task)
        leg = after.leg_of(course.marina)
        assert leg is not None
        assert (leg.outcome is Outcome.ENDED) is (fared[0] is None) is (after.ended_at is not None)
        seen[leg.outcome] += 1
        await course.tidy(task)
    assert set(seen) == {Outcome.ENDED, Outcome.TRANSFERRED}


async def test_hand_over_and_leave(course: Course) -> None:
    seen = Counter[AgentId]()
    for _ in range(ROUNDS):
        task, conversation = await course.begin(*with_guest(course.marina, course.camila))
        fared = await course.race(
            "conversation",
            conversation,
            handle(handling.hand_over, task, course.marina, course.camila),
            handle(handling.leave, task, course.camila),
        )
        assert fared in ([None, "not-guest"], ["no-guest", None])
        owner = (await course.read(task)).owner
        assert owner is not None, "the customer is never left alone"
        assert owner.agent == (course.camila if fared[0] is None else course.marina)
        seen[owner.agent] += 1
        await course.tidy(task)
    assert set(seen) == {course.marina, course.camila}


async def test_cancel_and_join(course: Course) -> None:
    seen = Counter[Told]()
    for _ in range(ROUNDS):
        task, conversation = await course.begin(
            *talking(course.marina), invited(course.marina, ToAgent(course.camila))
        )
        fared = await course.race(
            "conversation",
            conversation,
            move(task, steps.cancel, course.marina),
            move(task, steps.accept, course.camila),
        )
        assert fared in ([None, "offer-over"], ["no-invitation", None])
        guests = [leg.agent for leg in (await course.read(task)).guests]
        assert guests == ([] if fared[0] is None else [course.camila])
        seen[fared[0]] += 1
        await course.tidy(task)
    assert len(seen) == 2
