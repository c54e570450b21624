"""The Graph API over HTTP, and the faults of the way to it."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any, NoReturn

from aiohttp import BodyPartReader, web

from balcao.simulator import formats, refusals
from balcao.simulator.account import Account
from balcao.simulator.clock import rfc3339
from balcao.simulator.media import Media
from balcao.simulator.meta import Meta
from balcao.simulator.refusals import GraphError
from balcao.simulator.shelf import Content, TooLarge
from balcao.simulator.world import World

_LOG_SIZE = 10_000
_SLOW_S = 3.0
_NEVER_S = 300.0
_HTML = "<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>"
_REFUSING = ("500", "429", "html", "timeout")
_PIECE = 64 * 1024
_MOST_FIELDS = 10


class GraphApi:
    """Serves Graph's routes and remembers what was asked."""

    def __init__(self, world: World, meta: Meta, media: Media, account: Account) -> None:
        self.requests: deque[dict[str, Any]] = deque(maxlen=_LOG_SIZE)
        self._world = world
        self._meta = meta
        self._media = media
        self._account = account
        self._closing = asyncio.Event()

    def routes(self) -> list[web.RouteDef]:
        """Is what to serve."""
        base = r"/{version:v\d+(?:\.\d+)?}/{id:\d+}"
        return [
            web.get(base, self._node),
            web.delete(base, self._delete),
            web.post(base + "/messages", self._messages),
            web.post(base + "/media", self._upload),
            *self._account.routes(),
        ]

    def close(self) -> None:
        """Lets go of the calls that would otherwise never be answered."""
        self._closing.set()

    async def _node(self, request: web.Request) -> web.StreamResponse:
        id_, authorization = _asked(request)
        if self._world.number_by_id(id_) is None:
            of = request.query.get("phone_number_id")
            return await self._answer(request, "", lambda: self._media.tell(id_, authorization, of))
        try:
            return web.json_response(self._account.number(id_, request))
        except GraphError as error:
            return web.json_response(error.body(), status=error.status)

    async def _delete(self, request: web.Request) -> web.StreamResponse:
        id_, authorization = _asked(request)
        of = request.query.get("phone_number_id")
        return await self._answer(request, "", lambda: self._media.delete(id_, authorization, of))

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        id_, authorization = _asked(request)
        return await self._answer(
            request, _readable(raw), lambda: self._meta.messages(id_, authorization, raw)
        )

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        """Takes a file in as it comes, and decides when it is there."""
        id_, authorization = _asked(request)
        told: dict[str, Any] = {}
        decide: Callable[[], dict[str, Any]]
        try:
            number = self._media.uploading(id_, authorization)
            fields, content = await self._form(request)
        except GraphError as refusal:
            decide = partial(_raise, refusal)
        else:
            told = {**fields, "file_size": content.size if content else None}
            product, mime_type = fields.get("messaging_product"), fields.get("mime_type", "")
            decide = partial(self._media.upload, number, product, content, mime_type)
        return await self._answer(request, told, decide)

    async def _form(self, request: web.Request) -> tuple[dict[str, str], Content | None]:
        """Reads a form: its fields with the file's own type and name, and the file's content."""
        if request.content_type != "multipart/form-data":
            raise refusals.invalid("The body must be multipart/form-data.")
        fields: dict[str, str] = {}
        content = None
        try:
            async for part in await request.multipart():
                if not isinstance(part, BodyPartReader) or len(fields) >= _MOST_FIELDS:
                    raise refusals.invalid("The form has parts that nobody asked for.")
                if part.name == "file":
                    fields["mime_type"] = part.headers.get("Content-Type", "")
                    fields["filename"] = part.filename or ""
                    content = await self._media.shelf.put(_pieces(part), formats.MOST_BYTES)
                else:
                    fields[str(part.name)] = (await part.read()).decode("utf-8", "replace")
        except TooLarge:
            details = f"A file has at most {formats.MOST_BYTES} bytes."
            raise refusals.media_refused(details) from None
        except ValueError:
            raise refusals.invalid("The form cannot be read.") from None
        return fields, content

    async def _answer(
        self, request: web.Request, told: Any, decide: Callable[[], dict[str, Any]]
    ) -> web.StreamResponse:
        """Lets a call be decided and answers it, unless a fault is in the way of either."""
        mode = self._world.faults.graph
        if mode in _REFUSING:
            return await self._refuse(request, told, mode)
        try:
            body, status = decide(), 200
        except GraphError as error:
            body, status = error.body(), error.status
        self._remember(request, told, status, body)
        if mode == "reset_after_accept" and status == 200:
            return _reset(request)
        if mode == "slow":
            await self._wait(_SLOW_S)
        return web.json_response(body, status=status)

    async def _refuse(self, request: web.Request, told: Any, mode: str) -> web.StreamResponse:
        """Answers without having taken anything."""
        if mode == "timeout":
            self._remember(request, told, None, None)
            await self._wait(_NEVER_S)
            return _reset(request)
        if mode == "html":
            self._remember(request, told, 502, None)
            return web.Response(status=502, text=_HTML, content_type="text/html")
        error = refusals.throughput(429) if mode == "429" else refusals.something_wrong()
        body = error.body()
        self._remember(request, told, error.status, body)
        return web.json_response(body, status=error.status)

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            return

    def _remember(
        self, request: web.Request, told: Any, status: int | None, answer: dict[str, Any] | None
    ) -> None:
        error = (answer or {}).get("error", {})
        messages = (answer or {}).get("messages", [{}])
        entry = {
            "at": rfc3339(self._world.clock.now()),
            "method": request.method,
            "path": request.path,
            "body": told,
            "status": status,
            "code": error.get("code"),
            "wamid": messages[0].get("id"),
        }
        self.requests.append(entry)


def _asked(request: web.Request) -> tuple[str, str | None]:
    return request.match_info["id"], request.headers.get("Authorization")


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


def _raise(refusal: GraphError) -> NoReturn:
    raise refusal


async def _pieces(part: BodyPartReader) -> AsyncIterator[bytes]:
    while piece := await part.read_chunk(_PIECE):
        yield bytes(piece)
