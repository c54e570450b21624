"""Figures for those who run it, in Prometheus' format.

What the database knows is read when asked and is the same from every process; what a process
counts is its own.  No label holds anything about a person.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from balcao.store import figures
from balcao.store.database import Database

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Figures:
    """The figures of one process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "balcao_requests", "Answers given.", ["status"], registry=self._registry
        )
        self._seconds = Histogram(
            "balcao_request_seconds", "Time to answer.", buckets=SECONDS, registry=self._registry
        )
        self._streams = Gauge("balcao_streams", "Open desks here.", registry=self._registry)
        self._floor = Gauge(
            "balcao_floor", "What there is on the floor.", ["what"], registry=self._registry
        )

    def answered(self, status: int, seconds: float) -> None:
        """Count one answer."""
        self._requests.labels(f"{status // 100}xx").inc()
        self._seconds.observe(seconds)

    async def text(self, database: Database, streams: int) -> bytes:
        """All figures as they are now."""
        self._streams.set(streams)
        async with database.transaction() as tx:
            for what, count in (await figures.counts(tx)).items():
                self._floor.labels(what).set(count)
        return generate_latest(self._registry)
