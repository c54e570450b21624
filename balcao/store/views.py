"""The rows behind the views: read in batches, for many agents and conversations at once.

One statement for each kind of view, whether one person asks for one task or a process
refreshes five hundred desks.  Who may see which part is decided above, in `realtime.views`;
the rows say what that takes (the viewer's legs, and up to where they reach).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import asyncpg

from balcao.store.database import Tx

Row: TypeAlias = asyncpg.Record


def _amendments(message: str) -> str:
    """All amendments of the row *message* of that table, as one JSON array; null for none."""
    return (
        f"case when {message}.amended then (select jsonb_agg(jsonb_build_array(a.act,"
        " a.author_kind, a.author_id, a.author_name, a.text, a.second, a.id, a.at))"
        f" from amendment a where a.message_id = {message}.id) end"
    )


_TASK = (
    "select l.agent_id as viewer_id, l.id as leg_id, l.role, l.offered_at, l.answer_by,"
    " l.connected_at, l.wrap_up_at, l.wrap_up_by, l.wrap_up_hold, l.closed_at, l.outcome,"
    " l.from_kind, l.from_by, l.from_note, l.until_seq, gs.*, fp.name as from_name, t.id, t.state,"
    " t.priority, t.queued_at,"
    " c.id as conversation_id, c.version + cu.version + o.version as version, c.waiting_since,"
    " case when l.until_seq is null then c.last_inbound_at else (select max(m.at) from message m"
    "  where m.conversation_id = c.id and m.direction = 'in' and m.seq <= l.until_seq) end"
    " as last_inbound_at, c.version as conversation_version, cu.id as customer_id,"
    " coalesce(cu.name, cu.profile_name, cu.username) as customer_name, cu.wa_id, cu.user_id,"
    " cu.language, cu.tags, cu.fields, e.display_number, q.id as queue_id, q.name as queue_name,"
    " q.transfer_unanswered, t.referral, ow.agent_id as owner_id, ow.name as owner_name,"
    " (select count(*) from message m where m.conversation_id = c.id and m.direction = 'in'"
    "  and m.seq > l.read_seq and (l.until_seq is null or m.seq <= l.until_seq)) as unread,"
    " lm.id as last_id, lm.direction as last_direction, lm.type as last_type,"
    " lm.text as last_text, lm.at as last_at, lm.amendments as last_amendments"
    " from leg l join task t on t.id = l.task_id join conversation c on c.id = t.conversation_id"
    " join customer cu on cu.id = c.customer_id join entry_point e on e.id = c.entry_point_id"
    " join queue q on q.id = case when l.connected_at is null or l.wrap_up_at is not null"
    "  then l.queue_id else t.queue_id end cross join organisation o"
    " left join person fp on fp.id = l.from_by"
    " left join lateral (select x.agent_id, p.name from leg x join person p on p.id = x.agent_id"
    "  where x.task_id = t.id and x.role = 'primary' and x.connected_at is not null"
    "  and x.wrap_up_at is null and x.closed_at is null) ow on true"
    " left join lateral (select array_agg(i.number order by i.number) as guest_numbers,"
    "  array_agg(coalesce(i.agent_id, i.queue_id) order by i.number) as guest_to_ids,"
    "  array_agg(coalesce(ip.name, iq.name) order by i.number) as guest_to_names,"
    "  array_agg(i.queue_id is null order by i.number) as guest_directs,"
    "  array_agg(x.agent_id order by i.number) as guest_agents,"
    "  array_agg(xp.name order by i.number) as guest_names,"
    "  array_agg(coalesce(x.connected_at, i.invited_at) order by i.number) as guest_sinces,"
    "  array_agg(x.connected_at is not null order by i.number) as guest_connected,"
    "  array_agg(x.answer_by order by i.number) as guest_answer_bys"
    "  from invitation i left join leg x on x.task_id = i.task_id and x.invitation = i.number"
    "  and x.role = 'guest' and x.wrap_up_at is null and x.closed_at is null"
    "  left join person ip on ip.id = i.agent_id left join queue iq on iq.id = i.queue_id"
    "  left join person xp on xp.id = x.agent_id"
    "  where i.task_id = t.id and (i.closed_at is null or x.id is not null)) gs on true"
    f" left join lateral (select m.id, m.direction, m.type, m.text, m.at, {_amendments('m')}"
    "  as amendments from message m"
    "  where m.conversation_id = c.id and m.direction <> 'system'"
    "  and (m.direction <> 'note' or l.connected_at is not null)"
    "  and (l.until_seq is null or m.seq <= l.until_seq)"
    "  order by m.second desc, m.seq desc limit 1) lm on true"
    " where l.closed_at is null"
)

#: The message that *m* answers to.  One that came after it may be out of a reader's sight.
_QUOTED = (
    "select jsonb_build_array(q.id, q.seq, q.task_id, q.type, q.text, q.author_kind, q.author_id,"
    f" q.author_name, {_amendments('q')}) from message q"
    " where q.entry_point_id = m.entry_point_id and q.wamid = m.quoted_wamid"
    " and q.conversation_id = m.conversation_id and q.seq < m.seq"
)

#: The file of the message *m*.
_MEDIA = (
    "select jsonb_build_array(f.id, f.name, f.mime_type, f.size, f.kind, f.state, f.voice,"
    " f.animated, f.error) from media f where f.message_id = m.id"
)
#: Only what is named so can have a file: most messages are not looked at.
_FILED = "('image', 'video', 'audio', 'document', 'sticker')"

_MESSAGE = (
    "m.id, m.version, m.conversation_id, m.task_id, m.seq, m.direction, m.type, m.text, m.payload,"
    " m.author_kind, m.author_id, m.author_name, m.status, m.error, m.system, m.attempt,"
    " m.dismissed, m.doubted, m.at, m.client_id, m.quoted_wamid,"
    f" {_amendments('m')} as amendments,"
    f" case when m.type in {_FILED} then ({_MEDIA}) end as media,"
    f" case when m.quoted_wamid is not null then ({_QUOTED}) end as quoted"
)

_AGENT = (
    "select a.person_id as id, a.state, a.since, a.idle_since, a.aux_code_id, a.signed_in_at,"
    " a.beat_at, a.team_id, a.version + o.version as version, p.name, x.name as aux_code_name,"
    " tm.name as team_name, coalesce(a.capacity, o.capacity) as capacity,"
    " (n.at at time zone o.time_zone)::date - date '2020-01-01' as day,"
    " own.load, own.engaged, r.queue as rona_queue, r.customer as rona_customer,"
    " r.seconds as rona_seconds, td.ronas, td.ended, td.aht_s"
    " from agent a join person p on p.id = a.person_id cross join organisation o"
    " cross join (select $2::timestamptz as at) n"
    " left join aux_code x on x.id = a.aux_code_id left join team tm on tm.id = a.team_id"
    " cross join lateral (select count(*) as load, coalesce(bool_or(l.connected_at is not null),"
    "  false) as engaged from leg l where l.agent_id = a.person_id and l.closed_at is null) own"
    # The customer by the name of then: a later one would change the view and not its version.
    " left join lateral (select q.name as queue, (select m.author_name from message m"
    "  where m.conversation_id = t.conversation_id and m.seq > t.opened_seq"
    "  and m.direction = 'in' order by m.seq limit 1) as customer,"
    "  extract(epoch from l.answer_by - l.offered_at)::int as seconds"
    "  from leg l join task t on t.id = l.task_id join queue q on q.id = l.queue_id"
    "  where l.id = a.rona_leg_id) r on true"
    " cross join lateral (select count(*) filter (where l.outcome in ('rona', 'abandoned'))"
    "  as ronas,"
    "  count(*) filter (where l.connected_at is not null) as ended,"
    "  round(avg(extract(epoch from l.closed_at - l.connected_at)))::int as aht_s"
    "  from leg l where l.agent_id = a.person_id and l.closed_at >="
    "  date_trunc('day', n.at at time zone o.time_zone) at time zone o.time_zone) td"
    " where a.person_id = any($1::bigint[])"
)


async def tasks_of(tx: Tx, viewers: Iterable[int]) -> list[Row]:
    """One row for each open leg of *viewers*; oldest first."""
    return await tx.fetch(
        f"{_TASK} and l.agent_id = any($1::bigint[]) order by l.offered_at, l.id", list(viewers)
    )


async def tasks_in(tx: Tx, conversations: Iterable[int], viewers: Iterable[int]) -> list[Row]:
    """One row for each open leg of *viewers* in *conversations*; oldest first."""
    # The conversations are few and lead to their legs; by the viewers, of whom there may be
    # hundreds, nothing is looked up.
    return await tx.fetch(
        f"{_TASK} and t.conversation_id = any($1::bigint[])"
        " and l.agent_id + 0 = any($2::bigint[]) order by l.offered_at, l.id",
        list(conversations),
        list(viewers),
    )


async def task(tx: Tx, viewer: int, id: int) -> Row | None:
    """The row of one task for one viewer with an open leg in it."""
    return await tx.fetchrow(f"{_TASK} and l.agent_id = $1 and t.id = $2", viewer, id)


async def agents(tx: Tx, ids: Iterable[int]) -> list[Row]:
    """One row for each of the agents *ids*, as of the transaction's time."""
    return await tx.fetch(_AGENT, list(ids), await tx.now())


async def notices(tx: Tx, agents: Iterable[int]) -> list[Row]:
    """The notices of *agents* that are not dismissed, oldest first."""
    return await tx.fetch(
        "select id, agent_id, code, params, task_id, message_id, at from notice"
        " where agent_id = any($1::bigint[]) and dismissed_at is null order by id",
        list(agents),
    )


async def codes(tx: Tx) -> list[Row]:
    """The auxiliary codes that agents may choose, in their order."""
    return await tx.fetch(
        "select id, kind, name, is_default from aux_code"
        " where retired_at is null and system_key is null order by position, id"
    )


async def message(tx: Tx, id: int) -> Row | None:
    """One message."""
    return await tx.fetchrow(f"select {_MESSAGE} from message m where m.id = $1", id)


async def newest_messages(
    tx: Tx, cuts: Sequence[tuple[int, int | None]], limit: int
) -> list[list[Row]]:
    """For each (conversation, cut) the newest *limit* messages up to the cut; oldest first."""
    rows = await tx.fetch(
        f"select k.place, m.* from unnest($1::bigint[], $2::bigint[])"
        f" with ordinality as k(id, cut, place) cross join lateral (select {_MESSAGE}, m.second"
        f"  from message m where m.conversation_id = k.id"
        "  and (k.cut is null or m.seq <= k.cut)"
        "  order by m.second desc, m.seq desc limit $3) m order by k.place, m.second, m.seq",
        [conversation for conversation, _ in cuts],
        [cut for _, cut in cuts],
        limit,
    )
    found: list[list[Row]] = [[] for _ in cuts]
    for row in rows:
        found[row["place"] - 1].append(row)
    return found


async def changed_messages(tx: Tx, since: Mapping[int, int], limit: int) -> list[Row]:
    """What changed in each conversation after its version; at most *limit* rows in all."""
    return await tx.fetch(
        f"select {_MESSAGE} from unnest($1::bigint[], $2::bigint[]) as k(id, version)"
        f" join message m on m.conversation_id = k.id and m.version > k.version"
        " order by m.conversation_id, m.version limit $3",
        list(since),
        list(since.values()),
        limit,
    )


async def page(
    tx: Tx,
    conversation: int,
    whole: bool,
    until: int,
    parts: Mapping[int, int],
    before: int | None,
    limit: int,
) -> list[Row]:
    """A page of the thread, newest first, ending before the message *before*.

    The *whole* of it; or what is up to *until*, and of each task in *parts* up to there.
    """
    return await tx.fetch(
        f"select {_MESSAGE} from message m where m.conversation_id = $1 and ($2 or m.seq <= $3"
        " or m.seq <= (select max(k.until) from unnest($4::bigint[], $5::bigint[])"
        "  as k(task, until) where k.task = m.task_id))"
        " and ($6::bigint is null or (m.second, m.seq) < (select b.second, b.seq from message b"
        "  where b.id = $6)) order by m.second desc, m.seq desc limit $7",
        conversation,
        whole,
        until,
        list(parts),
        list(parts.values()),
        before,
        limit,
    )


async def legs(tx: Tx, viewer: int, conversation: int) -> list[Row]:
    """All that *viewer* ever had to do with *conversation*."""
    return await tx.fetch(
        "select l.task_id, l.connected_at, l.wrap_up_at, l.closed_at, l.until_seq from leg l"
        " join task t on t.id = l.task_id where t.conversation_id = $1 and l.agent_id = $2",
        conversation,
        viewer,
    )


async def place_of(tx: Tx, task: int) -> Row | None:
    """The conversation that *task* belongs to, and the arrival number at which it began."""
    return await tx.fetchrow("select conversation_id, opened_seq from task where id = $1", task)


async def earlier_tasks(tx: Tx, conversation: int) -> list[Row]:
    """The tasks of *conversation* with their conclusions, newest first."""
    return await tx.fetch(
        "select t.id, t.state, t.opened_at, t.ended_at, t.opened_seq, q.id as queue_id,"
        " q.name as queue_name, w.agents, w.names, w.codes, w.code_names, w.notes, w.ats"
        " from task t join queue q on q.id = t.queue_id cross join lateral ("
        "  select array_agg(l.agent_id order by l.closed_at) as agents,"
        "  array_agg(p.name order by l.closed_at) as names,"
        "  array_agg(x.id order by l.closed_at) as codes,"
        "  array_agg(x.name order by l.closed_at) as code_names,"
        "  array_agg(l.wrap_up_note order by l.closed_at) as notes,"
        "  array_agg(l.closed_at order by l.closed_at) as ats"
        "  from leg l join person p on p.id = l.agent_id"
        "  join aux_code x on x.id = l.wrap_up_code_id"
        "  where l.task_id = t.id and l.closed_at is not null) w"
        " where t.conversation_id = $1 order by t.id desc",
        conversation,
    )


async def timeline(tx: Tx, task: int) -> list[Row]:
    """Every step of *task*, oldest first, with the names of people as they are now."""
    return await tx.fetch(
        "select v.at, v.code, v.params, v.by_kind, v.by_id, v.reason, p.name from event v"
        " left join person p on p.id = v.by_id where v.task_id = $1 order by v.version",
        task,
    )


async def organisation_version(tx: Tx) -> int:
    """The number that grows with every change of configuration."""
    version: int = await tx.fetchval("select version from organisation")
    return version


async def versions_of_agents(tx: Tx, ids: Iterable[int]) -> list[Row]:
    """The agents *ids*: their versions, and their notices that are not dismissed."""
    return await tx.fetch(
        "select a.person_id as id, a.version + o.version as version,"
        " (n.at at time zone o.time_zone)::date - date '2020-01-01' as day,"
        " coalesce((select array_agg(x.id) from notice x where x.agent_id = a.person_id"
        "  and x.dismissed_at is null), '{}') as notices"
        " from agent a cross join organisation o cross join (select $2::timestamptz as at) n"
        " where a.person_id = any($1::bigint[])",
        list(ids),
        await tx.now(),
    )


async def versions_of_conversations(tx: Tx, viewers: Iterable[int]) -> dict[int, int]:
    """The version of what is shown of every conversation in which *viewers* have an open leg."""
    rows = await tx.fetch(
        "select distinct c.id, c.version + cu.version + o.version as version from leg l"
        " join task t on t.id = l.task_id join conversation c on c.id = t.conversation_id"
        " join customer cu on cu.id = c.customer_id cross join organisation o"
        " where l.closed_at is null and l.agent_id = any($1::bigint[])",
        list(viewers),
    )
    return {row["id"]: row["version"] for row in rows}
