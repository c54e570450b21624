"""A database as a contact centre has it after some years, and the shift that works in it.

People, queues and sessions come about by the store's own functions.  The past is millions of
rows and is written set by set (history.sql): conversations of very different length, ended tasks
with all their lines, attempts, statuses and journal.  `balcao check` finds nothing wrong with it.
The agents' open tasks have messages that WhatsApp has accepted and tells nothing of yet, so that
statuses can come for them.  `python -m bench.fill DSN --messages 2000000` fills by hand.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import cycle
from pathlib import Path
from typing import NamedTuple, TypeAlias

import asyncpg

from balcao.domain import agent as steps
from balcao.domain.values import Actor, ActorKind, AgentId
from balcao.store import agents, organisation, sessions
from balcao.store.database import Database, Tx
from balcao.web.gate import token_hash

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

TEAM = "Suporte"
#: Phone number id, number and queue of each entry point; all are served by the one team.
NUMBERS = (
    ("100000000000001", "551140001000", "Suporte N1"),
    ("100000000000002", "551140002000", "Vendas"),
)
REASONS = {"wrap_up": ("Pedido resolvido", "Engano / spam"), "idle": ("Pausa", "Almoço")}
NO_PASSWORD = "-"  # its hash fits nothing: these people come in by their sessions

MESSAGES_OF_A_TASK = 13  # lines of all kinds, as history.sql has them
#: Of a hundred conversations most have one task behind them, and one has eighty.
TASKS_OF_A_HUNDRED = tuple(
    80 if n == 50 else 10 if n % 11 == 5 else 4 if n % 5 == 2 else 1 for n in range(100)
)
MESSAGES_AT_ONCE = 500_000
OPEN_SINCE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Shape:
    """How much there shall be; messages are rows of all kinds, in tasks that have ended."""

    agents: int = 500
    open_tasks_per_agent: int = 5
    stored_messages: int = 0
    outbound_with_wamid: int = 4  # in each open task
    capacity: int = 10  # open tasks that an agent may have


@dataclass(frozen=True, slots=True)
class FilledAgent:
    """Somebody at work: signed in, idle, with a session whose cookie this is."""

    id: int
    email: str
    cookie: str


class Outbound(NamedTuple):
    """A message that was accepted by WhatsApp and of which nothing more is known."""

    id: int
    wamid: str


@dataclass(frozen=True, slots=True)
class OpenConversation:
    """A customer in the middle of a task that an agent is connected to."""

    id: int
    task_id: int
    agent_id: int
    wa_id: str
    user_id: str
    phone_number_id: str
    outbound: tuple[Outbound, ...]


@dataclass(frozen=True, slots=True)
class Filled:
    """What there is."""

    agents: tuple[FilledAgent, ...]
    conversations: tuple[OpenConversation, ...]
    wrap_up_code_id: int
    stored_messages: int


async def fill(dsn: str, shape: Shape) -> Filled:
    """Fill the migrated, empty database at *dsn*; nobody in it has been silent for long."""
    assert shape.open_tasks_per_agent <= shape.capacity, "nobody has more than they may have"
    database = await Database.open(dsn, size=2)
    try:
        async with database.transaction() as tx:
            people = await _put_organisation(tx, shape)
        open_count = shape.agents * shape.open_tasks_per_agent
        await _write_past(dsn, shape.stored_messages, open_count, shape.outbound_with_wamid)
        async with database.transaction() as tx:
            cookies = [await _sign_in(tx, id) for id in people]
            return await _read(tx, dict(zip(people, cookies, strict=True)))
    finally:
        await database.close()


async def grow(dsn: str, messages: int) -> None:
    """Put *messages* more into conversations that are over, before all that there is."""
    await _write_past(dsn, messages, 0, 0)


async def _put_organisation(tx: Tx, shape: Shape) -> list[int]:
    await tx.execute("update organisation set capacity = $1", shape.capacity)
    for kind, names in REASONS.items():
        await organisation.put_reasons(tx, kind, names)
    for phone_number_id, number, name in NUMBERS:
        queue = await organisation.put_queue(tx, name, {TEAM: 0})
        await organisation.put_entry_point(tx, phone_number_id, number, queue)
    return [
        await organisation.add_person(
            tx, f"agent{n}@bench", f"Agente {n}", "agent", NO_PASSWORD, [TEAM]
        )
        for n in range(1, shape.agents + 1)
    ]


async def _sign_in(tx: Tx, person: int) -> str:
    """Let an agent come to work, idle; the value of the session's cookie."""
    id, cookie = AgentId(person), secrets.token_urlsafe(32)
    by = Actor(ActorKind.AGENT, person)
    team = await organisation.put_team(tx, TEAM)
    await agents.move(tx, id, by, steps.sign_in, await agents.default_idle_code(tx))
    await agents.join_team(tx, id, team)
    await sessions.begin(tx, token_hash(cookie), person, team)
    return cookie


async def _write_past(dsn: str, messages: int, open_count: int, outbound: int) -> None:
    """Write so many *messages* of the past, and tasks that are open, portion by portion."""
    connection = await asyncpg.connect(dsn)
    try:
        # Rows are right by how they are made: foreign keys are not looked up one by one.
        await connection.execute("set session_replication_role = replica")
        await connection.execute("set synchronous_commit = off; set work_mem = '256MB'")
        lengths = _lengths(messages // MESSAGES_OF_A_TASK, open_count)
        for portion in _portions(lengths):
            async with connection.transaction():
                await _write_portion(connection, portion, open_count, outbound)
            open_count = max(open_count - len(portion), 0)
        await connection.execute("vacuum analyze")
        await connection.execute("checkpoint")
    finally:
        await connection.close()


async def _write_portion(
    connection: Connection, lengths: Sequence[int], open_count: int, outbound: int
) -> None:
    await connection.execute(
        "create temp table thread on commit drop as select n, tasks, n <= $2 as has_open,"
        " nextval(pg_get_serial_sequence('customer', 'id')) as customer_id,"
        " nextval(pg_get_serial_sequence('conversation', 'id')) as conversation_id,"
        " e.id as entry_point_id, e.queue_id from unnest($1::int[]) with ordinality t(tasks, n)"
        " join (select *, row_number() over (order by id) - 1 as place, count(*) over () as number"
        "  from entry_point) e on e.place = n % e.number",
        lengths,
        open_count,
    )
    await connection.execute(
        "create temp table bounds on commit drop as select open_at, $2::int as outbound,"
        " least(open_at, (select min(offered_at) from leg)) as until from"
        " (select date_trunc('second', clock_timestamp() - $1::interval) as open_at) moment",
        OPEN_SINCE,
        outbound,
    )
    await connection.execute(Path(__file__).with_name("history.sql").read_text())


def _lengths(tasks: int, conversations_min: int) -> list[int]:
    """How many ended tasks each conversation has, *tasks* in all."""
    lengths = list[int]()
    for length in cycle(TASKS_OF_A_HUNDRED):
        if tasks <= 0:
            break
        lengths.append(min(length, tasks))
        tasks -= length
    return lengths + [0] * (conversations_min - len(lengths))


def _portions(lengths: Sequence[int]) -> Iterator[Sequence[int]]:
    """*lengths* in parts that one transaction can write; at least one part."""
    begin, size = 0, 0
    for place, length in enumerate(lengths):
        if size >= MESSAGES_AT_ONCE:
            yield lengths[begin:place]
            begin, size = place, 0
        size += length * MESSAGES_OF_A_TASK
    if begin < len(lengths):
        yield lengths[begin:]


async def _read(tx: Tx, cookies: dict[int, str]) -> Filled:
    people = await tx.fetch("select id, email from person where role = 'agent' order by id")
    threads = await tx.fetch(
        "select c.id, t.id as task_id, l.agent_id, cu.wa_id, cu.user_id, e.phone_number_id,"
        " m.ids, m.wamids from task t join leg l on l.task_id = t.id and l.closed_at is null"
        " join conversation c on c.id = t.conversation_id join customer cu on cu.id = c.customer_id"
        " join entry_point e on e.id = c.entry_point_id cross join lateral (select"
        "  coalesce(array_agg(id order by seq), '{}') as ids,"
        "  coalesce(array_agg(wamid order by seq), '{}') as wamids"
        "  from message where conversation_id = c.id and status = 'accepted') m"
        " where t.ended_at is null order by l.agent_id, t.id"
    )
    return Filled(
        agents=tuple(FilledAgent(row["id"], row["email"], cookies[row["id"]]) for row in people),
        conversations=tuple(_conversation(row) for row in threads),
        wrap_up_code_id=await tx.fetchval(
            "select id from aux_code where kind = 'wrap_up' and is_default"
        ),
        stored_messages=await tx.fetchval("select count(*) from message"),
    )


def _conversation(row: asyncpg.Record) -> OpenConversation:
    return OpenConversation(
        id=row["id"],
        task_id=row["task_id"],
        agent_id=row["agent_id"],
        wa_id=row["wa_id"],
        user_id=row["user_id"],
        phone_number_id=row["phone_number_id"],
        outbound=tuple(map(Outbound, row["ids"], row["wamids"])),
    )


def _main() -> None:
    parser = argparse.ArgumentParser(description="Fill a migrated, empty database.")
    parser.add_argument("dsn")
    parser.add_argument("--messages", type=int, default=0)
    parser.add_argument("--agents", type=int, default=500)
    said = parser.parse_args()
    filled = asyncio.run(fill(said.dsn, Shape(agents=said.agents, stored_messages=said.messages)))
    print(f"{filled.stored_messages} messages, {len(filled.conversations)} open tasks")


if __name__ == "__main__":
    _main()
