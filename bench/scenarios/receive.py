"""How many webhooks are answered durably in a second: the receiving path alone, as a ceiling.

Single messages of some 1 KB over 32 connections, each with its next request as soon as the last
is answered.  The intake is kept from working by its own lock.  The three programs take turns, so
that what else the machine does reaches all of them, and the medians count.
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import asyncpg

from balcao.simulator.world import Customer
from balcao.store.webhooks import INTAKE_LOCK
from bench.client import Pool
from bench.figures import Figure, Goal, median
from bench.office import ENTRY_POINTS, Bench, at_full_speed, unix_time
from bench.rig import SECRET, CannotMeasure, Running
from bench.webhooks import alike, saturate

AT_ONCE = 32
#: More than a round takes; a round that sends them all ends with the last.
READY_PER_SECOND = {"c": 40_000, "python": 25_000, "balcao": 25_000}


async def receive(bench: Bench) -> list[Figure]:
    """Webhooks per second of the three, and the ratio."""
    dsn = await bench.plain()
    customer = Customer("BR.0000000000000001", "Cliente 1", "5511000000001")
    number = next(iter(ENTRY_POINTS.values()))
    webhooks = alike(customer, number, await unix_time(dsn), SECRET)
    rates: dict[str, list[float]] = {"c": [], "python": [], "balcao": []}
    note = ""
    for _ in range(bench.size.receive_rounds):
        for which in rates:
            try:
                rates[which].append(await _round(bench, dsn, which, webhooks))
            except CannotMeasure as error:
                note = f"the C floor is left out: {error}"
    figures = {which: median(some) if some else None for which, some in rates.items()}
    return [
        Figure(
            "receive",
            "webhooks answered durably",
            "1/s",
            figures["balcao"],
            figures["python"],
            figures["c"],
            Goal("at least", 0.9, "ratio"),
            note or "the C floor's is at least this: the generator sends no faster",
        )
    ]


async def _round(bench: Bench, dsn: str, which: str, webhooks: Iterator[bytes]) -> float:
    seconds = bench.size.receive_seconds
    requests = list(itertools.islice(webhooks, int(READY_PER_SECOND[which] * seconds)))
    async with _server(bench, dsn, which) as running, Pool(running.address, AT_ONCE) as pool:
        with at_full_speed():
            return await saturate(pool, requests, AT_ONCE, seconds)


@asynccontextmanager
async def _server(bench: Bench, dsn: str, which: str) -> AsyncIterator[Running]:
    if which == "c":
        async with bench.rig.c_floor() as running:
            yield running
    elif which == "python":
        async with bench.rig.python_floor(dsn) as running:
            yield running
    else:
        async with idle_intake(dsn) as connection, bench.rig.balcao(dsn) as running:
            yield running
            await connection.execute("truncate webhook cascade")


@asynccontextmanager
async def idle_intake(dsn: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """A connection that holds the intake's lock: what comes in waits."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("select pg_advisory_lock($1)", INTAKE_LOCK)
        yield connection
    finally:
        await connection.close()
