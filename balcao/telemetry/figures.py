"""Figures of one process: what happened in it, counted and timed.

Whoever does the work says what happened by calling one of these functions; how that is counted is
known only here.  A call costs a microsecond or two, and what comes by the thousand is told by the
batch.  No label holds anything about a person, and each has few values.  What the database knows
is not counted here but read when asked (`store.figures`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import timedelta
from functools import cache
from typing import cast

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

# When a counter began is a second series for each, and says nothing that resets do not.
cast("Callable[[], None]", disable_created_metrics)()

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_LATE_SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0)
_BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256)

LOOPS = ("intake", "router", "sender", "doubts", "receipts", "media")
FETCH_RESULTS = ("ready", "postponed", "gone", "too-large", "mismatch", "rejected", "let-go")


def _counter(name: str, meaning: str, *labels: str) -> Counter:
    return Counter(f"balcao_{name}", meaning, labels, registry=REGISTRY)


def _gauge(name: str, meaning: str, *labels: str) -> Gauge:
    return Gauge(f"balcao_{name}", meaning, labels, registry=REGISTRY)


def _histogram(
    name: str, meaning: str, *labels: str, buckets: tuple[float, ...] = _SECONDS
) -> Histogram:
    return Histogram(f"balcao_{name}", meaning, labels, buckets=buckets, registry=REGISTRY)


_build = _gauge("build_info", "Which version runs.", "version")
_requests = _counter("requests", "Answers given.", "door", "status")
_request_seconds = _histogram("request_seconds", "Time until an answer begins.", "door")
_stored = _counter("webhooks_stored", "Webhooks committed.")
_store_batch = _histogram(
    "store_batch_webhooks", "Webhooks written by one statement.", buckets=_BATCHES
)
_store_seconds = _histogram("store_seconds", "Time to write and commit a batch of webhooks.")
_steps = _counter("steps", "Turns of the engine's loops.", "loop", "outcome")
_step_seconds = _histogram("step_seconds", "Time of turns that had something to do.", "loop")
_step_done = _counter(
    "step_done", "Done by the loops: webhooks read, tasks moved, messages claimed.", "loop"
)
_items = _counter("items", "Items of webhooks by what they were.", "kind")
_offers = _counter("offers", "Offers made.", "what")
_rona = _counter("rona", "Offers that rang out at an agent who was there.")
_late_seconds = _histogram(
    "late_seconds", "How late a deadline was acted on.", "deadline", buckets=_LATE_SECONDS
)
_sends = _counter("sends", "Calls to WhatsApp by what came of them.", "result")
_receipts = _counter("receipts", "What customers were told of our reading and writing.", "result")
_fetches = _counter("media_fetches", "Files of customers fetched, by what came of it.", "result")
_graph_seconds = _histogram("graph_seconds", "Time until WhatsApp has answered.")
_send_wait_seconds = _histogram("send_wait_seconds", "Time from due to called, of a message.")
_turn_seconds = _histogram("hub_turn_seconds", "Time of turns of the hub.")
_snapshot_seconds = _histogram("hub_snapshot_seconds", "Time of a turn's snapshots.")
_streams = _gauge("streams", "Open desks here.")
_stream_events = _counter("stream_events", "Events sent to desks.")
_pool = _gauge("pool_connections", "Connections to the database by how they are.", "state")
_pool_max = _gauge("pool_connections_max", "Connections to the database at most.")
_pool_wait_seconds = _histogram("pool_wait_seconds", "Time until a connection was free.")
_loop_delay_seconds = _histogram("loop_delay_seconds", "How late a timer of the event loop fires.")
_log_lines = _counter("log_lines", "Lines written to the log.", "level")


def _count_from_nothing() -> None:
    """Show what has not happened yet as 0, so that the first time is an increase."""
    for loop in LOOPS:
        for outcome in ("done", "idle", "failed"):
            _steps.labels(loop, outcome)
        _step_seconds.labels(loop)
        _step_done.labels(loop)
    for what in ("task", "invitation"):
        _offers.labels(what)
    for result in ("told", "postponed", "rejected"):
        _receipts.labels(result)
    for result in ("accepted", "postponed", "paused", "rejected", "unsure", "expired"):
        _sends.labels(result)
    for result in FETCH_RESULTS:
        _fetches.labels(result)
    for level in ("debug", "info", "warning", "error"):
        _log_lines.labels(level)
    for deadline in ("offer", "wrap-up"):
        _late_seconds.labels(deadline)


_count_from_nothing()


def runs(version: str) -> None:
    """This *version* runs here."""
    _build.labels(version).set(1)


@cache
def _answers(door: str, status: int) -> Counter:
    return _requests.labels(door, str(status))


@cache
def _answer_times(door: str) -> Histogram:
    return _request_seconds.labels(door)


def answered(door: str, status: int, seconds: float, count: int = 1) -> None:
    """So many answers of *status* began at *door*, the slowest of them after so many *seconds*."""
    _answers(door, status).inc(count)
    _answer_times(door).observe(seconds)


def stored(webhooks: int, seconds: float) -> None:
    """So many *webhooks* were committed together."""
    _stored.inc(webhooks)
    _store_batch.observe(webhooks)
    _store_seconds.observe(seconds)


def stepped(loop: str, done: int, seconds: float) -> None:
    """A turn of *loop* did so much; nothing to do is told apart, as its time says nothing."""
    _steps.labels(loop, "done" if done else "idle").inc()
    if done:
        _step_done.labels(loop).inc(done)
        _step_seconds.labels(loop).observe(seconds)


def receipt(result: str) -> None:
    """WhatsApp was told of our reading or writing, with this *result*."""
    _receipts.labels(result).inc()


def fetched(result: str) -> None:
    """Fetching a customer's file came to this *result*, one of FETCH_RESULTS."""
    _fetches.labels(result).inc()


def step_failed(loop: str) -> None:
    """A turn of *loop* failed."""
    _steps.labels(loop, "failed").inc()


def placed(kinds: Mapping[str, int]) -> None:
    """Items of webhooks were placed or set aside, for good; how many of each kind."""
    for kind, count in kinds.items():
        _items.labels(kind).inc(count)


def offered(what: str) -> None:
    """A `task` or an `invitation` was offered to an agent."""
    _offers.labels(what).inc()


def missed() -> None:
    """An offer rang out at an agent who was there."""
    _rona.inc()


def acted_late(deadline: str, by: timedelta) -> None:
    """What was due at the end of an `offer` or a `wrap-up` was done so much later."""
    _late_seconds.labels(deadline).observe(by.total_seconds())


def waited_to_send(wait: timedelta) -> None:
    """A message was claimed so long after it was due."""
    _send_wait_seconds.observe(wait.total_seconds())


def calling() -> AbstractContextManager[object]:
    """Times one call to WhatsApp."""
    return _graph_seconds.time()


def sent(result: str, count: int = 1) -> None:
    """Calls to WhatsApp came to *result*: accepted, postponed, rejected, unsure or expired."""
    _sends.labels(result).inc(count)


def turning() -> AbstractContextManager[object]:
    """Times one turn of the hub."""
    return _turn_seconds.time()


def taking_snapshots() -> AbstractContextManager[object]:
    """Times the snapshots of one turn of the hub."""
    return _snapshot_seconds.time()


def watching(streams: int) -> None:
    """So many desks are open here now."""
    _streams.set(streams)


def told(events: int) -> None:
    """So many events were sent to a desk."""
    _stream_events.inc(events)


def pooled(open_: int, idle: int, at_most: int) -> None:
    """How many connections to the database are open, idle, and allowed now."""
    _pool.labels("used").set(open_ - idle)
    _pool.labels("idle").set(idle)
    _pool_max.set(at_most)


def waited_for_connection(seconds: float) -> None:
    """A connection to the database was free after so many *seconds*."""
    _pool_wait_seconds.observe(seconds)


def fired_late(seconds: float) -> None:
    """A timer of the event loop fired so many *seconds* late."""
    _loop_delay_seconds.observe(seconds)


def logged(level: str) -> None:
    """A line of this *level* was written to the log."""
    _log_lines.labels(level).inc()
