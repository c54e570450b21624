"""A thousand items in one signed webhook, some of which make no sense: all others find their place.

Whatever one item is like, it costs only itself (`whatsapp.md` 10, pitfalls 1, 2, 8 and 19).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest

from balcao import checker
from balcao.engine.intake import Intake
from balcao.store.database import Database
from balcao.whatsapp.signature import sign
from tests.engine.inbound import KEY
from tests.web.house import House
from tests.whatsapp import bodies
from tests.world import sql

ITEMS, BROKEN, CUSTOMERS = 1_000, 50, 12
STATUSES = 100
SECOND = bodies.NOON


@dataclass
class Batch:
    """What is sent, and what must come of it."""

    messages: list[Any] = field(default_factory=list)
    statuses: list[Any] = field(default_factory=list)
    written: list[tuple[str, str]] = field(default_factory=list)
    """Type and wamid of every line of a thread, in order."""
    reactions: dict[str, str] = field(default_factory=dict)
    """What each is about, by its own wamid."""
    told: set[str] = field(default_factory=set)
    """The wamids of the statuses."""
    aside: set[str] = field(default_factory=set)
    """The places of what cannot be read."""

    @property
    def body(self) -> bytes:
        """The whole of it, as WhatsApp would send it."""
        return bodies.envelope(bodies.change(self.messages, self.statuses))


def drawn(chance: Random) -> Batch:
    """Items of all kinds, and among them such as nobody can read."""
    batch = Batch()
    broken = set(chance.sample(range(ITEMS), BROKEN))
    for n in range(ITEMS - STATUSES):
        if n in broken:
            batch.aside.add(f"0/0/messages/{n}")
            batch.messages.append(_nonsense(chance))
        else:
            batch.messages.append(_message(batch, chance, f"wamid.{n}"))
    for n in range(STATUSES):
        wamid = f"wamid.ours.{n}"
        if n + ITEMS - STATUSES in broken:
            batch.aside.add(f"0/0/statuses/{n}")
            batch.statuses.append(chance.choice(([], {"id": wamid}, {"id": 7, "status": "sent"})))
        else:
            batch.told.add(wamid)
            batch.statuses.append(bodies.status(wamid, chance.choice(("sent", "read"))))
    return batch


def _message(batch: Batch, chance: Random, wamid: str) -> Any:
    customer = chance.randrange(CUSTOMERS)
    who = {"from": f"55119000000{customer:02}", "from_user_id": f"BR.{customer}"}
    if batch.written and chance.random() < 0.2:
        _, about = chance.choice(batch.written)
        batch.reactions[wamid] = about
        own = {"message_id": about, "emoji": "👍"}
        return bodies.other(wamid, "reaction", own, second=SECOND, **who)
    kind = chance.choice(("text", "text", "text", "image", "location", "a_new_kind"))
    batch.written.append((kind, wamid))
    if kind == "text":
        return bodies.text(wamid, f"linha {wamid}", SECOND, **who)
    return bodies.other(wamid, kind, {"id": "9"}, second=SECOND, **who)


def _nonsense(chance: Random) -> Any:
    whole = bodies.text("wamid.nonsense")
    return chance.choice(
        (
            None,
            7,
            [],
            bodies.without(whole, "id"),
            bodies.without(whole, "from", "from_user_id"),
            {**whole, "id": ""},
            {**whole, "timestamp": "soon"},
            {**whole, "from": {"a": "b"}},
            {**whole, "type": ["text"]},
            {**whole, "type": "reaction", "reaction": 5},
        )
    )


async def deliver(here: House, body: bytes) -> None:
    """Send it signed, and let intake do all there is to do."""
    signed = {"x-hub-signature-256": sign(body, "an app secret")}
    answer = await here.browser().ask("POST", "/webhooks/whatsapp", body, signed)
    assert answer.status == 200
    intake = Intake(here.database, seal_key=KEY)
    while (await intake.step()).done:
        pass


async def kept(database: Database) -> list[list[dict[str, object]]]:
    tables = ("customer", "conversation", "message", "amendment", "early_status", "task")
    return [await sql(database, f"select * from {table} order by 1, 2") for table in tables]


@pytest.mark.parametrize("seed", range(3))
async def test_all_that_makes_sense_is_in_place_exactly_once(here: House, seed: int) -> None:
    batch = drawn(Random(seed))

    await deliver(here, batch.body)

    rows = await sql(
        here.database,
        "select m.type, m.wamid, m.text from message m where direction = 'in' order by m.id",
    )
    assert [(row["type"], row["wamid"]) for row in rows] == batch.written
    assert all(row["text"] == f"linha {row['wamid']}" for row in rows if row["type"] == "text")
    rows = await sql(
        here.database,
        "select a.wamid, m.wamid as about from amendment a join message m on m.id = a.message_id",
    )
    assert {row["wamid"]: row["about"] for row in rows} == batch.reactions
    assert len(rows) == len(batch.reactions)
    rows = await sql(here.database, "select wamid from early_status")
    assert {row["wamid"] for row in rows} == batch.told
    rows = await sql(here.database, "select position from set_aside")
    assert {row["position"] for row in rows} == batch.aside
    assert len(rows) == BROKEN
    assert await checker.check(here.database) == []

    before = await kept(here.database)
    await deliver(here, batch.body)
    assert await kept(here.database) == before, "what comes twice changes nothing"
