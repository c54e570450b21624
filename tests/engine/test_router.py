"""The router on a real PostgreSQL: offers, RONA, and what races with them."""

import asyncio
from datetime import timedelta

import pytest

from balcao.domain import agent as agent_steps
from balcao.domain import task as steps
from balcao.domain.values import SYSTEM, AgentId, Outcome, Refused, State, Task
from balcao.engine.router import Router
from balcao.store import agents, tasks
from balcao.store.database import Database
from tests import world
from tests.world import World, route


@pytest.fixture
async def floor(database: Database) -> World:
    return await world.build(database)


async def read(database: Database, task: int) -> Task:
    async with database.transaction() as tx:
        return await tasks.read(tx, task)


async def rung(database: Database, task: int) -> AgentId | None:
    owner = (await read(database, task)).owner
    return None if owner is None else owner.agent


async def state_of(database: Database, agent: AgentId) -> str:
    async with database.transaction() as tx:
        return (await agents.lock(tx, agent))[0].state


async def accept(database: Database, task: int, agent: AgentId) -> None:
    async with database.transaction() as tx:
        await tasks.move(tx, task, steps.accept, agent)


async def test_a_waiting_task_rings_at_the_longest_available_agent(
    database: Database, floor: World
) -> None:
    ana = await world.available(database, floor, "Ana")
    bia = await world.available(database, floor, "Bia")
    first, second = [await world.queued(database, floor) for _ in range(2)]

    await route(database)

    assert await rung(database, first) == ana
    assert await rung(database, second) == bia


async def test_capacity_is_never_exceeded_and_the_rest_waits(
    database: Database, floor: World
) -> None:
    await world.available(database, floor, "Ana")
    ids = [await world.queued(database, floor) for _ in range(7)]

    await route(database)

    states = [(await read(database, id_)).state for id_ in ids]
    assert states == [State.OFFERED] * 5 + [State.QUEUED] * 2


async def test_an_idle_agent_is_offered_nothing(database: Database, floor: World) -> None:
    ana = await world.available(database, floor, "Ana")
    async with database.transaction() as tx:
        code = await agents.default_idle_code(tx)
        await agents.move(tx, ana, SYSTEM, agent_steps.become_idle, code)
    task = await world.queued(database, floor)

    await route(database)

    assert (await read(database, task)).state is State.QUEUED


async def test_a_desk_that_is_silent_is_offered_nothing(database: Database, floor: World) -> None:
    ana = await world.available(database, floor, "Ana")
    await world.silence(database, ana)
    task = await world.queued(database, floor)

    await route(database)

    assert (await read(database, task)).state is State.QUEUED


async def test_an_agent_of_another_team_is_offered_nothing(
    database: Database, floor: World
) -> None:
    await world.available(database, floor, "Hugo", floor.other_team)
    task = await world.queued(database, floor)

    await route(database)

    assert (await read(database, task)).state is State.QUEUED


async def test_an_unanswered_offer_is_rona_and_rings_at_the_other_free_agent(
    database: Database, floor: World
) -> None:
    ana = await world.available(database, floor, "Ana")
    task = await world.offered(database, floor, ana)
    bia = await world.available(database, floor, "Bia")
    place = (await read(database, task)).queued_at

    await world.let_offers_run_out(database)
    await route(database)

    after = await read(database, task)
    assert after.legs[0].outcome is Outcome.RONA
    assert after.owner is not None and after.owner.agent == bia
    assert after.queued_at == place
    assert await state_of(database, ana) == "rona"


async def test_nothing_is_offered_to_an_agent_in_rona(database: Database, floor: World) -> None:
    ana = await world.available(database, floor, "Ana")
    task = await world.offered(database, floor, ana)
    await world.let_offers_run_out(database)
    await route(database)

    assert (await read(database, task)).state is State.QUEUED
    async with database.transaction() as tx:
        await agents.move(tx, ana, SYSTEM, agent_steps.become_available)
    await route(database)

    assert (await read(database, task)).owner is not None, "nobody else is free: asked again"


async def test_one_rona_takes_the_agents_other_offers_back_without_blame(
    database: Database, floor: World
) -> None:
    ana = await world.available(database, floor, "Ana")
    first, second, third = [await world.queued(database, floor) for _ in range(3)]
    await route(database)

    await world.let_offers_run_out(database)
    await route(database)

    outcomes = [(await read(database, t)).legs[0].outcome for t in (first, second, third)]
    assert outcomes == [Outcome.RONA, Outcome.WITHDRAWN, Outcome.WITHDRAWN]
    assert await state_of(database, ana) == "rona"


async def test_the_agent_going_idle_while_it_rings_does_not_stop_the_rona(
    database: Database, floor: World
) -> None:
    ana = await world.available(database, floor, "Ana")
    task = await world.offered(database, floor, ana)
    async with database.transaction() as tx:
        code = await agents.default_idle_code(tx)
        await agents.move(tx, ana, SYSTEM, agent_steps.become_idle, code)

    await route(database)
    assert (await read(database, task)).state is State.OFFERED, "it goes on ringing"
    await world.let_offers_run_out(database)
    await route(database)

    assert await state_of(database, ana) == "rona"


async def test_an_offer_that_runs_out_at_a_silent_desk_is_withdrawn_and_no_rona(
    database: Database, floor: World
) -> None:
    ana = await world.available(database, floor, "Ana")
    task = await world.offered(database, floor, ana)
    await world.silence(database, ana)

    await world.let_offers_run_out(database)
    await route(database)

    assert (await read(database, task)).legs[0].outcome is Outcome.WITHDRAWN
    rows = await world.sql(
        database,
        "select a.state, c.system_key from agent a join aux_code c on c.id = a.aux_code_id"
        " where a.person_id = $1",
        ana,
    )
    assert rows == [{"state": "idle", "system_key": "connection-lost"}]


async def test_after_an_outage_ringing_offers_have_fifteen_seconds_left(
    database: Database, floor: World
) -> None:
    ana = await world.available(database, floor, "Ana")
    task = await world.offered(database, floor, ana)
    await world.let_offers_run_out(database)
    async with database.transaction() as tx:
        await tx.execute("update pulse set at = at - interval '1 minute'")

    await Router(database).step()

    owner = (await read(database, task)).owner
    assert owner is not None and owner.answer_by is not None
    left = owner.answer_by - await world.clock(database)
    assert timedelta(seconds=10) < left <= timedelta(seconds=15)


async def test_the_next_step_is_due_when_the_next_offer_runs_out(
    database: Database, floor: World
) -> None:
    ana = await world.available(database, floor, "Ana")
    await world.offered(database, floor, ana)

    progress = await Router(database).step()

    assert progress.again_in is not None
    assert timedelta(seconds=55) < progress.again_in <= timedelta(seconds=60)


async def test_a_second_router_does_nothing_meanwhile(dsn: str, database: Database) -> None:
    floor = await world.build(database)
    await world.available(database, floor, "Ana")
    task = await world.queued(database, floor)
    async with database.connection() as other:
        await other.execute("select pg_advisory_lock(7266152)")
        await route(database)
        assert (await read(database, task)).state is State.QUEUED
        await other.execute("select pg_advisory_unlock(7266152)")
    await route(database)
    assert (await read(database, task)).state is State.OFFERED


async def test_an_accept_and_a_rona_at_once_have_one_winner(
    database: Database, floor: World
) -> None:
    """The deadline passes while both wait for the conversation: the database's clock decides."""
    ana = await world.available(database, floor, "Ana")
    for _ in range(10):
        task = await world.offered(database, floor, ana)
        async with database.transaction() as tx:
            await tx.execute(
                "update leg set answer_by = clock_timestamp() + interval '3 milliseconds'"
                " where closed_at is null and connected_at is null"
            )
        results = await asyncio.gather(
            accept(database, task, ana), route(database), return_exceptions=True
        )
        await world.let_offers_run_out(database)
        await route(database)
        leg = (await read(database, task)).legs[0]
        if isinstance(results[0], Refused):
            assert leg.outcome is Outcome.RONA
        else:
            assert leg.state is State.CONNECTED and leg.outcome is None
        await world.finish_all(database)


async def test_every_step_writes_one_line_of_the_journal(database: Database, floor: World) -> None:
    ana = await world.available(database, floor, "Ana")
    task = await world.offered(database, floor, ana)
    await accept(database, task, ana)

    rows = await world.sql(
        database, "select version, code from event where task_id = $1 order by version", task
    )
    assert [(row["version"], row["code"]) for row in rows] == [
        (1, "queued"),
        (2, "offered"),
        (3, "accepted"),
    ]
