"""The routes together, and what stands in front of them.

Some things never see Litestar: WhatsApp's webhook, the event stream with the answers to its
pings, the files of messages, and the desktop's own.
Every answer, whoever gives it, leaves through the same headers; every error, wherever it is
raised, becomes the same kind of answer.
"""

from __future__ import annotations

from functools import cache
from time import perf_counter
from typing import Any, cast

from litestar import Litestar
from litestar.datastructures import State
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig

from balcao.realtime.beats import Beats
from balcao.realtime.hub import Hub
from balcao.store.database import Database
from balcao.store.files import Files
from balcao.telemetry import figures
from balcao.web import (
    describing,
    desk,
    handing,
    headers,
    media,
    messages,
    public,
    session,
    tasks,
)
from balcao.web.bodies import DemoAccount
from balcao.web.figures import Figures
from balcao.web.gate import HungUp, gate
from balcao.web.node import Node, me
from balcao.web.policy import guard
from balcao.web.problems import PROBLEM_JSON, answer, problem_of
from balcao.web.static import static_app
from balcao.web.stream import beat_app, stream_app
from balcao.web.webhook import Application, Message, Receive, Scope, Send

#: The version of the API, which only ever grows; not that of the package.
API_VERSION = "1"
ROUTES = [
    *session.ROUTES,
    *desk.ROUTES,
    *tasks.ROUTES,
    *handing.ROUTES,
    *messages.ROUTES,
    *media.ROUTES,
    *public.ROUTES,
]
OPERATIONS = frozenset({"/health", "/ready", "/metrics"})


def create(
    database: Database,
    hub: Hub,
    *,
    webhook: Application,
    files: Files,
    own: Figures | None = None,
    version: str,
    public_url: str | None = None,
    demo_accounts: list[DemoAccount] | None = None,
) -> Application:
    """The whole web application of one process, as ASGI; without *own* figures, one alone."""
    own = own or Figures(database, hub)
    node = Node(database, hub, Beats(database), own, version, public_url, demo_accounts)
    api = gate(node, cast("Application", litestar(node)))
    stream, beat, static = stream_app(node), beat_app(node), static_app()
    files_ = media.media_app(node, files)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise NotImplementedError(scope["type"])
        path: str = scope["path"]
        if path == "/webhooks/whatsapp":
            door, inside = "webhook", webhook
        elif path == "/api/desk":
            door, inside = "stream", stream
        elif path == "/api/desk/beat":
            door, inside = "api", beat
        elif media.is_file(path):
            door, inside = "api", files_
        elif path.startswith("/api/") or path in OPERATIONS:
            door, inside = "api", api
        else:
            door, inside = "desktop", static
        await _answered(node, door, inside, scope, receive, send)

    return application


async def _answered(
    node: Node, door: str, inside: Application, scope: Scope, receive: Receive, send: Send
) -> None:
    """Let *inside* answer; where it raises instead, answer what the table says.

    A webhook that is stored is answered as it is, and was counted with its batch.
    """
    began, status = perf_counter(), 0

    async def counted(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
            if status != 200 or door != "webhook":
                figures.answered(door, status, perf_counter() - began)
                message = headers.guarded(message, secure=node.secure)
        await send(message)

    try:
        await inside(scope, receive, counted)
    except HungUp:
        return
    except Exception as error:
        problem = problem_of(error)
        if status:  # half of an answer is out: all that is left is to break off
            raise
        own = [(b"content-type", PROBLEM_JSON.encode())]
        own += [(k.encode(), v.encode()) for k, v in problem.headers().items()]
        start = {"type": "http.response.start", "status": problem.status, "headers": own}
        await counted(start)
        await counted({"type": "http.response.body", "body": problem.body()})


def litestar(node: Node | None) -> Litestar:
    """The routes that Litestar serves; without a node they can only be described."""
    return Litestar(
        ROUTES,
        dependencies={
            "node": Provide(lambda: node, sync_to_thread=False),
            "me": Provide(me, sync_to_thread=False),
        },
        guards=[guard],
        exception_handlers=cast("Any", {Exception: answer}),
        openapi_config=OpenAPIConfig("Balcão", API_VERSION, use_handler_docstrings=True),
        state=State({"description": b"" if node is None else description().encode()}),
        logging_config=None,
    )


@cache
def description() -> str:
    """The description of the API, as it is committed."""
    return describing.printed(describing.describe(litestar(None)))
