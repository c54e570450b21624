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

from balcao import checker
from balcao.store.database import Database
from tests.web.house import PATIENCE, Browser, Desk, House, house, listening
from tests.world import let_offers_run_out, let_wrap_ups_run_out, route, sql

NAMES = ("Marina", "Camila", "Diego")
STEPS = 50
KINDS_MIN = 8  # of steps that are to have been taken, whatever the seed

Move = Callable[["Day"], Awaitable[object]]


@dataclass
class Day:
    """A working day of a few agents and customers, drawn from a seed."""

    here: House
    random: Random
    stack: AsyncExitStack
    browsers: dict[str, Browser] = field(default_factory=dict)
    desks: dict[str, Desk] = field(default_factory=dict)
    houses: dict[str, House] = field(default_factory=dict)
    people: list[str] = field(default_factory=list)
    written: int = 0
    coming_back: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def begin(self, name: str, there: House) -> None:
        """A new agent, at a desk of this house."""
        self.houses[name] = there
        self.browsers[name] = await there.agent(name)
        self.people.append(await there.id_of(name))
        await self.sit_down(name)

    async def sit_down(self, name: str) -> None:
        opened = self.houses[name].desk(self.browsers[name])
        self.desks[name] = await self.stack.enter_async_context(opened)

    async def back(self, name: str) -> None:
        """The desk answers again; whoever was signed out meanwhile signs in anew."""
        async with self.coming_back:
            browser = self.browsers[name]
            if (await browser.post("/api/desk/beat")).status == 204:
                return
            await self.desks[name].until(lambda it: it.ended)
            assert (await browser.sign_in(name)).status == 201
            await self.sit_down(name)

    def tasks(self, state: str, role: str = "") -> list[tuple[str, dict[str, Any]]]:
        """What the desks believe to be their tasks in this state and role, and whose."""
        return [
            (name, task)
            for name in NAMES
            for task in self.desks[name].of("task")
            if task["leg"]["state"] == state and task["leg"]["role"].startswith(role)
        ]

    async def do(
        self, tasks: list[tuple[str, dict[str, Any]]], step: str, body: object = None
    ) -> None:
        """Take a step in one of these tasks, as the agent whose it is."""
        if tasks:
            name, task = self.random.choice(tasks)
            method = "DELETE" if step.startswith(("conference?", "guests")) else "POST"
            path = f"/api/tasks/{task['id']}/{step}"
            reply = await self.browsers[name].ask(method, path, body)
            assert reply.status < 500, (path, reply.body)
            await route(self.here.database)

    def target(self) -> dict[str, Any]:
        """Somebody or a queue: mostly one who can be given a task, now and then one who can not."""
        free = [
            id
            for name, id in zip(NAMES, self.people, strict=True)
            if (me := self.desks[name].me) is not None and me["state"] == "available"
        ]
        people = self.random.choice([free, free, free, self.people]) or self.people
        kind = self.random.choice(["agent_id", "agent_id", "queue_id"])
        return {kind: str(self.random.choice(people if kind == "agent_id" else (1, 2)))}

    def meeting(self) -> tuple[list[tuple[str, dict[str, Any]]], str]:
        """A conference, as its owner sees it, and one of its guests; or nothing and nobody."""
        meetings = [
            (name, task, guest["agent_id"])
            for name, task in self.tasks("connected", "primary")
            for guest in task["guests"]
            if guest["state"] == "connected"
        ]
        if not meetings:
            return [], ""
        name, task, guest = self.random.choice(meetings)
        return [(name, task)], guest


async def customer_writes(day: Day) -> None:
    day.written += 1
    number = day.random.randrange(8)
    more = {"from": f"551198765432{number}", "from_user_id": f"BR.{number}"}
    await day.here.written(f"wamid.{day.written}", f"linha {day.written}", **more)


async def begin_with_a_conference(day: Day) -> None:
    """The first agent talks and the second is a guest; the day will make something of it."""
    for _ in NAMES * 2:
        await customer_writes(day)
    owner, guest = day.desks[NAMES[0]], day.desks[NAMES[1]]
    task = (await owner.until(lambda it: it.of("task")))[0]
    path = f"/api/tasks/{task['id']}"
    await day.browsers[NAMES[0]].post(f"{path}/accept")
    body = {"to": {"agent_id": day.people[1]}}
    assert (await day.browsers[NAMES[0]].post(f"{path}/conference", body)).status == 200
    assert (await day.browsers[NAMES[1]].post(f"{path}/accept")).status == 200
    await guest.until(lambda it: day.tasks("connected", "guest"))


async def accept(day: Day) -> None:
    await day.do(day.tasks("offered"), "accept")


async def reply(day: Day) -> None:
    day.written += 1
    kind = day.random.choice(["text", "note"])
    body = {"client_id": f"c{day.written}", "type": kind, "text": f"resposta {day.written}"}
    await day.do(day.tasks("connected"), "messages", body)


async def read(day: Day) -> None:
    await day.do(day.tasks("connected"), "read")


async def end(day: Day) -> None:
    await day.do(day.tasks("connected", "primary"), "end")


async def wrap_up(day: Day) -> None:
    code = day.desks[NAMES[0]].codes["wrap_up"][0]["id"]
    await day.do(day.tasks("wrap-up"), "wrap-up", {"aux_code_id": code})


async def hold(day: Day) -> None:
    await day.do(day.tasks("wrap-up"), "wrap-up/hold")


async def transfer(day: Day) -> None:
    body = {"to": day.target(), "note": day.random.choice([None, "é com você"])}
    await day.do(day.tasks("connected", "primary"), "transfer", body)


async def invite(day: Day) -> None:
    await day.do(day.tasks("connected", "primary"), "conference", {"to": day.target()})


async def cancel(day: Day) -> None:
    which = day.random.choice(["", "guest=1", "guest=2"])
    await day.do(day.tasks("connected", "primary"), f"conference?{which}")


async def leave(day: Day) -> None:
    await day.do(day.tasks("connected", "guest"), "leave")


async def remove(day: Day) -> None:
    tasks, guest = day.meeting()
    await day.do(tasks, f"guests/{guest}")


async def hand_over(day: Day) -> None:
    tasks, guest = day.meeting()
    await day.do(tasks, "hand-over", {"agent_id": guest})


async def dismiss(day: Day) -> None:
    for name in NAMES:
        if notices := day.desks[name].of("notice"):
            await day.browsers[name].post(f"/api/notices/{notices[0]['id']}/dismiss")


async def beat(day: Day) -> None:
    await day.browsers[day.random.choice(NAMES)].post("/api/desk/beat")


async def change_state(day: Day) -> None:
    state = day.random.choice(["available"] * 5 + ["idle"])
    browser = day.browsers[day.random.choice(NAMES)]
    await browser.ask("PUT", "/api/agent/state", {"state": state})
    await route(day.here.database)


async def ring_out(day: Day) -> None:
    await let_offers_run_out(day.here.database)
    await route(day.here.database)


async def count_down(day: Day) -> None:
    await let_wrap_ups_run_out(day.here.database)
    await route(day.here.database)


async def rename(day: Day) -> None:
    """Something that touches everyone at once."""
    renamed = day.random.choice(
        [
            "customer set name = 'Cliente ' || version, version = version + 1",
            "queue set name = name || '!' where id = 1",
        ]
    )
    await sql(day.here.database, f"update {renamed}")


async def vanish(day: Day) -> None:
    """The desk of one of those with work was silent for an hour, and then is back."""
    lost = [name for name in NAMES if day.desks[name].of("task")]
    if lost:
        name = day.random.choice(lost)
        await sql(
            day.here.database,
            "update agent set beat_at = clock_timestamp() - interval '1 hour',"
            " signed_in_at = clock_timestamp() - interval '1 hour'"
            " where person_id = (select id from person where name = $1)",
            name,
        )
        await route(day.here.database)
        await day.back(name)


MOVES: list[Move] = [
    *[accept] * 6,
    *[invite] * 4,
    *[customer_writes, reply, change_state] * 3,
    *[transfer] * 2,
    *[read, end, wrap_up, hold, cancel, leave, remove, hand_over, dismiss, beat],
    *[ring_out, count_down, rename, vanish],
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


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 9))
async def test_what_was_told_equals_what_would_be_told_anew(dsn: str, seed: int) -> None:
    random = Random(seed)
    async with AsyncExitStack() as stack:
        houses = list[House]()
        for _ in range(2):
            database = await Database.open(dsn)
            stack.push_async_callback(database.close)
            floor = houses[0].floor if houses else None
            houses.append(await stack.enter_async_context(house(database, floor)))
        await sql(
            houses[0].database,
            "update desktop_profile set wrap_up_seconds = 3600, guests_wrap_up = true",
        )
        day = Day(houses[0], random, stack)
        for number, name in enumerate(NAMES):
            await day.begin(name, houses[number % 2])
        await begin_with_a_conference(day)
        for _ in range(STEPS):
            drawn = random.choices(MOVES, k=3)
            await asyncio.gather(*(move(day) for move in drawn if move is not customer_writes))
            for move in drawn:
                if move is customer_writes:
                    await move(day)
        for name in NAMES:
            await settled(day, name)
            check_versions(day.desks[name])
        rows = await sql(houses[0].database, "select distinct code from event")
        assert len(rows) >= KINDS_MIN, "the day was too quiet to prove anything"
        assert await checker.check(houses[0].database) == []
