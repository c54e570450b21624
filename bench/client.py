"""HTTP as a load generator needs it: whole requests made beforehand, few steps per answer.

A connection has one request on its way at a time.  A pool hands requests to connections that are
free, and keeps those for which there is none in order; how long they wait there is for whoever
counts the time from when they were due.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import NamedTuple, Self, TypeAlias, cast

from httptools import HttpResponseParser

#: What becomes of a request that was not answered.
LOST = 0
RETRY_SECONDS = 0.1

Answered: TypeAlias = Callable[[int, bytes], None]


class Address(NamedTuple):
    """Where a server listens."""

    host: str
    port: int


def request(
    method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> bytes:
    """A request as it goes over the wire; *body* is JSON."""
    lines = [f"{method} {path} HTTP/1.1", "host: bench"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body is not None:
        lines += ["content-type: application/json", f"content-length: {len(body)}"]
    elif method != "GET":
        lines.append("content-length: 0")
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


class Connection(asyncio.Protocol):
    """One keep-alive connection."""

    def __init__(self, free: Callable[[Connection], None]) -> None:
        """*free* is called when the next request may be given."""
        self._free = free
        self._transport: asyncio.Transport | None = None
        self._parser = HttpResponseParser(self)
        self._body = bytearray()
        self._answered: Answered | None = None

    @property
    def open(self) -> bool:
        """Whether a request can be given."""
        return self._transport is not None

    def send(self, whole: bytes, answered: Answered) -> None:
        """Send a request; *answered* is told the status and the body, or LOST."""
        assert self._answered is None, "one request at a time"
        assert self._transport is not None, "the connection is open"
        self._answered = answered
        self._transport.write(whole)

    def close(self) -> None:
        """Let go of the connection."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be ready."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Take in a part of an answer."""
        self._parser.feed_data(data)

    def connection_lost(self, _error: Exception | None) -> None:
        """Tell whoever waits that there will be no answer."""
        self._transport = None
        self._end(LOST, b"")

    def on_body(self, body: bytes) -> None:
        """Keep a part of the body."""
        self._body += body

    def on_message_complete(self) -> None:
        """Hand on the answer."""
        body = bytes(self._body)
        self._body.clear()
        self._end(self._parser.get_status_code(), body)

    def _end(self, status: int, body: bytes) -> None:
        answered, self._answered = self._answered, None
        if answered is not None:
            answered(status, body)
        self._free(self)


class Pool:
    """Connections to one server."""

    def __init__(self, address: Address, size: int) -> None:
        self._address = address
        self._size = size
        self._free: list[Connection] = []
        self._all: set[Connection] = set()
        self._waiting: deque[tuple[bytes, Answered]] = deque()
        self._closed = False
        self._opening: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await asyncio.gather(*(self._open() for _ in range(self._size)))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closed = True
        for connection in list(self._all):
            connection.close()
        for opening in list(self._opening):
            opening.cancel()
        while self._waiting:
            self._waiting.popleft()[1](LOST, b"")

    def send(self, whole: bytes, answered: Answered) -> None:
        """Send a request as soon as a connection is free."""
        if self._free:
            self._free.pop().send(whole, answered)
        else:
            self._waiting.append((whole, answered))

    async def ask(self, whole: bytes) -> tuple[int, bytes]:
        """Send a request and wait for its answer."""
        answer: asyncio.Future[tuple[int, bytes]] = asyncio.get_running_loop().create_future()

        def answered(status: int, body: bytes) -> None:
            if not answer.done():
                answer.set_result((status, body))

        self.send(whole, answered)
        return await answer

    async def _open(self) -> None:
        connection = Connection(self._freed)
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: connection, *self._address)
        self._all.add(connection)
        self._freed(connection)

    def _freed(self, connection: Connection) -> None:
        if not connection.open:
            self._replace(connection)
        elif self._waiting:
            connection.send(*self._waiting.popleft())
        else:
            self._free.append(connection)

    def _replace(self, connection: Connection) -> None:
        """Open another in place of a connection that was lost."""
        if connection not in self._all:
            return
        self._all.discard(connection)
        if connection in self._free:
            self._free.remove(connection)
        if self._closed:
            return
        opening = asyncio.get_running_loop().create_task(self._reopen())
        self._opening.add(opening)
        opening.add_done_callback(self._opening.discard)

    async def _reopen(self) -> None:
        while not self._closed:
            try:
                await self._open()
            except OSError:
                await asyncio.sleep(RETRY_SECONDS)
            else:
                return
