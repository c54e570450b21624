"""Who wrote: one customer for all the ids that belong together."""

from __future__ import annotations

from balcao.domain.message import Sender
from balcao.store import customers
from balcao.store.bus import Kind, Nudge
from balcao.store.database import Database
from tests import world
from tests.world import sql

ANA = Sender("BR.1", "5511", "Ana", "@ana")


async def found(database: Database, *senders: Sender) -> list[int]:
    """The ids of the customers of *senders*, met in one batch and learned from."""
    async with database.transaction() as tx:
        seen = await customers.find_or_add(tx, senders)
        await customers.learn(tx, seen)
    return [customer.id for customer, _ in seen]


async def move(database: Database, old: Sender, new: Sender) -> None:
    async with database.transaction() as tx:
        await customers.move(tx, old, new)


async def row(database: Database, id: int) -> dict[str, object]:
    (one,) = await sql(database, "select * from customer where id = $1", id)
    return one


async def test_ids_that_meet_within_a_batch_are_one_customer(database: Database) -> None:
    one, two, three = await found(database, Sender(wa_id="5511"), ANA, Sender(user_id="BR.1"))

    assert one == two == three
    ana = await row(database, one)
    assert (ana["user_id"], ana["wa_id"], ana["profile_name"]) == ("BR.1", "5511", "Ana")
    assert len(await sql(database, "select 1 from customer_identity")) == 2


async def test_each_newcomer_of_a_batch_gets_his_own_row(database: Database) -> None:
    senders = [Sender(wa_id=f"55{n}", name=f"Nº {n}") for n in range(100)]
    ids = await found(database, *senders)

    assert len(set(ids)) == 100
    assert [(await row(database, id))["profile_name"] for id in ids[::33]] == [
        f"Nº {n}" for n in range(0, 100, 33)
    ]


async def test_a_known_customer_who_says_nothing_new_is_left_alone(database: Database) -> None:
    (id,) = await found(database, ANA)
    version = (await row(database, id))["version"]

    await found(database, ANA, Sender(user_id="BR.1"))

    assert (await row(database, id))["version"] == version


async def test_a_new_profile_name_is_learned_and_shown_in_every_conversation(
    database: Database,
) -> None:
    floor = await world.build(database)
    begun = []
    for _ in range(2):
        async with database.transaction() as tx:
            ((ana, _),) = await customers.find_or_add(tx, [ANA])
            await customers.begin(tx, [(ana, floor.entry_point), (ana, floor.entry_point)])
        begun.append(ana.conversations)
    assert begun[0] == begun[1]
    id = ana.id
    heard: set[Nudge] = set()
    database.subscribe(heard.update)

    await found(database, Sender("BR.1", name="Ana Lúcia"))

    assert (await row(database, id))["profile_name"] == "Ana Lúcia"
    assert heard == {Nudge(Kind.CONVERSATION, ana.conversations[floor.entry_point])}


async def test_a_phone_that_is_another_customer_s_stays_his(database: Database) -> None:
    ana, bia = await found(database, Sender(user_id="BR.1"), Sender(wa_id="5511"))

    assert await found(database, ANA) == [ana]

    assert (await row(database, ana))["wa_id"] is None
    assert await found(database, Sender(wa_id="5511")) == [bia]


async def test_a_new_number_and_a_new_user_id_lead_to_the_same_customer(
    database: Database,
) -> None:
    (id,) = await found(database, ANA)
    await move(database, Sender(wa_id="5511"), Sender(wa_id="5522"))
    await move(database, Sender(user_id="BR.1"), Sender(user_id="BR.2"))

    assert await found(database, Sender("BR.2"), Sender(wa_id="5522"), ANA) == [id] * 3


async def test_a_change_that_is_told_again_later_changes_nothing_back(database: Database) -> None:
    (id,) = await found(database, ANA)
    first, second = Sender(wa_id="5522"), Sender(wa_id="5533")
    await move(database, Sender(wa_id="5511"), first)
    await move(database, first, second)
    before = await row(database, id)

    await move(database, Sender(wa_id="5511"), first)

    assert await row(database, id) == before
    assert before["wa_id"] == "5533"


async def test_a_change_of_somebody_unknown_is_nothing(database: Database) -> None:
    await move(database, Sender(wa_id="5511"), Sender(wa_id="5522"))
    assert await sql(database, "select 1 from customer") == []
