"""A desk that writes, a sender that sends, and what WhatsApp was asked."""

from __future__ import annotations

from typing import Any

from balcao.domain.outgoing import in_words
from balcao.domain.task import accept
from balcao.domain.values import AgentId
from balcao.engine.sender import Sender
from balcao.store import messages, tasks
from balcao.store.database import Database
from balcao.store.messages import Author
from tests import world
from tests.whatsapp.graph import Graph
from tests.world import sql

KEY = b"a key of the test's"


class Desk:
    """Marina at her desk, connected to customers who have just written."""

    def __init__(self, database: Database, marina: AgentId) -> None:
        self.database = database
        self.marina = marina
        self.author = Author(marina, "Marina")
        self.tasks: list[int] = []

    async def say(self, text: str, task: int | None = None, type: str = "text") -> int:
        async with self.database.transaction() as tx:
            held = await tasks.lock(tx, task or self.tasks[0])
            return await messages.put_outbound(tx, held, self.author, text, in_words(type, text))

    async def status(self, id: int) -> str:
        return str((await self.row(id))["status"])

    async def row(self, id: int) -> dict[str, Any]:
        (row,) = await sql(self.database, "select * from message where id = $1", id)
        return row

    async def resend(self, id: int) -> None:
        async with self.database.transaction() as tx:
            await messages.resend(tx, id, self.marina)

    async def dismiss(self, id: int) -> None:
        async with self.database.transaction() as tx:
            await messages.dismiss(tx, id, self.marina)


async def sit_down(database: Database) -> Desk:
    """Marina at her desk, connected to two customers."""
    floor = await world.build(database)
    desk = Desk(database, await world.available(database, floor, "Marina"))
    for _ in range(2):
        desk.tasks.append(await world.queued(database, floor))
    await sql(database, "update conversation set last_inbound_at = clock_timestamp()")
    await world.route(database)
    async with database.transaction() as tx:
        for task in desk.tasks:
            await tasks.move(tx, task, accept, desk.marina)
    return desk


async def send_all(sender: Sender) -> None:
    """Let the sender do all that is due now."""
    while (await sender.step()).done:
        await sender.finish()


def texts(graph: Graph) -> list[str]:
    return [body["text"]["body"] for body in graph.bodies]


async def hurry(desk: Desk) -> None:
    await sql(
        desk.database, "update message set due_at = clock_timestamp() where status = 'pending'"
    )
