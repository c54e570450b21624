"""What goes wrong, and how it is made to."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg
import psutil

from bench.fill import FilledAgent
from bench.soak.graph import Graph, Mood
from bench.soak.house import House
from bench.soak.staff import Staff, be_deaf
from bench.soak.traffic import Traffic

BAD_SECONDS = 10.0
STOPPED_SECONDS = 3.0
APPLICATION = "soak"  # our own connections, which are left alone

BACKENDS = (
    "select pid from pg_stat_activity where backend_type = 'client backend'"
    f" and application_name <> '{APPLICATION}'"
)


@dataclass(frozen=True)
class Stage:
    """Everything that something can happen to."""

    house: House
    graph: Graph
    traffic: Traffic
    staff: Staff
    people: tuple[FilledAgent, ...]
    dice: random.Random


Fault = Callable[[Stage], Awaitable[None]]


async def kill_server(stage: Stage) -> None:
    """SIGKILL the second server."""
    _kill(stage.house.victim.server)


async def kill_backend(stage: Stage) -> None:
    """SIGKILL a PostgreSQL backend, upon which PostgreSQL ends all and recovers."""
    async with connected(stage.house.dsn) as connection:
        pids = [row["pid"] for row in await connection.fetch(BACKENDS)]
    if pids:
        _kill(psutil.Process(stage.dice.choice(pids)))


async def kill_postmaster(stage: Stage) -> None:
    """SIGKILL PostgreSQL's first process; the first server's parent starts it again."""
    _kill(stage.house.postmaster)


async def stop_server(stage: Stage) -> None:
    """SIGSTOP one of the servers for three seconds."""
    process = stage.dice.choice((stage.house.kept, stage.house.victim)).server
    if process is not None:
        process.send_signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(STOPPED_SECONDS)
        finally:
            process.send_signal(signal.SIGCONT)


async def graph_hangs_up(stage: Stage) -> None:
    """WhatsApp hangs up in the middle of each call, half of them done."""
    await _mood(stage, Mood.HANGS_UP)


async def graph_is_slow(stage: Stage) -> None:
    """WhatsApp takes three seconds for each call."""
    await _mood(stage, Mood.SLOW)


async def graph_fails(stage: Stage) -> None:
    """WhatsApp answers 500."""
    await _mood(stage, Mood.FAILS)


async def deaf_desk(stage: Stage) -> None:
    """A desk of the first server reads nothing."""
    await be_deaf(stage.house.kept.address, stage.dice.choice(stage.people), BAD_SECONDS)


async def troubled_webhooks(stage: Stage) -> None:
    """Webhooks come twice, and out of order."""
    stage.traffic.troubled = True
    try:
        await asyncio.sleep(BAD_SECONDS)
    finally:
        stage.traffic.troubled = False


async def all_reconnect(stage: Stage) -> None:
    """All desks lose their streams at once."""
    stage.staff.reconnect_all()


FAULTS: dict[str, Fault] = {
    "server killed": kill_server,
    "backend killed": kill_backend,
    "postmaster killed": kill_postmaster,
    "server stopped": stop_server,
    "Graph hangs up": graph_hangs_up,
    "Graph is slow": graph_is_slow,
    "Graph fails": graph_fails,
    "deaf desk": deaf_desk,
    "webhooks doubled": troubled_webhooks,
    "desks reconnect": all_reconnect,
}


def drawn(names: Sequence[str], dice: random.Random) -> Iterator[str]:
    """These names for ever: each once in any order, and again."""
    names = list(names)
    while True:
        dice.shuffle(names)
        yield from names


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """A connection of our own, which no fault chooses."""
    connection = await asyncpg.connect(
        dsn, server_settings={"application_name": APPLICATION}, timeout=5, command_timeout=60
    )
    try:
        yield connection
    finally:
        await connection.close(timeout=5)


async def _mood(stage: Stage, mood: Mood) -> None:
    stage.graph.mood = mood
    try:
        await asyncio.sleep(BAD_SECONDS)
    finally:
        stage.graph.mood = Mood.WELL


def _kill(process: psutil.Process | None) -> None:
    if process is not None:
        process.kill()
