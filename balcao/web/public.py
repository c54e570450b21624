"""What anyone may ask: what this is, and how it is."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import ResponseSpec

from balcao.store.migrate import pending
from balcao.store.postgres import UNREACHABLE
from balcao.web.bodies import Health, Info
from balcao.web.node import TheNode

READY_SECONDS_MAX = 2.0
PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


@get("/api/info", operation_id="info")
async def info(node: TheNode) -> Info:
    """What this is."""
    return Info("Balcão", node.version, node.demo_accounts)


@get("/api/openapi.json", operation_id="description")
async def description(request: Request[Any, Any, Any]) -> Response[bytes]:
    """This description."""
    text: bytes = request.app.state.description
    return Response(text, media_type="application/json")


@get("/health", operation_id="health")
async def health() -> Health:
    """The process is up."""
    return Health("ok")


@get(
    "/ready",
    operation_id="ready",
    responses={503: ResponseSpec(Health, description="Not now.", generate_examples=False)},
)
async def ready(node: TheNode) -> Response[Health]:
    """The database is in reach and its schema current."""
    try:
        async with asyncio.timeout(READY_SECONDS_MAX), node.database.connection() as connection:
            good = not await pending(connection) and not node.hub.draining
    except UNREACHABLE:
        good = False
    return Response(Health("ok" if good else "unavailable"), status_code=200 if good else 503)


@get("/metrics", operation_id="metrics")
async def metrics(node: TheNode) -> Response[bytes]:
    """Figures in Prometheus' format."""
    return Response(await node.figures.text(), media_type=PROMETHEUS)


ROUTES: Sequence[HTTPRouteHandler] = [info, description, health, ready, metrics]
