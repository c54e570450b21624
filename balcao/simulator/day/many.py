"""Many days, one seed each, in as many processes as are given, over a PostgreSQL of their own.

It keeps nothing: what a day broke is told with its seed, and the seed brings the day back.
"""

from __future__ import annotations

import multiprocessing
import queue
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.context import SpawnProcess
from pathlib import Path

import uvloop

from balcao.simulator.day.day import Day, Outcome
from balcao.simulator.day.ground import open_ground
from balcao.store import embedded
from balcao.store.database import Database
from balcao.store.embedded import Embedded
from balcao.store.migrate import migrate

#: Nothing that a day does must outlive it, and nothing may run beside it.
HASTE = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
}
TOLD_EVERY = 25
LOOK_SECONDS = 1.0

_spawn = multiprocessing.get_context("spawn")


class Died(Exception):
    """A process of ours ended before its days did."""


@dataclass
class Tally:
    """What became of the days so far."""

    began: float = field(default_factory=time.monotonic)
    days: int = 0
    steps: int = 0
    broken: int = 0
    edges: Counter[str] = field(default_factory=Counter)

    def add(self, outcome: Outcome) -> None:
        """Count one more day."""
        self.days += 1
        self.steps += outcome.steps
        self.broken += outcome.broken is not None
        self.edges.update(outcome.kills)

    def __str__(self) -> str:
        seconds = time.monotonic() - self.began
        return (
            f"{self.days} days of {self.steps} steps, {self.broken} broken;"
            f" {self.edges.total()} kills at {len(self.edges)} edges;"
            f" {self.days / seconds:.2f} days and {self.steps / seconds:.0f} steps a second"
        )


def run(
    seeds: Sequence[int], steps: int, processes: int, tell: Callable[[str], None]
) -> list[Outcome]:
    """Let the days of *seeds* pass; returns those that broke a promise."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # to end it is to clean up
    broken: list[Outcome] = []
    with tempfile.TemporaryDirectory(prefix="balcao-days-") as folder, _server(folder) as home:
        names = [f"days_{number}" for number in range(processes)]
        uvloop.run(_make_databases(home, names))
        tally = Tally()
        for outcome in _outcomes(home, names, seeds, steps):
            tally.add(outcome)
            if outcome.broken is not None:
                broken.append(outcome)
                tell(f"--first {outcome.seed} --steps {steps} broke at {outcome.broken}")
            if tally.days % TOLD_EVERY == 0:
                tell(str(tally))
    tell(str(tally))
    return broken


@contextmanager
def _server(folder: str) -> Iterator[Path]:
    home = Path(folder)
    home.chmod(0o711)  # PostgreSQL may run as another user
    server = Embedded(home, settings=HASTE)
    server.start()
    try:
        yield home
    finally:
        server.stop()


async def _make_databases(home: Path, names: Sequence[str]) -> None:
    database = await Database.open(embedded.dsn(home), size=1)
    try:
        async with database.connection() as connection:
            for name in names:
                await connection.execute(f"create database {name}")
    finally:
        await database.close()
    for name in names:
        await migrate(embedded.dsn(home, name))


def _outcomes(
    home: Path, names: Sequence[str], seeds: Sequence[int], steps: int
) -> Iterator[Outcome]:
    """What becomes of each day, as it ends."""
    ended: multiprocessing.Queue[Outcome] = _spawn.Queue()
    workers = [
        _spawn.Process(
            target=_work,
            args=(embedded.dsn(home, name), seeds[number :: len(names)], steps, ended),
            daemon=True,
        )
        for number, name in enumerate(names)
    ]
    for worker in workers:
        worker.start()
    try:
        for _ in seeds:
            yield _next(ended, workers)
    finally:
        for worker in workers:
            worker.terminate()
            worker.join()


def _next(ended: multiprocessing.Queue[Outcome], workers: Sequence[SpawnProcess]) -> Outcome:
    while True:
        try:
            return ended.get(timeout=LOOK_SECONDS)
        except queue.Empty:
            if any(worker.exitcode for worker in workers):
                raise Died("A process of the simulated days died.") from None


def _work(
    dsn: str, seeds: Sequence[int], steps: int, ended: multiprocessing.Queue[Outcome]
) -> None:
    uvloop.run(_pass(dsn, seeds, steps, ended))


async def _pass(
    dsn: str, seeds: Sequence[int], steps: int, ended: multiprocessing.Queue[Outcome]
) -> None:
    async with open_ground(dsn) as ground:
        for seed in seeds:
            ended.put(await Day(ground, seed, steps).run())
