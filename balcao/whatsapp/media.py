"""Files at WhatsApp: what is told of them, where they are, what is in them, and ours to it.

A customer's file has an id.  Asked for it, Graph tells an address that lives for minutes, and the
content is behind that, on another host, for who shows the access token.  The address comes from
outside, so the token goes only to hosts on a list, is never carried on by a redirect, and never
leaves this machine unencrypted.  Nothing here has an effect on a customer: whatever fails may be
done again.  (`whatsapp.md` 1.6 and 3.3.)
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import uuid4

import aiohttp
import msgspec
from yarl import URL

from balcao.domain.media import INBOUND_BYTES_MAX, KINDS, Incoming, shown_name
from balcao.whatsapp.answers import failure, whole
from balcao.whatsapp.client import CONNECT_SECONDS_MAX, Line, Rejected, Retryable
from balcao.whatsapp.errors import Failure, Retry

FETCH_SECONDS_MAX = 120.0
ANSWER_SECONDS_MAX = 20.0
CONNECTIONS_MAX = 16
PIECE_BYTES = 1 << 16
TYPE_LENGTH_MAX = 200

#: Graph's codes for an id that means nothing, or nothing any more.
GONE = frozenset({33, 100, 131052})
#: Only these may be asked without encryption, as they are here.
_HERE = frozenset({"127.0.0.1", "::1", "localhost"})
_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_HEX = re.compile(r"[0-9a-fA-F]{64}")
T = TypeVar("T")

_FAILURES = (aiohttp.ClientError, OSError, TimeoutError)


class Vanished(Exception):
    """There is nothing at the address any more; there may be at a new one."""


class TooLarge(Exception):
    """The content is larger than WhatsApp lets any be."""


@dataclass(frozen=True, slots=True)
class Found:
    """Where a file is for some minutes, and what Graph says of it; *sha256* is in hex."""

    url: str
    mime_type: str | None
    sha256: str | None
    size: int | None


class _Told(msgspec.Struct):
    url: str
    mime_type: str | None = None
    sha256: str | None = None
    file_size: int | str | None = None


class _Id(msgspec.Struct):
    id: str


def incoming(kind: str, payload: Mapping[str, Any] | None) -> Incoming | None:
    """What a customer's message says of its file; None for a message of another kind."""
    if kind not in KINDS:
        return None
    told = payload or {}
    said = told.get(kind)
    said = said if isinstance(said, dict) else {}
    refused = any(_code(one) == 131052 for one in _list(told.get("errors")))
    id = _text(said.get("id"))
    return Incoming(
        kind=kind,
        mime_type=(_text(said.get("mime_type")) or "application/octet-stream")[:TYPE_LENGTH_MAX],
        name=shown_name(_text(said.get("filename"))),
        sha256=hex_of(_text(said.get("sha256"))),
        voice=said.get("voice") is True,
        animated=said.get("animated") is True,
        graph_id=None if refused else id,
        url=_text(said.get("url")),
    )


def hex_of(sha256: str | None) -> str | None:
    """A SHA-256 in hex, told in hex or in base64; None for anything else."""
    if sha256 is None:
        return None
    if _HEX.fullmatch(sha256):
        return sha256.lower()
    try:
        raw = base64.b64decode(sha256, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw.hex() if len(raw) == 32 else None


class MediaClient:
    """A connection pool to Graph and to the hosts of its files."""

    def __init__(self, session: aiohttp.ClientSession, base: str, hosts: Collection[str]) -> None:
        self._session = session
        self._base = base
        self._hosts = frozenset(host.lower() for host in hosts)

    @classmethod
    async def open(
        cls,
        url: str,
        version: str,
        *,
        hosts: Collection[str],
        fetch_seconds: float = FETCH_SECONDS_MAX,
    ) -> MediaClient:
        """A client of the Graph API at *url*; *hosts*, with their ports, may have the token."""
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=CONNECTIONS_MAX),
            timeout=aiohttp.ClientTimeout(
                total=fetch_seconds, connect=CONNECT_SECONDS_MAX, sock_read=ANSWER_SECONDS_MAX
            ),
            headers={"Accept-Encoding": "identity"},
        )
        return cls(session, f"{url.rstrip('/')}/{version}", hosts)

    async def close(self) -> None:
        """Let go of every connection."""
        await self._session.close()

    async def find(self, line: Line, graph_id: str) -> Found:
        """Where the file of this id is; Rejected where there is none, else Retryable."""
        if not _ID.fullmatch(graph_id):
            raise Rejected(Failure(100, "No media id"))
        query = {"phone_number_id": line.phone_number_id}
        try:
            async with self._session.get(
                f"{self._base}/{graph_id}",
                params=query,
                headers=_bearing(line),
                allow_redirects=False,
            ) as response:
                status, body = response.status, await whole(response)
        except _FAILURES as error:
            raise _unreached(error) from error
        told = _read(status, body, _Told)
        size = str(told.file_size)
        return Found(
            told.url, told.mime_type, hex_of(told.sha256), int(size) if size.isdecimal() else None
        )

    async def fetch(self, line: Line, url: str) -> AsyncIterator[bytes]:
        """The content at *url*, in pieces.

        Raises Vanished, TooLarge, Retryable, or Rejected for a host that may not be asked.
        """
        size = 0
        try:
            async with self._session.get(
                self._allowed(url), headers=_bearing(line), allow_redirects=False
            ) as response:
                if response.status == 404:
                    raise Vanished
                if response.status != 200:
                    raise Retryable(Failure(2, f"HTTP {response.status}"))
                if (response.content_length or 0) > INBOUND_BYTES_MAX:
                    raise TooLarge
                async for piece in response.content.iter_chunked(PIECE_BYTES):
                    size += len(piece)
                    if size > INBOUND_BYTES_MAX:
                        raise TooLarge
                    yield piece
        except _FAILURES as error:
            raise _unreached(error) from error

    async def upload(
        self,
        line: Line,
        content: AsyncIterator[bytes],
        *,
        name: str | None,
        mime_type: str,
        size: int,
    ) -> str:
        """Give WhatsApp a file to send later, and return its id; Rejected or Retryable."""
        boundary = uuid4().hex
        before, after = _around(boundary, name, mime_type)
        try:
            async with self._session.post(
                f"{self._base}/{line.phone_number_id}/media",
                data=_joined(before, content, after),
                headers={
                    **_bearing(line),
                    "Content-Type": f"multipart/form-data; boundary={boundary}",
                    "Content-Length": str(len(before) + size + len(after)),
                },
                allow_redirects=False,
            ) as response:
                status, body = response.status, await whole(response)
        except _FAILURES as error:
            raise _unreached(error) from error
        return _read(status, body, _Id).id

    def _allowed(self, url: str) -> URL:
        """The address as it is asked, if its host may have the token."""
        try:
            found = URL(url)
            host, port = found.host or "", found.port
        except ValueError:
            raise Rejected(Failure(None, "No address")) from None
        named = host if found.is_default_port() else f"{host}:{port}"
        secret = found.scheme == "https" or (found.scheme == "http" and host in _HERE)
        if found.user is not None or not secret or named.lower() not in self._hosts:
            raise Rejected(Failure(None, "Host not allowed"))
        return found


def _bearing(line: Line) -> dict[str, str]:
    return {"Authorization": f"Bearer {line.token}"}


def _around(boundary: str, name: str | None, mime_type: str) -> tuple[bytes, bytes]:
    """What stands before and after the content in the form that carries it."""
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", name or "file")
    fields = {"messaging_product": "whatsapp", "type": mime_type}
    lines = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'
        for field, value in fields.items()
    ]
    lines.append(
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{plain}"\r\n'
        f"Content-Type: {mime_type}\r\n\r\n"
    )
    return "".join(lines).encode(), f"\r\n--{boundary}--\r\n".encode()


async def _joined(
    before: bytes, content: AsyncIterator[bytes], after: bytes
) -> AsyncIterator[bytes]:
    yield before
    async for piece in content:
        yield piece
    yield after


def _unreached(error: BaseException) -> Retryable:
    return Retryable(Failure(2, "Not reachable", type(error).__name__))


def _read(status: int, body: bytes, type: type[T]) -> T:
    """What an answer says; Rejected or Retryable where it is no success, or cannot be read."""
    if status != 200:
        raise _refused(status, body)
    try:
        return msgspec.json.decode(body, type=type)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Retryable(Failure(2, "Not readable", error.__class__.__name__)) from error


def _refused(status: int, body: bytes) -> Retryable | Rejected:
    """What an answer means that is no success."""
    found = failure(status, body)
    if found.code is None and status == 404:
        found = Failure(100, found.title)
    if status >= 500 or status in (408, 429) or found.rule.retry is not Retry.NEVER:
        return Retryable(found)
    return Rejected(found)


def _text(found: object) -> str | None:
    return found if isinstance(found, str) and found else None


def _list(found: object) -> list[Any]:
    return found if isinstance(found, list) else []


def _code(found: object) -> object:
    return found.get("code") if isinstance(found, dict) else None
