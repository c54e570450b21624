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
        self.uploaded: list[dict[str, Any]] = []
        self.answer_upload: Handler = self.takes
        self._numbers = itertools.count(1)
        self._files = itertools.count(901)
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_post("/v26.0/{number}/messages", self.handle)
        application.router.add_post("/v26.0/{number}/media", self.handle_upload)
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

    async def takes(self, _request: web.Request) -> web.StreamResponse:
        """Take the file under the next id: 901, 902 ..."""
        return web.json_response({"id": f"{next(self._files)}"})

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

    async def handle_upload(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        file = form["file"]
        assert isinstance(file, web.FileField)
        told = {name: value for name, value in form.items() if name != "file"}
        about = {"number": request.match_info["number"], "content_type": file.content_type}
        with file.file as content:
            self.uploaded.append({**told, **about, "content": content.read()})
        return await self.answer_upload(request)


def refusal(code: object, **over: object) -> dict[str, object]:
    return {"error": {"message": f"(#{code})", "code": code, **over}}
