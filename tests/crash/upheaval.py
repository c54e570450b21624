"""Parts of the walk in which whole processes go, so that the supervisor has something to do."""

from __future__ import annotations

import os
import signal
from contextlib import suppress

from tests.crash.house import House, dead


async def kill_server(house: House) -> None:
    """One server dies."""
    await house.whole()
    victim = house.servers()[0]
    os.kill(victim, signal.SIGKILL)
    await dead(victim)
    await house.whole()


async def kill_database(house: House) -> None:
    """PostgreSQL dies."""
    await house.whole()
    victim = house.postgres()
    os.kill(victim, signal.SIGKILL)
    await dead(victim)
    await house.whole()


async def end(house: House) -> None:
    """All is told to end, and the service manager starts it again."""
    await house.whole()
    parent = house.parent
    with suppress(ProcessLookupError):
        os.kill(parent, signal.SIGTERM)
    await dead(parent)
    await house.whole()


#: What comes after an end is a beginning.
begin = end
