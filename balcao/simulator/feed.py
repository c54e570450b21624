"""Tells watchers what changed, so that phones, scripted customers and tests need not ask again.

A watcher that falls too far behind is cut off rather than waited for; it starts over with a
fresh look.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_MOST_UNREAD = 5_000

Change = tuple[str, dict[str, Any]]


class Feed:
    """Passes every published change to every watcher."""

    def __init__(self) -> None:
        self._watchers: set[asyncio.Queue[Change | None]] = set()

    def publish(self, kind: str, data: dict[str, Any]) -> None:
        """Hands a change to all watchers at once."""
        for queue in list(self._watchers):
            self._hand(queue, (kind, data))

    def close(self) -> None:
        """Ends every watcher's stream."""
        for queue in list(self._watchers):
            self._hand(queue, None)

    @contextmanager
    def watch(self) -> Iterator[asyncio.Queue[Change | None]]:
        """Gives a queue of the changes from now on; None in it means that it has ended."""
        queue: asyncio.Queue[Change | None] = asyncio.Queue(_MOST_UNREAD)
        self._watchers.add(queue)
        try:
            yield queue
        finally:
            self._watchers.discard(queue)

    def _hand(self, queue: asyncio.Queue[Change | None], change: Change | None) -> None:
        if queue.full():
            self._watchers.discard(queue)
            while not queue.empty():
                queue.get_nowait()
            change = None
        queue.put_nowait(change)
