"""The organisation of every simulated day: small, and with one of each thing that matters.

It is made once in a database.  Each morning what moved is emptied, and what may differ from day to
day (capacities, profiles, how long it rings, how long a lost agent is waited for) is drawn anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

from balcao.domain.values import AgentId, QueueId
from balcao.simulator.world import EntryPoint
from balcao.store import organisation
from balcao.store.database import Database, Tx

MORNING = datetime(2026, 3, 2, 9, tzinfo=UTC)
NUMBERS = (
    EntryPoint("100000000000001", "551140001000", "Suporte"),
    EntryPoint("100000000000002", "551140002000", "Vendas"),
)
#: Customers write to it from the morning on, and it is set up some time later.
LATE_NUMBER = EntryPoint("100000000000003", "551140003000", "Logística")
QUEUES = {
    "Suporte": {"Suporte": 0, "Logística": 20},
    "Vendas": {"Vendas": 0},
    "Financeiro": {"Suporte": 0},
    "Logística": {"Logística": 0, "Suporte": 45},
}
PEOPLE = {
    "Ana": ("Suporte",),
    "Bia": ("Suporte",),
    "Caio": ("Suporte", "Vendas"),
    "Davi": ("Logística",),
    "Eva": ("Logística", "Suporte"),
    "Fábio": ("Vendas",),
    "Gil": ("Vendas",),
}
COUNTING_PROFILES = (
    "insert into desktop_profile (name, wrap_up_seconds, wrap_up_may_hold, guests_wrap_up)"
    " values ('Contagem', 15, true, false), ('Contagem curta', 6, false, true),"
    " ('Convidados', null, true, true)"
)
NARROW_PROFILE = (
    "insert into desktop_profile (name, queue_ids, team_ids) select 'Restrito',"
    " (select array_agg(id) from queue where name <> 'Financeiro'),"
    " (select array_agg(id) from team where name <> 'Vendas')"
)
MOVED = (
    "session, sign_in_failure, customer, customer_identity, conversation, task, leg, invitation,"
    " event, agent_event, message, amendment, attempt, message_status, early_status, webhook,"
    " set_aside, notice, idempotency, agent, receipt, pace"
)


@dataclass(frozen=True)
class Employee:
    """An agent as the organisation knows one."""

    id: AgentId
    name: str
    email: str
    teams: tuple[int, ...]


@dataclass(frozen=True)
class Organisation:
    """What there is to choose from."""

    people: tuple[Employee, ...]
    queues: tuple[QueueId, ...]
    idle_codes: tuple[int, ...]
    wrap_up_codes: tuple[int, ...]


async def open_day(database: Database, chance: Random) -> Organisation:
    """Make the organisation where it is not there yet, and let a morning begin."""
    async with database.transaction() as tx:
        if not await organisation.emails(tx):
            await _make(tx)
        await _empty(tx)
        await _draw(tx, chance)
        return await _read(tx)


async def set_up_late_number(database: Database) -> None:
    """From now on the number that was unknown leads somewhere."""
    async with database.transaction() as tx:
        queue = await organisation.put_queue(tx, LATE_NUMBER.name, {})
        await organisation.put_entry_point(
            tx, LATE_NUMBER.phone_number_id, LATE_NUMBER.display_number, queue
        )


async def _make(tx: Tx) -> None:
    await organisation.put_reasons(tx, "idle", ("Pausa", "Almoço"))
    await organisation.put_reasons(tx, "wrap_up", ("Resolvido", "Engano", "Sem resposta"))
    ids = {name: await organisation.put_queue(tx, name, teams) for name, teams in QUEUES.items()}
    for number in NUMBERS:
        await organisation.put_entry_point(
            tx, number.phone_number_id, number.display_number, ids[number.name]
        )
    for name, teams in PEOPLE.items():
        await organisation.add_person(tx, f"{name.lower()}@dia", name, "agent", "-", teams)
    await tx.execute(COUNTING_PROFILES)
    await tx.execute(NARROW_PROFILE)
    await tx.execute("update queue set wait_seconds_max = 40 where name = 'Logística'")


async def _empty(tx: Tx) -> None:
    await tx.execute(f"truncate {MOVED} restart identity cascade")
    await tx.execute("update person set disabled_at = null")
    await tx.execute(
        "delete from entry_point where phone_number_id = $1", LATE_NUMBER.phone_number_id
    )
    await tx.execute(
        "insert into agent (person_id, aux_code_id, since) select p.id, c.id, $1"
        " from person p cross join aux_code c where c.kind = 'idle' and c.is_default order by p.id",
        MORNING,
    )
    await tx.execute("update pulse set at = $1, resumed_at = $1", MORNING)


async def _draw(tx: Tx, chance: Random) -> None:
    await tx.execute(
        "update organisation set rona_seconds = $1, grace_seconds = $2, capacity = $3,"
        " guests_max = $4, lost_agent_minutes = 1",
        chance.randint(8, 30),
        chance.randint(10, 50),
        chance.randint(2, 5),
        chance.randint(1, 3),
    )
    profiles = [row["id"] for row in await tx.fetch("select id from desktop_profile order by id")]
    for row in await tx.fetch("select person_id as id from agent order by 1"):
        await tx.execute(
            "update agent set capacity = $2, profile_id = $3 where person_id = $1",
            row["id"],
            chance.choice((None, None, None, 1, 2, 4)),
            chance.choice((None, *profiles)),
        )
    for row in await tx.fetch("select id from queue order by 1"):
        await tx.execute(
            "update queue set rona_seconds = $2, transfer_unanswered = $3 where id = $1",
            row["id"],
            chance.choice((None, 6, 12, 20)),
            chance.choice(("requeue", "requeue", "end")),
        )


async def _read(tx: Tx) -> Organisation:
    people = await tx.fetch(
        "select p.id, p.name, p.email, array_agg(m.team_id order by m.team_id) as teams"
        " from person p join team_member m on m.person_id = p.id group by p.id order by p.id"
    )
    codes = await tx.fetch(
        "select id, kind from aux_code where system_key is null order by kind, id"
    )
    return Organisation(
        tuple(
            Employee(AgentId(row["id"]), row["name"], row["email"], tuple(row["teams"]))
            for row in people
        ),
        tuple(QueueId(row["id"]) for row in await tx.fetch("select id from queue order by id")),
        tuple(row["id"] for row in codes if row["kind"] == "idle"),
        tuple(row["id"] for row in codes if row["kind"] == "wrap_up"),
    )
