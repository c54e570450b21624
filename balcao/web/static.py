"""The desktop's files: read once, kept in memory, the same for everyone.

Files whose name has a digest never change and may be kept for ever; the page itself is asked
for each time.  Any path that is no file is a page of the desktop's own.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from balcao.web.gate import headers_of
from balcao.web.problems import Problem
from balcao.web.webhook import Application, Receive, Scope, Send

FOLDER = Path(__file__).parent / "static"
PAGE = "/index.html"
FOR_EVER = b"public, max-age=31536000, immutable"
TYPES = {".js": "text/javascript", ".svg": "image/svg+xml", ".woff2": "font/woff2"}
COMPRESSED = frozenset({".js", ".css", ".html", ".svg", ".json"})


@dataclass(frozen=True)
class File:
    """One file, ready to be sent."""

    body: bytes
    zipped: bytes | None
    type: str
    caching: bytes
    tag: bytes


def static_app(folder: Path = FOLDER) -> Application:
    """The application that serves what the desktop's build left in *folder*."""
    paths = [path for path in sorted(folder.rglob("*.*")) if not path.name.startswith(".")]
    files = {f"/{path.relative_to(folder)}": _read(path) for path in paths}

    async def application(scope: Scope, _receive: Receive, send: Send) -> None:
        if scope["method"] not in {"GET", "HEAD"}:
            raise Problem(405)
        path: str = scope["path"]
        file = files.get(path)
        if file is None and "." not in PurePosixPath(path).name:
            file = files.get(PAGE)
        if file is None:
            raise Problem(404)
        await _send(file, headers_of(scope), send, head=scope["method"] == "HEAD")

    return application


def _read(path: Path) -> File:
    body = path.read_bytes()
    kind = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0]
    return File(
        body=body,
        zipped=gzip.compress(body, mtime=0) if path.suffix in COMPRESSED else None,
        type=kind or "application/octet-stream",
        caching=FOR_EVER if path.parent.name == "assets" else b"no-cache",
        tag=b'"%b"' % hashlib.sha256(body).hexdigest()[:32].encode(),
    )


async def _send(file: File, asked: dict[str, str], send: Send, *, head: bool) -> None:
    text = file.type.startswith(("text/", "image/svg"))
    headers = [
        (b"content-type", f"{file.type}; charset=utf-8".encode() if text else file.type.encode()),
        (b"cache-control", file.caching),
        (b"etag", file.tag),
        (b"vary", b"accept-encoding"),
    ]
    if asked.get("if-none-match", "").encode() == file.tag:
        await send({"type": "http.response.start", "status": 304, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
        return
    body = file.body
    if file.zipped is not None and "gzip" in asked.get("accept-encoding", ""):
        body = file.zipped
        headers.append((b"content-encoding", b"gzip"))
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else body})
