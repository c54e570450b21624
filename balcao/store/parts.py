"""An agent's part in a task, as far as reading goes: what was read, and who took it.

What changes here changes the task's view, so it holds the conversation and takes a number
like everything else.
"""

from __future__ import annotations

from balcao.domain.values import AgentId, Refused, State
from balcao.store import conversations, receipts, tasks
from balcao.store.bus import Kind
from balcao.store.database import Tx


async def mark_read(tx: Tx, task_id: int, agent: AgentId) -> None:
    """Note that *agent* has read all that there is; Refused before the offer is accepted."""
    held = await tasks.lock(tx, task_id)
    leg = held.task.leg_of(agent)
    if leg is None or leg.state not in (State.CONNECTED, State.WRAP_UP):
        raise Refused("not-connected", state=held.task.state)
    moved = await tx.fetchval(
        "update leg set read_seq = least(until_seq, $2) where id = $1"
        " and read_seq < least(until_seq, $2) returning true",
        leg.id,
        held.conversation.last_seq,
    )
    if leg.state is State.CONNECTED:
        await receipts.read(tx, held.conversation)
    if moved:
        held.conversation.next_version()
        await conversations.save_all(tx, [held.conversation])


async def show_typing(tx: Tx, task_id: int, agent: AgentId) -> None:
    """Show the customer that *agent* is writing; Refused unless connected."""
    held = await tasks.lock(tx, task_id)
    leg = held.task.leg_of(agent)
    if leg is None or leg.state is not State.CONNECTED:
        raise Refused("not-connected", state=held.task.state)
    await receipts.typing(tx, held.conversation)


async def had_part(tx: Tx, task_id: int, agent: int) -> bool:
    """Whether the task was ever offered to *agent*."""
    return bool(
        await tx.fetchval(
            "select exists (select from leg where task_id = $1 and agent_id = $2)", task_id, agent
        )
    )


async def winner(tx: Tx, task_id: int, loser: int) -> tuple[int, str] | None:
    """The id and name of whoever took the task last, where *loser* was to own it too."""
    row = await tx.fetchrow(
        "select p.id, p.name from leg l join person p on p.id = l.agent_id where l.task_id = $1"
        " and l.role = 'primary' and l.connected_at is not null and not exists ("
        "  select from leg x where x.task_id = $1 and x.agent_id = $2 and x.role = 'guest'"
        "  and x.id = (select max(y.id) from leg y where y.task_id = $1 and y.agent_id = $2))"
        " order by l.id desc limit 1",
        task_id,
        loser,
    )
    return None if row is None else (row["id"], row["name"])


async def ringing_at(tx: Tx, agent: int) -> list[int]:
    """The tasks that ring at *agent*, the oldest offer first."""
    rows = await tx.fetch(
        "select task_id from leg where agent_id = $1 and connected_at is null"
        " and closed_at is null order by offered_at, id",
        agent,
    )
    return [row["task_id"] for row in rows]


async def dismiss_notice(tx: Tx, id: int, agent: int) -> bool:
    """Close a notice of *agent*; whether there is one, closed before or now."""
    known = await tx.fetchval(
        "update notice set dismissed_at = coalesce(dismissed_at, $3)"
        " where id = $1 and agent_id = $2 returning true",
        id,
        agent,
        await tx.now(),
    )
    if known:
        tx.nudge(Kind.AGENT, agent)
    return bool(known)


async def settings(tx: Tx, person: int) -> object:
    """How *person* wants the desk, as it was said; an empty object where nothing was."""
    said = await tx.fetchval("select settings from person_settings where person_id = $1", person)
    return {} if said is None else said


async def keep_settings(tx: Tx, person: int, settings: object) -> None:
    """Keep how *person* wants the desk."""
    await tx.execute(
        "insert into person_settings (person_id, settings) values ($1, $2)"
        " on conflict (person_id) do update set settings = excluded.settings",
        person,
        settings,
    )
