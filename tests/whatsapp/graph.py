"""A Graph API on a real socket that answers what a test says."""

from __future__ import annotations

import itertools
import json
from collections.abc import Awaitable, Callable
from typing import Any, Self, TypeAlias

from aiohttp import web

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Graph:
    """A Graph API that answers what a test says, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[web.Request] = []
        self.bodies: list[dict[str, Any]] = []
        self.url = ""
        self.answer: Handler = self.accepts
        self._numbers = itertools.count(1)
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_post("/v26.0/{number}/messages", self.handle)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def accepts(self, _request: web.Request) -> web.StreamResponse:
        """Take the message under the next id: wamid.1, wamid.2 ..."""
        return web.json_response({"messages": [{"id": f"wamid.{next(self._numbers)}"}]})

    @staticmethod
    def says(status: int, body: object) -> Handler:
        async def handler(_request: web.Request) -> web.StreamResponse:
            text = body if isinstance(body, str) else json.dumps(body)
            return web.Response(status=status, text=text)

        return handler

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        self.bodies.append(json.loads(await request.read()))
        return await self.answer(request)


def refusal(code: object, **over: object) -> dict[str, object]:
    return {"error": {"message": f"(#{code})", "code": code, **over}}
