"""WhatsApp's media on real sockets: Graph, which tells where a file is, and the host it is on."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Callable
from typing import Any, Self, TypeAlias

from aiohttp import BodyPartReader, web

from tests.whatsapp.graph import refusal

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

TOKEN = "a-token"
PHOTO = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 1200


class Lookaside:
    """A Graph API with one file, on a host of its own; what was asked of either is remembered."""

    def __init__(self, content: bytes = PHOTO) -> None:
        self.content = content
        self.found: list[str] = []
        self.fetched: list[web.Request] = []
        self.uploaded: list[tuple[dict[str, Any], web.Request]] = []
        self.find: Handler = self.tells
        self.fetch: Handler = self.gives
        self.asked = asyncio.Event()
        self.url = self.host = ""
        self.round = 0
        self._runners: list[web.AppRunner] = []

    async def __aenter__(self) -> Self:
        graph, host = web.Application(), web.Application()
        graph.router.add_get("/v26.0/{id}", self._find)
        graph.router.add_post("/v26.0/{number}/media", self._upload)
        host.router.add_get("/file", self._fetch)
        places = [await self._serve(application) for application in (graph, host)]
        self.url, self.host = f"http://{places[0]}", places[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        for runner in self._runners:
            await runner.cleanup()

    @property
    def address(self) -> str:
        """Where the file is now."""
        return f"http://{self.host}/file?round={self.round}"

    @property
    def sha256(self) -> str:
        """The file's hash, as webhooks tell it."""
        return base64.b64encode(hashlib.sha256(self.content).digest()).decode()

    async def tells(self, request: web.Request) -> web.StreamResponse:
        """Graph's answer: another address each time."""
        self.round += 1
        return web.json_response(
            {
                "messaging_product": "whatsapp",
                "url": self.address,
                "mime_type": "image/jpeg",
                "sha256": hashlib.sha256(self.content).hexdigest(),
                "file_size": len(self.content),
                "id": request.match_info["id"],
            }
        )

    async def gives(self, request: web.Request) -> web.StreamResponse:
        """The content, to who shows the token."""
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.Response(status=401)
        return web.Response(body=self.content, content_type="image/jpeg")

    @staticmethod
    def says(status: int, code: int | None = None, **headers: str) -> Handler:
        async def handler(_request: web.Request) -> web.StreamResponse:
            if code is None:
                return web.Response(status=status, headers=headers)
            return web.json_response(refusal(code), status=status)

        return handler

    async def breaks_off(self, request: web.Request) -> web.StreamResponse:
        """Half of the content, and no more."""
        response = web.StreamResponse(headers={"Content-Length": str(len(self.content))})
        await response.prepare(request)
        await response.write(self.content[: len(self.content) // 2])
        assert request.transport is not None
        request.transport.close()
        return response

    async def never_ends(self, request: web.Request) -> web.StreamResponse:
        """More than WhatsApp lets anything be, of a length that is not told."""
        response = web.StreamResponse()
        await response.prepare(request)
        piece = bytes(4 << 20)
        for _ in range(26):
            try:
                await response.write(piece)
            except ConnectionError:
                break
        return response

    async def waits(self, _request: web.Request) -> web.StreamResponse:
        """No answer, for as long as anybody waits."""
        await asyncio.Event().wait()
        raise AssertionError

    async def _find(self, request: web.Request) -> web.StreamResponse:
        self.found.append(request.match_info["id"])
        return await self.find(request)

    async def _fetch(self, request: web.Request) -> web.StreamResponse:
        self.fetched.append(request)
        self.asked.set()
        return await self.fetch(request)

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        fields: dict[str, Any] = {}
        async for part in await request.multipart():
            assert isinstance(part, BodyPartReader)
            fields[str(part.name)] = (part.filename, dict(part.headers), bytes(await part.read()))
        self.uploaded.append((fields, request))
        return web.json_response({"id": "4711"})

    async def _serve(self, application: web.Application) -> str:
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        self._runners.append(runner)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"127.0.0.1:{runner.addresses[0][1]}"
