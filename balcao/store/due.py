"""What time alone makes due: deadlines that have passed, and desks that have been silent too long.

Deadlines are columns and due work is a query, so that it does not matter which process set
them and whether it still lives.  What is found here is looked at again under locks.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from balcao.domain.agent import Patience
from balcao.domain.values import AgentId
from balcao.store.database import Tx

_ABSENT_SINCE = "greatest(a.beat_at, a.signed_in_at, p.resumed_at)"


@dataclass(frozen=True, slots=True)
class Due:
    """What is to be done now, oldest first; *next_at* is the next deadline after it."""

    rung_out: list[tuple[int, AgentId]]
    wrap_ups: list[tuple[int, AgentId]]
    expired: list[tuple[int, int]]
    silent: list[AgentId]
    lost: list[AgentId]
    next_at: datetime | None


#: What is due, each kind in its order: what, whose, with what, and since when.
_DUE = (
    "select 'rung-out' as what, task_id as id, agent_id as who, offered_at as at, id as place"
    " from leg where connected_at is null and closed_at is null and answer_by <= $1"
    " union all select 'wrap-up', task_id, agent_id, wrap_up_by, id from leg"
    " where wrap_up_by <= $1 and closed_at is null"
    " union all select 'expired', i.task_id, i.number, i.expires_at, i.task_id from invitation i"
    " where i.closed_at is null and i.expires_at <= $1 and not exists (select from leg l"
    "  where l.task_id = i.task_id and l.invitation = i.number and l.closed_at is null)"
)
#: Agents whose desk has been silent beyond the grace time, and something shows it not yet.
_SILENT = (
    "select 'silent', null::bigint, a.person_id, null::timestamptz, a.person_id from agent a"
    " cross join organisation o cross join pulse p left join aux_code x on x.id = a.aux_code_id"
    f" where a.signed_in_at is not null and {_ABSENT_SINCE}"
    "  + make_interval(secs => o.grace_seconds) <= $1"
    " and ((a.state <> 'rona' and x.system_key is distinct from 'connection-lost')"
    "  or exists (select from leg l where l.agent_id = a.person_id"
    "   and l.connected_at is null and l.closed_at is null))"
)
#: Agents who are gone for good and still signed in: silent for too long, or disabled.
_LOST = (
    "select 'lost', null, a.person_id, null, a.person_id from agent a"
    " join person n on n.id = a.person_id cross join organisation o cross join pulse p"
    f" where a.signed_in_at is not null and (n.disabled_at is not null or {_ABSENT_SINCE}"
    "  + make_interval(mins => o.lost_agent_minutes) <= $1)"
)
_NEXT = (
    "select 'next', null, null, min(at), null from (select min(answer_by) as at from leg"
    "  where connected_at is null and closed_at is null and answer_by > $1"
    "  union all select min(wrap_up_by) from leg where wrap_up_by > $1 and closed_at is null"
    "  union all select min(expires_at) from invitation where closed_at is null"
    "   and expires_at > $1) deadlines"
)


async def find(tx: Tx, at: datetime) -> Due:
    """Everything that is due at *at*."""
    rows = await tx.fetch(
        f"{_DUE} union all {_SILENT} union all {_LOST} union all {_NEXT} order by at, place", at
    )
    found: dict[str, list[asyncpg.Record]] = defaultdict(list)
    for row in rows:
        found[row["what"]].append(row)
    return Due(
        rung_out=[(row["id"], AgentId(row["who"])) for row in found["rung-out"]],
        wrap_ups=[(row["id"], AgentId(row["who"])) for row in found["wrap-up"]],
        expired=[(row["id"], row["who"]) for row in found["expired"]],
        silent=[AgentId(row["who"]) for row in found["silent"]],
        lost=[AgentId(row["who"]) for row in found["lost"]],
        next_at=found["next"][0]["at"],
    )


async def patience(tx: Tx) -> Patience:
    """How long silent desks are waited for, and since when that counts."""
    row = await tx.fetchrow(
        "select o.grace_seconds, o.lost_agent_minutes, p.resumed_at"
        " from organisation o cross join pulse p"
    )
    assert row is not None, "an organisation and its pulse are always there"
    return Patience(
        timedelta(seconds=row["grace_seconds"]),
        timedelta(minutes=row["lost_agent_minutes"]),
        row["resumed_at"],
    )


async def running(tx: Tx) -> list[tuple[int, AgentId]]:
    """Every ringing offer and every wrap-up that counts down: task and agent."""
    rows = await tx.fetch(
        "select task_id, agent_id from leg where closed_at is null"
        " and (connected_at is null or wrap_up_by is not null) order by id"
    )
    return [(row["task_id"], AgentId(row["agent_id"])) for row in rows]
