"""A desk's event stream over a real socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import msgspec


async def events(answer: aiohttp.ClientResponse) -> AsyncIterator[tuple[str, Any]]:
    """The events of a stream as they come, by name."""
    event = ""
    async for raw in answer.content:
        word, _, rest = raw.decode().rstrip("\n").partition(": ")
        if word == "event":
            event = rest
        elif word == "data":
            yield event, msgspec.json.decode(rest)
