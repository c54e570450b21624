"""The Python floor: what uvicorn, asyncpg and PostgreSQL cost where nothing else is done.

The same server configuration as ours, the same signature check, one group-committed insert into a
table of the same shape, and the text to one of the open event streams.  What is above it is ours.

    python -m bench.floor PORT DSN SECRET

It says `ready` on its standard output, and ends with a signal.
"""

from __future__ import annotations

import asyncio
import gc
import re
import socket
import sys
from collections import deque

import asyncpg
import uvicorn
import uvloop

from balcao.server import configuration
from balcao.store.webhooks import BATCH_MAX
from balcao.web.webhook import Receive, Scope, Send
from balcao.whatsapp.signature import is_signed

TABLE = "floor_webhook"
_TEXTS = re.compile(rb'"from":"(\d+)".*?"body":"([^"]*)"')


class Inbox:
    """Group commit: whatever waits goes into one statement."""

    def __init__(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        self._connection = connection
        self._waiting: deque[tuple[bytes, asyncio.Future[None]]] = deque()
        self._some = asyncio.Event()

    async def put(self, body: bytes) -> None:
        """Return once *body* is committed."""
        stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((body, stored))
        self._some.set()
        await stored

    async def keep_writing(self) -> None:
        """Write for ever."""
        while True:
            await self._some.wait()
            batch = [self._waiting.popleft() for _ in range(min(BATCH_MAX, len(self._waiting)))]
            if not self._waiting:
                self._some.clear()
            await self._connection.execute(
                f"insert into {TABLE} (body) select unnest($1::bytea[])",
                [body for body, _ in batch],
            )
            for _, stored in batch:
                if not stored.done():
                    stored.set_result(None)


class Floor:
    """The application: webhooks in, texts out."""

    def __init__(self, inbox: Inbox, secret: str) -> None:
        self._inbox = inbox
        self._secrets = (secret,)
        self._streams: list[asyncio.Queue[bytes]] = []

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["method"] == "GET":
            await self._stream(receive, send)
            return
        body, more = bytearray(), True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        headers = dict(scope["headers"])
        if not is_signed(bytes(body), headers.get(b"x-hub-signature-256"), self._secrets):
            await _answer(send, 401, b"")
            return
        await self._inbox.put(bytes(body))
        await _answer(send, 200, b"ok")
        self._push(body)

    def _push(self, body: bytearray) -> None:
        if not self._streams:
            return
        for sender, text in _TEXTS.findall(body):
            stream = self._streams[int(sender) % len(self._streams)]
            stream.put_nowait(
                b'event: view\ndata: {"kind":"message","id":"0","text":"%b"}\n\n' % text
            )

    async def _stream(self, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        events: asyncio.Queue[bytes] = asyncio.Queue()
        await send(_part(b"event: open\ndata: {}\n\n"))
        self._streams.append(events)
        sending = asyncio.create_task(_send_all(events, send))
        while (await receive())["type"] != "http.disconnect":
            pass
        sending.cancel()
        self._streams.remove(events)


async def _send_all(events: asyncio.Queue[bytes], send: Send) -> None:
    while True:
        await send(_part(await events.get()))


def _part(body: bytes) -> dict[str, object]:
    return {"type": "http.response.body", "body": body, "more_body": True}


async def _answer(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _serve(port: int, dsn: str, secret: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute(f"create table if not exists {TABLE} (like webhook including all)")
    inbox = Inbox(connection)
    writing = asyncio.create_task(inbox.keep_writing())
    floor = Floor(inbox, secret)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await floor.answer(scope, receive, send)

    server = uvicorn.Server(configuration(application))
    with socket.create_server(("127.0.0.1", port), backlog=4096) as door:
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 50, 50)
        print("ready", flush=True)
        await server.serve([door])
    writing.cancel()
    await connection.close()


def main() -> None:
    """Serve until a signal says otherwise."""
    port, dsn, secret = sys.argv[1:]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(int(port), dsn, secret))


if __name__ == "__main__":
    main()
