"""Intake and sender against the pretend WhatsApp with all its faults, over real sockets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp
import pytest
import uvicorn

from balcao.domain.outgoing import in_words
from balcao.domain.task import accept
from balcao.engine.intake import Intake
from balcao.engine.loop import keep_done
from balcao.engine.sender import Sender
from balcao.simulator.main import Simulator
from balcao.store import messages, tasks
from balcao.store.bus import Nudge
from balcao.store.database import Database
from balcao.store.webhooks import Inbox
from balcao.web.webhook import webhook_app
from balcao.whatsapp.client import Client
from tests import world
from tests.world import sql

pytestmark = pytest.mark.slow  # it waits in real time for the pretend WhatsApp

KEY = b"a key of the test's"
NUMBER = "551140001000"
UNSETTLED = ("pending", "sending", "accepted", "unconfirmed")


class Whatsapp:
    """The simulator's control API."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self._url = url
        self._session = session

    async def customer(self, name: str, **more: Any) -> str:
        return str((await self._ask("POST", "/sim/customers", {"name": name} | more))["id"])

    async def write(self, customer: str, text: str) -> str:
        body = {"entry_point": NUMBER, "type": "text", "text": text}
        return str((await self._ask("POST", f"/sim/customers/{customer}/messages", body))["wamid"])

    async def faults(self, **faults: Any) -> None:
        await self._ask("PUT", "/sim/faults", faults)

    async def received(self, customer: str) -> list[str]:
        shown = await self._ask("GET", f"/sim/customers/{customer}/messages")
        return [one["text"] for one in shown if one["direction"] == "received"]

    async def _ask(self, method: str, path: str, body: object = None) -> Any:
        async with self._session.request(method, self._url + path, json=body) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json()


@asynccontextmanager
async def door(database: Database) -> AsyncIterator[str]:
    """WhatsApp's door on a port of its own."""
    async with Inbox(database) as inbox:
        app = webhook_app(inbox, secrets=["secret"], verify_token="token")
        config = uvicorn.Config(app, log_level="error", lifespan="off", access_log=False)
        server = uvicorn.Server(config)
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            serving = asyncio.create_task(server.serve([listening]))
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/webhooks/whatsapp"
            server.should_exit = True
            await serving


@asynccontextmanager
async def running(database: Database, graph_url: str) -> AsyncIterator[None]:
    """The two loops, woken by every nudge."""
    client = await Client.open(graph_url, "v26.0", answer_seconds=3)
    sender = Sender(database, client, seal_key=KEY, access_token="a-token")
    woken = [asyncio.Event(), asyncio.Event()]

    def wake(_: frozenset[Nudge]) -> None:
        for event in woken:
            event.set()

    database.subscribe(wake)
    steps = (Intake(database, seal_key=KEY).step, sender.step)
    loops = [
        asyncio.create_task(keep_done("step", step, event))
        for step, event in zip(steps, woken, strict=True)
    ]
    yield
    for loop in loops:
        loop.cancel()
        with suppress(asyncio.CancelledError):
            await loop
    await sender.finish()
    await client.close()


@pytest.fixture
async def whatsapp(database: Database) -> AsyncIterator[Whatsapp]:
    await world.build(database)
    async with door(database) as url, aiohttp.ClientSession() as session:
        simulator = Simulator(
            webhook_url=url,
            app_secret="secret",
            verify_token="token",
            access_token="a-token",
            entry_points=[("100000000000001", NUMBER, "Loja")],
            time_factor=0.01,
        )
        async with simulator, running(database, simulator.url):
            yield Whatsapp(simulator.url, session)


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while True:
            if await condition():
                return
            await asyncio.sleep(0.05)


async def test_every_message_arrives_once_and_in_order_through_all_faults(
    database: Database, whatsapp: Whatsapp
) -> None:
    await whatsapp.faults(duplicate=0.3, reorder=0.3, batch=50, malformed=0.3, seed=1)
    people = [await whatsapp.customer("Ana"), await whatsapp.customer("Bia", hide_phone=True)]
    written = [await whatsapp.write(people[n % 2], f"{n}") for n in range(100)]

    async def all_there() -> bool:
        rows = await sql(database, "select wamid from message where direction = 'in'")
        return len(rows) >= len(written)

    await until(all_there)
    rows = await sql(
        database,
        "select conversation_id, text, wamid from message where direction = 'in'"
        " order by conversation_id, second, seq",
    )
    assert sorted(str(row["wamid"]) for row in rows) == sorted(written)
    assert len({row["conversation_id"] for row in rows}) == 2
    assert len(await sql(database, "select 1 from customer")) == 2


async def test_no_reply_has_two_effects_and_every_doubt_is_settled_by_a_status(
    database: Database, whatsapp: Whatsapp
) -> None:
    ana = await whatsapp.customer("Ana")
    await whatsapp.write(ana, "Olá")
    author = await answering(database)
    said = [f"reply {n}" for n in range(24)]
    modes = ["ok", "reset_after_accept", "500", "html"]
    for n, text in enumerate(said):
        await whatsapp.faults(graph=modes[n // 6], duplicate=0.3, reorder=0.3, seed=n)
        async with database.transaction() as tx:
            held = await tasks.lock(tx, 1)
            id = await messages.put_outbound(tx, held, author, text, in_words("text", text))

        async def called(id: int = id) -> bool:
            (row,) = await sql(database, "select status from message where id = $1", id)
            return row["status"] not in ("pending", "sending")

        await until(called)

    async def settled() -> bool:
        rows = await sql(
            database,
            "select text from message where direction = 'out' and status in ('read', 'delivered')",
        )
        return len(rows) >= len(await whatsapp.received(ana))

    await until(settled)
    shown = await whatsapp.received(ana)
    assert len(shown) == len(set(shown)), "nothing reaches a phone twice"
    assert shown == [text for text in said if text in shown], "and in order"
    assert set(said[:12]) <= set(shown)
    rows = await sql(database, "select text, status from message where direction = 'out'")
    told = {row["text"]: row["status"] for row in rows}
    assert {told[text] for text in shown} <= {"delivered", "read"}
    assert {told[text] for text in said if text not in shown} <= {"unconfirmed", "failed"}


async def answering(database: Database) -> messages.Author:
    """Marina, connected to the first customer who has written."""

    async def waiting() -> bool:
        return bool(await sql(database, "select 1 from task"))

    await until(waiting)
    floor = world.World(*(await _ids(database)))
    marina = await world.available(database, floor, "Marina")
    await world.route(database)
    async with database.transaction() as tx:
        await tasks.move(tx, 1, accept, marina)
    return messages.Author(marina, "Marina")


async def _ids(database: Database) -> tuple[Any, ...]:
    queues = await sql(database, "select id from queue order by id")
    teams = await sql(database, "select id from team order by id")
    (entry_point,) = await sql(database, "select id from entry_point")
    return (*(row["id"] for row in (*queues, *teams)), entry_point["id"])
