"""The stream through a real server: it flows, and it ends cleanly when the server does."""

from __future__ import annotations

import asyncio
import socket
from typing import Any, cast

import aiohttp
import uvicorn

from tests.web.house import PASSWORD, PATIENCE, House


async def test_streams_flow_and_end_cleanly_with_the_server(here: House) -> None:
    await here.employ("Marina")
    door = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{door.getsockname()[1]}"
    config = uvicorn.Config(
        cast("Any", here.application), lifespan="off", log_config=None, timeout_graceful_shutdown=8
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve([door]))
    jar = aiohttp.CookieJar(unsafe=True)
    async with asyncio.timeout(3 * PATIENCE), aiohttp.ClientSession(cookie_jar=jar) as session:
        body = {"email": "marina@test", "password": PASSWORD}
        async with session.post(f"{url}/api/session", json=body) as reply:
            assert reply.status == 201
        async with session.get(f"{url}/api/desk") as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            assert (await stream.content.readline()) == b"event: snapshot\n"
            body = {"state": "available"}
            async with session.put(f"{url}/api/agent/state", json=body) as reply:
                assert reply.status == 200
            while b'"state":"available"' not in await stream.content.readline():
                pass
            here.hub.drain()
            server.should_exit = True
            assert b"closed" not in await stream.content.read()
        await serving
    door.close()
