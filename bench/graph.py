"""The Graph side: takes every message, answers with a wamid, and notes when the call began."""

from __future__ import annotations

import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiohttp import web

from balcao.simulator import ids
from bench.desks import mark_of


class Graph:
    """Pretends to be WhatsApp, as far as a sender can tell."""

    def __init__(self) -> None:
        #: When the call with a marked text began, in `time.perf_counter` seconds.
        self.began: dict[str, float] = {}
        self.calls = 0
        self._numbers = itertools.count(1)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Take a message, or that one was read."""
        at = time.perf_counter()
        given: dict[str, Any] = msgspec.json.decode(await request.read())
        if given.get("status") == "read":
            return web.json_response({"success": True})
        self.calls += 1
        mark = mark_of(given["text"]["body"])
        if mark is not None:
            self.began.setdefault(mark, at)
        to = str(given.get("to") or given["recipient"]).removeprefix("+")
        body = {
            "messaging_product": "whatsapp",
            "contacts": [{"input": to, "wa_id": to}],
            "messages": [{"id": ids.message_id(to, outbound=True)}],
        }
        return web.Response(body=msgspec.json.encode(body), content_type="application/json")


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[Graph, str]]:
    """A Graph API on this machine, and its address."""
    graph = Graph()
    async with served(graph.answer) as url:
        yield graph, url


@asynccontextmanager
async def served(
    answer: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> AsyncIterator[str]:
    """Whatever gives *answer* to the messages that are sent, listening; its address."""
    application = web.Application()
    application.router.add_post(r"/{version}/{number:\d+}/messages", answer)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()
