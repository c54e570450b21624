"""Everything goes wrong at once, and nothing is lost, doubled or out of order."""

import asyncio
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from balcao import checker
from balcao.store import embedded
from balcao.store.database import Database
from balcao.whatsapp.items import InboundMessage
from balcao.whatsapp.webhook import Unreadable, read
from tests.faults.day import Agent, Shop, open_shop, until
from tests.world import sql

pytestmark = pytest.mark.slow

CUSTOMERS = 25
MESSAGES = 500
REPLIES = 3
NUMBERS = ("551140001000", "551140002000")
BAD = {"duplicate": 0.2, "reorder": 0.2, "batch": 50, "malformed": 0.1, "seed": 7}
LOSSY = {**BAD, "graph": "reset_after_accept"}


@pytest.fixture
def home() -> Iterator[Path]:
    """A data folder that PostgreSQL's own user can reach."""
    folder = Path(tempfile.mkdtemp(prefix="balcao-bad-day-"))
    folder.chmod(0o711)
    yield folder / "demo"
    shutil.rmtree(folder)


async def test_nothing_is_lost_or_doubled_while_all_goes_wrong(home: Path) -> None:
    async with open_shop(home) as shop:
        agents = [Agent(shop, name, REPLIES) for name in ("marina", "camila", "hugo")]
        async with agents[0], agents[1], agents[2]:
            people = [(await shop.sim("POST", "customers", {}))["id"] for _ in range(CUSTOMERS)]
            await live_through(shop, people)
            await until(lambda: all_out(shop), 60)  # one that was cut off waits for its lease
        phones = {id: await shop.sim("GET", f"customers/{id}/messages") for id in people}
        counts = await shop.sim("GET", "deliveries")
        assert (counts["pending"], counts["dropped"]) == (0, 0)
        written = set().union(*(agent.written for agent in agents))
        database = await Database.open(embedded.dsn(shop.home), size=2)
        try:
            await everything_arrived_once_and_in_order(database, phones)
            await no_reply_had_two_effects(database, phones, written)
            assert await checker.check(database) == []
        finally:
            await database.close()


async def live_through(shop: Shop, people: list[str]) -> None:
    """The messages in four parts, with a change for the worse between them."""
    part = MESSAGES // 4
    await shop.sim("PUT", "faults", BAD)
    await write(shop, people, range(part))
    await asyncio.gather(write(shop, people, range(part, 2 * part)), shop.kill_server())
    await shop.sim("PUT", "faults", LOSSY)
    await asyncio.gather(write(shop, people, range(2 * part, 3 * part)), shop.kill_database())
    await write(shop, people, range(3 * part, MESSAGES))
    await shop.sim("PUT", "faults", {})


async def write(shop: Shop, people: list[str], numbers: range) -> None:
    """The customers in turn write one message each, at a pace of people."""
    for number in numbers:
        who = number % len(people)
        message = {"entry_point": NUMBERS[who % 5 == 0], "text": f"{number}"}
        await shop.sim("POST", f"customers/{people[who]}/messages", message)
        await asyncio.sleep(0.01)


async def all_out(shop: Shop) -> bool:
    """Whether every webhook was taken and read, and every reply has left."""
    if (await shop.sim("GET", "deliveries"))["pending"]:
        return False
    database = await Database.open(embedded.dsn(shop.home), size=1)
    try:
        left = await sql(
            database,
            "select (select count(*) from webhook where done_at is null)"
            " + (select count(*) from message where status in ('pending', 'sending')) as n",
        )
    finally:
        await database.close()
    return left[0]["n"] == 0


async def everything_arrived_once_and_in_order(
    database: Database, phones: dict[str, list[dict[str, Any]]]
) -> None:
    """Each thread is what its customer wrote, by WhatsApp's second and then as it came."""
    rows = await sql(
        database,
        "select conversation_id, wamid, text, second from message where direction = 'in'"
        " order by conversation_id, second, seq",
    )
    threads: defaultdict[object, list[tuple[object, ...]]] = defaultdict(list)
    for row in rows:
        threads[row["conversation_id"]].append((row["wamid"], row["text"], row["second"]))
    came = await arrivals(database)
    wanted = []
    for lines in phones.values():
        sent = [line for line in lines if line["direction"] == "sent"]
        whole = [(line["wamid"], line["text"], second(line["at"])) for line in sent]
        wanted.append(sorted(whole, key=lambda one: (one[2], came[one[0]])))
    assert sum(map(len, wanted)) == MESSAGES
    assert sorted(threads.values()) == sorted(wanted)


async def arrivals(database: Database) -> dict[str, int]:
    """The place of each message among all that were answered 200, by its first coming."""
    first: dict[str, int] = {}
    for row in await sql(database, "select body from webhook order by id"):
        body = row["body"]
        assert isinstance(body, bytes)
        try:
            items = read(body)
        except Unreadable:
            continue
        for item in items:
            if isinstance(item, InboundMessage):
                first.setdefault(item.wamid, len(first))
    return first


async def no_reply_had_two_effects(
    database: Database, phones: dict[str, list[dict[str, Any]]], written: set[str]
) -> None:
    """A reply that was taken is on one phone once, or known not to be sure of it."""
    seen = Counter(
        line["text"]
        for lines in phones.values()
        for line in lines
        if line["direction"] == "received"
    )
    assert set(seen.values()) == {1}
    rows = await sql(database, "select text, status from message where direction = 'out'")
    status = {str(row["text"]): row["status"] for row in rows}
    assert len(rows) == len(status)
    assert written <= set(status)
    assert len(seen) >= CUSTOMERS
    for text, shown in status.items():
        assert shown in ("accepted", "sent", "delivered", "read", "unconfirmed"), (text, shown)
        assert text in seen or shown == "unconfirmed", (text, shown)


def second(at: str) -> int:
    """The whole Unix second of a moment on a phone."""
    return int(datetime.fromisoformat(at).timestamp())
