"""What an agent may do with a task: accept, read, end, wrap up; and look at it.

Each handler does four things: who, which transaction, which step, when.  The answer is the
task as GET gives it, or 204 when the caller sees it no longer; the desk learns of it by the
stream like everyone else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, JSONBody

from balcao.domain import task as steps
from balcao.domain.values import AgentId, CodeId, Refused
from balcao.realtime import showing, sight
from balcao.realtime.sight import Sight
from balcao.realtime.views import Named, TaskView
from balcao.store import agents, handling, journal, parts, tasks, views
from balcao.store.database import Tx
from balcao.store.sessions import Who
from balcao.web.bodies import By, Step, TaskList, WrapUp
from balcao.web.node import Me, TheNode, number
from balcao.web.problems import NotSeen, Problem

NO_LONGER = {204: ResponseSpec(None, description="Done; the caller sees it no longer.")}


async def shown(tx: Tx, who: Who, id: int) -> Response[TaskView]:
    """The answer to a command: the task, or nothing when it is seen no longer."""
    row = await views.task(tx, who.id, id)
    if row is None:
        nothing: Response[Any] = Response(None, status_code=204)
        return nothing
    return Response(showing.task_view(row))


async def sight_of(tx: Tx, who: Who, conversation: int) -> Sight:
    """What the caller may read of a conversation; NotSeen where that is nothing."""
    seen = sight.sight(await views.legs(tx, who.id, conversation))
    if not seen.any:
        raise NotSeen
    return seen


async def part_of(tx: Tx, who: Who, id: str) -> int:
    """The id of a task that was offered to the caller at some time, else NotSeen."""
    task_id = number(id)
    if not await parts.had_part(tx, task_id, who.id):
        raise NotSeen(id)
    return task_id


@get("/api/tasks/{id:str}", operation_id="task")
async def task(id: FromPath[str], me: Me, node: TheNode) -> TaskView:
    """One task."""
    async with node.database.transaction() as tx:
        row = await views.task(tx, me.id, number(id))
    if row is None:
        raise NotSeen(id)
    return showing.task_view(row)


@post("/api/tasks/{id:str}/accept", operation_id="accept", status_code=200, responses=NO_LONGER)
async def accept(id: FromPath[str], me: Me, node: TheNode) -> Response[TaskView]:
    """Answer an offer; there is one winner, and whoever comes too late is told who it was."""
    async with node.database.transaction() as tx:
        task_id = await part_of(tx, me, id)
        try:
            await tasks.move(tx, task_id, steps.accept, AgentId(me.id))
        except Refused as refused:
            winner = await parts.winner(tx, task_id, me.id)
            if winner is None:
                raise
            named = Named(str(winner[0]), winner[1])
            raise Problem(409, refused.code, winner=named, **refused.details) from None
        return await shown(tx, me, task_id)


@post("/api/offers/accept-all", operation_id="acceptAll", status_code=200)
async def accept_all(me: Me, node: TheNode) -> TaskList:
    """Answer every offer that rings at the caller, oldest first."""
    async with node.database.transaction() as tx:
        ringing = await parts.ringing_at(tx, me.id)
    accepted = [view for id in ringing if (view := await _accept_one(node, me, id)) is not None]
    return TaskList(accepted)


async def _accept_one(node: TheNode, me: Who, id: int) -> TaskView | None:
    """Answer one offer in its own transaction; None where it is over by now."""
    try:
        async with node.database.transaction() as tx:
            await tasks.move(tx, id, steps.accept, AgentId(me.id))
            row = await views.task(tx, me.id, id)
    except Refused:
        return None
    return None if row is None else showing.task_view(row)


@post("/api/tasks/{id:str}/read", operation_id="read", status_code=200, responses=NO_LONGER)
async def read(id: FromPath[str], me: Me, node: TheNode) -> Response[TaskView]:
    """Mark all of the thread as read."""
    async with node.database.transaction() as tx:
        task_id = await part_of(tx, me, id)
        await parts.mark_read(tx, task_id, AgentId(me.id))
        return await shown(tx, me, task_id)


@post("/api/tasks/{id:str}/typing", operation_id="typing", status_code=200, responses=NO_LONGER)
async def typing(id: FromPath[str], me: Me, node: TheNode) -> Response[TaskView]:
    """Show the customer that the caller is writing, each 20 s at most; only while connected."""
    async with node.database.transaction() as tx:
        task_id = await part_of(tx, me, id)
        await parts.show_typing(tx, task_id, AgentId(me.id))
        return await shown(tx, me, task_id)


@post("/api/tasks/{id:str}/end", operation_id="end", status_code=200, responses=NO_LONGER)
async def end(id: FromPath[str], me: Me, node: TheNode) -> Response[TaskView]:
    """End the task for the customer; the caller's wrap-up begins."""
    async with node.database.transaction() as tx:
        task_id = await part_of(tx, me, id)
        await handling.end(tx, task_id, AgentId(me.id))
        return await shown(tx, me, task_id)


@post("/api/tasks/{id:str}/wrap-up", operation_id="wrapUp", status_code=200, responses=NO_LONGER)
async def wrap_up(
    id: FromPath[str], data: JSONBody[WrapUp], me: Me, node: TheNode
) -> Response[TaskView]:
    """Submit the reason; with it the task leaves the desk."""
    async with node.database.transaction() as tx:
        task_id = await part_of(tx, me, id)
        code = await wrap_up_code(tx, data.aux_code_id)
        note = (data.note or "").replace("\0", "").strip() or None
        await handling.wrap_up(tx, task_id, AgentId(me.id), code, note)
        return await shown(tx, me, task_id)


@post("/api/tasks/{id:str}/wrap-up/hold", operation_id="hold", status_code=200, responses=NO_LONGER)
async def hold(id: FromPath[str], me: Me, node: TheNode) -> Response[TaskView]:
    """Stop the countdown of the caller's wrap-up, where the profile lets one."""
    async with node.database.transaction() as tx:
        task_id = await part_of(tx, me, id)
        await tasks.move(tx, task_id, steps.hold, AgentId(me.id))
        return await shown(tx, me, task_id)


async def wrap_up_code(tx: Tx, id: str) -> CodeId:
    """The reason that the caller chose; a Problem where there is none such to choose."""
    try:
        code = number(id)
    except NotSeen:
        code = 0
    if not await agents.is_wrap_up_code(tx, code):
        raise Problem(422, "unknown-code", field="aux_code_id")
    return CodeId(code)


@get("/api/tasks/{id:str}/timeline", operation_id="timeline")
async def timeline(id: FromPath[str], me: Me, node: TheNode) -> list[Step]:
    """Every step of a task, oldest first."""
    async with node.database.transaction() as tx:
        task_id = number(id)
        place = await views.place_of(tx, task_id)
        if place is None:
            raise NotSeen(id)
        seen = await sight_of(tx, me, place["conversation_id"])
        if not seen.task(task_id, place["opened_seq"]):
            raise NotSeen(id)
        rows = await views.timeline(tx, task_id)
        told = await journal.named(tx, [row["params"] for row in rows])
    return [_step(row, params) for row, params in zip(rows, told, strict=True)]


def _step(row: sight.Row, params: dict[str, object]) -> Step:
    by_id = None if row["by_id"] is None else str(row["by_id"])
    by = By(row["by_kind"], by_id, row["name"])
    return Step(showing.moment(row["at"]), row["code"], params, by, row["reason"])


ROUTES: Sequence[HTTPRouteHandler] = [
    task,
    accept,
    accept_all,
    read,
    typing,
    end,
    wrap_up,
    hold,
    timeline,
]
