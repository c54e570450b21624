"""How each figure grows as what is stored, and what comes in, grow: `make bench-growth`.

One database grows from a quarter of a million messages to ten million, and the same is measured
in it each time; at two million the load is doubled and doubled again.  What is above the goals
counts as missed; the verdicts are for reading.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import uvloop

from balcao.simulator.world import Customer
from bench import machine, table
from bench.agents import Agents
from bench.curves import Curves
from bench.desks import Desks, Seen
from bench.figures import Figure, milliseconds
from bench.fill import grow
from bench.office import ENTRY_POINTS, Bench, Office, Size, at_full_speed, cookies_of
from bench.proof import lost
from bench.rig import standing
from bench.scenarios.check import check
from bench.scenarios.desks import memory, open_conversation
from bench.scenarios.shift import NEW_CUSTOMERS, RATE, RING_SECONDS, WORKING
from bench.scenarios.sustained import ceiling
from bench.webhooks import Item, Mail, Post, deliver

STORED = (250_000, 2_000_000, 10_000_000)
LOADED_AT = 2_000_000  # messages stored, when the load is doubled
LOADS = (1, 2, 4)
STATUSES = 200_000  # more than all stages tell
BYTES_OF_A_MESSAGE = 1_500  # with all that belongs to it, and room to write it
BYTES_SPARE = 4 << 30
SNAPSHOTS = 60
FINISH_SECONDS_MAX = 40.0
SEED = 20261124
SHARES = dict.fromkeys((0.5, 0.99))


@dataclass(frozen=True)
class GrowthSize(Size):
    """How much of everything there is at a stage."""

    seconds: int = 20

    @property
    def statuses(self) -> int:
        """How many statuses all stages tell together, at the most."""
        return STATUSES


class Growth:
    """The stages, and what was measured in them."""

    def __init__(self, bench: Bench, stored: Sequence[int], loaded_at: int) -> None:
        """*stored* are the messages of the stages; the load grows at the one with *loaded_at*."""
        self.over_data = Curves("messages stored")
        self.over_load = Curves("times the load")
        self.skipped: list[str] = []
        self._bench = bench
        self._stored = stored
        self._loaded_at = loaded_at
        self._newcomers = itertools.count(1)
        self._began = time.monotonic()

    async def run(self) -> None:
        """Go through all stages for which there is room."""
        me = asyncio.current_task()
        assert me is not None, "inside a task"
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, me.cancel)
        before = 0
        for count in self._stored:
            if not self._has_room(count - before):
                self.skipped.append(f"{count:,} messages do not fit on this disk")
                return
            full = await self._bench.full()
            if before:
                await grow(full.dsn, count - before)
            before = count
            self._say(f"{count:,} messages stored")
            self.over_data.add(count, await self._stage())
            self._say("measured")
            if count == self._loaded_at:
                for factor in LOADS:
                    self.over_load.add(factor, await self._shift(factor))
                    self._say(f"measured at {factor} times the load")

    async def _stage(self) -> list[Figure]:
        """All that may depend on how much is stored."""
        began = time.monotonic()
        broken = await check(self._bench)
        checked = Figure("growth", "balcao check takes", "s", time.monotonic() - began)
        return [
            *await self._sizes(),
            *await open_conversation(self._bench),
            *await self._desks_open(),
            *await self._shift(1),
            *(one for one in await ceiling(self._bench) if one.unit == "1/s"),
            *await memory(self._bench),
            checked,
            *broken,
        ]

    async def _sizes(self) -> list[Figure]:
        async with self._bench.office(desks=1) as office:
            size = await office.connection.fetchval("select pg_database_size(current_database())")
        return [Figure("growth", "database", "MB", size / 1e6)]

    async def _desks_open(self) -> list[Figure]:
        """How long it takes until a desk has its snapshot, one after the other."""
        cookies = cookies_of((await self._bench.full()).filled)
        took: list[float] = []
        async with self._bench.office(desks=1) as office:
            for cookie in cookies[1 : SNAPSHOTS + 1]:
                desks = Desks(office.running.address, office.pool, Seen())
                began = time.perf_counter()
                await desks.connect([cookie])
                took.append(time.perf_counter() - began)
                desks.close()
        return milliseconds("growth", "desk opens", took, SHARES)

    async def _shift(self, factor: int) -> list[Figure]:
        """A shift in which so many times as much comes in, with as many more agents at work."""
        bench, full = self._bench, await self._bench.full()
        going_on, new, posts = self._load(full.mail, factor)
        agents = Agents(bench.dice)
        async with bench.office(seen=agents) as office:
            await office.connection.execute(
                "update organisation set rona_seconds = $1", RING_SECONDS
            )
            await bench.warm_up(office, RATE, 1)
            at_work = cookies_of(full.filled)[: WORKING * factor]
            await agents.begin(office.pool, at_work, str(full.filled.wrap_up_code_id))
            began = await office.connection.fetchval("select clock_timestamp()")
            with at_full_speed():
                before = self._used(office)
                done = await deliver(office.pool, posts, bench.size.seconds, bench.dice)
                costs = [now - then for now, then in zip(self._used(office), before, strict=True)]
                await office.until_shown(going_on)
                await agents.finish(len(new), FINISH_SECONDS_MAX)
            at = agents.at
            shown = [at[one.key] - done.due[one.key] for one in going_on if one.key in at]
            return [
                *milliseconds("growth", "webhook answered", done.answers, SHARES),
                *milliseconds("growth", "item to desk", shown, SHARES),
                *await _handled(office, agents, began),
                Figure("growth", "CPU of the server for an item", "ms", costs[0] / len(posts)),
                Figure("growth", "CPU of PostgreSQL for an item", "ms", costs[1] / len(posts)),
                Figure("growth", "RSS under load", "MB", office.running.usage().rss / 1e6),
                await lost("growth", office, going_on, done),
            ]

    def _load(self, mail: Mail, factor: int) -> tuple[list[Item], list[Item], list[Post]]:
        """What goes on, what is new, and all of it in webhooks of one item in any order."""
        times = factor * self._bench.size.seconds
        going_on = mail.mixture(RATE.inbound * times, RATE.statuses * times)
        new = [self._newcomer(mail) for _ in range(NEW_CUSTOMERS * times)]
        posts = [mail.post([item]) for item in going_on]
        for item in new:
            posts.insert(self._bench.dice.randrange(len(posts) + 1), mail.post([item]))
        return going_on, new, posts

    def _newcomer(self, mail: Mail) -> Item:
        n = next(self._newcomers)
        numbers = list(ENTRY_POINTS.values())
        customer = Customer(f"BR.9{n:019d}", f"Novo cliente {n}", f"5521{n:09d}")
        return mail.message(customer, numbers[n % len(numbers)], -1)

    def _used(self, office: Office) -> tuple[float, float]:
        """CPU milliseconds of the server and of PostgreSQL until now."""
        server, postgres = office.running.usage(), self._bench.rig.postgres_usage()
        return server.cpu_seconds * 1e3, postgres.cpu_seconds * 1e3

    def _has_room(self, messages: int) -> bool:
        free = shutil.disk_usage(self._bench.rig.home).free
        return free > messages * BYTES_OF_A_MESSAGE + BYTES_SPARE

    def _say(self, what: str) -> None:
        print(f"{time.monotonic() - self._began:7.0f} s  {what}", file=sys.stderr, flush=True)


async def _handled(office: Office, agents: Agents, began: datetime) -> list[Figure]:
    """How long customers waited for an offer, and answers for the call that sends them."""
    rows = await office.connection.fetch(
        "select extract(epoch from min(l.offered_at) - t.queued_at)::float8 as waited"
        " from task t join leg l on l.task_id = t.id where t.opened_at >= $1 group by t.id",
        began,
    )
    waited, calls = [row["waited"] for row in rows], office.graph.began
    sends = [calls[mark] - at for mark, at in agents.sent.items() if mark in calls]
    return [
        *milliseconds("growth", "enqueue to offer", waited, SHARES),
        *milliseconds("growth", "send to Graph call", sends, SHARES),
    ]


def main() -> int:
    """Measure the growth; 1 where a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    parser.add_argument("--stored", type=int, nargs="+", default=STORED)
    parser.add_argument("--loaded-at", type=int, default=LOADED_AT)
    parser.add_argument("--seconds", type=int, default=GrowthSize.seconds)
    parser.add_argument("--seed", type=int, default=SEED)
    said = parser.parse_args()
    with standing() as rig, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        facts = machine.describe(rig.home)
        size = GrowthSize(seconds=said.seconds, stored_messages=said.stored[0])
        growth = Growth(Bench(rig, size, said.seed), said.stored, said.loaded_at)
        runner.run(growth.run())
    page = _write(growth, facts)
    print(page.read_text())
    print(f"written to {page.relative_to(machine.ROOT)}")
    curves = (*growth.over_data.all, *growth.over_load.all)
    return 1 if any(curve.met is False for curve in curves) else 0


def _write(growth: Growth, facts: dict[str, Any]) -> Path:
    lines = ["# How the figures grow", "", *(f"- {name}: {it}" for name, it in facts.items()), ""]
    for curves in (growth.over_data, growth.over_load):
        lines += [f"## Over {curves.over}", "", curves.markdown(), ""]
    lines += [f"Left out: {one}." for one in growth.skipped]
    whole = {
        "machine": facts,
        "skipped": growth.skipped,
        "growth": [growth.over_data.plain(), growth.over_load.plain()],
    }
    table.RESULTS.mkdir(parents=True, exist_ok=True)
    stem = table.RESULTS / f"growth-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}"
    stem.with_suffix(".json").write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n")
    page = stem.with_suffix(".md")
    page.write_text("\n".join(lines))
    return page


if __name__ == "__main__":
    sys.exit(main())
