"""The one shape of all background work: do what is due, sleep, look again.

A step reads what is due from the database and does a bounded part of it, so a
wake-up carries no data and may be lost or repeated.  The nap is the only price of
a lost one, and a step that knows the next moment of work is run at that moment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from time import perf_counter
from typing import TypeAlias

import structlog

from balcao.telemetry import figures, traces

log = structlog.get_logger()

NAP = timedelta(seconds=1)
RETRY_PAUSE = timedelta(milliseconds=500)
#: Who finds another process at it leaves it alone for so long: that one hears of all that comes in.
ELSEWHERE_PAUSE = timedelta(milliseconds=50)


@dataclass(frozen=True, slots=True)
class Progress:
    """How much a step did, and in how long there will be more by time alone."""

    done: int = 0
    again_in: timedelta | None = None
    through: bool = False
    """There is nothing more to do but what has woken us since."""
    elsewhere: bool = False
    """Another process does this at the moment."""


Step: TypeAlias = Callable[[], Awaitable[Progress]]


async def keep_done(name: str, step: Step, woken: asyncio.Event, nap: timedelta = NAP) -> None:
    """Do all there is to do, wait to be woken or for the next moment of work, for ever.

    A step that fails is logged and tried again: what it left undone is still due.
    """
    while True:
        woken.clear()  # before the step: a change during it must wake us again
        pause = nap
        try:
            progress = await _timed(name, step)
            if progress.done and not progress.through:
                continue
            if progress.elsewhere:
                await asyncio.sleep(ELSEWHERE_PAUSE.total_seconds())
            if progress.again_in is not None:
                pause = min(nap, progress.again_in)
        except Exception as error:
            figures.step_failed(name)
            log.warning("step_failed", step=name, error=type(error).__name__, exc_info=True)
            pause = RETRY_PAUSE
        await _sleep(woken, pause)


async def _timed(name: str, step: Step) -> Progress:
    began = perf_counter()
    with traces.span(f"{name} step"):
        progress = await step()
        traces.note(done=progress.done)
    figures.stepped(name, progress.done, perf_counter() - began)
    return progress


async def _sleep(woken: asyncio.Event, pause: timedelta) -> None:
    try:
        async with asyncio.timeout(max(0.0, pause.total_seconds())):
            await woken.wait()
    except TimeoutError:
        return
