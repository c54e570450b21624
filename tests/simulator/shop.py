"""A shop on real sockets: the demo's organisation on PostgreSQL, a server, phones, and people.

The server is stopped and started on one port, as after a restart. A person is a browser without a
screen: it keeps a cookie, listens, answers pings, and takes over where somebody else is.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self, cast

import aiohttp
import argon2
import msgspec
import uvicorn

from balcao import demo
from balcao.engine.intake import Intake
from balcao.engine.loop import Step, keep_done
from balcao.engine.router import Router
from balcao.engine.sender import Sender
from balcao.realtime.hub import Hub
from balcao.simulator.conduct import Pace
from balcao.simulator.main import Simulator
from balcao.store.bus import Nudge
from balcao.store.database import Database
from balcao.store.files import Files
from balcao.store.webhooks import Inbox
from balcao.web.app import create
from balcao.web.webhook import webhook_app
from balcao.whatsapp.client import Client
from tests.streams import events
from tests.web.house import Desk
from tests.world import sql

KEY = b"a key of the test's"
PATIENCE_S = 20.0
POLL_S = 0.02
NEVER = (3600.0, 3600.0)
AT_ONCE = (0.0, 0.01)
#: No waits but those that a test asks for.
HASTE = Pace(
    accept=AT_ONCE,
    read=AT_ONCE,
    write=AT_ONCE,
    quiet=NEVER,
    guest_quiet=NEVER,
    leave=NEVER,
    wrap_up=AT_ONCE,
    hurry=AT_ONCE,
    again=(0.05, 0.2),
    taken=(0.2, 0.3),
    refused=(0.2, 0.3),
)
_HASH = argon2.PasswordHasher(time_cost=1, memory_cost=64).hash


async def until(what: Callable[[], Awaitable[object]]) -> None:
    """Returns once *what* says yes."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if await what():
                return
            await asyncio.sleep(POLL_S)


class Server:
    """Balcão on one port, as often as it is started."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._port = 0
        self._running = AsyncExitStack()
        self.graph_url = ""
        self._door: socket.socket | None = self._listen()

    @property
    def url(self) -> str:
        """Is where the desk is."""
        return f"http://127.0.0.1:{self._port}"

    async def start(self) -> None:
        """Serves, and does all that is due."""
        door = self._door or self._listen()
        self._door = None
        async with AsyncExitStack() as stack:
            client = await Client.open(self.graph_url, "v26.0", answer_seconds=3)
            stack.push_async_callback(client.close)
            sender = Sender(self._database, client, seal_key=KEY, access_token="a-token")
            stack.push_async_callback(sender.finish)
            intake, router = Intake(self._database, seal_key=KEY), Router(self._database)
            await stack.enter_async_context(
                _looping(self._database, [intake.step, router.step, sender.step])
            )
            inbox = await stack.enter_async_context(Inbox(self._database))
            hub = await stack.enter_async_context(Hub(self._database))
            webhook = webhook_app(inbox, secrets=["secret"], verify_token="token")
            files = Files(stack.enter_context(TemporaryDirectory()))
            application = create(self._database, hub, webhook=webhook, files=files, version="1")
            await stack.enter_async_context(_serving(application, hub, door))
            self._running = stack.pop_all()

    async def stop(self) -> None:
        """Ends every stream and every loop, and gives up the port."""
        await self._running.aclose()
        self._running = AsyncExitStack()

    def _listen(self) -> socket.socket:
        door = socket.create_server(("127.0.0.1", self._port))
        self._port = door.getsockname()[1]
        return door


class Shop:
    """The server and the phones, and what can be asked of both."""

    def __init__(self, database: Database, server: Server, http: aiohttp.ClientSession) -> None:
        self.database = database
        self.server = server
        self.http = http
        self.simulator: Simulator
        self._phones = AsyncExitStack()
        self._phones_port = 0

    async def open_phones(self, pace: Pace = HASTE, memory: Path | None = None) -> None:
        """Puts a simulator in the place of the one there was, on the same port."""
        await self._phones.aclose()
        simulator = Simulator(
            port=self._phones_port,
            webhook_url=f"{self.server.url}/webhooks/whatsapp",
            app_secret="secret",
            verify_token="token",
            access_token="a-token",
            entry_points=[
                (point.phone_number_id, point.display_number, point.queue)
                for point in demo.ENTRY_POINTS
            ],
            seed=5,
            time_factor=0.05,
            memory=memory,
            desk_url=self.server.url,
            desk_password=demo.PASSWORD,
            pace=pace,
        )
        self.simulator = await self._phones.enter_async_context(simulator)
        self._phones_port = int(simulator.url.rpartition(":")[2])

    async def close_phones(self) -> None:
        """Ends the simulator."""
        await self._phones.aclose()

    async def sim(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Asks the control API; gives status and answer."""
        url = f"{self.simulator.url}/sim/{path}"
        async with self.http.request(method, url, json=body) as answer:
            return answer.status, await answer.json(content_type=None)

    async def switch(self, *, on: bool) -> None:
        """Uses the switch."""
        status, _ = await self.sim("PUT", "colleagues", {"on": on})
        assert status == 200

    async def states(self) -> dict[str, str]:
        """Is how it stands with each colleague, by first name."""
        _, colleagues = await self.sim("GET", "colleagues")
        return {one["name"].split()[0]: one["state"] for one in colleagues}

    async def are(self, **states: str) -> None:
        """Waits until it stands so with those named, and with all others as `others` says."""
        others = states.pop("others", None)

        async def so() -> bool:
            now = await self.states()
            return all(state == states.get(name, others or state) for name, state in now.items())

        try:
            await until(so)
        except TimeoutError:
            raise AssertionError(await self._stands()) from None

    async def customer(self, number: str, text: str) -> str:
        """A new customer writes to a number; gives the customer's id."""
        _, customer = await self.sim("POST", "customers", {})
        await self.write(customer["id"], number, text)
        return str(customer["id"])

    async def write(self, customer: str, number: str, text: str) -> None:
        """A customer writes again."""
        body = {"entry_point": number, "type": "text", "text": text}
        assert (await self.sim("POST", f"customers/{customer}/messages", body))[0] == 201

    async def heard(self, customer: str) -> list[str]:
        """Is what came to this customer's phone."""
        _, lines = await self.sim("GET", f"customers/{customer}/messages")
        return [line["text"] for line in lines if line["direction"] == "received"]

    async def hears(self, customer: str, *, lines: int) -> list[str]:
        """Waits until so many lines have come to this customer's phone; gives them."""

        async def heard() -> bool:
            return len(await self.heard(customer)) >= lines

        try:
            await until(heard)
        except TimeoutError:
            raise AssertionError(await self._stands()) from None
        return await self.heard(customer)

    async def _stands(self) -> dict[str, Any]:
        """Is how everything stands, for whoever wonders why nothing comes."""
        questions = {
            "messages": "select direction, status, attempt, error from message order by id",
            "tasks": "select state, queue_id from task order by id",
            "legs": "select agent_id, outcome, connected_at, answer_by from leg order by id",
            "agents": "select person_id, state, signed_in_at, beat_at from agent",
            "webhooks": "select id, received_at, done_at from webhook order by id",
            "busy": "select pid, state, wait_event_type, wait_event, now() - xact_start as since,"
            " pg_blocking_pids(pid) as blocked_by, query from pg_stat_activity"
            " where datname = current_database() and state <> 'idle'",
        }
        rows = {
            what: [dict(row) for row in await sql(self.database, question)]
            for what, question in questions.items()
        }
        return {"colleagues": await self.states(), **rows}

    async def finds(self, query: str, *, rows: int = 1) -> None:
        """Waits until a question to the database has so many answers."""

        async def found() -> bool:
            return len(await sql(self.database, query)) == rows

        await until(found)

    async def available(self, *names: str) -> None:
        """Waits until just these people can be offered work."""
        query = (
            "select p.name from agent a join person p on p.id = a.person_id"
            " where a.state = 'available' and a.signed_in_at is not null and a.beat_at is not null"
        )

        async def so() -> bool:
            return {row["name"] for row in await sql(self.database, query)} == set(names)

        await until(so)


class Person:
    """Somebody who works at a desk of their own, as long as the block lasts."""

    def __init__(self, shop: Shop, email: str) -> None:
        self.desk = Desk()
        self.closed: str | None = None
        self._email = email
        self._http = aiohttp.ClientSession(
            shop.server.url, cookie_jar=aiohttp.CookieJar(unsafe=True), read_bufsize=2**22
        )

    async def __aenter__(self) -> Self:
        body = {"email": self._email, "password": demo.PASSWORD, "takeover": True}
        assert (await self.ask("POST", "/api/session", body))[0] == 201
        self._listening = asyncio.create_task(self._listen())
        await self.desk.until(lambda desk: desk.me)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)
        await self._http.close()

    async def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Asks the API; gives status and answer."""
        async with self._http.request(method, path, json=body) as answer:
            raw = await answer.read()
            return answer.status, msgspec.json.decode(raw) if raw else None

    async def accept(self) -> dict[str, Any]:
        """Becomes available, and accepts the first offer; gives the task."""
        assert (await self.ask("PUT", "/api/agent/state", {"state": "available"}))[0] == 200
        offered = await self.task("offered")
        status, task = await self.ask("POST", f"/api/tasks/{offered['id']}/accept")
        assert status == 200
        assert isinstance(task, dict)
        return task

    async def say(self, task: dict[str, Any], text: str) -> None:
        """Writes to the customer of a task."""
        body = {"client_id": text, "type": "text", "text": text}
        assert (await self.ask("POST", f"/api/tasks/{task['id']}/messages", body))[0] == 202

    async def task(self, state: str) -> dict[str, Any]:
        """Waits for a task with a part of this person's in a *state*."""

        def there(desk: Desk) -> Any:
            tasks = desk.of("task")
            return next((task for task in tasks if task["leg"]["state"] == state), None)

        found: dict[str, Any] = await self.desk.until(there)
        return found

    async def _listen(self) -> None:
        async with self._http.get("/api/desk", timeout=aiohttp.ClientTimeout(None)) as answer:
            async for event, data in events(answer):
                self.desk.hear(event, data)
                if event == "ping":
                    await self.ask("POST", "/api/desk/beat")


@asynccontextmanager
async def open_shop(database: Database) -> AsyncIterator[Shop]:
    """A demo in one process, its colleagues off."""
    await demo.fill(database, _HASH)
    server = Server(database)
    async with aiohttp.ClientSession() as http:
        shop = Shop(database, server, http)
        await shop.open_phones()
        server.graph_url = shop.simulator.url
        await server.start()
        try:
            yield shop
        finally:
            await shop.close_phones()
            await server.stop()


@asynccontextmanager
async def _looping(database: Database, steps: list[Step]) -> AsyncIterator[None]:
    """The loops, woken by every nudge."""
    woken = [asyncio.Event() for _ in steps]

    def wake(_: frozenset[Nudge]) -> None:
        for event in woken:
            event.set()

    unsubscribe = database.subscribe(wake)
    loops = [
        asyncio.create_task(keep_done("step", step, event))
        for step, event in zip(steps, woken, strict=True)
    ]
    try:
        yield
    finally:
        unsubscribe()
        for loop in loops:
            loop.cancel()
            with suppress(asyncio.CancelledError):
                await loop


@asynccontextmanager
async def _serving(application: Any, hub: Hub, door: socket.socket) -> AsyncIterator[None]:
    config = uvicorn.Config(
        cast("Any", application),
        log_level="error",
        lifespan="off",
        access_log=False,
        timeout_graceful_shutdown=2,
    )
    server = uvicorn.Server(config)
    with door:
        serving = asyncio.create_task(server.serve([door]))
        try:
            yield
        finally:
            hub.drain()
            server.should_exit = True
            await serving
