"""PostgreSQL dies, or is there and does not answer; and then it is back."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress

import psutil

from tests.crash.house import House, dead, open_house
from tests.crash.people import until
from tests.crash.proof import calm, prove
from tests.crash.walk import talk

AWAY_SECONDS = 60.0
DEATHS = 3
ANSWER_SECONDS = 1.0


async def killed() -> None:
    """Its first process is killed, and then all of them at once, each time under load."""
    async with open_house() as house:
        for death in range(DEATHS):
            async with house.busy():
                await talk(house)
                first = house.postgres()
                tell(processes(first) if death % 2 else [first], signal.SIGKILL)
                await dead(first)
                await house.whole()
            await calm(house)
            await prove(house)


async def away(seconds: float = AWAY_SECONDS) -> None:
    """It is there and answers nothing: neither do we say that anything is stored."""
    async with open_house() as house:
        async with house.busy():
            await talk(house)
            await _without_an_answer(house, seconds)
            await talk(house)
        await calm(house)
        await prove(house)


async def _without_an_answer(house: House, seconds: float) -> None:
    stopped = processes(house.postgres())
    tell(stopped, signal.SIGSTOP)
    try:
        refused = len(house.refused)
        await until(lambda: len(house.refused) > refused)
        answered = len(house.answered)
        await asyncio.sleep(seconds)
        assert len(house.answered) == answered, "answered 200 without a database"
        assert await house.answers("/health", ANSWER_SECONDS)
    finally:
        tell(stopped, signal.SIGCONT)


def tell(processes: list[int], what: signal.Signals) -> None:
    """Send a signal to those that are there."""
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, what)


def processes(first: int) -> list[int]:
    """PostgreSQL's processes, the first of which is *first*."""
    return [first, *(child.pid for child in psutil.Process(first).children(recursive=True))]
