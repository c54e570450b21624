"""A simulator on real sockets, and a small real receiver of its webhooks."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from balcao.simulator.main import Simulator

SUPPORT = "100000000000001"
SUPPORT_NUMBER = "551140001000"
SALES_NUMBER = "551140002000"
SECRET = "app secret of the tests"
NUMBERS = [
    (SUPPORT, SUPPORT_NUMBER, "Suporte N1"),
    ("100000000000002", SALES_NUMBER, "Vendas"),
]


class Inbox:
    """Receives webhooks: keeps bodies and signatures, and answers as told."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.signatures: list[str] = []
        self.answers: list[int] = []
        self.arrived = asyncio.Event()
        self.url = ""

    async def post(self, request: web.Request) -> web.Response:
        """Takes a webhook; answers the next of `answers`, or 200."""
        self.bodies.append(await request.read())
        self.signatures.append(request.headers["X-Hub-Signature-256"])
        self.arrived.set()
        return web.Response(status=self.answers.pop(0) if self.answers else 200)

    async def verify(self, request: web.Request) -> web.Response:
        """Answers the question that precedes webhooks."""
        good = request.query["hub.verify_token"] == "verify"
        return web.Response(
            status=200 if good else 403, text=request.query["hub.challenge"] if good else ""
        )

    def values(self) -> list[dict[str, Any]]:
        """Is every value of every envelope so far, in order of arrival."""
        return [
            change["value"]
            for body in self.bodies
            for entry in json.loads(body)["entry"]
            for change in entry["changes"]
        ]

    def items(self, kind: str) -> list[Any]:
        """Is every message or status so far, in order of arrival."""
        return [item for value in self.values() for item in value.get(kind, ())]

    def statuses(self, wamid: str) -> list[str]:
        """Is the statuses of one message so far, in order of arrival."""
        return [s["status"] for s in self.items("statuses") if s["id"] == wamid]


class World:
    """The simulator as a test sees it: over HTTP, and what its receiver got."""

    def __init__(self, simulator: Simulator, inbox: Inbox, session: aiohttp.ClientSession) -> None:
        self.simulator = simulator
        self.inbox = inbox
        self.session = session

    async def sim(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Asks the control API; gives status and answer."""
        url = f"{self.simulator.url}/sim/{path}"
        async with self.session.request(method, url, json=body) as answer:
            return answer.status, await answer.json(content_type=None)

    async def customer(self, **given: object) -> dict[str, Any]:
        """Makes a customer."""
        status, customer = await self.sim("POST", "customers", given)
        assert status == 201
        assert isinstance(customer, dict)
        return customer

    async def write(self, customer: dict[str, Any], text: str = "Oi", **given: object) -> str:
        """Lets a customer write; gives the wamid."""
        body = {"entry_point": SUPPORT_NUMBER, "type": "text", "text": text, **given}
        status, answer = await self.sim("POST", f"customers/{customer['id']}/messages", body)
        assert status == 201, answer
        return str(answer["wamid"])

    async def graph(
        self, body: object, *, token: str = "token", number: str = SUPPORT
    ) -> tuple[int, Any]:
        """Asks Graph to send; gives status and answer."""
        url = f"{self.simulator.url}/v26.0/{number}/messages"
        headers = {"Authorization": f"Bearer {token}"}
        async with self.session.post(url, json=body, headers=headers) as answer:
            return answer.status, await answer.json()

    async def reply(self, customer: dict[str, Any], text: str = "Olá", **given: object) -> str:
        """Sends a text to a customer's phone; gives the wamid."""
        status, answer = await self.graph(text_to("+" + customer["phone"], text, **given))
        assert status == 200, answer
        return str(answer["messages"][0]["id"])

    async def phone(self, customer: dict[str, Any]) -> list[dict[str, Any]]:
        """Is what the customer's phone shows."""
        status, lines = await self.sim("GET", f"customers/{customer['id']}/messages")
        assert status == 200
        return list(lines)

    async def faults(self, **given: object) -> None:
        """Sets the faults."""
        status, answer = await self.sim("PUT", "faults", given)
        assert status == 200, answer

    async def settled(self) -> None:
        """Waits until every webhook has been delivered."""
        await self.simulator.settled(within_s=20)


def text_to(to: str, text: str = "Olá", **given: object) -> dict[str, object]:
    """Is the body of a text to send."""
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": to,
        "type": "text",
        "text": {"body": text},
        **given,
    }


@pytest.fixture
async def inbox() -> AsyncIterator[Inbox]:
    """A receiver that listens."""
    inbox = Inbox()
    application = web.Application(client_max_size=8 * 1024 * 1024)
    application.router.add_post("/webhooks/whatsapp", inbox.post)
    application.router.add_get("/webhooks/whatsapp", inbox.verify)
    runner = web.AppRunner(application, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    inbox.url = f"http://127.0.0.1:{runner.addresses[0][1]}/webhooks/whatsapp"
    yield inbox
    await runner.cleanup()


@pytest.fixture
async def world(inbox: Inbox) -> AsyncIterator[World]:
    """A simulator whose webhooks go to the inbox, without scripted customers."""
    simulator = Simulator(
        webhook_url=inbox.url,
        app_secret=SECRET,
        verify_token="verify",
        access_token="token",
        entry_points=NUMBERS,
        seed=7,
        time_factor=0.05,
    )
    async with simulator, aiohttp.ClientSession() as session:
        yield World(simulator, inbox, session)
