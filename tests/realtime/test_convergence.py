"""Whatever happens in whatever order: what a desk was told equals what it would be told anew.

Several agents work on two servers over one database, at random and partly at the same moment.
In the end each desk's store, fed by its stream alone, must equal a fresh snapshot.  On the way,
equal versions of anything must have been equal in content, for each viewer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest

from balcao.store.database import Database
from tests.web.house import PATIENCE, Browser, Desk, House, house, listening
from tests.world import let_offers_run_out, route, sql

NAMES = ("Marina", "Camila", "Diego")
STEPS = 40
ONCE_IN = 6  # how often a thing that disturbs everyone happens

Move = Callable[["Day", str], Awaitable[object]]


@dataclass
class Day:
    """A working day of a few agents and customers, drawn from a seed."""

    here: House
    random: Random
    browsers: dict[str, Browser] = field(default_factory=dict)
    desks: dict[str, Desk] = field(default_factory=dict)
    written: int = 0

    def task(self, name: str, state: str) -> dict[str, Any] | None:
        """One of the agent's tasks that the desk believes to be in this state."""
        tasks = [task for task in self.desks[name].of("task") if task["leg"]["state"] == state]
        return self.random.choice(tasks) if tasks else None


async def customer_writes(day: Day, _name: str) -> None:
    day.written += 1
    number = day.random.randrange(5)
    more = {"from": f"551198765432{number}", "from_user_id": f"BR.{number}"}
    await day.here.written(f"wamid.{day.written}", f"linha {day.written}", **more)


async def accept(day: Day, name: str) -> None:
    if task := day.task(name, "offered"):
        await day.browsers[name].post(f"/api/tasks/{task['id']}/accept")


async def reply(day: Day, name: str) -> None:
    if task := day.task(name, "connected"):
        day.written += 1
        kind = day.random.choice(["text", "note"])
        body = {"client_id": f"c{day.written}", "type": kind, "text": f"resposta {day.written}"}
        await day.browsers[name].post(f"/api/tasks/{task['id']}/messages", body)


async def read(day: Day, name: str) -> None:
    if task := day.task(name, "connected"):
        await day.browsers[name].post(f"/api/tasks/{task['id']}/read")


async def end(day: Day, name: str) -> None:
    if task := day.task(name, "connected"):
        await day.browsers[name].post(f"/api/tasks/{task['id']}/end")


async def wrap_up(day: Day, name: str) -> None:
    if task := day.task(name, "wrap-up"):
        code = day.desks[name].codes["wrap_up"][0]["id"]
        path = f"/api/tasks/{task['id']}/wrap-up"
        await day.browsers[name].post(path, {"aux_code_id": code})


async def change_state(day: Day, name: str) -> None:
    state = day.random.choice(["available", "available", "idle"])
    await day.browsers[name].ask("PUT", "/api/agent/state", {"state": state})
    await route(day.here.database)


async def disturb(day: Day, _name: str) -> None:
    """Something that touches everyone at once."""
    what = day.random.randrange(ONCE_IN)
    if what == 0:
        await let_offers_run_out(day.here.database)
        await route(day.here.database)
    elif what == 1:
        await sql(
            day.here.database,
            "update customer set name = 'Cliente ' || version, version = version + 1",
        )
    elif what == 2:
        await sql(day.here.database, "update queue set name = name || '!' where id = 1")


MOVES: list[Move] = [
    *[customer_writes] * 3,
    *[accept] * 3,
    *[reply] * 3,
    *[change_state] * 2,
    read,
    end,
    wrap_up,
    disturb,
]


def store(desk: Desk) -> dict[object, object]:
    """All that the desk holds."""
    held: dict[object, object] = dict(desk.views)
    return held | {"me": desk.me, "codes": desk.codes}


async def settled(day: Day, name: str) -> None:
    """Wait until the desk holds what a fresh snapshot does; fails where it never does."""
    async with asyncio.timeout(PATIENCE):
        while True:
            browser, desk = day.browsers[name], day.desks[name]
            async with listening(browser.application, browser) as anew:
                await anew.until(lambda it: it.events)
                fresh, held = store(anew), store(desk)
            differing = {
                key for key in fresh.keys() | held.keys() if fresh.get(key) != held.get(key)
            }
            if not differing:
                return
            desk.changed.clear()
            try:
                async with asyncio.timeout(2.5):
                    await desk.changed.wait()
            except TimeoutError:
                shown = {str(key): (fresh.get(key), held.get(key)) for key in differing}
                pytest.fail(f"{name}'s desk stays different: {shown}")


def check_versions(desk: Desk) -> None:
    """Equal versions were equal in content, and versions only grew."""
    seen: dict[tuple[str, str, int], object] = {}
    newest: dict[tuple[str, str], int] = {}
    for event, data in desk.events:
        views = [data] if event == "view" else []
        if event == "snapshot":
            views = [*data["views"], data["me"]]
        for view in views:
            key = view["kind"], view["id"]
            version = view["version"]
            assert seen.setdefault((*key, version), view) == view
            assert newest.get(key, 0) <= version, "a version went back"
            newest[key] = version


@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (2, 3))]
)
async def test_what_was_told_equals_what_would_be_told_anew(dsn: str, seed: int) -> None:
    random = Random(seed)
    async with AsyncExitStack() as stack:
        houses = list[House]()
        for _ in range(2):
            database = await Database.open(dsn)
            stack.push_async_callback(database.close)
            floor = houses[0].floor if houses else None
            houses.append(await stack.enter_async_context(house(database, floor)))
        day = Day(houses[0], random)
        for number, name in enumerate(NAMES):
            there = houses[number % 2]
            day.browsers[name] = await there.agent(name)
            opened = there.desk(day.browsers[name])
            day.desks[name] = await stack.enter_async_context(opened)
        for _ in range(STEPS):
            drawn = [(random.choice(MOVES), random.choice(NAMES)) for _ in range(3)]
            writers = [pair for pair in drawn if pair[0] is customer_writes]
            await asyncio.gather(
                *(move(day, name) for move, name in drawn if (move, name) not in writers)
            )
            for move, name in writers:
                await move(day, name)
        for name in NAMES:
            await settled(day, name)
            check_versions(day.desks[name])
        rows = await sql(
            houses[0].database, "select count(*) as n from leg where closed_at is not null"
        )
        assert int(str(rows[0]["n"])) > 0, "the day was too quiet to prove anything"
