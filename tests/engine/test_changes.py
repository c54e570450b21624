"""Reactions, edits and revocations through intake: kept once, in whatever order they come."""

from __future__ import annotations

from typing import Any

import pytest

from balcao import checker
from balcao.domain.message import Status
from balcao.store import outbox
from balcao.store.database import Database
from tests import world
from tests.engine.inbound import sending, set_aside, take_in
from tests.whatsapp import bodies
from tests.whatsapp.bodies import NOON, other, text
from tests.world import World, sql

ORIGINAL = text("wamid.0", "Chego às 14h", NOON)


@pytest.fixture
async def floor(database: Database) -> World:
    return await world.build(database)


def reaction(wamid: str, emoji: str | None, *, about: str = "wamid.0", second: int = NOON) -> Any:
    own = {"message_id": about} if emoji is None else {"message_id": about, "emoji": emoji}
    return other(wamid, "reaction", own, second=second)


def edit(wamid: str, body: str, *, about: str = "wamid.0", second: int = NOON) -> Any:
    new = {"type": "text", "text": {"body": body}}
    return other(wamid, "edit", {"original_message_id": about, "message": new}, second=second)


def revoke(wamid: str, *, about: str = "wamid.0", second: int = NOON) -> Any:
    return other(wamid, "revoke", {"original_message_id": about}, second=second)


async def kept(database: Database) -> list[tuple[object, ...]]:
    rows = await sql(
        database,
        "select m.wamid as about, a.act, a.text, a.author_kind, a.author_name from amendment a"
        " join message m on m.id = a.message_id order by a.id",
    )
    return [tuple(row.values()) for row in rows]


async def version(database: Database) -> object:
    (row,) = await sql(database, "select version from message where wamid = 'wamid.0'")
    return row["version"]


async def test_it_is_kept_beside_its_message_and_the_message_is_shown_anew(
    database: Database, floor: World
) -> None:
    await take_in(database, bodies.messages(ORIGINAL))
    before = await version(database)

    await take_in(database, bodies.messages(reaction("wamid.1", "👍"), edit("wamid.2", "15h")))

    assert await kept(database) == [
        ("wamid.0", "reaction", "👍", "customer", "Ana"),
        ("wamid.0", "edit", "15h", "customer", "Ana"),
    ]
    (conversation,) = await sql(database, "select version from conversation")
    assert before != await version(database) == conversation["version"]
    (row,) = await sql(database, "select text from message where wamid = 'wamid.0'")
    assert row["text"] == "Chego às 14h", "what was written first stays"
    assert await checker.check(database) == []


async def test_it_opens_no_task_and_is_no_message(database: Database, floor: World) -> None:
    await take_in(database, bodies.messages(ORIGINAL))
    await sql(database, "update task set ended_at = now(), state = 'ended'")

    await take_in(database, bodies.messages(reaction("wamid.1", "👍"), revoke("wamid.2")))

    assert len(await sql(database, "select from task")) == 1
    assert len(await sql(database, "select from message where direction = 'in'")) == 1


async def test_a_reaction_opens_the_window_and_nothing_else_of_them_does(
    database: Database, floor: World
) -> None:
    await take_in(database, bodies.messages(ORIGINAL))

    async def opened() -> int:
        (row,) = await sql(
            database, "select extract(epoch from last_inbound_at)::bigint as at from conversation"
        )
        return int(str(row["at"])) - NOON

    later = edit("wamid.1", "15h", second=NOON + 60), revoke("wamid.2", second=NOON + 60)
    await take_in(database, bodies.messages(*later))
    assert await opened() == 0
    await take_in(database, bodies.messages(reaction("wamid.3", "👍", second=NOON + 60)))
    assert await opened() == 60


async def test_a_repeat_changes_nothing(database: Database, floor: World) -> None:
    whole = bodies.messages(ORIGINAL, reaction("wamid.1", "👍"), revoke("wamid.2"))
    await take_in(database, whole)
    before, rows = await version(database), await kept(database)

    await take_in(database, whole)

    assert (await version(database), await kept(database)) == (before, rows)


async def test_one_that_stands_before_its_message_in_the_same_webhook_finds_it(
    database: Database, floor: World
) -> None:
    await take_in(database, bodies.messages(reaction("wamid.1", "👍"), ORIGINAL))

    assert [row[:3] for row in await kept(database)] == [("wamid.0", "reaction", "👍")]
    assert await set_aside(database) == []


async def test_one_that_comes_before_its_message_waits_for_it(
    database: Database, floor: World
) -> None:
    await take_in(database, bodies.messages(revoke("wamid.1")))
    assert await set_aside(database) == [("0/0/messages/0", "unknown message")]
    assert await checker.check(database) == []

    await take_in(database, bodies.messages(ORIGINAL))

    assert [row[:2] for row in await kept(database)] == [("wamid.0", "revoke")]
    assert await sql(database, "select from set_aside where settled_at is null") == []
    assert await checker.check(database) == []


async def test_one_for_a_number_that_is_set_up_later_and_of_no_message_is_still_kept(
    database: Database, floor: World
) -> None:
    number = "200000000000002"
    await take_in(database, bodies.envelope(bodies.change([revoke("wamid.1")], number=number)))
    assert await set_aside(database) == [("0/0/messages/0", "unknown number")]

    await sql(
        database,
        "insert into entry_point (phone_number_id, display_number, name, queue_id)"
        f" select '{number}', '5522', 'Outro', queue_id from entry_point limit 1",
    )
    await take_in(database)
    assert await set_aside(database) == [("0/0/messages/0", "unknown message")]
    assert len(await sql(database, "select from set_aside where settled_at is null")) == 1

    await take_in(database, bodies.envelope(bodies.change([ORIGINAL], number=number)))
    assert [row[:2] for row in await kept(database)] == [("wamid.0", "revoke")]
    assert await checker.check(database) == []


async def test_after_a_week_nobody_waits_for_a_message_any_more(
    database: Database, floor: World
) -> None:
    await take_in(database, bodies.messages(reaction("wamid.1", "👍")))
    await sql(database, "update set_aside set at = at - interval '8 days'")

    await take_in(database, bodies.messages(ORIGINAL))

    assert await kept(database) == []


async def test_a_reaction_to_ours_is_kept_but_ours_is_neither_edited_nor_taken_back(
    database: Database, floor: World
) -> None:
    claim, ours = await sending(database, floor), "wamid.ours"
    async with database.transaction() as tx:
        await outbox.settle(tx, claim.message_id, 1, Status.ACCEPTED, wamid=ours)

    changes = reaction("wamid.1", "👍", about=ours), edit("wamid.2", "não", about=ours)
    await take_in(database, bodies.messages(*changes, revoke("wamid.3", about=ours)))

    assert [row[:3] for row in await kept(database)] == [(ours, "reaction", "👍")]
    assert [error for _, error in await set_aside(database)] == ["not their message"] * 2
    assert await checker.check(database) == []
