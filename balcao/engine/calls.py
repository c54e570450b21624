"""Calls that go on while steps come and go: begun by one, and over whenever they are.

A step that waited for its calls would be as slow as the slowest of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog

from balcao.store.database import Database, Tx
from balcao.whatsapp.client import Line, Retryable
from balcao.whatsapp.errors import Failure

log = structlog.get_logger()

SETTLE_TRIES_MAX = 20
SETTLE_PAUSE_SECONDS = 0.5

Settle = Callable[[Tx], Awaitable[None]]


class Calls:
    """The calls of one kind that are under way, up to *most* at once."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._under_way: set[asyncio.Task[None]] = set()

    @property
    def room(self) -> int:
        """How many more may be begun."""
        return self._most - len(self._under_way)

    def begin(self, call: Coroutine[Any, Any, None]) -> None:
        """Let *call* go on by itself."""
        task = asyncio.create_task(call)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def cancel(self) -> None:
        """Break off every call under way, and wait until it has seen to its end."""
        for task in self._under_way:
            task.cancel()
        await self.finish()

    async def finish(self) -> None:
        """Wait until every call under way has come to something."""
        while self._under_way:
            await asyncio.wait(self._under_way)


async def settle(database: Database, write: Settle, **about: object) -> None:
    """Write what came of a call, in a transaction of its own, for as long as that makes sense.

    Where it cannot be written at all, what was claimed for the call runs out.
    """
    for _ in range(SETTLE_TRIES_MAX):
        try:
            async with database.transaction() as tx:
                await write(tx)
            log.debug("settled", **about)
            return
        except Exception as error:
            log.warning("not_settled", error=type(error).__name__, **about)
            await asyncio.sleep(SETTLE_PAUSE_SECONDS)


def line(phone_number_id: str, own: str | None, installation_s: str | None) -> Line:
    """The number to call for, with its own token or the installation's; Retryable without one."""
    token = own or installation_s
    if token is None:
        raise Retryable(Failure(190, "No access token"))
    return Line(phone_number_id, token)
