"""Media over HTTP: the host that Graph's addresses lead to, and contents for the phones' page.

The host is a server of its own, as it is with WhatsApp, and asks for Graph's token. Its faults are
of the way: a file that is not there, comes slowly, breaks off, or is not the one that was hashed.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path

from aiohttp import web

from balcao.simulator import formats
from balcao.simulator.media import PATH, Item, Media
from balcao.simulator.problems import Problem
from balcao.simulator.shelf import TooLarge
from balcao.simulator.world import World

_SLOW_S = 3.0
_PIECE = 64 * 1024
_SPOILT = bytes(byte ^ 1 for byte in range(256))
_SHOWN = ("image/jpeg", "image/png", "image/webp", "image/gif")
_GUARD = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, max-age=86400, immutable",
}


class MediaHost:
    """Serves what the addresses of media lead to."""

    def __init__(self, world: World, media: Media) -> None:
        self._world = world
        self._media = media
        self._closing = asyncio.Event()

    def application(self) -> web.Application:
        """Is what to serve, on a port of its own."""
        application = web.Application()
        application.router.add_get(PATH, self._file, allow_head=False)
        return application

    def close(self) -> None:
        """Lets slow answers go on at once."""
        self._closing.set()

    async def _file(self, request: web.Request) -> web.StreamResponse:
        if not self._media.is_allowed(request.headers.get("Authorization")):
            raise web.HTTPUnauthorized
        query, mode = request.query, self._world.faults.media
        item = self._media.at(query.get("mid", ""), query.get("ext", ""), query.get("hash", ""))
        if item is None or mode == "404":
            raise web.HTTPNotFound
        path = self._media.shelf.path(item.sha256)
        if mode == "ok":
            return web.FileResponse(path, headers={"Content-Type": item.mime_type})
        return await self._faulty(request, item, path, mode)

    async def _faulty(
        self, request: web.Request, item: Item, path: Path, mode: str
    ) -> web.StreamResponse:
        """Serves one half, and the other late, spoilt or not at all."""
        answer = web.StreamResponse(headers={"Content-Type": item.mime_type})
        answer.content_length = item.size
        await answer.prepare(request)
        half = item.size // 2
        for piece in _pieces(path, 0, half):
            await answer.write(piece)
        if mode == "truncated":
            if request.transport is not None:
                request.transport.abort()
            return answer
        if mode == "slow":
            await self._wait()
        for piece in _pieces(path, half, item.size):
            await answer.write(piece.translate(_SPOILT) if mode == "wrong_hash" else piece)
        return answer

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(_SLOW_S):
                await self._closing.wait()
        except TimeoutError:
            return


class Contents:
    """Takes contents from the phones' page, and shows it those that are on the phones."""

    def __init__(self, media: Media) -> None:
        self._media = media

    def routes(self) -> list[web.RouteDef]:
        """Is what to serve."""
        return [
            web.post("/sim/media", self._put),
            web.get("/sim/media/{sha256:[0-9a-f]{64}}", self._get),
        ]

    async def _put(self, request: web.Request) -> web.Response:
        """Keeps the body, whatever it is, for a message that names it by its hash."""
        most = formats.MOST_BYTES
        try:
            content = await self._media.shelf.put(request.content.iter_chunked(_PIECE), most)
        except TooLarge:
            raise Problem(413, "too-large", f"a file has at most {most} bytes") from None
        if not content.size:
            raise Problem(422, "empty", "the body must be a file that is not empty")
        told = {"content": content.sha256, "size": content.size}
        return web.json_response(told, status=201)

    async def _get(self, request: web.Request) -> web.StreamResponse:
        """Shows a content as the type asked for, or gives it to be saved."""
        sha256 = request.match_info["sha256"]
        if self._media.shelf.find(sha256) is None:
            raise Problem(404, "unknown-content", "there is no such content, or no longer")
        own = formats.bare(request.query.get("as", ""))
        is_shown = own in _SHOWN or formats.kind_of(own) in ("audio", "video")
        headers = {**_GUARD, "Content-Type": own if is_shown else "application/octet-stream"}
        if not is_shown:
            headers["Content-Disposition"] = "attachment"
        return web.FileResponse(self._media.shelf.path(sha256), headers=headers)


def _pieces(path: Path, begin: int, end: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(begin)
        while begin < end and (piece := file.read(min(_PIECE, end - begin))):
            begin += len(piece)
            yield piece
