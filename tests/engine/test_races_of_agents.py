"""Two at the same moment who need one agent, or one conversation: two hundred times each.

No agent is above capacity, no two wait for each other for ever, and what a customer writes in
the very moment is in the thread once (tests/engine/course.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator

import pytest

from balcao.domain import agent as agent_steps
from balcao.domain.values import SYSTEM, AgentId, State, ToAgent
from balcao.engine.intake import Intake
from balcao.engine.router import Router
from balcao.store import agents, handling, messages, tasks
from balcao.store.database import Database
from tests import world
from tests.engine.course import (
    ROUNDS,
    Course,
    handle,
    opened,
    talking,
)
from tests.engine.inbound import KEY, store, take_in
from tests.whatsapp import bodies
from tests.world import sql

pytestmark = pytest.mark.slow


@pytest.fixture
async def course(dsn: str) -> AsyncIterator[Course]:
    async with opened(dsn) as course:
        yield course


@pytest.mark.parametrize("how", ["transfer", "end"])
async def test_transfer_or_end_and_a_customers_message(course: Course, how: str) -> None:
    """The message is in the thread once, and in the one task that was open when it came."""
    before, conversation = Counter[bool](), 1
    for round in range(ROUNDS):
        second = int((await world.clock(course.here)).timestamp())
        if round == 0:
            await take_in(course.here, bodies.messages(bodies.text("first", second=second)))
        async with course.here.transaction() as tx:
            (task,) = (await messages.beforehand(tx, (), [conversation]))[1].values()
            held = await tasks.lock(tx, task)
            for step, *args in talking(course.marina):
                await tasks.take(tx, held, step, *args)
        wamid = f"wamid.{round}"
        await store(course.here, bodies.messages(bodies.text(wamid, second=second)))
        fared = await course.race(
            "conversation",
            conversation,
            handle(handling.end, task, course.marina)
            if how == "end"
            else handle(handling.transfer, task, course.marina, ToAgent(course.camila), "nota"),
            lambda database: Intake(database, seal_key=KEY).step(),
        )
        assert fared == [None, None]
        (row,) = await sql(
            course.here,
            "select m.task_id, m.seq <= l.until_seq as read from message m join leg l"
            " on l.task_id = $2 and l.until_seq is not null where m.wamid = $1",
            wamid,
            task,
        )
        await course.tidy(task)
        before[bool(row["read"])] += 1
        assert (row["task_id"] == task) is (how == "transfer" or row["read"])
        if row["task_id"] == task:
            await take_in(course.here, bodies.messages(bodies.text(f"n{round}", second=second)))
    assert set(before) == {True, False}


async def test_a_change_of_state_and_an_offer(course: Course) -> None:
    """Idle first, and nothing rings; the offer first, and it goes on ringing."""
    await sql(course.here, "update agent set capacity = 0 where person_id <> $1", course.marina)
    seen = Counter[State]()
    for _ in range(ROUNDS):
        task, _ = await course.begin()

        async def rest(database: Database) -> None:
            async with database.transaction() as tx:
                code = await agents.default_idle_code(tx)
                await agents.move(tx, course.marina, SYSTEM, agent_steps.become_idle, code)

        fared = await course.race(
            "agent", course.marina, rest, lambda database: Router(database).step()
        )
        assert fared == [None, None]
        after = await course.read(task)
        rows = await sql(course.here, "select state from agent where person_id = $1", course.marina)
        assert rows == [{"state": "idle"}]
        assert after.state in (State.QUEUED, State.OFFERED)
        seen[after.state] += 1
        await course.tidy(task)
    assert set(seen) == {State.QUEUED, State.OFFERED}


async def test_invite_and_invite_beyond_the_most(course: Course) -> None:
    await sql(course.here, "update organisation set guests_max = 1")
    seen = Counter[AgentId]()
    for _ in range(ROUNDS):
        task, conversation = await course.begin(*talking(course.marina))
        fared = await course.race(
            "conversation",
            conversation,
            *(
                handle(handling.invite, task, course.marina, ToAgent(guest))
                for guest in (course.camila, course.diego)
            ),
        )
        assert sorted(fared, key=str) == [None, "guests-full"]
        after = await course.read(task)
        ringing = [leg.agent for leg in after.legs if leg.state is State.OFFERED]
        assert ringing == [course.camila if fared[0] is None else course.diego]
        assert len(after.invitations) == 1
        seen[ringing[0]] += 1
        await course.tidy(task)
    assert len(seen) == 2


async def test_two_agents_who_transfer_to_each_other(course: Course) -> None:
    """Each holds a conversation and needs both agents: neither waits for the other for ever."""
    for _ in range(ROUNDS):
        ours, _ = await course.begin(*talking(course.marina))
        theirs, _ = await course.begin(*talking(course.camila))
        fared = await course.race(
            "agent",
            course.dice.choice([course.marina, course.camila]),
            handle(handling.transfer, ours, course.marina, ToAgent(course.camila), None),
            handle(handling.transfer, theirs, course.camila, ToAgent(course.marina), None),
        )
        assert fared == [None, None]
        rung = [(await course.read(task)).owner for task in (ours, theirs)]
        assert [leg.agent for leg in rung if leg is not None] == [course.camila, course.marina]
        for task in (ours, theirs):
            await course.tidy(task)


async def test_the_last_free_slot_and_two_who_want_it(course: Course) -> None:
    await sql(course.here, "update agent set capacity = 1 where person_id = $1", course.diego)
    seen = Counter[bool]()
    for _ in range(ROUNDS):
        ours, _ = await course.begin(*talking(course.marina))
        theirs, _ = await course.begin(*talking(course.camila))
        fared = await course.race(
            "agent",
            course.diego,
            handle(handling.transfer, ours, course.marina, ToAgent(course.diego), None),
            handle(handling.invite, theirs, course.camila, ToAgent(course.diego)),
        )
        assert sorted(fared, key=str) == [None, "target-unavailable"]
        seen[fared[0] is None] += 1
        for task in (ours, theirs):
            await course.tidy(task)
    assert len(seen) == 2
