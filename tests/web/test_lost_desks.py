"""Desks that are really cut, taken over, or whose session runs out: the same silence in the end.

A house on the clock of a hall: streams and requests are real, and time passes as told.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from balcao import checker
from balcao.domain import task as steps
from balcao.domain.values import AgentId, Outcome, State
from balcao.store import tasks
from balcao.store.database import Database
from tests import world
from tests.engine.hall import Hall
from tests.engine.hall import hall as open_hall
from tests.web.house import Browser, House, Reply, house
from tests.world import sql, until_blocked

pytestmark = pytest.mark.slow

GRACE = 50
LOST = 10 * 60
ROUNDS = 200


@pytest.fixture
async def hall(dsn: str) -> AsyncIterator[Hall]:
    async with open_hall(dsn) as hall:
        yield hall


@pytest.fixture
async def here(hall: Hall) -> AsyncIterator[House]:
    async with house(hall.database, hall.floor) as here:
        yield here


async def marina_at_work(hall: Hall, here: House) -> tuple[Browser, AgentId, int]:
    """Marina's browser, her id, and the task in which she talks."""
    marina = await here.agent("Marina")
    id = AgentId(int(await here.id_of("Marina")))
    task = await hall.ringing(id)
    assert (await marina.post(f"/api/tasks/{task}/accept")).status == 200
    return marina, id, task


async def test_a_stream_that_is_cut_ends_in_a_lost_agent(hall: Hall, here: House) -> None:
    marina, id, task = await marina_at_work(hall, here)
    async with here.desk(marina):
        for _ in range(5):
            await hall.pass_time(20)
            assert (await marina.post("/api/desk/beat")).status == 204
    assert here.hub.watching == 0

    await hall.pass_time(GRACE - 1)
    assert await hall.stands(id) == "available"
    await hall.pass_time(1)
    assert await hall.stands(id) == "Conexão perdida"
    await hall.pass_time(LOST - GRACE - 1)
    assert await hall.owner(task) == id
    await hall.pass_time(1)

    assert await hall.state(task) is State.QUEUED
    assert (await hall.leg(task, id)).outcome is Outcome.LOST
    assert await hall.stands(id) == "signed out"
    assert (await marina.get("/api/session")).problem == (401, "no-session")


async def test_a_desk_that_listens_and_answers_no_ping_is_told_that_it_is_out(
    hall: Hall, here: House
) -> None:
    marina = await here.agent("Marina")
    id = AgentId(int(await here.id_of("Marina")))
    async with here.desk(marina) as desk:
        await hall.pass_time(GRACE)
        await desk.until(lambda it: it.me is not None and it.me["state"] == "idle")
        assert desk.me is not None
        assert (desk.me["aux_code"]["name"], desk.me["connected"]) == ("Conexão perdida", False)
        await hall.pass_time(LOST - GRACE)
        await desk.until(lambda it: it.ended)
        assert desk.events[-1] == ("closed", {"code": "signed-out"})
    assert await hall.stands(id) == "signed out"


async def test_a_reload_within_the_lost_time_brings_everything_back(
    hall: Hall, here: House
) -> None:
    """Tasks, the wrap-up dialog's task, and both times of the idle agent."""
    marina, id, task = await marina_at_work(hall, here)
    wrapping = await hall.ringing(id, 2)
    await marina.post(f"/api/tasks/{wrapping}/accept")
    await marina.post(f"/api/tasks/{wrapping}/end")
    await marina.ask("PUT", "/api/agent/state", {"state": "idle"})
    idle_since = (await marina.get("/api/session")).json["agent"]["idle_since"]

    await hall.pass_time(LOST - 1)
    async with here.desk(marina) as desk:
        assert {view["id"]: view["leg"]["state"] for view in desk.of("task")} == {
            str(task): "connected",
            str(wrapping): "wrap-up",
        }
        assert desk.me is not None
        assert desk.me["connected"]
        assert desk.me["aux_code"]["name"] == "Conexão perdida"
        assert desk.me["idle_since"] == idle_since < desk.me["since"]
    await hall.pass_time(2)
    assert await hall.owner(task) == id


async def test_sign_in_elsewhere(hall: Hall, here: House) -> None:
    """State, offers, tasks and wrap-ups are kept; the first desk is closed with a word."""
    marina, id, task = await marina_at_work(hall, here)
    wrapping = await hall.ringing(id, 2)
    await marina.post(f"/api/tasks/{wrapping}/accept")
    await marina.post(f"/api/tasks/{wrapping}/end")
    offered = await hall.ringing(id, 3)
    elsewhere = here.browser()
    assert (await elsewhere.sign_in("Marina")).problem == (409, "signed-in-elsewhere")
    async with here.desk(marina) as first:
        assert (await elsewhere.sign_in("Marina", takeover=True)).status == 201
        await first.until(lambda it: it.ended)
        assert first.events[-1] == ("closed", {"code": "taken-over"})
    assert (await marina.post(f"/api/tasks/{task}/end")).problem == (401, "no-session")

    async with here.desk(elsewhere) as second:
        assert {view["id"]: view["leg"]["state"] for view in second.of("task")} == {
            str(task): "connected",
            str(wrapping): "wrap-up",
            str(offered): "offered",
        }
        assert second.me is not None
        assert second.me["state"] == "available"
    assert (await elsewhere.post(f"/api/tasks/{offered}/accept")).status == 200


async def test_the_session_expires(hall: Hall, here: House) -> None:
    """As a lost connection: the answers to pings are nobody's from then on."""
    marina, id, task = await marina_at_work(hall, here)
    await sql(hall.database, "update session set expires_at = $1", hall.clock.at)

    assert (await marina.post("/api/desk/beat")).problem == (401, "no-session")
    await hall.pass_time(GRACE - 1)
    assert await hall.stands(id) == "available"
    await hall.pass_time(1)
    assert await hall.stands(id) == "Conexão perdida"
    await hall.pass_time(LOST - GRACE - 1)
    assert await hall.owner(task) == id
    again = here.browser()
    assert (await again.sign_in("Marina")).status == 201, "nothing is elsewhere any more"
    await hall.look()
    assert await hall.stands(id) == "Pausa", "who has just signed in is not lost"
    await hall.pass_time(GRACE - 1)
    assert await hall.owner(task) == id
    async with here.desk(again) as desk:
        assert [view["id"] for view in desk.of("task")] == [str(task)]


async def test_takeover_and_accept(dsn: str, database: Database) -> None:
    """The offer is accepted from the first desk or kept for the second: there, either way."""
    other, gate = [await Database.open(dsn) for _ in range(2)]
    async with house(database) as here, house(other, here.floor) as there:
        browser = await here.agent("Marina")
        marina, seen = AgentId(int(await here.id_of("Marina"))), Counter[int]()
        for round in range(ROUNDS):
            task = await world.queued(database, here.floor)
            async with database.transaction() as tx:
                await tasks.move(tx, task, steps.offer, marina, timedelta(minutes=1))
            browser, status = await _race(here, there, gate, browser, marina, task, round % 2)
            view = (await browser.get(f"/api/tasks/{task}")).json
            assert view["leg"]["state"] == ("connected" if status == 200 else "offered")
            assert len(await sql(database, "select 1 from session")) == 1
            seen[status] += 1
            for step in ("accept", "end", "wrap-up"):
                body = {"aux_code_id": "4"} if step == "wrap-up" else None
                await browser.post(f"/api/tasks/{task}/{step}", body)
            assert (await browser.post("/api/desk/beat")).status == 204
        assert await checker.check(database) == []
    for opened in (other, gate):
        await opened.close()


async def _race(
    here: House, there: House, gate: Database, first: Browser, marina: AgentId, task: int, turn: int
) -> tuple[Browser, int]:
    """Accept and take over at once; the new desk, and what was answered to the old one."""
    second = there.browser()
    running: list[asyncio.Future[Reply]] = []
    accept = first.post(f"/api/tasks/{task}/accept")
    takeover = second.sign_in("Marina", takeover=True)
    async with gate.transaction() as tx:
        await tx.fetch("select 1 from agent where person_id = $1 for no key update", marina)
        for count, one in enumerate((accept, takeover) if turn else (takeover, accept), 1):
            running.append(asyncio.ensure_future(one))
            await until_blocked(gate, count)
    replies = await asyncio.gather(*running)
    accepted, taken = replies if turn else replies[::-1]
    assert taken.status == 201
    return second, accepted.status
