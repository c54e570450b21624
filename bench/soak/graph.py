"""WhatsApp's side of sending: takes messages, tells their statuses, and has bad moments.

What it took is an effect, also where the answer was lost; the second effect of one attempt is
what must never be.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec
from aiohttp import web

from balcao.simulator import ids
from bench.graph import served

SLOW_SECONDS = 3.0


class Mood(StrEnum):
    """How Graph answers."""

    WELL = "well"
    SLOW = "slow"
    HANGS_UP = "hangs up"
    FAILS = "fails"


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that reached its customer."""

    wamid: str
    phone_number_id: str
    to: str
    opaque: str


class Graph:
    """Pretends to be WhatsApp."""

    def __init__(self) -> None:
        self.mood = Mood.WELL
        self.calls = 0
        #: How often each attempt had an effect, by message id and attempt.
        self.effects: dict[tuple[int, int], int] = {}
        self.on_taken: Callable[[Taken], None] = lambda _: None

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Take a message, as the mood is."""
        given: dict[str, Any] = msgspec.json.decode(await request.read())
        self.calls += 1
        if self.mood is Mood.FAILS:
            return web.json_response({"error": {"code": 1, "message": "unknown"}}, status=500)
        if self.mood is Mood.HANGS_UP and self.calls % 2:
            return _hang_up(request)
        if given.get("status") == "read":
            return web.json_response({"success": True})
        taken = self._take(request.match_info["number"], given)
        if self.mood is Mood.HANGS_UP:
            return _hang_up(request)
        if self.mood is Mood.SLOW:
            await asyncio.sleep(SLOW_SECONDS)
        return web.json_response(
            {"messaging_product": "whatsapp", "messages": [{"id": taken.wamid}]}
        )

    def _take(self, number: str, given: dict[str, Any]) -> Taken:
        to = str(given.get("to") or given["recipient"]).removeprefix("+")
        opaque = str(given["biz_opaque_callback_data"])
        _, message, attempt, _ = opaque.split(".")
        key = int(message), int(attempt)
        self.effects[key] = self.effects.get(key, 0) + 1
        taken = Taken(ids.message_id(to, outbound=True), number, to, opaque)
        self.on_taken(taken)
        return taken


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[Graph, str]]:
    """A Graph API on this machine, and its address."""
    graph = Graph()
    async with served(graph.answer) as url:
        yield graph, url


def _hang_up(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)
