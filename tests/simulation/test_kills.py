"""Killing a step at the edges of its transactions: what was committed stays, the rest is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from random import Random

import pytest

from balcao.simulator.day.ground import Ground, open_ground
from balcao.store import organisation


@pytest.fixture
async def ground(dsn: str) -> AsyncIterator[Ground]:
    async with open_ground(dsn) as ground:
        ground.kills.begin(Random(1), lambda: None)
        yield ground


async def put(ground: Ground, name: str) -> None:
    async with ground.desks.transaction() as tx:
        await organisation.put_team(tx, name)


async def put_both(ground: Ground) -> None:
    await put(ground, "Um")
    await put(ground, "Dois")


async def teams(ground: Ground) -> list[str]:
    rows = await ground.window.fetch("select name from team order by id")
    return [row["name"] for row in rows]


async def test_a_step_is_killed_the_first_time_at_each_edge(ground: Ground) -> None:
    whole = [await ground.kills.run("step", lambda: put(ground, "Um")) for _ in range(3)]

    assert whole == [False, False, True]
    assert dict(ground.kills.at) == {"step: before put": 1, "step: after put": 1}


async def test_what_was_committed_before_stays(ground: Ground) -> None:
    await ground.kills.run("step", lambda: put_both(ground))
    assert await teams(ground) == []

    await ground.kills.run("step", lambda: put_both(ground))
    assert await teams(ground) == ["Um"]


async def test_a_dead_process_writes_no_more(ground: Ground) -> None:
    async def several() -> None:
        both = (put(ground, "Um"), put(ground, "Dois"))
        await asyncio.wait([asyncio.create_task(one) for one in both])

    assert not await ground.kills.run("step", several)
    assert await teams(ground) == []


async def test_what_catches_every_exception_catches_no_kill(ground: Ground) -> None:
    told: list[str] = []

    async def stubborn() -> None:
        try:
            await put(ground, "Um")
        except Exception as error:
            told.append(str(error))

    assert not await ground.kills.run("step", stubborn)
    assert told == []


async def test_nothing_is_killed_outside_of_steps_or_unarmed(ground: Ground) -> None:
    await put(ground, "Um")
    ground.kills.armed = False
    assert await ground.kills.run("step", lambda: put(ground, "Dois"))

    assert await teams(ground) == ["Um", "Dois"]
