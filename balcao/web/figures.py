"""The answer of /metrics, in Prometheus' format: this server as a whole, whichever worker is asked.

Workers share one door, and nobody can say which of them answers.  So each tells its figures to
the others over a socket of its own, and the one that is asked asks all and puts the number of the
worker to each figure.  One that does not answer in time is shown as down: its figures are missing,
and never old.  What the database knows is the same from every worker, is read when asked, and
bears no number.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from typing import Self

from prometheus_client import generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from balcao.realtime.hub import Hub
from balcao.store import figures as stored
from balcao.store.database import Database
from balcao.store.postgres import UNREACHABLE
from balcao.telemetry import figures

ANSWER_SECONDS_MAX = 1.0
DATABASE_SECONDS_MAX = 2.0
ANSWER_BYTES_MAX = 4 << 20


class Figures:
    """The figures of one server, as one of its workers tells them."""

    def __init__(
        self, database: Database, hub: Hub, *, worker: int = 0, sockets: Sequence[str] = ()
    ) -> None:
        """Those of *worker*, which has the path *sockets[worker]*; no paths: it is alone."""
        self._database = database
        self._hub = hub
        self._worker = worker
        self._sockets = sockets
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        if self._sockets:
            path = self._sockets[self._worker]
            self._server = await asyncio.start_unix_server(self._answer, path)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()

    async def text(self) -> bytes:
        """All figures as they are now."""
        others = [worker for worker in range(len(self._sockets)) if worker != self._worker]
        answers = await asyncio.gather(*(_ask(self._sockets[worker]) for worker in others))
        self._look()
        found: dict[int, Iterable[Metric]] = {self._worker: figures.REGISTRY.collect()}
        for worker, answer in zip(others, answers, strict=True):
            found[worker] = text_string_to_metric_families(answer)
        return generate_latest(_Told([*_merged(found), *await self._of_the_database()]))

    def _look(self) -> None:
        """Take note of what is not counted but simply is."""
        figures.watching(self._hub.watching)
        figures.pooled(*self._database.pool)

    async def _answer(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._look()
        writer.write(generate_latest(figures.REGISTRY))
        writer.close()

    async def _of_the_database(self) -> list[Metric]:
        """What the database knows; without one, only that."""
        up = GaugeMetricFamily("balcao_database_up", "Whether the database answers.")
        try:
            async with (
                asyncio.timeout(DATABASE_SECONDS_MAX),
                self._database.transaction() as tx,
            ):
                floor = await stored.floor(tx)
        except UNREACHABLE:
            up.add_metric([], 0)
            return [up]
        up.add_metric([], 1)
        return [up, *_of_the_floor(floor)]


class _Told(Collector):
    """Families that are there already, for `generate_latest`."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


async def _ask(path: str) -> str:
    """What the worker there tells; nothing, if it does not in time."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            reader, writer = await asyncio.open_unix_connection(path, limit=ANSWER_BYTES_MAX)
            try:
                return (await reader.read(-1)).decode()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return ""


def _merged(found: dict[int, Iterable[Metric]]) -> Iterator[Metric]:
    """The figures of all workers, each with the number of its worker."""
    families: dict[str, Metric] = {}
    up = GaugeMetricFamily(
        "balcao_worker_up", "Whether a worker told its figures.", labels=["worker"]
    )
    for worker, metrics in sorted(found.items()):
        there = 0
        for metric in metrics:
            there = 1
            family = families.setdefault(
                metric.name, Metric(metric.name, metric.documentation, metric.type)
            )
            for sample in metric.samples:
                labels = {**sample.labels, "worker": str(worker)}
                family.add_sample(sample.name, labels, sample.value)
        up.add_metric([str(worker)], there)
    return iter([up, *families.values()])


def _of_the_floor(floor: stored.Floor) -> Iterator[Metric]:
    there = GaugeMetricFamily("balcao_floor", "What there is on the floor.", labels=["what"])
    for what, count in floor.counts.items():
        there.add_metric([what], count)
    waiting = GaugeMetricFamily("balcao_queue_tasks", "Tasks that wait.", labels=["queue"])
    oldest = GaugeMetricFamily(
        "balcao_queue_oldest_seconds", "For how long the first task waits.", labels=["queue"]
    )
    for queue in floor.queues:
        waiting.add_metric([queue.name], queue.tasks)
        oldest.add_metric([queue.name], queue.oldest.total_seconds())
    yield from (there, waiting, oldest)
    for name, meaning, value in (
        (
            "webhook_oldest_seconds",
            "For how long the oldest unread webhook waits.",
            floor.webhook_oldest.total_seconds(),
        ),
        (
            "message_oldest_seconds",
            "For how long the oldest message is due to be sent.",
            floor.message_oldest.total_seconds(),
        ),
        (
            "media_oldest_seconds",
            "For how long the oldest file waits to be fetched.",
            floor.media_oldest.total_seconds(),
        ),
        ("database_bytes", "The size of the database.", floor.database_bytes),
    ):
        yield GaugeMetricFamily(f"balcao_{name}", meaning, value)
