"""A counter: a desk that asks over HTTP, and a sender that takes what it asks to WhatsApp."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from balcao import checker
from balcao.engine.sender import Sender
from balcao.engine.uploads import Uploads
from balcao.store.database import Database
from balcao.whatsapp.client import Client
from balcao.whatsapp.media import MediaClient
from tests.engine.outbound import KEY
from tests.web.house import Browser, House, house
from tests.whatsapp.graph import Graph
from tests.world import sql


@dataclass
class Counter:
    """Marina at her desk, connected to Ana, and what she says on its way to WhatsApp."""

    here: House
    marina: Browser
    task: int
    graph: Graph
    sender: Sender
    uploads: Uploads
    said: int = 0

    @property
    def database(self) -> Database:
        return self.here.database

    async def upload(self, name: str, content: bytes) -> str:
        """Upload a file; its id."""
        head = f'--x\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        reply = await self.marina.ask(
            "POST",
            "/api/media",
            head.encode() + content + b"\r\n--x--\r\n",
            {"content-type": "multipart/form-data; boundary=x"},
        )
        assert reply.status == 201, reply.body
        return str(reply.json["id"])

    async def say(self, type: str, **more: object) -> dict[str, Any]:
        """Say something; its view."""
        self.said += 1
        body = {"client_id": f"c{self.said}", "type": type, **more}
        reply = await self.marina.post(f"/api/tasks/{self.task}/messages", body)
        assert reply.status == 202, reply.body
        return dict(reply.json)

    async def react(self, emoji: str) -> list[Any]:
        """React to the customer's message; the reactions to it as they are shown then."""
        path = f"/api/messages/{await self.of_customer()}/reaction"
        reply = await self.marina.post(path, {"emoji": emoji})
        assert reply.status == 200, reply.body
        return list(reply.json["reactions"])

    async def of_customer(self) -> int:
        """The customer's first message."""
        (row,) = await sql(self.database, "select id from message where wamid = 'wamid.in'")
        return int(str(row["id"]))

    async def sees(self, id: object) -> dict[str, Any]:
        """A message as it is shown now."""
        (row,) = await sql(
            self.database, "select conversation_id from message where id = $1", int(str(id))
        )
        path = f"/api/conversations/{row['conversation_id']}/messages"
        page = (await self.marina.get(path)).json
        return dict(next(item for item in page["items"] if item["id"] == str(id)))

    async def reactions(self) -> list[str]:
        return [one["emoji"] for one in (await self.sees(await self.of_customer()))["reactions"]]

    async def hurry(self) -> None:
        for table, some in (("message", "status = 'pending'"), ("reaction", "due_at is not null")):
            await sql(self.database, f"update {table} set due_at = clock_timestamp() where {some}")


@asynccontextmanager
async def open_counter(database: Database, graph: Graph) -> AsyncIterator[Counter]:
    """Marina at her desk, and the way to *graph*; every promise is kept in the end."""
    async with house(database) as here:
        marina = await here.agent("Marina")
        task = await here.written("wamid.in", "Oi")
        assert (await marina.post(f"/api/tasks/{task}/accept")).status == 200
        client = await Client.open(graph.url, "v26.0", answer_seconds=5)
        media = await MediaClient.open(graph.url, "v26.0", hosts=())
        up = Uploads(database, media, here.files, access_token="a-token")
        sender = Sender(database, client, seal_key=KEY, access_token="a-token", uploads=up)
        yield Counter(here, marina, task, graph, sender, up)
        await client.close()
        await media.close()
    assert await checker.check(database) == []
