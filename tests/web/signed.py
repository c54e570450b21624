"""WhatsApp at one end and an agent's desk at the other: signed HTTP in, a thread out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from balcao.engine.sender import Sender
from balcao.whatsapp.client import Client
from tests import world
from tests.engine.inbound import KEY
from tests.engine.outbound import send_all
from tests.web.house import Browser, House, Reply
from tests.web.test_batches import deliver
from tests.whatsapp import bodies
from tests.whatsapp.bodies import without
from tests.whatsapp.graph import Graph
from tests.world import sql

FIRST = "wamid.first"


def of(wamid: str, kind: str, own: object, **over: Any) -> dict[str, Any]:
    """A customer's message of a kind; a key that is None is left out, as WhatsApp does."""
    whole = bodies.other(wamid, kind, own, **over)
    return without(whole, *(key for key, value in whole.items() if value is None))


@dataclass
class Line:
    """A customer who has written, and the agent who has accepted."""

    here: House
    browser: Browser
    task: int

    async def hears(self, *messages: object, contacts: Sequence[object] | None = None) -> None:
        """The customer's messages come in, in one webhook."""
        known = [bodies.contact()] if contacts is None else contacts
        await self.takes(bodies.change(messages, contacts=known))

    async def told(self, *statuses: object, contacts: Sequence[object] = ()) -> None:
        """Statuses come in, in one webhook."""
        await self.takes(bodies.change(statuses=statuses, contacts=contacts))

    async def takes(self, *changes: object) -> None:
        """A signed webhook comes in and all of it is placed."""
        await deliver(self.here, bodies.envelope(*changes))

    async def thread(self, direction: str = "in") -> list[dict[str, Any]]:
        """The lines of one direction as the desk asks for them, the oldest first."""
        task = (await self.browser.get(f"/api/tasks/{self.task}")).json
        path = f"/api/conversations/{task['conversation_id']}/messages"
        items = (await self.browser.get(path)).json["items"]
        return [one for one in reversed(items) if one["direction"] == direction]

    async def newest(self) -> dict[str, Any]:
        """The customer's line that came last."""
        return max(await self.thread(), key=lambda one: int(one["seq"]))

    async def ours(self) -> dict[str, Any]:
        """The one answer of the agent's."""
        (one,) = await self.thread("out")
        return one

    async def card(self) -> dict[str, Any]:
        """The task as the desk asks for it."""
        found: dict[str, Any] = (await self.browser.get(f"/api/tasks/{self.task}")).json
        return found

    async def says(self, words: str, **more: object) -> Reply:
        """The agent answers."""
        body = {"client_id": words, "type": "text", "text": words, **more}
        reply = await self.browser.post(f"/api/tasks/{self.task}/messages", body)
        assert reply.status == 202, reply.body
        return reply

    async def sends(self, graph: Graph) -> None:
        """All that the agent has answered goes out."""
        async with sending(self.here, graph) as sender:
            await send_all(sender)

    async def aside(self) -> list[object]:
        """Why items were set aside, in the order in which they were."""
        rows = await sql(self.here.database, "select error from set_aside order by id")
        return [row["error"] for row in rows]

    async def tasks(self) -> int:
        """How many tasks there are."""
        return len(await sql(self.here.database, "select from task"))


@asynccontextmanager
async def sending(here: House, graph: Graph) -> AsyncIterator[Sender]:
    """What carries answers to *graph*."""
    client = await Client.open(graph.url, "v26.0", answer_seconds=5)
    try:
        yield Sender(here.database, client, seal_key=KEY, access_token="a-token")
    finally:
        await client.close()


async def connected(
    here: House, first: Mapping[str, Any] | None = None, contacts: Sequence[object] | None = None
) -> Line:
    """Marina, who has accepted a customer's request: *first*, or a text of now."""
    browser = await here.agent("Marina")
    second = int((await world.clock(here.database)).timestamp())
    whole = dict(bodies.text(FIRST, "Chego já", second) if first is None else first)
    known = [bodies.contact()] if contacts is None else contacts
    await deliver(here, bodies.envelope(bodies.change([whole], contacts=known)))
    await world.route(here.database)
    (row,) = await sql(here.database, "select id from task")
    task = int(str(row["id"]))
    assert (await browser.post(f"/api/tasks/{task}/accept")).status == 200
    return Line(here, browser, task)
