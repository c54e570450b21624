"""Giving a task away, and asking colleagues into it: transfer, conference, hand-over.

Each handler does four things: who, which transaction, which step, when.  What the step needs
to know of others is looked up in `store.handling`, under locks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from litestar import Response, delete, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from balcao.domain import task as steps
from balcao.domain.values import AgentId, QueueId, Target, ToAgent, ToQueue
from balcao.realtime.views import TaskView
from balcao.store import handling, profiles, targets, tasks
from balcao.store.targets import UnknownTarget
from balcao.web.bodies import (
    AgentTarget,
    Conference,
    Destination,
    HandOver,
    QueueTarget,
    Targets,
    Transfer,
)
from balcao.web.node import Me, TheNode, number
from balcao.web.problems import NotSeen, Problem
from balcao.web.tasks import NO_LONGER, part_of, shown


@get("/api/targets", operation_id="targets")
async def list_targets(
    me: Me,
    node: TheNode,
    _purpose: Annotated[Literal["transfer", "conference"], QueryParameter(name="for")],
) -> Targets:
    """Whom the caller may give a task to now; the same for a conference as for a transfer."""
    async with node.database.transaction() as tx:
        profile = await profiles.of(tx, AgentId(me.id))
        queues = await targets.queues(tx, profile)
        agents = await targets.agents(tx, profile, AgentId(me.id))
    return Targets(
        queues=[
            QueueTarget(str(row["id"]), row["name"], True, row["waiting"], row["longest_wait_s"])
            for row in queues
        ],
        agents=[
            AgentTarget(str(row["id"]), row["name"], row["team"], row["free_slots"])
            for row in agents
        ],
    )


@post("/api/tasks/{id:str}/transfer", operation_id="transfer", status_code=200, responses=NO_LONGER)
async def transfer(
    id: FromPath[str], data: JSONBody[Transfer], me: Me, node: TheNode
) -> Response[TaskView]:
    """Give the task away; the caller's wrap-up begins at once."""
    async with node.database.transaction() as tx:
        task_id = await part_of(tx, me, id)
        note = (data.note or "").replace("\0", "").strip() or None
        await handling.transfer(tx, task_id, AgentId(me.id), target_of(data.to), note)
        return await shown(tx, me, task_id)


@post("/api/tasks/{id:str}/conference", operation_id="invite", status_code=200, responses=NO_LONGER)
async def invite(
    id: FromPath[str], data: JSONBody[Conference], me: Me, node: TheNode
) -> Response[TaskView]:
    """Ask somebody into the conversation."""
    async with node.database.transaction() as tx:
        task_id = await part_of(tx, me, id)
        await handling.invite(tx, task_id, AgentId(me.id), target_of(data.to))
        return await shown(tx, me, task_id)


@delete(
    "/api/tasks/{id:str}/conference",
    operation_id="cancelInvitations",
    status_code=200,
    responses=NO_LONGER,
)
async def cancel(
    id: FromPath[str], me: Me, node: TheNode, guest: FromQuery[str | None] = None
) -> Response[TaskView]:
    """Take back one invitation, or all that nobody has accepted yet."""
    async with node.database.transaction() as tx:
        task_id = await part_of(tx, me, id)
        which = None if guest is None else number(guest)
        await tasks.move(tx, task_id, steps.cancel, AgentId(me.id), which)
        return await shown(tx, me, task_id)


@post(
    "/api/tasks/{id:str}/conference/end",
    operation_id="endConference",
    status_code=200,
    responses=NO_LONGER,
)
async def end_conference(id: FromPath[str], me: Me, node: TheNode) -> Response[TaskView]:
    """End the conversation for everyone; the same as ending the task."""
    async with node.database.transaction() as tx:
        task_id = await part_of(tx, me, id)
        await handling.end(tx, task_id, AgentId(me.id))
        return await shown(tx, me, task_id)


@post("/api/tasks/{id:str}/leave", operation_id="leave", status_code=200, responses=NO_LONGER)
async def leave(id: FromPath[str], me: Me, node: TheNode) -> Response[TaskView]:
    """Go out of a conference as a guest."""
    async with node.database.transaction() as tx:
        task_id = await part_of(tx, me, id)
        await handling.leave(tx, task_id, AgentId(me.id))
        return await shown(tx, me, task_id)


@post(
    "/api/tasks/{id:str}/hand-over", operation_id="handOver", status_code=200, responses=NO_LONGER
)
async def hand_over(
    id: FromPath[str], data: JSONBody[HandOver], me: Me, node: TheNode
) -> Response[TaskView]:
    """Make a guest the owner; the caller's wrap-up begins."""
    async with node.database.transaction() as tx:
        task_id = await part_of(tx, me, id)
        guest = AgentId(named(data.agent_id, "agent_id"))
        await handling.hand_over(tx, task_id, AgentId(me.id), guest)
        return await shown(tx, me, task_id)


@delete(
    "/api/tasks/{id:str}/guests/{agent_id:str}",
    operation_id="removeGuest",
    status_code=200,
    responses=NO_LONGER,
)
async def remove(
    id: FromPath[str], agent_id: FromPath[str], me: Me, node: TheNode
) -> Response[TaskView]:
    """Put a guest out of the conversation."""
    async with node.database.transaction() as tx:
        task_id = await part_of(tx, me, id)
        await handling.remove(tx, task_id, AgentId(me.id), AgentId(number(agent_id)))
        return await shown(tx, me, task_id)


def target_of(to: Destination) -> Target:
    """Who is meant; a Problem where it is not exactly one."""
    if (to.queue_id is None) == (to.agent_id is None):
        raise Problem(422, "choose-one", field="to")
    if to.queue_id is not None:
        return ToQueue(QueueId(named(to.queue_id, "to")))
    assert to.agent_id is not None
    return ToAgent(AgentId(named(to.agent_id, "to")))


def named(id: str, field: str) -> int:
    """The number of an id in a body; it is the *field* that is wrong where it can be none."""
    try:
        return number(id)
    except NotSeen:
        raise UnknownTarget(field) from None


ROUTES: Sequence[HTTPRouteHandler] = [
    list_targets,
    transfer,
    invite,
    cancel,
    end_conference,
    leave,
    hand_over,
    remove,
]
