"""The database that days take place on, one after another, and the time there.

The sender has a database of its own with a single connection, so that what its calls come to is
written in the order of the calls; all else goes through the other one, a step at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from balcao.simulator.day.kills import Killed, Kills
from balcao.simulator.day.organisation import MORNING
from balcao.store.database import Database
from balcao.store.postgres import Connection


@dataclass
class Clock:
    """The time of the day, moved by hand."""

    at: datetime = MORNING

    def __call__(self) -> datetime:
        return self.at

    def move(self, by: timedelta) -> None:
        """Let time pass."""
        self.at += by


@dataclass
class Ground:
    """What a day finds there."""

    desks: Database
    sender: Database
    window: Connection  # to look through
    clock: Clock
    kills: Kills


@asynccontextmanager
async def open_ground(dsn: str) -> AsyncIterator[Ground]:
    """The database at *dsn*, emptied by each day that begins there."""
    clock, kills = Clock(), Kills()
    # For good: a killed call may be forgotten only after the ground is closed.
    asyncio.get_running_loop().set_exception_handler(_forget_killed)
    async with AsyncExitStack() as stack:
        desks = await Database.open(dsn, size=3, clock=clock, edge=kills.edge)
        stack.push_async_callback(desks.close)
        window = await stack.enter_async_context(desks.connection())
        sender = await Database.open(dsn, size=1, clock=clock, edge=kills.edge_of_sender)
        stack.push_async_callback(sender.close)
        yield Ground(desks, sender, window, clock, kills)


def _forget_killed(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Nobody asks what became of a call whose process was killed."""
    if not isinstance(context.get("exception"), Killed):
        loop.default_exception_handler(context)
