"""Files over HTTP: an agent's on the way in, and everybody's on the way out.

Both are raw ASGI, as a file is never held in memory as a whole.  What an upload is shows in its
first bytes, not in what the browser says of it.  A file that customers sent may be anything: only
pictures, sounds and films are shown in the page, in a sandbox, and all else is only ever saved.
Who may have a file is who sees its message, or who uploaded it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple
from urllib.parse import parse_qs, quote

import msgspec
from litestar import post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from multipart import MultipartError, MultipartSegment, ParserLimitReached, PushMultipartParser
from multipart import parse_options_header as options_of

from balcao.domain.media import BYTES_MAX, HEAD_BYTES, Format, format_of, shown_name
from balcao.realtime.sight import Row
from balcao.store import media
from balcao.store.database import Tx
from balcao.store.files import Files, Spool, spool
from balcao.store.sessions import Who
from balcao.web.bodies import Uploaded
from balcao.web.gate import HungUp, check_origin, headers_of, who_asks
from balcao.web.node import Me, Node, TheNode, number
from balcao.web.problems import NotSeen, Problem
from balcao.web.tasks import sight_of
from balcao.web.webhook import Application, Receive, Scope, Send

UPLOADS_MAX = 8
FORM_BYTES_MAX = 16 << 10  # around the file
LARGEST = max(BYTES_MAX.values())

#: Shown in the page; browsers run nothing in them.
SHOWN = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"})
_TYPE = re.compile(r"[a-z]+/[A-Za-z0-9.+-]+(; ?[a-z]+=[A-Za-z0-9.,+-]+)*")
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
_SANDBOX = b"sandbox; default-src 'none'"


def is_file(path: str) -> bool:
    """Whether a path is that of an upload or of a file, and not of what is done with one."""
    return path == "/api/media" or (path.startswith("/api/media/") and path.count("/") == 3)


class Part(NamedTuple):
    """Which bytes of a file are asked for, and how that is answered."""

    status: int
    start: int
    end: int


def media_app(node: Node, files: Files) -> Application:
    """The application behind /api/media and /api/media/{id}."""
    room = asyncio.Semaphore(UPLOADS_MAX)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        headers = headers_of(scope)
        check_origin(node, scope["method"], headers)
        who = await who_asks(node, headers)
        if who is None:
            raise Problem(401)
        _, _, id = scope["path"].removeprefix("/api/").partition("/")
        if scope["method"] != ("GET" if id else "POST"):
            raise Problem(405)
        if id:
            await _serve(node, files, who, id, scope, send)
            return
        if room.locked():
            raise Problem(503)
        async with room:
            taken = await _upload(node, files, who, headers, receive)
        await _answer(send, 201, msgspec.json.encode(taken))

    return application


async def _answer(send: Send, status: int, body: bytes) -> None:
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _upload(
    node: Node, files: Files, who: Who, headers: dict[str, str], receive: Receive
) -> Uploaded:
    """Take in a file whole, and keep it if WhatsApp would take it."""
    kind, options = options_of(headers.get("content-type", ""))
    if kind != "multipart/form-data" or not options.get("boundary"):
        raise Problem(422, "bad-form")
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > LARGEST + FORM_BYTES_MAX:
        raise _too_large(None)
    with spool() as spooled:
        name = await _read(options["boundary"], receive, spooled)
        if spooled.size == 0:
            raise Problem(422, "empty")
        found = _format(spooled, name)
        sha256 = await spooled.close()
        await files.keep(spooled, sha256)
        async with node.database.transaction() as tx:
            id = await media.put_upload(tx, who.id, found, name, spooled.size, sha256)
    return Uploaded(str(id), name, found.mime_type, spooled.size, found.kind)


async def _read(boundary: str, receive: Receive, spooled: Spool) -> str | None:
    """Spool the one part of the form, as far as it is not too large; the file's name."""
    part: MultipartSegment | None = None
    try:
        with PushMultipartParser(boundary, strict=True, max_segment_count=1) as parser:
            async for chunk in _body(receive):
                for event in parser.parse(chunk):
                    if isinstance(event, MultipartSegment):
                        part = event
                        if part.name != "file" or part.filename is None:
                            raise Problem(422, "bad-form")
                    elif event:
                        await _add(spooled, bytes(event), shown_name(part and part.filename))
    except ParserLimitReached:
        raise Problem(422, "bad-form") from None
    except MultipartError:
        raise Problem(422, "bad-form") from None
    if part is None:
        raise Problem(422, "bad-form")
    return shown_name(part.filename)


async def _add(spooled: Spool, piece: bytes, name: str | None) -> None:
    before = spooled.size
    await spooled.add(piece)
    if before < HEAD_BYTES <= spooled.size or spooled.size > LARGEST:
        _format(spooled, name)


def _format(spooled: Spool, name: str | None) -> Format:
    """What the file is, if it is not too large for that already."""
    found = format_of(spooled.head, name)
    if found is None:
        raise Problem(415, "unsupported-type")
    if spooled.size > found.bytes_max:
        raise _too_large(found)
    return found


def _too_large(found: Format | None) -> Problem:
    limit = LARGEST if found is None else found.bytes_max
    kind = "document" if found is None else found.kind
    return Problem(413, "too-large", params={"limit": limit, "kind": kind})


async def _body(receive: Receive) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise HungUp
        if piece := message.get("body", b""):
            yield piece
        more = message.get("more_body", False)


async def _serve(node: Node, files: Files, who: Who, id: str, scope: Scope, send: Send) -> None:
    """Answer with the file, or with the part of it that is asked for."""
    async with node.database.transaction() as tx:
        row = await _seen(tx, who, id)
    if row["state"] != "ready":
        raise Problem(409, "not-ready", state=row["state"])
    asked = headers_of(scope)
    etag = f'"{row["sha256"]}"'
    saved = "download" in parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    headers = _headers(row, etag, saved=saved)
    if etag in [one.strip() for one in asked.get("if-none-match", "").split(",")]:
        await send({"type": "http.response.start", "status": 304, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
        return
    part = _part(asked, etag, row["size"])
    span = f"bytes {part.start}-{part.end - 1}/{row['size']}"
    if part.status == 206:
        headers.append((b"content-range", span.encode()))
    headers.append((b"content-length", str(part.end - part.start).encode()))
    pieces = files.read(row["sha256"], part.start, part.end)
    first = await anext(pieces, b"")  # where it is not there, nothing is said yet
    await send({"type": "http.response.start", "status": part.status, "headers": headers})
    await send({"type": "http.response.body", "body": first, "more_body": True})
    async for piece in pieces:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _seen(tx: Tx, who: Who, id: str) -> Row:
    """The row of a file that the caller may have, else NotSeen."""
    row = await media.shown(tx, number(id))
    if row is None:
        raise NotSeen(id)
    if row["uploader_id"] != who.id:
        if row["conversation_id"] is None:
            raise NotSeen(id)
        seen = await sight_of(tx, who, row["conversation_id"])
        if not seen.message(row["seq"], row["task_id"]):
            raise NotSeen(id)
    return row


def _headers(row: Row, etag: str, *, saved: bool) -> list[tuple[bytes, bytes]]:
    mime_type = row["mime_type"]
    if not _TYPE.fullmatch(mime_type):
        mime_type = "application/octet-stream"
    bare = mime_type.partition(";")[0]
    inline = not saved and (bare in SHOWN or bare.startswith(("audio/", "video/")))
    how = "inline" if inline else "attachment"
    if row["name"] is not None:
        how += f"; filename*=UTF-8''{quote(row['name'], safe='')}"
    return [
        (b"content-type", mime_type.encode()),
        (b"content-disposition", how.encode()),
        (b"content-security-policy", _SANDBOX),
        (b"x-content-type-options", b"nosniff"),
        (b"cache-control", b"private, no-cache"),
        (b"accept-ranges", b"bytes"),
        (b"etag", etag.encode()),
    ]


def _part(asked: dict[str, str], etag: str, size: int) -> Part:
    """The part that is asked for: of several ranges, as of none that makes sense, the whole."""
    found = _RANGE.fullmatch(asked.get("range", ""))
    if found is None or found[0] == "bytes=-" or asked.get("if-range", etag) != etag:
        return Part(200, 0, size)
    first, last = found[1], found[2]
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1 if last else size)
        if last and int(last) < start:
            return Part(200, 0, size)
    if start >= size:
        raise Problem(416, "no-such-range", size=size)
    return Part(206, start, end)


@post("/api/media/{id:str}/retry", operation_id="retryMedia", status_code=204)
async def retry(id: FromPath[str], me: Me, node: TheNode) -> None:
    """Fetch a customer's file once more that could not be fetched."""
    async with node.database.transaction() as tx:
        row = await _seen(tx, me, id)
        if row["direction"] != "in":
            raise Problem(409, "not-failed")
        await media.retry(tx, row["id"])


ROUTES: Sequence[HTTPRouteHandler] = [retry]
