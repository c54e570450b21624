"""Short ways to let webhooks come in, and to look at what came of them."""

from __future__ import annotations

from typing import Any

from balcao.domain.outgoing import in_words
from balcao.domain.task import accept
from balcao.engine.intake import Intake
from balcao.store import messages, outbox, tasks
from balcao.store.database import Database
from balcao.store.webhooks import Inbox
from tests import world
from tests.whatsapp import bodies
from tests.whatsapp.bodies import text
from tests.world import World, sql

KEY = b"a key of the test's"


async def store(database: Database, *all_: bytes) -> None:
    async with Inbox(database) as inbox:
        for body in all_:
            await inbox.put(body)


async def take_in(database: Database, *all_: bytes) -> None:
    """Store these webhooks and let intake do all there is to do."""
    await store(database, *all_)
    intake = Intake(database, seal_key=KEY)
    while (await intake.step()).done:
        pass


async def thread(database: Database) -> list[tuple[object, ...]]:
    """What customers wrote, in the order in which it shows."""
    rows = await sql(
        database,
        "select m.wamid, m.type, m.text, m.second, c.customer_id, m.task_id is not null as tasked"
        " from message m join conversation c on c.id = m.conversation_id"
        " where direction = 'in' order by m.conversation_id, second, seq",
    )
    return [tuple(row.values()) for row in rows]


async def set_aside(database: Database) -> list[tuple[object, object]]:
    rows = await sql(database, "select position, error from set_aside order by id")
    return [(row["position"], row["error"]) for row in rows]


async def now(database: Database) -> int:
    return int((await world.clock(database)).timestamp())


async def sending(database: Database, floor: World) -> outbox.Claim:
    """A reply of Marina's to a customer who wrote just now, as the sender has claimed it."""
    await take_in(database, bodies.messages(text("wamid.in", second=await now(database))))
    marina = await world.available(database, floor, "Marina")
    await world.route(database)
    async with database.transaction() as tx:
        (task,) = (await messages.beforehand(tx, (), [1]))[1].values()
        held = await tasks.move(tx, task, accept, marina)
        author = messages.Author(marina, "Marina")
        await messages.put_outbound(tx, held, author, "c1", in_words("text", "Oi"))
    async with database.transaction() as tx:
        (claim,), _ = await outbox.claim(tx, 1)
    return claim


async def out(database: Database) -> dict[str, Any]:
    (row,) = await sql(database, "select * from message where direction = 'out'")
    return row


async def everything(database: Database) -> list[list[dict[str, object]]]:
    """Every row that intake writes, but for the webhooks themselves."""
    tables = (
        "customer",
        "customer_identity",
        "conversation",
        "message",
        "amendment",
        "task",
        "message_status",
        "early_status",
        "set_aside",
    )
    return [await sql(database, f"select * from {table} order by 1, 2") for table in tables]
