"""The Graph API over HTTP, and the faults of the way to it."""

import asyncio
import json
from collections import deque
from typing import Any

from aiohttp import web

from balcao.simulator import refusals
from balcao.simulator.clock import rfc3339
from balcao.simulator.meta import Meta
from balcao.simulator.refusals import GraphError
from balcao.simulator.world import World

_LOG_SIZE = 10_000
_SLOW_S = 3.0
_NEVER_S = 300.0
_HTML = "<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>"


class GraphApi:
    """Serves Graph's routes and remembers what was asked."""

    def __init__(self, world: World, meta: Meta) -> None:
        self.requests: deque[dict[str, Any]] = deque(maxlen=_LOG_SIZE)
        self._world = world
        self._meta = meta
        self._closing = asyncio.Event()

    def routes(self) -> list[web.RouteDef]:
        """Is what to serve."""
        base = r"/{version:v\d+(?:\.\d+)?}/{phone_number_id:\d+}"
        return [
            web.get(base, self._number),
            web.post(base + "/messages", self._messages),
        ]

    def close(self) -> None:
        """Lets go of the calls that would otherwise never be answered."""
        self._closing.set()

    async def _number(self, request: web.Request) -> web.StreamResponse:
        id_, authorization = _asked(request)
        try:
            return web.json_response(self._meta.number(id_, authorization))
        except GraphError as error:
            return web.json_response(error.body(), status=error.status)

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        mode = self._world.faults.graph
        if mode in ("500", "429", "html", "timeout"):
            return await self._refuse(request, raw, mode)
        id_, authorization = _asked(request)
        try:
            body, status = self._meta.messages(id_, authorization, raw), 200
        except GraphError as error:
            body, status = error.body(), error.status
        self._remember(request, raw, status, body)
        if mode == "reset_after_accept" and status == 200:
            return _reset(request)
        if mode == "slow":
            await self._wait(_SLOW_S)
        return web.json_response(body, status=status)

    async def _refuse(self, request: web.Request, raw: bytes, mode: str) -> web.StreamResponse:
        """Answers without having taken anything."""
        if mode == "timeout":
            self._remember(request, raw, None, None)
            await self._wait(_NEVER_S)
            return _reset(request)
        if mode == "html":
            self._remember(request, raw, 502, None)
            return web.Response(status=502, text=_HTML, content_type="text/html")
        error = refusals.throughput(429) if mode == "429" else refusals.something_wrong()
        body = error.body()
        self._remember(request, raw, error.status, body)
        return web.json_response(body, status=error.status)

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            return

    def _remember(
        self, request: web.Request, raw: bytes, status: int | None, answer: dict[str, Any] | None
    ) -> None:
        error = (answer or {}).get("error", {})
        messages = (answer or {}).get("messages", [{}])
        entry = {
            "at": rfc3339(self._world.clock.now()),
            "method": request.method,
            "path": request.path,
            "body": _readable(raw),
            "status": status,
            "code": error.get("code"),
            "wamid": messages[0].get("id"),
        }
        self.requests.append(entry)


def _asked(request: web.Request) -> tuple[str, str | None]:
    return request.match_info["phone_number_id"], request.headers.get("Authorization")


def _readable(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return raw[:10_000].decode("utf-8", "replace")


def _reset(request: web.Request) -> web.Response:
    """Breaks the connection off, as if the line had gone dead."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)
