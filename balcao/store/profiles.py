"""Desktop profiles: what an agent's desk allows, and how wrap-ups end there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

import asyncpg

from balcao.domain.values import AgentId, Plans, WrapUpPlan
from balcao.store.database import Tx

_PROFILE = (
    "select a.person_id, p.* from agent a join desktop_profile p"
    " on p.id = a.profile_id or (a.profile_id is null and p.is_default)"
    " where a.person_id = any($1::bigint[])"
)


@dataclass(frozen=True, slots=True)
class Profile:
    """What one agent's desk allows; None allows everything."""

    plan: WrapUpPlan
    queues: list[int] | None
    teams: list[int] | None
    wrap_up_codes: list[int] | None


async def of(tx: Tx, agent: AgentId) -> Profile:
    """The profile of *agent*; one that allows everything where there is none."""
    row = await tx.fetchrow(_PROFILE, [agent])
    if row is None:
        return Profile(WrapUpPlan(), None, None, None)
    return Profile(_plan(row), row["queue_ids"], row["team_ids"], row["wrap_up_code_ids"])


async def plans(tx: Tx, agents: Iterable[AgentId]) -> Plans:
    """How each of *agents* wraps up."""
    rows = await tx.fetch(_PROFILE, list(agents))
    return {AgentId(row["person_id"]): _plan(row) for row in rows}


async def wrap_up_codes(tx: Tx, agents: Iterable[int]) -> dict[int, list[int] | None]:
    """The reasons that each of *agents* may submit; None for all of them."""
    rows = await tx.fetch(_PROFILE, list(agents))
    return {row["person_id"]: row["wrap_up_code_ids"] for row in rows}


async def default_wrap_up_code(tx: Tx) -> int | None:
    """The reason that the system submits; None where there is none at all."""
    code: int | None = await tx.fetchval(
        "select id from aux_code where kind = 'wrap_up' and retired_at is null"
        " order by is_default desc, position, id limit 1"
    )
    return code


def _plan(row: asyncpg.Record) -> WrapUpPlan:
    seconds = row["wrap_up_seconds"]
    after = None if seconds is None else timedelta(seconds=seconds)
    return WrapUpPlan(after, row["wrap_up_may_hold"], row["guests_wrap_up"])
