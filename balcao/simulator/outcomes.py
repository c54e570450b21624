"""What becomes of a message that Graph accepted: statuses over the next few seconds, or a failure.

Messages reach one phone in the order in which Graph accepted them. Counted as expected beforehand,
so that nobody takes the quiet before the next status for the end.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from balcao.simulator.delivery import Deliveries
from balcao.simulator.envelope import Sent, status_update
from balcao.simulator.world import Line, World

_SENT_S = (0.02, 0.08)
_DELIVERED_S = (0.1, 0.3)
_READ_S = (0.4, 1.2)
_PLAYED_S = (0.2, 0.8)
_FAILED_S = (0.1, 0.4)
_APART_S = 0.001
_MOST_STREAMS = 50_000


class Outcomes:
    """Lets accepted messages run their course."""

    def __init__(self, world: World, deliveries: Deliveries) -> None:
        self._world = world
        self._deliveries = deliveries
        self._timers: set[asyncio.TimerHandle] = set()
        self._last: dict[tuple[str, str], float] = {}

    def deliver(self, sent: Sent, line: Line) -> None:
        """Lets a message reach its phone, and tells of sent, delivered, read (and played)."""
        when = self._later(sent, "sent", asyncio.get_running_loop().time(), _SENT_S)
        self._at(when, lambda: self._tell(sent, "sent"))
        when = self._later(sent, "delivered", when, _DELIVERED_S)
        self._at(when, lambda: self._arrive(sent, line))
        if line.type != "reaction" and self._world.faults.receipts == "on":
            when = self._later(sent, "read", when, _READ_S)
            self._at(when, lambda: self._read(sent))
            if line.media is not None and line.media["voice"]:
                when = self._later(sent, "played", when, _PLAYED_S)
                self._at(when, lambda: self._tell(sent, "played"))

    def fail(self, sent: Sent, error: dict[str, Any]) -> None:
        """Lets a message fail after all, and tells why."""
        when = self._later(sent, "sent", asyncio.get_running_loop().time(), _FAILED_S)
        self._at(when, lambda: self._tell(sent, "failed", error))

    def close(self) -> None:
        """Stops everything that was still to come."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def _arrive(self, sent: Sent, line: Line) -> None:
        if sent.customer is not None:
            line.at = self._world.clock.now()
            self._world.show(sent.customer, line)
        # WhatsApp tells nothing of a reaction beyond that it was sent.
        if line.type != "reaction":
            self._tell(sent, "delivered")

    def _read(self, sent: Sent) -> None:
        if self._world.faults.receipts == "on":
            self._world.tick(sent.wamid, "read")
            self._tell(sent, "read")

    def _tell(self, sent: Sent, status: str, error: dict[str, Any] | None = None) -> None:
        self._deliveries.put(status_update(sent, status, self._world.clock.now(), error))

    def _later(self, sent: Sent, stage: str, after: float, wait: tuple[float, float]) -> float:
        """Is a moment after a given one that keeps the order of this person's messages."""
        stream = (sent.person, stage)
        earliest = self._last.pop(stream, 0.0) + _APART_S
        when = max(after + self._world.chance.uniform(*wait), earliest)
        self._last[stream] = when
        if len(self._last) > _MOST_STREAMS:
            del self._last[next(iter(self._last))]
        return when

    def _at(self, when: float, step: Callable[[], None]) -> None:
        self._deliveries.expect(1)

        def run() -> None:
            self._timers.discard(timer)
            step()
            self._deliveries.expect(-1)

        timer = asyncio.get_running_loop().call_at(when, run)
        self._timers.add(timer)
