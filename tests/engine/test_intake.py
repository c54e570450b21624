"""Intake on a real PostgreSQL: from stored bytes to threads, whatever comes how often."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from balcao.engine.intake import Intake
from balcao.store.bus import Kind, Nudge
from balcao.store.database import Database
from tests import world
from tests.engine.inbound import (
    KEY,
    everything,
    now,
    set_aside,
    store,
    take_in,
    thread,
)
from tests.whatsapp import bodies
from tests.whatsapp.bodies import change, envelope, other, status, text, without
from tests.world import World, sql


@pytest.fixture
async def floor(database: Database) -> World:
    return await world.build(database)


async def test_a_first_message_makes_customer_conversation_and_task(
    database: Database, floor: World
) -> None:
    second = await now(database)
    await take_in(database, bodies.messages(text("wamid.1", "Olá!", second)))

    (customer,) = await sql(database, "select * from customer")
    assert (customer["profile_name"], customer["user_id"]) == ("Ana", "BR.1")
    (task,) = await sql(database, "select * from task")
    assert (task["state"], task["queue_id"]) == ("queued", floor.queue)
    (conversation,) = await sql(database, "select * from conversation")
    assert conversation["waiting_since"] is not None
    rows = await sql(database, "select * from message order by seq")
    assert [row["direction"] for row in rows] == ["system", "in"]
    assert (rows[1]["text"], rows[1]["author_name"]) == ("Olá!", "Ana")
    assert rows[1]["at"] == conversation["last_inbound_at"]
    assert [row["seq"] for row in rows] == [1, 2]
    assert conversation["last_seq"] == 2
    assert conversation["version"] == rows[1]["version"]
    assert await sql(database, "select 1 from webhook where done_at is null") == []


async def test_a_second_message_is_added_to_the_open_task(database: Database, floor: World) -> None:
    await take_in(database, bodies.messages(text("wamid.1")))
    await take_in(database, bodies.messages(text("wamid.2"), text("wamid.3")))

    assert len(await sql(database, "select distinct task_id from message")) == 1
    assert len(await thread(database)) == 3


async def test_a_repeat_changes_nothing(database: Database, floor: World) -> None:
    body = bodies.messages(text("wamid.1"), text("wamid.2"), text("wamid.1"))
    await take_in(database, body)
    before = await everything(database)

    await take_in(database, body, bodies.messages(text("wamid.2")))

    assert await everything(database) == before
    assert [row[0] for row in await thread(database)] == ["wamid.1", "wamid.2"]


async def test_a_batch_of_a_thousand_mixed_items_loses_only_what_cannot_be_read(
    database: Database, floor: World
) -> None:
    items: list[Any] = []
    for n in range(1000):
        phone = f"55119{n % 50:08}"
        item = text(f"wamid.{n}", f"{n}", bodies.NOON + n, **{"from": phone})
        items.append(without(item, "from_user_id"))
    items[10], items[500] = {"id": "broken"}, 17
    ours = [status(f"wamid.not-ours-{n}") for n in range(100)]
    body = envelope(change(items[:400], ours), change(items[400:], [{"id": 1}]))

    await take_in(database, body)

    assert len(await thread(database)) == 998
    assert len(await sql(database, "select 1 from customer")) == 50
    assert len(await sql(database, "select 1 from task")) == 50
    assert len(await sql(database, "select 1 from early_status")) == 100
    assert sorted(str(position) for position, _ in await set_aside(database)) == [
        "0/0/messages/10",
        "0/1/messages/100",
        "0/1/statuses/0",
    ]


async def test_a_poison_item_is_set_aside_alone_and_holds_up_nothing(
    database: Database, floor: World
) -> None:
    poison = bodies.messages(text("wamid.2"), text("wamid.\0"), text("wamid.3"))
    await take_in(
        database, bodies.messages(text("wamid.1")), poison, bodies.messages(text("wamid.4"))
    )

    assert [row[0] for row in await thread(database)] == [f"wamid.{n}" for n in (1, 2, 3, 4)]
    ((position, error),) = await set_aside(database)
    assert position == "0/0/messages/1"
    assert error == "CharacterNotInRepertoireError"
    assert await sql(database, "select 1 from webhook where done_at is null") == []


@pytest.mark.parametrize("kind", ["image", "unsupported", "a_type_of_next_year"])
async def test_any_other_type_is_a_line_and_opens_a_task(
    database: Database, floor: World, kind: str
) -> None:
    await take_in(database, bodies.messages(other("wamid.1", kind, {"id": "9"})))

    (row,) = await sql(database, "select * from message where direction = 'in'")
    assert (row["type"], row["text"], row["payload"]) == (kind, None, {kind: {"id": "9"}})
    assert row["task_id"] is not None


@pytest.mark.parametrize("kind", ["reaction", "edit", "revoke", "request_welcome"])
async def test_what_is_no_message_opens_nothing(
    database: Database, floor: World, kind: str
) -> None:
    await take_in(database, bodies.messages(other("wamid.1", kind, {})))

    for table in ("message", "task", "customer"):
        assert await sql(database, f"select 1 from {table}") == []


async def test_user_id_comes_before_phone_and_both_are_linked(
    database: Database, floor: World
) -> None:
    both = text("wamid.1")
    only_phone = without(text("wamid.2", second=bodies.NOON + 1), "from_user_id")
    hidden = without(text("wamid.3", second=bodies.NOON + 2), "from")
    await take_in(database, *(bodies.messages(one) for one in (both, only_phone, hidden)))

    assert len({row[4] for row in await thread(database)}) == 1
    (customer,) = await sql(database, "select * from customer")
    assert customer["wa_id"] == "5511987654321", "a phone that is hidden now is still his"


async def test_a_customer_with_a_user_id_only_gets_a_conversation(
    database: Database, floor: World
) -> None:
    hidden = {"user_id": "BR.9", "profile": {"username": "@bia"}}
    message = without(text("wamid.1", from_user_id="BR.9"), "from")
    await take_in(database, envelope(change([message], contacts=[hidden])))

    (customer,) = await sql(database, "select * from customer")
    assert (customer["user_id"], customer["wa_id"]) == ("BR.9", None)
    assert customer["username"] == "@bia"


async def test_ids_that_lead_to_two_customers_go_by_the_user_id(
    database: Database, floor: World
) -> None:
    await take_in(
        database,
        envelope(change([without(text("wamid.1"), "from")])),
        envelope(change([without(text("wamid.2"), "from_user_id")])),
    )
    await take_in(database, bodies.messages(text("wamid.3")))

    owner = {row[0]: row[4] for row in await thread(database)}
    assert owner["wamid.3"] == owner["wamid.1"] != owner["wamid.2"]


async def test_a_new_number_leads_to_the_same_customer(database: Database, floor: World) -> None:
    moved = other("wamid.2", "system", {"type": "user_changed_number", "wa_id": "5511900000000"})
    late = text("wamid.3", second=bodies.NOON + 5, **{"from": "5511900000000"})
    body = bodies.messages(text("wamid.1"), moved, without(late, "from_user_id"))
    await take_in(database, body, body)

    assert len({row[4] for row in await thread(database)}) == 1
    (customer,) = await sql(database, "select wa_id, user_id from customer")
    assert customer == {"wa_id": "5511900000000", "user_id": "BR.1"}
    assert (
        await sql(database, "select 1 from message where type = 'system' and direction = 'in'")
        == []
    )


async def test_a_message_from_the_future_counts_as_of_its_arrival(
    database: Database, floor: World
) -> None:
    second = await now(database)
    ahead = [text("wamid.1", second=second + 30), text("wamid.2", second=second + 3600)]
    await take_in(database, bodies.messages(*ahead))

    rows = {row[0]: row[3] for row in await thread(database)}
    assert rows["wamid.1"] == second + 30
    assert second <= int(str(rows["wamid.2"])) <= second + 10


async def test_an_unknown_number_is_set_aside_until_it_is_set_up(
    database: Database, floor: World
) -> None:
    await take_in(database, bodies.messages(text("wamid.1"), number="300"))
    assert await thread(database) == []
    assert await set_aside(database) == [("0/0/messages/0", "unknown number")]

    await sql(
        database,
        "insert into entry_point (phone_number_id, display_number, name, queue_id)"
        " values ('300', '5521', 'Filial', $1)",
        floor.queue,
    )
    await take_in(database)

    assert [row[0] for row in await thread(database)] == ["wamid.1"]
    assert await sql(database, "select 1 from set_aside where settled_at is null") == []


async def test_a_retired_number_takes_nothing_new(database: Database, floor: World) -> None:
    await sql(database, "update entry_point set retired_at = clock_timestamp()")
    await take_in(database, bodies.messages(text("wamid.1")))

    assert await thread(database) == []
    assert len(await set_aside(database)) == 1


async def test_what_changed_is_told(database: Database, floor: World) -> None:
    heard: set[Nudge] = set()
    database.subscribe(heard.update)

    await take_in(database, bodies.messages(text("wamid.1")))

    assert Nudge(Kind.CONVERSATION, 1) in heard
    assert Nudge(Kind.WEBHOOK, 0) in heard
    assert Nudge(Kind.ROUTING, 0) in heard


async def test_two_processes_take_each_message_once(
    dsn: str, database: Database, floor: World
) -> None:
    posts = [bodies.messages(text(f"wamid.{n}", f"{n}", bodies.NOON + n)) for n in range(60)]
    posts += posts[::3]
    other_process = await Database.open(dsn)
    intakes = [Intake(database, seal_key=KEY), Intake(other_process, seal_key=KEY)]

    async def work(intake: Intake) -> None:
        while await sql(database, "select 1 from webhook where done_at is null limit 1"):
            await intake.step()

    for chunk in (posts[:40], posts[40:]):
        await store(database, *chunk)
        await asyncio.gather(*(work(intake) for intake in intakes))

    assert [row[0] for row in await thread(database)] == [f"wamid.{n}" for n in range(60)]
    (conversation,) = await sql(database, "select last_seq from conversation")
    assert conversation["last_seq"] == 61
    await other_process.close()
