"""A customer and an agent who deal with a server over HTTP, as WhatsApp and a desktop do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp
import argon2
import msgspec

from balcao.store.database import Database
from tests import world
from tests.health.serving import PATIENCE, Server
from tests.streams import events
from tests.web.house import Desk
from tests.world import World

READ_BYTES = 2**22


async def employ(database: Database, floor: World, name: str, email: str, password: str) -> int:
    """An agent who can sign in; their id."""
    id: int = await world.add_agent(database, floor, name)
    hashed = argon2.PasswordHasher(time_cost=1, memory_cost=64).hash(password)
    async with database.transaction() as tx:
        await tx.execute(
            "update person set email = $2, password_hash = $3 where id = $1", id, email, hashed
        )
    return id


class Agent:
    """Somebody at a desk that listens and answers pings."""

    def __init__(self, server: Server, http: aiohttp.ClientSession) -> None:
        self.desk = Desk()
        self._server = server
        self._http = http

    async def ask(self, method: str, path: str, body: object = None) -> tuple[int, bytes]:
        """One request, with the cookie of whoever is signed in."""
        raw = body if isinstance(body, bytes) or body is None else msgspec.json.encode(body)
        headers = {"content-type": "application/json"} if raw is not None else {}
        async with self._http.request(
            method, f"{self._server.url}{path}", data=raw, headers=headers
        ) as answer:
            return answer.status, await answer.read()

    @property
    def cookies(self) -> list[str]:
        """The secrets that the browser keeps."""
        return [cookie.value for cookie in self._http.cookie_jar]

    async def start(self, email: str, password: str) -> None:
        """Sign in, and be available."""
        status, _ = await self.ask("POST", "/api/session", {"email": email, "password": password})
        assert status == 201
        assert (await self.ask("POST", "/api/desk/beat"))[0] == 204
        assert (await self.ask("PUT", "/api/agent/state", {"state": "available"}))[0] == 200

    async def listen(self) -> None:
        """Take in what the stream tells, for as long as it lasts."""
        url = f"{self._server.url}/api/desk"
        async with self._http.get(url, timeout=aiohttp.ClientTimeout(total=None)) as answer:
            async for event, data in events(answer):
                self.desk.hear(event, data)
                if event == "ping":
                    await self.ask("POST", "/api/desk/beat")

    async def talking(self) -> dict[str, Any]:
        """Accept what rings, as soon as it does; the task."""
        async with asyncio.timeout(PATIENCE):
            await self._see("task", "leg", "offered")
            assert (await self.ask("POST", "/api/offers/accept-all"))[0] in {200, 204}
            return await self._see("task", "leg", "connected")

    async def says(self, task: str, text: str) -> tuple[int, bytes]:
        """Write to the customer."""
        body = {"client_id": text, "type": "text", "text": text}
        return await self.ask("POST", f"/api/tasks/{task}/messages", body)

    async def _see(self, kind: str, part: str, state: str) -> dict[str, Any]:
        def there(desk: Desk) -> dict[str, Any] | None:
            views = (one for one in desk.of(kind) if one[part] and one[part]["state"] == state)
            return next(views, None)

        found: dict[str, Any] = await self.desk.until(there)
        return found


@asynccontextmanager
async def at_work(server: Server, email: str, password: str) -> AsyncIterator[Agent]:
    """An agent at an open desk, available."""
    async with aiohttp.ClientSession(
        cookie_jar=aiohttp.CookieJar(unsafe=True), read_bufsize=READ_BYTES
    ) as http:
        agent = Agent(server, http)
        await agent.start(email, password)
        listening = asyncio.create_task(agent.listen())
        try:
            await agent.desk.until(lambda desk: desk.me)
            yield agent
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError, aiohttp.ClientError):
                await listening
