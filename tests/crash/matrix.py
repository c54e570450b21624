"""One case of the matrix: a place is armed, the walk leads there under load, and all is proved."""

from __future__ import annotations

import asyncio

from tests.crash.house import House
from tests.crash.points import Case
from tests.crash.proof import calm, prove
from tests.crash.walk import PARTS

#: In which the walk must have led to the armed place.
FIRE_SECONDS = 40.0


class NotReached(AssertionError):
    """Nobody came by the armed place."""


async def run(house: House, case: Case) -> None:
    """Let one thing go wrong once, under load and with a restart; fails where a promise breaks."""
    await house.whole()
    house.arms.arm(case.place, case.action)
    try:
        async with house.busy():
            pid = await _walk(house, case)
            if pid != house.parent:
                await house.replace(pid)
            await house.whole()
        await calm(house)
        await prove(house)
    finally:
        house.arms.disarm(case.place)


async def _walk(house: House, case: Case) -> int:
    """Walk until the armed place is reached, and to the end of that part; who came by."""
    try:
        async with asyncio.timeout(FIRE_SECONDS):
            while (pid := house.arms.taken(case.place)) is None:
                await PARTS[case.part](house)
    except TimeoutError:
        raise NotReached(str(case)) from None
    return pid
