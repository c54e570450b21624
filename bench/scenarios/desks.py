"""What open desks cost, how quickly all come back at once, and how quickly a thread opens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import msgspec

from bench.client import Pool, request
from bench.desks import Desk, Desks, Seen
from bench.figures import ABSENT, Figure, at_most, milliseconds
from bench.fill import Shape, fill
from bench.office import CONNECTIONS, Bench, Office, at_full_speed, cookies_of
from bench.rig import Usage
from bench.schedule import arrivals, play

FEW = 10
SETTLE_SECONDS = 5.0  # a look of the hub, and a ping
HERD_OUTBOUND = 4
COMPARED_AT_ONCE = 200
OPENED_PER_SECOND = 40
OPENED_SECONDS_MAX = 10


async def memory(bench: Bench) -> list[Figure]:
    """Memory of a fresh server with few desks and with all, and of PostgreSQL."""
    filled = (await bench.full()).filled
    count = bench.size.desks
    async with bench.office(desks=FEW) as office:
        few = await _settled(office)
        await office.desks.connect(cookies_of(filled)[FEW:count])
        many = await _settled(office)
        postgres = bench.rig.postgres_usage()
    per_desk = (many.uss - few.uss) / (count - FEW) / 1e3
    return [
        Figure("memory", f"RSS with {count} desks", "MB", many.rss / 1e6, goal=at_most(250)),
        Figure("memory", f"USS with {count} desks", "MB", many.uss / 1e6),
        Figure("memory", f"USS with {FEW} desks", "MB", few.uss / 1e6),
        Figure("memory", "USS for each desk", "KB", per_desk, goal=at_most(60)),
        Figure("memory", "PostgreSQL's PSS", "MB", postgres.pss / 1e6),
    ]


async def _settled(office: Office) -> Usage:
    await asyncio.sleep(SETTLE_SECONDS)
    return office.running.usage()


async def herd(bench: Bench) -> list[Figure]:
    """A crowd of desks that connects at once, as after a break of the network."""
    dsn = await bench.rig.database("herd")
    filled = await fill(dsn, Shape(agents=bench.size.herd, outbound_with_wamid=HERD_OUTBOUND))
    cookies = cookies_of(filled)
    async with bench.rig.balcao(dsn) as running, Pool(running.address, CONNECTIONS) as pool:
        desks = Desks(running.address, pool, Seen(), keep=True)
        try:
            with at_full_speed():
                began = time.perf_counter()
                await desks.connect(cookies)
                live = [desk.live_at or time.perf_counter() for desk in desks.open]
            used = running.usage()
            different = await _different(desks, cookies)
        finally:
            desks.close()
    took = [at - began for at in live]
    count = len(cookies)
    return [
        Figure("herd", f"{count} desks live after", "s", max(took), goal=at_most(10)),
        Figure("herd", "of them unlike a new snapshot", "", different, goal=at_most(0)),
        Figure("herd", f"RSS with {count} desks", "MB", used.rss / 1e6),
    ]


async def _different(desks: Desks, cookies: Sequence[str]) -> int:
    """How many desks show anything else than a snapshot that is fetched now."""
    count = 0
    for first in range(0, len(cookies), COMPARED_AT_ONCE):
        some = cookies[first : first + COMPARED_AT_ONCE]
        fresh = desks.beside()
        try:
            await fresh.connect(some)
            pairs = zip(desks.open[first:], fresh.open, strict=False)
            count += sum(shown(old) != shown(new) for old, new in pairs)
        finally:
            fresh.close()
    return count


def shown(desk: Desk) -> dict[tuple[str, str], Any]:
    """What a desk that keeps everything shows: the newest of each object."""
    views: dict[tuple[str, str], Any] = {}
    for name, data in desk.kept:
        if name == b"snapshot":
            told = msgspec.json.decode(data)
            views = {(one["kind"], one["id"]): one for one in told["views"]}
            views["codes", ""] = told["codes"]
            if told["me"] is not None:
                views["agent", told["me"]["id"]] = told["me"]
        elif name == b"view":
            one = msgspec.json.decode(data)
            views[one["kind"], one["id"]] = one
        elif name == b"gone":
            one = msgspec.json.decode(data)
            views.pop((one["kind"], one["id"]), None)
    return views


async def open_conversation(bench: Bench) -> list[Figure]:
    """How long the newest page of a thread takes to come, with all desks open."""
    filled = (await bench.full()).filled
    cookies = dict(zip((agent.id for agent in filled.agents), cookies_of(filled), strict=True))
    seconds = min(bench.size.seconds, OPENED_SECONDS_MAX)
    moments = arrivals(OPENED_PER_SECOND * seconds, seconds, bench.dice)
    some = [bench.dice.choice(filled.conversations) for _ in moments]
    asked = [
        request(
            "GET",
            f"/api/conversations/{one.id}/messages?limit=50",
            headers={"cookie": cookies[one.agent_id]},
        )
        for one in some
    ]
    async with bench.office() as office:
        with at_full_speed():
            await timed(office.pool, asked, moments)  # for the server to get to know them
            took = await timed(office.pool, asked, moments)
    note = f"{filled.stored_messages:,} messages stored"
    figures = milliseconds("open", "conversation opens", took, {0.5: None, 0.99: 50})
    return [
        *(one.noted(note) for one in figures),
        Figure("open", "search", "ms", None, note=ABSENT),
    ]


async def timed(pool: Pool, asked: Sequence[bytes], moments: Sequence[float]) -> list[float]:
    """Seconds from when each request was due to its whole answer, which must be 200."""
    took: list[float] = []
    over = asyncio.Event()
    bad: list[int] = []

    def fire(i: int, due: float) -> None:
        def answered(status: int, _body: bytes) -> None:
            took.append(time.perf_counter() - due)
            if status != 200:
                bad.append(status)
            if len(took) == len(asked):
                over.set()

        pool.send(asked[i], answered)

    await play(moments, fire)
    async with asyncio.timeout(30):
        await over.wait()
    if bad:
        raise ConnectionError(f"{len(bad)} requests were refused, the first with {bad[0]}")
    return took
