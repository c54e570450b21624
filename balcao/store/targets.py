"""Whom a task can be given to: the queues and agents of this moment, and one of them for sure.

The lists are a glance, without locks; `require` looks again at one agent or queue once the
rows are held, and what it refuses has changed nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import asyncpg

from balcao.domain.agent import SILENCE_MAX, Agent
from balcao.domain.values import AgentId, Refused, Target, ToQueue
from balcao.store.database import Tx
from balcao.store.profiles import Profile
from balcao.store.tasks import Held

_AGENT = (
    "select a.person_id as id, p.name, t.name as team, coalesce(a.capacity, o.capacity)"
    " - (select count(*) from leg l where l.agent_id = a.person_id and l.closed_at is null)"
    " as free_slots from agent a join person p on p.id = a.person_id cross join organisation o"
    " left join team t on t.id = a.team_id where p.disabled_at is null"
    " and ($1::bigint[] is null or a.team_id = any($1::bigint[]))"
)


class UnknownTarget(LookupError):
    """The body names a queue or an agent that there is not, or that the profile does not allow."""


async def queues(tx: Tx, profile: Profile) -> list[asyncpg.Record]:
    """The queues that *profile* allows, by name: how many wait in each, and since when."""
    return await tx.fetch(
        "select q.id, q.name, count(w.since) as waiting,"
        " coalesce(floor(extract(epoch from $2::timestamptz - min(w.since))), 0)::int"
        " as longest_wait_s from queue q left join ("
        "  select queue_id, queued_at as since from task where state = 'queued' union all"
        "  select i.queue_id, i.invited_at from invitation i where i.closed_at is null"
        "  and not exists (select from leg l where l.task_id = i.task_id"
        "   and l.invitation = i.number and l.closed_at is null)) w on w.queue_id = q.id"
        " where q.retired_at is null and ($1::bigint[] is null or q.id = any($1::bigint[]))"
        " group by q.id order by lower(q.name), q.id",
        profile.queues,
        await tx.now(),
    )


async def agents(tx: Tx, profile: Profile, caller: AgentId) -> list[asyncpg.Record]:
    """The agents of the teams that *profile* allows who could be rung now, by name."""
    return await tx.fetch(
        f"select * from ({_AGENT} and a.person_id <> $2 and a.state = 'available'"
        " and a.signed_in_at is not null and a.beat_at > $3) x where free_slots > 0"
        " order by lower(name), id",
        profile.teams,
        caller,
        await tx.now() - SILENCE_MAX,
    )


async def require(
    tx: Tx, to: Target, profile: Profile, people: Mapping[AgentId, Agent], held: Held
) -> None:
    """Make sure that *to* can take the task *held*; its agent, if it is one, is held in *people*.

    UnknownTarget; Refused (target-unavailable, queue-closed).
    """
    if isinstance(to, ToQueue):
        row = await tx.fetchrow("select retired_at from queue where id = $1", to.queue)
        if row is None or (profile.queues is not None and to.queue not in profile.queues):
            raise UnknownTarget
        if row["retired_at"] is not None:
            raise Refused("queue-closed", state=held.task.state)
        return
    row = await tx.fetchrow(f"select * from ({_AGENT}) x where id = $2", profile.teams, to.agent)
    if row is None or to.agent not in people:
        raise UnknownTarget
    if not people[to.agent].may_be_offered(held.at):
        raise Refused("target-unavailable", state=held.task.state)
