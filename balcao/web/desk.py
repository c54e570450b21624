"""What an agent's desk says of itself: that it is there, in which state, and how it is set."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from litestar import get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from balcao.domain import agent as steps
from balcao.domain.values import Actor, ActorKind, AgentId, CodeId
from balcao.realtime.views import AgentView
from balcao.store import agents, parts
from balcao.store.database import Tx
from balcao.web.bodies import Settings, StateChange
from balcao.web.node import Me, TheNode, number
from balcao.web.problems import NotSeen, Problem
from balcao.web.session import agent_view


@put("/api/agent/state", operation_id="setState")
async def set_state(data: JSONBody[StateChange], me: Me, node: TheNode) -> AgentView:
    """Become available, or idle with a reason."""
    id, by = AgentId(me.id), Actor(ActorKind.AGENT, me.id)
    async with node.database.transaction() as tx:
        if data.state == "available":
            await agents.move(tx, id, by, steps.become_available)
        else:
            code = await _idle_code(tx, data.aux_code_id)
            await agents.move(tx, id, by, steps.become_idle, code)
        return await agent_view(tx, me)


async def _idle_code(tx: Tx, id: str | None) -> CodeId:
    """The reason that the caller chose, or the default one; a Problem for any other."""
    if id is None:
        return await agents.default_idle_code(tx)
    try:
        code = number(id)
    except NotSeen:
        code = 0
    if not await agents.is_idle_code(tx, code):
        raise Problem(422, "unknown-code", field="aux_code_id")
    return CodeId(code)


@get("/api/me/settings", operation_id="settings")
async def settings(me: Me, node: TheNode) -> Settings:
    """How the caller wants the desk."""
    async with node.database.transaction() as tx:
        said = await parts.settings(tx, me.id)
    try:
        return msgspec.convert(said, Settings)
    except msgspec.ValidationError:  # said to another version: it can be said again
        return Settings()


@put("/api/me/settings", operation_id="saveSettings")
async def save_settings(data: JSONBody[Settings], me: Me, node: TheNode) -> Settings:
    """Keep how the caller wants the desk; what is left out is the default."""
    async with node.database.transaction() as tx:
        await parts.keep_settings(tx, me.id, data)
    return data


@post("/api/notices/{id:str}/dismiss", operation_id="dismissNotice", status_code=204)
async def dismiss_notice(id: FromPath[str], me: Me, node: TheNode) -> None:
    """Close a notice."""
    async with node.database.transaction() as tx:
        if not await parts.dismiss_notice(tx, number(id), me.id):
            raise NotSeen(id)


ROUTES: Sequence[HTTPRouteHandler] = [set_state, settings, save_settings, dismiss_notice]
