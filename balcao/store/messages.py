"""Messages as customers and agents write them.

A message row is written once and then only its delivery changes.  What a customer
wrote is known by WhatsApp's id, what an agent wrote by the id that his desk gave it,
so that the same thing said twice is one row.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from balcao.domain import window
from balcao.domain.message import Person, Status, check_settle
from balcao.domain.outgoing import Outgoing
from balcao.domain.values import AgentId, Refused, Role, State
from balcao.store import conversations, media, reactions
from balcao.store.bus import Kind
from balcao.store.conversations import Conversation
from balcao.store.database import Tx
from balcao.store.tasks import Held


class NoSuchMessage(LookupError):
    """There is no such message."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A customer's message for a held conversation, in the task that it belongs to."""

    conversation: Conversation
    task_id: int
    wamid: str
    type: str
    text: str | None
    payload: dict[str, Any] | None
    at: datetime
    author_name: str | None
    quoted: str | None


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes from a desk, under the name of the moment."""

    id: int
    name: str


async def beforehand(
    tx: Tx, wamids: Iterable[tuple[int, str]], conversations: Iterable[int]
) -> tuple[set[tuple[int, str]], dict[int, int]]:
    """What is there before messages are written into these *conversations*, which are held.

    Which of these (entry point, wamid) have their row already, and the open task of each
    conversation that has one.
    """
    wanted = list(wamids)
    rows = await tx.fetch(
        "select entry_point_id, wamid, null::bigint as conversation_id, null::bigint as task_id"
        " from message join unnest($1::bigint[], $2::text[]) as n(entry_point_id, wamid)"
        " using (entry_point_id, wamid) union all select null, null, conversation_id, id from task"
        " where conversation_id = any($3::bigint[]) and ended_at is null",
        [entry_point for entry_point, _ in wanted],
        [wamid for _, wamid in wanted],
        list(conversations),
    )
    known = {(row["entry_point_id"], row["wamid"]) for row in rows if row["task_id"] is None}
    return known, {row["conversation_id"]: row["task_id"] for row in rows if row["task_id"]}


async def put_inbound(tx: Tx, arrivals: Sequence[Arrival]) -> list[int]:
    """Write *arrivals* in the order given, and return their ids; the caller saves the rest."""
    if not arrivals:
        return []
    rows = await tx.fetch(
        "insert into message (conversation_id, entry_point_id, task_id, seq, version, direction,"
        " type, text, payload, at, second, author_kind, author_name, wamid, quoted_wamid)"
        " select c, e, t, s, v, 'in', y, b, p, a, floor(extract(epoch from a))::bigint,"
        " 'customer', n, w, q from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[],"
        " $5::bigint[], $6::text[], $7::text[], $8::jsonb[], $9::timestamptz[], $10::text[],"
        " $11::text[], $12::text[]) as x(c, e, t, s, v, y, b, p, a, n, w, q)"
        " returning id",
        [one.conversation.id for one in arrivals],
        [one.conversation.entry_point_id for one in arrivals],
        [one.task_id for one in arrivals],
        [one.conversation.next_seq() for one in arrivals],
        [one.conversation.next_version() for one in arrivals],
        [one.type for one in arrivals],
        [one.text for one in arrivals],
        [one.payload for one in arrivals],
        [one.at for one in arrivals],
        [one.author_name for one in arrivals],
        [one.wamid for one in arrivals],
        [one.quoted for one in arrivals],
    )
    for one in arrivals:
        held = one.conversation
        held.last_inbound_at = max(held.last_inbound_at or one.at, one.at)
        held.waiting_since = held.waiting_since or held.at
    return [row["id"] for row in rows]


async def put_outbound(
    tx: Tx,
    held: Held,
    author: Author,
    client_id: str,
    said: Outgoing,
    quoted: str | None = None,
) -> int:
    """Write what an agent says in a task that he is connected to; returns the message's id.

    A note is for colleagues only; everything else is to be sent, in answer to the wamid *quoted*
    where there is one.  A *client_id* that came before gets the id of then, and Refused
    (client-id-reused) with another content.  Refused too: not-connected, window-closed,
    no-such-media, wrong-kind.
    """
    first = await tx.fetchrow(
        "select id, task_id, type, text, payload, quoted_wamid from message"
        " where author_id = $1 and client_id = $2",
        author.id,
        client_id,
    )
    if first is not None:
        repeated: int
        repeated, *then = first
        if then != [held.task.id, said.type, said.text, said.payload, quoted]:
            raise Refused("client-id-reused")
        return repeated
    leg = held.task.leg_of(AgentId(author.id))
    if leg is None or leg.state is not State.CONNECTED:
        raise Refused("not-connected", state=held.task.state)
    out = said.type != "note"
    if out and not window.is_open(held.conversation.last_inbound_at, held.at):
        raise Refused("window-closed", state=held.task.state)
    if said.media is not None:
        await _check_upload(tx, said.media, author, said.type)
    id = await _insert_outbound(tx, held, author, client_id, said, quoted, out=out)
    if said.media is not None:
        await media.attach(tx, said.media, id, voice=said.voice)
    return id


async def _check_upload(tx: Tx, id: int, author: Author, kind: str) -> None:
    """Refused unless the upload *id* is the author's, of this *kind*, and not yet sent."""
    upload = await media.of_upload(tx, id, author.id)
    if upload is None:
        raise Refused("no-such-media")
    if upload.kind != kind:
        raise Refused("wrong-kind", kind=upload.kind)


async def _insert_outbound(
    tx: Tx,
    held: Held,
    author: Author,
    client_id: str,
    said: Outgoing,
    quoted: str | None,
    *,
    out: bool,
) -> int:
    conversation = held.conversation
    id: int = await tx.fetchval(
        "insert into message (conversation_id, entry_point_id, task_id, seq, version, direction,"
        " type, text, payload, at, second, author_kind, author_id, author_name, status, attempt,"
        " client_id, due_at, quoted_wamid) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,"
        " 'agent', $12, $13, $14, $15, $16, $17, $18) returning id",
        conversation.id,
        conversation.entry_point_id,
        held.task.id,
        conversation.next_seq(),
        conversation.next_version(),
        "out" if out else "note",
        said.type,
        said.text,
        said.payload,
        held.at,
        int(held.at.timestamp()),
        author.id,
        author.name,
        Status.PENDING if out else None,
        1 if out else 0,
        client_id,
        held.at if out else None,
        quoted,
    )
    if out:
        conversation.waiting_since = None
        tx.nudge(Kind.SENDING)
    await conversations.save_all(tx, [conversation])
    return id


async def wamid(tx: Tx, id: int) -> str | None:
    """WhatsApp's id of the message; None where it has none, or not yet."""
    found: str | None = await tx.fetchval("select wamid from message where id = $1", id)
    return found


async def react(tx: Tx, id: int, author: Author, emoji: str | None) -> None:
    """Have the business react to the customer's message *id* as *author* says; None: not at all.

    Refused: not-connected, window-closed, no-such-message for what is no customer's.
    """
    row = await tx.fetchrow("select conversation_id, direction from message where id = $1", id)
    if row is None or row["direction"] != "in":
        raise Refused("no-such-message")
    held = (await conversations.lock(tx, [row["conversation_id"]]))[row["conversation_id"]]
    connected = await tx.fetchval(
        "select exists (select from leg l join task t on t.id = l.task_id"
        " where t.conversation_id = $1 and l.agent_id = $2 and l.connected_at is not null"
        " and l.wrap_up_at is null and l.closed_at is null)",
        held.id,
        author.id,
    )
    if not connected:
        raise Refused("not-connected")
    if not window.is_open(held.last_inbound_at, held.at):
        raise Refused("window-closed")
    await reactions.put(tx, held, id, author.id, author.name, emoji)


async def resend(tx: Tx, id: int, person: int, *, supervises: bool = False) -> None:
    """Begin a new attempt of a message that did not get through, in its place.

    Refused: not-connected, not-primary, settled, dismissed, window-closed.  NoSuchMessage.
    """
    conversation = await _hold_unsettled(tx, id, person, supervises)
    if not window.is_open(conversation.last_inbound_at, conversation.at):
        raise Refused("window-closed")
    await media.doubt_upload(tx, id)
    await tx.execute(
        "update message set status = 'pending', attempt = attempt + 1, tries = 0, due_at = $2,"
        " doubted = false,"
        " lease_by = null, error = null, wamid = null, version = $3 where id = $1",
        id,
        conversation.at,
        conversation.next_version(),
    )
    tx.nudge(Kind.SENDING)
    await conversations.save_all(tx, [conversation])


async def dismiss(tx: Tx, id: int, person: int, *, supervises: bool = False) -> None:
    """Leave a message that did not get through as it is; nobody is asked about it again.

    Refused: not-connected, not-primary, settled, dismissed.  NoSuchMessage.
    """
    conversation = await _hold_unsettled(tx, id, person, supervises)
    await tx.execute(
        "update message set dismissed = true, version = $2 where id = $1",
        id,
        conversation.next_version(),
    )
    await conversations.save_all(tx, [conversation])


async def _hold_unsettled(tx: Tx, id: int, person: int, supervises: bool) -> Conversation:
    """Hold the conversation of message *id*, if *person* may settle the message."""
    conversation_id = await tx.fetchval(
        "select conversation_id from message where id = $1 and direction = 'out'", id
    )
    if conversation_id is None:
        raise NoSuchMessage(id)
    held = await conversations.lock(tx, [conversation_id])
    row = await tx.fetchrow(
        "select m.status, m.dismissed, m.author_id, (select max(l.role)"  # primary > guest
        " from leg l join task t on t.id = l.task_id"
        " where t.conversation_id = m.conversation_id and l.agent_id = $2"
        " and l.connected_at is not null and l.closed_at is null) as role"
        " from message m where m.id = $1",
        id,
        person,
    )
    if row is None:
        raise NoSuchMessage(id)
    role = None if row["role"] is None else Role(row["role"])
    check_settle(
        Status(row["status"]),
        row["dismissed"],
        row["author_id"],
        Person(person, role, supervises),
    )
    return held[conversation_id]
