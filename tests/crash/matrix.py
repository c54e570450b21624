"""One case of the matrix: a place is armed, the walk leads there under load, and all is proved."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from itertools import chain

from tests.crash.house import House
from tests.crash.points import PLACES, Case
from tests.crash.proof import calm, prove
from tests.crash.walk import PARTS

#: Parts that nobody else has anything to do with, by whose they are.
ASIDE = [
    ["talk", "confer", "come_and_go", "late_word", "unsure", "expire", "poison"],
    ["ring_out", "late_number"],
    ["count_down"],
    ["lose"],
]
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


async def census(house: House) -> None:
    """Walk every part, under load, with nothing armed: who has other agents, at once.

    A part that chance led past one of its places is walked again.
    """
    async with house.busy():
        await asyncio.gather(
            *(_in_turn(house, parts) for parts in ASIDE),
        )
        await _in_turn(house, [part for part in PARTS if part not in chain(*ASIDE)])
        for part, places in PLACES.items():
            await _until_passed(house, part, set(places))
    await calm(house)
    await prove(house)


async def _until_passed(house: House, part: str, places: set[str]) -> None:
    try:
        async with asyncio.timeout(FIRE_SECONDS):
            while places - house.arms.passed():
                await PARTS[part](house)
    except TimeoutError:
        left = ", ".join(sorted(places - house.arms.passed()))
        raise NotReached(f"{part}: {left}") from None


async def _in_turn(house: House, parts: Iterable[str]) -> None:
    for part in parts:
        await PARTS[part](house)


async def _walk(house: House, case: Case) -> int:
    """Walk until the armed place is reached, and to the end of that part; who came by."""
    try:
        async with asyncio.timeout(FIRE_SECONDS):
            while (pid := house.arms.taken(case.place)) is None:
                await PARTS[case.part](house)
    except TimeoutError:
        raise NotReached(str(case)) from None
    return pid
