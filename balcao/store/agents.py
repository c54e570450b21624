"""Agents: their rows, and every change of their state with its line of the journal.

An agent's row is locked after the conversations that a transaction needs, never
before.  What is derived is never stored: the load is counted from the open legs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Concatenate, ParamSpec

import asyncpg

from balcao.domain.agent import Agent, AgentState
from balcao.domain.values import Actor, AgentId, CodeId
from balcao.store.bus import Kind
from balcao.store.database import Tx

P = ParamSpec("P")

_AGENT = (
    "select a.person_id, a.state, a.since, a.aux_code_id, a.idle_since, a.signed_in_at, a.beat_at,"
    " coalesce(a.capacity, o.capacity) as capacity, (select count(*) from leg l"
    " where l.agent_id = a.person_id and l.closed_at is null) as load, clock_timestamp() as at"
    " from agent a cross join organisation o"
)


class NoSuchAgent(LookupError):
    """There is no such agent."""


async def lock(tx: Tx, id: AgentId) -> tuple[Agent, datetime]:
    """Hold the row of agent *id*, and read it at the time of holding it."""
    held, at = await lock_all(tx, [id])
    if id not in held:
        raise NoSuchAgent(id)
    return held[id], at


async def lock_all(tx: Tx, ids: Iterable[AgentId]) -> tuple[dict[AgentId, Agent], datetime]:
    """Hold the rows of *ids* in their order, and read them at the time of holding them all.

    Unknown ids are left out.  A notice or a leg may still refer to a row that is held.
    """
    wanted = sorted(set(ids))
    await tx.fetch(
        "select 1 from agent where person_id = any($1::bigint[]) order by person_id"
        " for no key update",
        wanted,
    )
    rows = await tx.fetch(f"{_AGENT} where a.person_id = any($1::bigint[])", wanted)
    at = tx.at(rows[0]["at"]) if rows else await tx.now()
    return {AgentId(row["person_id"]): _agent(row) for row in rows}, at


async def move(
    tx: Tx,
    id: AgentId,
    by: Actor,
    step: Callable[Concatenate[Agent, datetime, P], Agent],
    *args: P.args,
    **kwargs: P.kwargs,
) -> Agent:
    """Take an agent one step: hold the row, let the domain decide, write what it says.

    Raises what the step raises (Refused), with nothing changed.
    """
    agent, at = await lock(tx, id)
    after = step(agent, at, *args, **kwargs)
    if after != agent:
        await _save(tx, agent, after, at, by)
    return after


async def miss(tx: Tx, id: AgentId, at: datetime, task_id: int) -> None:
    """Remember which offer put agent *id*, held and now in RONA, there."""
    await tx.execute(
        "update agent set rona_leg_id = (select id from leg where task_id = $2 and agent_id = $1"
        " and closed_at = $3 and outcome in ('rona', 'abandoned') order by id desc limit 1)"
        " where person_id = $1",
        id,
        task_id,
        at,
    )


async def assigned(tx: Tx, id: AgentId, at: datetime) -> None:
    """Note that agent *id* was just offered a task, for longest-available-first."""
    await tx.execute("update agent set last_assigned_at = $2 where person_id = $1", id, at)


async def beat(tx: Tx, ids: Iterable[AgentId], at: datetime) -> None:
    """Note that the desks of *ids* are there; wake the router where one had been away."""
    rows = await tx.fetch(
        "update agent a set beat_at = $2, version = version +"
        " case when old.away then 1 else 0 end"
        " from (select person_id, beat_at is null"
        "  or beat_at < $2::timestamptz - interval '25 seconds' as away from agent"
        "  where person_id = any($1::bigint[]) order by person_id for no key update) old"
        " where a.person_id = old.person_id and a.signed_in_at is not null"
        " returning a.person_id, old.away",
        sorted(ids),
        at,
    )
    for row in rows:
        if row["away"]:
            tx.nudge(Kind.AGENT, row["person_id"])
            tx.nudge(Kind.ROUTING)


async def is_disabled(tx: Tx, id: AgentId) -> bool:
    """Whether agent *id* may not sign in any more."""
    return bool(await tx.fetchval("select disabled_at is not null from person where id = $1", id))


async def join_team(tx: Tx, id: AgentId, team: int | None) -> None:
    """Let agent *id*, held, work in *team* from now on."""
    joined = await tx.fetchval(
        "update agent set team_id = $2, version = version + 1"
        " where person_id = $1 and team_id is distinct from $2 returning true",
        id,
        team,
    )
    if joined:
        tx.nudge(Kind.AGENT, id)
        tx.nudge(Kind.ROUTING)


async def default_idle_code(tx: Tx) -> CodeId:
    """The idle reason for an agent who names none."""
    return CodeId(
        await tx.fetchval("select id from aux_code where kind = 'idle' and is_default")
        or await tx.fetchval(
            "select id from aux_code where kind = 'idle' and retired_at is null"
            " order by system_key is not null, position, id limit 1"
        )
    )


async def system_idle_code(tx: Tx, key: str) -> CodeId:
    """The idle reason that only the system sets, by its *key*."""
    return CodeId(await tx.fetchval("select id from aux_code where system_key = $1", key))


async def is_idle_code(tx: Tx, id: int) -> bool:
    """Whether an agent may choose *id* as an idle reason."""
    return bool(
        await tx.fetchval(
            "select 1 from aux_code where id = $1 and kind = 'idle' and system_key is null"
            " and retired_at is null",
            id,
        )
    )


async def is_wrap_up_code(tx: Tx, id: int) -> bool:
    """Whether an agent may submit *id* as a wrap-up reason."""
    return bool(
        await tx.fetchval(
            "select 1 from aux_code where id = $1 and kind = 'wrap_up' and system_key is null"
            " and retired_at is null",
            id,
        )
    )


async def _save(tx: Tx, before: Agent, after: Agent, at: datetime, by: Actor) -> None:
    await tx.execute(
        "update agent set version = version + 1, state = $2, aux_code_id = $3, since = $4,"
        " idle_since = $5, signed_in_at = $6, beat_at = $7,"
        " rona_leg_id = case when $2 = 'rona' then rona_leg_id end where person_id = $1",
        after.id,
        after.state,
        after.aux_code,
        after.since,
        after.idle_since,
        after.signed_in_at,
        after.beat_at,
    )
    code, params = _story(before, after)
    await tx.execute(
        "insert into agent_event (agent_id, at, code, params, by_kind, by_id)"
        " values ($1, $2, $3, $4, $5, $6)",
        after.id,
        at,
        code,
        params,
        by.kind,
        by.id,
    )
    tx.nudge(Kind.AGENT, after.id)
    tx.nudge(Kind.ROUTING)


def _story(before: Agent, after: Agent) -> tuple[str, Mapping[str, object]]:
    """What the journal says of the change."""
    params: dict[str, object] = {"from": before.state, "to": after.state}
    if after.aux_code is not None:
        params["aux_code_id"] = after.aux_code
    if (before.signed_in_at is None) == (after.signed_in_at is None):
        return "state", params
    return ("signed-out" if after.signed_in_at is None else "signed-in"), params


def _agent(row: asyncpg.Record) -> Agent:
    code = row["aux_code_id"]
    return Agent(
        id=AgentId(row["person_id"]),
        state=AgentState(row["state"]),
        since=row["since"],
        aux_code=None if code is None else CodeId(code),
        idle_since=row["idle_since"],
        signed_in_at=row["signed_in_at"],
        beat_at=row["beat_at"],
        capacity=row["capacity"],
        load=row["load"],
    )
