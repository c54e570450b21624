"""GET /api/desk: a snapshot, then newer views, for as long as the desk is open.

A raw ASGI application, as it lives for hours and sends bytes that the hub has made.  It ends
by itself when the session does, and cleanly when the process drains, so that the browser
comes back at once.  POST /api/desk/beat is the desk's answer to a ping; it is raw as well, as no
other request is as frequent.
"""

from __future__ import annotations

import asyncio
import itertools

from balcao.realtime import showing
from balcao.realtime.watcher import Watcher, ping_event
from balcao.telemetry import figures
from balcao.web.gate import check_origin, headers_of, token_of, who_asks
from balcao.web.node import Node
from balcao.web.problems import Problem
from balcao.web.webhook import Application, Receive, Scope, Send

PING_SECONDS = 10.0
#: Desks that come together, as after a restart, are pinged one after the other: each first ping is
#: this part of the time after the one before, which lands in the widest gap there is.
GOLDEN_RATIO = (5**0.5 - 1) / 2
HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]

_streams = itertools.count(1)


def stream_app(node: Node) -> Application:
    """The application behind /api/desk."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        watcher = await _admit(node, scope)
        try:
            await _serve(node, watcher, receive, send)
        finally:
            node.hub.leave(watcher)

    return application


def beat_app(node: Node) -> Application:
    """The application behind /api/desk/beat."""

    async def application(scope: Scope, _receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            raise Problem(405)
        headers = headers_of(scope)
        check_origin(node, "POST", headers)
        token = token_of(node, headers)
        if token is None or not await node.beats.note(token):
            raise Problem(401)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    return application


async def _admit(node: Node, scope: Scope) -> Watcher:
    """Somebody's new stream; raises the Problem of who may have none.

    The request itself is done with here, as there are hundreds of these open for hours.
    """
    if scope["method"] != "GET":
        raise Problem(405)
    headers = headers_of(scope)
    check_origin(node, "GET", headers)
    who = await who_asks(node, headers)
    if who is None:
        raise Problem(401)
    if node.hub.draining:
        raise Problem(503)
    if who.is_agent:  # opening a desk counts as the first answer to a ping
        await node.beats.note(who.token)
    return node.hub.watch(who.id, who.token)


async def _serve(node: Node, watcher: Watcher, receive: Receive, send: Send) -> None:
    """Send until either side ends it."""
    hanging_up = asyncio.create_task(_hang_up(receive, watcher))
    try:
        await _send_all(node, watcher, send)
    finally:
        hanging_up.cancel()


async def _send_all(node: Node, watcher: Watcher, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    loop = asyncio.get_running_loop()
    ping_at = loop.time() + PING_SECONDS * (next(_streams) * GOLDEN_RATIO % 1)
    while True:
        try:
            async with asyncio.timeout_at(ping_at):
                await watcher.woken.wait()
        except TimeoutError:
            ping_at += PING_SECONDS
            events = watcher.take() + ping_event(showing.moment(await node.hub.now()))
        else:
            events = watcher.take()
        if events:
            await send({"type": "http.response.body", "body": events, "more_body": True})
            figures.told(events.count(b"event: "))
        elif watcher.over:
            break
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _hang_up(receive: Receive, watcher: Watcher) -> None:
    """End the stream once the browser is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
    watcher.end()
