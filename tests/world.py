"""A small organisation for tests, and short ways to put it into a state.

Two teams, a queue each, one number.  Builders instead of fixture pyramids: a test
asks for just what it speaks of.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime

from balcao.domain import agent as agent_steps
from balcao.domain.values import SYSTEM, AgentId, QueueId
from balcao.engine.router import Router
from balcao.store import agents, conversations, tasks
from balcao.store.database import Database

BLOCKED_WITHIN = 10.0
PASSWORD_HASH = "no one signs in with this"


@dataclass(frozen=True, slots=True)
class World:
    """The ids of what every test organisation has."""

    queue: QueueId
    other_queue: QueueId
    team: int
    other_team: int
    entry_point: int


async def build(database: Database) -> World:
    """Make the organisation: Suporte with team Suporte, Vendas with team Vendas, one number."""
    async with database.transaction() as tx:
        name_team = "insert into team (name) values ($1) returning id"
        name_queue = "insert into queue (name) values ($1) returning id"
        team, other_team = [await tx.fetchval(name_team, name) for name in ("Suporte", "Vendas")]
        queue, other = [await tx.fetchval(name_queue, name) for name in ("Suporte N1", "Vendas")]
        pairs = [(queue, team), (other, other_team)]
        await tx.executemany("insert into queue_team (queue_id, team_id) values ($1, $2)", pairs)
        entry_point = await tx.fetchval(
            "insert into entry_point (phone_number_id, display_number, name, queue_id)"
            " values ('100000000000001', '551140001000', 'Loja', $1) returning id",
            queue,
        )
        codes = [("idle", "Pausa", True), ("idle", "Almoço", False)]
        codes += [("wrap_up", "Pedido resolvido", True), ("wrap_up", "Engano / spam", False)]
        await tx.executemany(
            "insert into aux_code (kind, name, is_default) values ($1, $2, $3)", codes
        )
    return World(QueueId(queue), QueueId(other), team, other_team, entry_point)


async def add_agent(
    database: Database, world: World, name: str, team: int | None = None
) -> AgentId:
    """An agent of *team* (Suporte where none is said), signed out."""
    async with database.transaction() as tx:
        person = await tx.fetchval(
            "insert into person (email, name, password_hash, role)"
            " values (lower($1) || '@test', $1, $2, 'agent') returning id",
            name,
            PASSWORD_HASH,
        )
        await tx.execute(
            "insert into agent (person_id, aux_code_id, team_id) values ($1, $2, $3)",
            person,
            await agents.default_idle_code(tx),
            team or world.team,
        )
        await tx.execute(
            "insert into team_member (team_id, person_id) values ($1, $2)",
            team or world.team,
            person,
        )
    return AgentId(person)


async def available(
    database: Database, world: World, name: str, team: int | None = None
) -> AgentId:
    """An agent who is signed in, with a desk that answers, and available."""
    agent = await add_agent(database, world, name, team)
    async with database.transaction() as tx:
        code = await agents.default_idle_code(tx)
        await agents.move(tx, agent, SYSTEM, agent_steps.sign_in, code)
        await agents.beat(tx, [agent], await tx.now())
        await agents.move(tx, agent, SYSTEM, agent_steps.become_available)
    return agent


async def queued(database: Database, world: World, queue: QueueId | None = None) -> int:
    """A task of a new customer, waiting in *queue* (Suporte N1 where none is said)."""
    async with database.transaction() as tx:
        customer = await tx.fetchval(
            "insert into customer (profile_name, wa_id)"
            " select 'Ana', '5511' || (900000000 + count(*)) from customer returning id"
        )
        conversation_id = await tx.fetchval(
            "insert into conversation (customer_id, entry_point_id) values ($1, $2) returning id",
            customer,
            world.entry_point,
        )
        held = await conversations.lock(tx, [conversation_id])
        at = held[conversation_id].at
        opening = tasks.Opening(held[conversation_id], queue or world.queue, at)
        opened = await tasks.open_all(tx, at, [opening])
        await conversations.save_all(tx, held.values())
    return opened[conversation_id]


async def offered(database: Database, world: World, agent: AgentId) -> int:
    """A task that rings at *agent*, who must be the next one to be asked."""
    task = await queued(database, world)
    await route(database)
    async with database.transaction() as tx:
        leg = (await tasks.read(tx, task)).owner
    assert leg is not None and leg.agent == agent
    return task


async def route(database: Database) -> None:
    """Let a router do all there is to do."""
    router = Router(database)
    while (await router.step()).done:
        pass


async def sql(database: Database, statement: str, *args: object) -> list[dict[str, object]]:
    """Rows as plain dictionaries, for looking at what is there."""
    async with database.transaction() as tx:
        return [dict(row) for row in await tx.fetch(statement, *args)]


async def let_offers_run_out(database: Database) -> None:
    """Put the deadlines of all ringing offers into the past, as if the time had gone by."""
    await _run_out(database, "answer_by", "connected_at is null")


async def let_wrap_ups_run_out(database: Database) -> None:
    """Let the countdown of every wrap-up be over, as if the time had gone by."""
    await _run_out(database, "wrap_up_by", "wrap_up_by is not null")


async def _run_out(database: Database, deadline: str, which: str) -> None:
    """Views show deadlines, so the conversations are held and take a number, as ever."""
    async with database.transaction() as tx:
        rows = await tx.fetch(
            "select c.id from conversation c where exists (select from leg l join task t on"
            " t.id = l.task_id where t.conversation_id = c.id and l.closed_at is null"
            f" and {which}) order by c.id for update"
        )
        ids = [row["id"] for row in rows]
        await tx.execute(
            f"update leg set {deadline} = clock_timestamp() - interval '1 millisecond'"
            f" where closed_at is null and {which} and task_id in"
            " (select id from task where conversation_id = any($1::bigint[]))",
            ids,
        )
        await tx.execute(
            "update conversation set version = version + 1 where id = any($1::bigint[])", ids
        )


async def clock(database: Database) -> datetime:
    """The time by the database's clock."""
    async with database.transaction() as tx:
        return await tx.now()


async def silence(database: Database, agent: AgentId) -> None:
    """Let the agent, long signed in, have answered the last ping a minute ago."""
    async with database.transaction() as tx:
        await tx.execute(
            "update agent set beat_at = clock_timestamp() - interval '1 minute', signed_in_at ="
            " least(signed_in_at, clock_timestamp() - interval '1 hour') where person_id = $1",
            agent,
        )


async def until_blocked(database: Database, count: int = 1) -> None:
    """Wait until so many transactions of this database wait for a lock."""
    waiting = (
        "select count(*) from pg_stat_activity where datname = current_database()"
        " and wait_event_type = 'Lock'"
    )
    async with asyncio.timeout(BLOCKED_WITHIN), database.connection() as connection:
        while await connection.fetchval(waiting) < count:
            pass


async def finish_all(database: Database) -> None:
    """Close every task and make every signed-in agent available, between rounds of a race."""
    async with database.transaction() as tx:
        await tx.execute(
            "update leg set closed_at = clock_timestamp(), outcome = coalesce(outcome, 'ended'),"
            " until_seq = coalesce(until_seq, 0) where closed_at is null"
        )
        await tx.execute(
            "update task set ended_at = clock_timestamp(), state = 'ended' where ended_at is null"
        )
        await tx.execute(
            "update agent set state = 'available', aux_code_id = null, beat_at = clock_timestamp()"
            " where signed_in_at is not null"
        )
