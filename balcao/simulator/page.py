"""The phones in the browser: a page of plain files, kept live by one event stream.

The stream begins with everything there is and goes on with what changes; a page whose line breaks
starts over. All of it is data: the page shows text as text only.
"""

import asyncio
import json
from pathlib import Path
from typing import Any

from aiohttp import web

from balcao.simulator.colleagues import Colleagues
from balcao.simulator.delivery import Deliveries
from balcao.simulator.world import World

_STATIC = Path(__file__).parent / "static"
_FILES = {
    "phones.css": "text/css",
    "phone.css": "text/css",
    "media.css": "text/css",
    "phones.js": "text/javascript",
    "phone.js": "text/javascript",
    "bubble.js": "text/javascript",
    "attach.js": "text/javascript",
    "recorder.js": "text/javascript",
    "media.js": "text/javascript",
    "menu.js": "text/javascript",
    "element.js": "text/javascript",
    "colleagues.js": "text/javascript",
    "words.js": "text/javascript",
    "words-pt-BR.js": "text/javascript",
    "words-en.js": "text/javascript",
    "words-es.js": "text/javascript",
}
_PING_S = 10.0
_MOST_LINES = 200
_MOST_CUSTOMERS = 200
_MOST_WEBHOOKS = 20
_GUARD = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src 'self' data:; media-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


class PhonesPage:
    """Serves the page, its files and its stream."""

    def __init__(self, world: World, deliveries: Deliveries, colleagues: Colleagues) -> None:
        self._world = world
        self._deliveries = deliveries
        self._colleagues = colleagues

    def routes(self) -> list[web.RouteDef]:
        """Is what to serve."""
        return [
            web.get("/", self._page),
            web.get("/static/{name}", self._file),
            web.get("/sim/events", self._events),
        ]

    async def _page(self, _: web.Request) -> web.StreamResponse:
        text = (_STATIC / "index.html").read_text("utf-8")
        return web.Response(text=text, content_type="text/html", headers=_GUARD)

    async def _file(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if name not in _FILES:
            raise web.HTTPNotFound
        text = (_STATIC / name).read_text("utf-8")
        return web.Response(text=text, content_type=_FILES[name], headers=_GUARD)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        with self._world.feed.watch() as changes:
            await answer.prepare(request)
            await answer.write(_event("snapshot", self._snapshot()))
            while True:
                try:
                    change = await asyncio.wait_for(changes.get(), _PING_S)
                except TimeoutError:
                    change = ("ping", {})
                if change is None:
                    return answer
                try:
                    await answer.write(_event(*change))
                except ConnectionError:
                    return answer

    def _snapshot(self) -> dict[str, Any]:
        return {
            "entry_points": [number.view() for number in self._world.numbers],
            "customers": [
                {
                    **customer.view(),
                    "messages": [c.view() for c in list(customer.lines.values())[-_MOST_LINES:]],
                }
                for customer in list(self._world.customers.values())[-_MOST_CUSTOMERS:]
            ],
            "faults": self._world.faults.view(),
            "colleagues": self._colleagues.view(),
            "webhooks": list(self._deliveries.log)[-_MOST_WEBHOOKS:],
        }


def _event(kind: str, data: dict[str, Any]) -> bytes:
    return f"event: {kind}\ndata: {json.dumps(data)}\n\n".encode()
