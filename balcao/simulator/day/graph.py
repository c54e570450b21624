"""The Graph API of a simulated day: on a real socket, and moody by the seed.

It answers one call after another, the next when what came of the last one is written, so that the
order of all that happens is the seed's.  An effect is what WhatsApp took, whatever it answered;
nothing may have two.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any, Self

import msgspec
from aiohttp import web

VERSION = "v26.0"
MOODS = {
    "takes": 70,
    "takes, says 500": 4,
    "takes, hangs up": 5,
    "says 500": 4,
    "hangs up": 3,
    "too fast": 5,
    "too fast for one": 3,
    "down": 3,
    "refuses": 3,
}
FILE_MOODS = ("takes", "says 500", "hangs up", "refuses"), (75, 10, 10, 5)
_REFUSALS = {
    "too fast": (429, 130429),
    "too fast for one": (400, 131056),
    "down": (503, 131016),
    "refuses": (400, 131026),
}


@dataclass(frozen=True)
class Effect:
    """A message that WhatsApp took, and will tell of."""

    wamid: str
    number: str
    phone: str | None
    user_id: str | None
    opaque: str


class Graph:
    """Takes or refuses what it is asked to send; everything while it is *willing*."""

    def __init__(self, chance: Random, took: Callable[[Effect], None]) -> None:
        self.url = ""
        self.willing = False
        self.twice: list[str] = []
        self._chance = chance
        self._took = took
        self._seen: set[str] = set()
        self._reactions = 0
        self._files = 0
        self._written = asyncio.Event()
        self._written.set()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_post(f"/{VERSION}/{{number}}/messages", self._messages)
        application.router.add_post(f"/{VERSION}/{{number}}/media", self._media)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def next(self) -> None:
        """What came of the last call is written, or never will be."""
        self._written.set()

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        body = msgspec.json.decode(await request.read())
        if body.get("status") == "read":
            return web.json_response({"success": True})
        await self._written.wait()
        self._written.clear()
        mood = "takes" if self.willing else self._chance.choices(*_weighted())[0]
        if mood in _REFUSALS:
            status, code = _REFUSALS[mood]
            error = {"error": {"code": code, "message": f"(#{code})"}}
            return web.json_response(error, status=status)
        wamid = self._take(request.match_info["number"], body) if "takes" in mood else ""
        if mood == "takes":
            return web.json_response({"messages": [{"id": wamid}]})
        if "hangs up" in mood and request.transport is not None:
            request.transport.abort()
        return web.Response(status=500)

    async def _media(self, request: web.Request) -> web.StreamResponse:
        """Take a file; whoever hears nothing of that brings it again."""
        await request.read()
        self._files += 1
        mood = "takes" if self.willing else self._chance.choices(*FILE_MOODS)[0]
        if mood == "takes":
            return web.json_response({"id": str(self._files)})
        if mood == "refuses":
            return web.json_response({"error": {"code": 131053, "message": "no"}}, status=400)
        if mood == "hangs up" and request.transport is not None:
            request.transport.abort()
        return web.Response(status=500)

    def _take(self, number: str, body: dict[str, Any]) -> str:
        if body["type"] == "reaction":  # the same twice is as once, and nothing is told of it
            self._reactions += 1
            return f"wamid.reaction.{self._reactions}"
        opaque = body["biz_opaque_callback_data"]
        if opaque in self._seen:
            self.twice.append(opaque)
        self._seen.add(opaque)
        wamid = f"wamid.out.{len(self._seen)}"
        phone, user_id = body.get("to"), body.get("recipient")
        self._took(Effect(wamid, number, phone and phone.removeprefix("+"), user_id, opaque))
        return wamid


def _weighted() -> tuple[list[str], list[int]]:
    return list(MOODS), list(MOODS.values())
