"""The thread of a conversation: reading it, writing in it, and what did not get through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from balcao.domain import outgoing
from balcao.domain.outgoing import Button, Outgoing, Section
from balcao.domain.outgoing import Row as Line
from balcao.domain.values import Refused
from balcao.realtime import showing
from balcao.realtime.sight import Row, Sight
from balcao.realtime.views import MessageView, Named
from balcao.store import messages as store
from balcao.store import tasks, views
from balcao.store.database import Tx
from balcao.store.sessions import Who
from balcao.web.bodies import (
    EarlierTask,
    EarlierTasks,
    MessagePage,
    NewAudio,
    NewButtons,
    NewFile,
    NewList,
    NewLocation,
    NewMessage,
    NewNote,
    NewReaction,
    NewText,
    WrapUpRecord,
)
from balcao.web.node import Me, TheNode, number
from balcao.web.problems import NotSeen
from balcao.web.tasks import NO_LONGER, part_of, sight_of


@get("/api/conversations/{id:str}/messages", operation_id="messages")
async def messages(
    id: FromPath[str],
    me: Me,
    node: TheNode,
    before: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
) -> MessagePage:
    """A part of the thread, newest first."""
    async with node.database.transaction() as tx:
        conversation = number(id)
        seen = await sight_of(tx, me, conversation)
        at = None if before is None else await _seen_message(tx, seen, conversation, before)
        rows = await views.page(
            tx, conversation, seen.whole, seen.until, seen.parts or {}, at, limit + 1
        )
    items = [showing.message_view(row, seen) for row in rows[:limit]]
    return MessagePage(items, more=len(rows) > limit)


async def _seen_message(tx: Tx, seen: Sight, conversation: int, id: str) -> int:
    """The id of a message of the conversation that the caller sees."""
    row = await views.message(tx, number(id))
    if row is None or row["conversation_id"] != conversation:
        raise NotSeen(id)
    if not seen.message(row["seq"], row["task_id"]):
        raise NotSeen(id)
    return int(row["id"])


@get("/api/conversations/{id:str}/tasks", operation_id="earlierTasks")
async def earlier_tasks(id: FromPath[str], me: Me, node: TheNode) -> EarlierTasks:
    """The tasks of a conversation with their conclusions, newest first."""
    async with node.database.transaction() as tx:
        conversation = number(id)
        seen = await sight_of(tx, me, conversation)
        rows = await views.earlier_tasks(tx, conversation)
    return EarlierTasks([_earlier(row) for row in rows if seen.task(row["id"], row["opened_seq"])])


def _earlier(row: Row) -> EarlierTask:
    columns = ("agents", "names", "codes", "code_names", "notes", "ats")
    return EarlierTask(
        id=str(row["id"]),
        state=row["state"],
        queue=Named(str(row["queue_id"]), row["queue_name"]),
        opened_at=showing.moment(row["opened_at"]),
        ended_at=None if row["ended_at"] is None else showing.moment(row["ended_at"]),
        wrap_ups=[
            WrapUpRecord(
                Named(str(agent), name), Named(str(code), code_name), note, showing.moment(at)
            )
            for agent, name, code, code_name, note, at in zip(
                *(row[column] or [] for column in columns), strict=True
            )
        ],
    )


@post("/api/tasks/{id:str}/messages", operation_id="write", status_code=202)
async def write(
    id: FromPath[str], data: JSONBody[NewMessage], me: Me, node: TheNode
) -> MessageView:
    """Write to the customer, or a note to colleagues; a repeat answers as the first time."""
    said = _said(data)
    async with node.database.transaction() as tx:
        task_id = await part_of(tx, me, id)
        held = await tasks.lock(tx, task_id)
        quoted = await _quoted(tx, me, held.conversation.id, data)
        author = store.Author(me.id, me.name)
        written = await store.put_outbound(tx, held, author, data.client_id, said, quoted)
        row = await views.message(tx, written)
    assert row is not None
    return showing.message_view(row)


def _said(data: NewMessage) -> Outgoing:
    """What is to be said, checked; Refused where WhatsApp would not take it."""
    match data:
        case NewNote():
            return outgoing.in_words("note", data.text)
        case NewText():
            return outgoing.in_words("text", data.text)
        case NewLocation(location=place):
            return outgoing.location(place.latitude, place.longitude, place.name, place.address)
        case NewButtons():
            answers = [Button(one.id, one.title) for one in data.buttons]
            return outgoing.buttons(data.text, answers)
        case NewList():
            sections = [
                Section(one.title, [Line(row.id, row.title, row.description) for row in one.rows])
                for one in data.sections
            ]
            return outgoing.menu(data.text, data.button, sections)
        case _:
            return _file(data)


def _file(data: NewFile) -> Outgoing:
    try:
        media = number(data.media_id)
    except NotSeen:
        raise Refused("no-such-media") from None
    voice = isinstance(data, NewAudio) and data.voice
    return outgoing.file(str(data.__struct_config__.tag), media, data.text, voice=voice)


async def _quoted(tx: Tx, me: Who, conversation: int, data: NewMessage) -> str | None:
    """The wamid of the message that is answered, which the caller sees in the conversation."""
    if isinstance(data, NewNote) or data.quoted is None:
        return None
    try:
        seen = await sight_of(tx, me, conversation)
        found = await _seen_message(tx, seen, conversation, data.quoted)
    except NotSeen:
        raise Refused("no-such-message", field="quoted") from None
    wamid = await store.wamid(tx, found)
    if wamid is None:
        raise Refused("no-such-message", field="quoted")
    return wamid


@post("/api/messages/{id:str}/reaction", operation_id="react", status_code=200)
async def react(
    id: FromPath[str], data: JSONBody[NewReaction], me: Me, node: TheNode
) -> MessageView:
    """React to a customer's message in the name of the business, which has one reaction."""
    emoji = outgoing.reaction(data.emoji)
    async with node.database.transaction() as tx:
        message = await _message(tx, me, id)
        author = store.Author(me.id, me.name)
        await store.react(tx, message, author, emoji)
        row = await views.message(tx, message)
    assert row is not None
    return showing.message_view(row)


@post("/api/messages/{id:str}/resend", operation_id="resend", status_code=200, responses=NO_LONGER)
async def resend(id: FromPath[str], me: Me, node: TheNode) -> Response[MessageView]:
    """Send a failed or unconfirmed message once more."""
    async with node.database.transaction() as tx:
        message = await _message(tx, me, id)
        await store.resend(tx, message, me.id)
        return await _shown(tx, message)


@post(
    "/api/messages/{id:str}/dismiss", operation_id="dismiss", status_code=200, responses=NO_LONGER
)
async def dismiss(id: FromPath[str], me: Me, node: TheNode) -> Response[MessageView]:
    """Leave a failed or unconfirmed message as it is."""
    async with node.database.transaction() as tx:
        message = await _message(tx, me, id)
        await store.dismiss(tx, message, me.id)
        return await _shown(tx, message)


async def _message(tx: Tx, me: Who, id: str) -> int:
    """The id of a message that the caller sees, else NotSeen."""
    row = await views.message(tx, number(id))
    if row is None:
        raise NotSeen(id)
    seen = await sight_of(tx, me, row["conversation_id"])
    if not seen.message(row["seq"], row["task_id"]):
        raise NotSeen(id)
    return int(row["id"])


async def _shown(tx: Tx, id: int) -> Response[MessageView]:
    row = await views.message(tx, id)
    assert row is not None
    return Response(showing.message_view(row))


ROUTES: Sequence[HTTPRouteHandler] = [messages, earlier_tasks, write, react, resend, dismiss]
