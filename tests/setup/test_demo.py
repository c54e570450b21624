"""The demo organisation: complete, filled once, and never poured into somebody else's."""

import argon2
import pytest

from balcao import demo
from balcao.demo import NotTheDemo
from balcao.store import organisation
from balcao.store.database import Database


def hashed(password: str) -> str:
    """A quick hash, good enough for a test."""
    return argon2.PasswordHasher(time_cost=1, memory_cost=64).hash(password)


async def test_all_that_the_interface_names_is_there(database: Database) -> None:
    await demo.fill(database, hashed)
    async with database.transaction() as tx:
        people = await tx.fetch("select email, role, password_hash from person order by id")
        assert [row["email"].split("@")[0] for row in people] == [
            *("marina", "diego", "camila", "hugo", "sofia", "admin")
        ]
        assert argon2.PasswordHasher().verify(people[0]["password_hash"], "balcao-demo")
        assert await tx.fetchval("select count(*) from agent where state = 'idle'") == 4
        points = await tx.fetch(
            "select display_number, phone_number_id, q.name as queue from entry_point e"
            " join queue q on q.id = e.queue_id order by e.id"
        )
        assert [tuple(row) for row in points] == [
            ("551140001000", "100000000000001", "Suporte N1"),
            ("551140002000", "100000000000002", "Vendas"),
        ]
        teams = await tx.fetch(
            "select t.name, after_seconds from queue_team s join team t on t.id = s.team_id"
            " join queue q on q.id = s.queue_id where q.name = 'Suporte N1' order by 2"
        )
        assert [tuple(row) for row in teams] == [("Suporte", 0), ("Logística", 120)]
        defaults = await tx.fetch("select kind, name from aux_code where is_default order by kind")
        assert [tuple(row) for row in defaults] == [
            ("idle", "Pausa"),
            ("wrap_up", "Pedido resolvido"),
        ]


async def test_a_second_filling_changes_nothing(database: Database) -> None:
    await demo.fill(database, hashed)
    async with database.transaction() as tx:
        await tx.execute("update person set name = 'Marina Silva' where email = 'marina@demo'")
        before = await tx.fetchval("select version from organisation")
    await demo.fill(database, hashed)
    async with database.transaction() as tx:
        assert await tx.fetchval("select version from organisation") == before


async def test_another_organisation_is_left_alone(database: Database) -> None:
    async with database.transaction() as tx:
        await organisation.add_person(tx, "ana@shop", "Ana", "agent", "hash", ["Vendas"])
    with pytest.raises(NotTheDemo):
        await demo.fill(database, hashed)
    async with database.transaction() as tx:
        assert await tx.fetchval("select count(*) from person") == 1


async def test_somebody_disabled_has_no_session_left(database: Database) -> None:
    async with database.transaction() as tx:
        id = await organisation.add_person(tx, "ana@shop", "Ana", "agent", "hash", ["Vendas"])
        at = await tx.now()
        await tx.execute(
            "insert into session (token_hash, person_id, created_at, expires_at)"
            " values ('\\x00', $1, $2, $2)",
            id,
            at,
        )
    async with database.transaction() as tx:
        await organisation.disable(tx, "ana@shop")
        assert await tx.fetchval("select count(*) from session") == 0
        with pytest.raises(organisation.NoSuchPerson):
            await organisation.set_password(tx, "eva@shop", "hash")
        with pytest.raises(organisation.AlreadyThere):
            await organisation.add_person(tx, "ana@shop", "Ana", "agent", "hash")
