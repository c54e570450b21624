"""Statuses on a real PostgreSQL: ticks rise, whatever the order and however often."""

from __future__ import annotations

import random
from functools import reduce
from typing import Any

import pytest

from balcao.domain.message import Status, advance
from balcao.store import outbox
from balcao.store.database import Database
from balcao.whatsapp.opaque import seal
from tests import world
from tests.engine.inbound import (
    KEY,
    out,
    sending,
    take_in,
    thread,
)
from tests.whatsapp import bodies
from tests.whatsapp.bodies import change, envelope, status, text
from tests.world import World, sql


@pytest.fixture
async def floor(database: Database) -> World:
    return await world.build(database)


async def test_statuses_raise_ticks_in_any_order_and_never_lower_them(
    database: Database, floor: World
) -> None:
    claim = await sending(database, floor)
    opaque = seal(KEY, claim.message_id, claim.attempt)
    words = ["read", "sent", "delivered", "sent", "failed"]
    for word in words:
        told = status("wamid.out", word, biz_opaque_callback_data=opaque)
        await take_in(database, bodies.statuses(told), bodies.statuses(told))

    row = await out(database)
    assert (row["status"], row["wamid"]) == ("read", "wamid.out")
    kept = await sql(database, "select status from message_status")
    assert {one["status"] for one in kept} == set(words)


async def test_a_status_settles_a_send_whose_answer_is_not_known(
    database: Database, floor: World
) -> None:
    claim = await sending(database, floor)
    async with database.transaction() as tx:
        await outbox.settle(tx, claim.message_id, claim.attempt, Status.UNCONFIRMED)
    opaque = seal(KEY, claim.message_id, claim.attempt)

    await take_in(
        database, bodies.statuses(status("wamid.out", "sent", biz_opaque_callback_data=opaque))
    )

    assert (await out(database))["status"] == "sent"
    assert (await sql(database, "select wamid from attempt")) == [{"wamid": "wamid.out"}]


async def test_a_status_that_came_before_its_wamid_was_known_is_applied_then(
    database: Database, floor: World
) -> None:
    claim = await sending(database, floor)
    await take_in(database, bodies.statuses(status("wamid.out", "delivered")))
    assert (await out(database))["status"] == "sending"

    async with database.transaction() as tx:
        await outbox.settle(tx, claim.message_id, claim.attempt, Status.ACCEPTED, wamid="wamid.out")
    await take_in(database)

    assert (await out(database))["status"] == "delivered"
    assert await sql(database, "select 1 from early_status") == []


async def test_nobody_else_can_name_our_messages(database: Database, floor: World) -> None:
    claim = await sending(database, floor)
    forged = seal(b"another key", claim.message_id, claim.attempt)
    await take_in(
        database, bodies.statuses(status("wamid.x", "failed", biz_opaque_callback_data=forged))
    )

    assert (await out(database))["status"] == "sending"


async def test_a_failure_says_why_and_what_to_do(database: Database, floor: World) -> None:
    claim = await sending(database, floor)
    opaque = seal(KEY, claim.message_id, claim.attempt)
    error = {"code": 131047, "title": "Re-engagement message"}
    told = status("w", "failed", biz_opaque_callback_data=opaque, errors=[error])
    await take_in(database, bodies.statuses(told))

    row = await out(database)
    assert row["status"] == "failed"
    assert (row["error"]["code"], row["error"]["action"]) == ("window-closed", "template")
    assert await sql(database, "select 1 from notice") == [], "its task is still open"


async def test_a_failure_after_the_task_has_ended_is_told_to_its_author(
    database: Database, floor: World
) -> None:
    claim = await sending(database, floor)
    await sql(database, "update task set ended_at = clock_timestamp(), state = 'wrap-up'")
    opaque = seal(KEY, claim.message_id, claim.attempt)
    told = status("w", "failed", biz_opaque_callback_data=opaque)
    await take_in(database, bodies.statuses(told), bodies.statuses(told))

    (notice,) = await sql(database, "select code, message_id from notice")
    assert notice == {"code": "message-failed", "message_id": claim.message_id}


@pytest.mark.parametrize("seed", range(8))
async def test_order_repeats_and_batching_make_no_difference_to_the_threads(
    database: Database, floor: World, seed: int
) -> None:
    dice = random.Random(seed)
    claim = await sending(database, floor)
    opaque = seal(KEY, claim.message_id, claim.attempt)
    told = [
        status("wamid.out", word, biz_opaque_callback_data=dice.choice([opaque, None]))
        for word in dice.sample(["sent", "delivered", "read", "failed"], k=3)
    ]
    told[0]["biz_opaque_callback_data"] = opaque
    written = [
        text(
            f"wamid.{n}",
            f"{n}",
            bodies.NOON + n,
            from_user_id=f"BR.{n % 3}",
            **{"from": f"5{n % 3}"},
        )
        for n in range(30)
    ]
    posts = posted(dice, [*written, *told, *dice.choices([*written, *told], k=30)])
    cut = dice.randrange(len(posts))
    await take_in(database, *posts[:cut])
    await take_in(database, *posts[cut:])

    rows = [row for row in await thread(database) if row[0] != "wamid.in"]
    by_customer = {row[4]: [r[0] for r in rows if r[4] == row[4]] for row in rows}
    expected = [[f"wamid.{n}" for n in range(first, 30, 3)] for first in range(3)]
    assert sorted(by_customer.values()) == sorted(expected)
    highest = reduce(advance, (Status(one["status"]) for one in told))
    assert (await out(database))["status"] == highest
    seqs = await sql(database, "select conversation_id, seq from message order by 1, 2")
    lasts = await sql(database, "select id, last_seq from conversation order by id")
    assert seqs == [
        {"conversation_id": one["id"], "seq": seq}
        for one in lasts
        for seq in range(1, int(str(one["last_seq"])) + 1)
    ], "arrival numbers have no gap"


def posted(dice: random.Random, items: list[dict[str, Any]]) -> list[bytes]:
    """These messages and statuses, shuffled and cut into POSTs of one to twelve."""
    dice.shuffle(items)
    posts: list[bytes] = []
    while items:
        chunk = [items.pop() for _ in range(min(len(items), dice.randint(1, 12)))]
        half = len(chunk) // 2
        posts.append(envelope(_change(chunk[:half]), _change(chunk[half:])))
    return posts


def _change(items: list[dict[str, Any]]) -> dict[str, Any]:
    return change(
        [item for item in items if "status" not in item],
        [item for item in items if "status" in item],
    )
