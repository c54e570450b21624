"""Signing in and out: who is asking, and whose desk this is.

A wrong password and an unknown address are the same answer after the same work.  Guesses are
counted before they are checked.  An agent has one desk: a second one asks, and then takes over
what the first one had.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from typing import Any

import argon2
from litestar import Request, Response, delete, get, post
from litestar.datastructures import Cookie
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody

from balcao.domain import agent as steps
from balcao.domain.values import Actor, ActorKind, AgentId
from balcao.realtime import showing
from balcao.realtime.views import AgentView, Named
from balcao.store import agents, sessions, views
from balcao.store.database import Tx
from balcao.store.sessions import Person, Who
from balcao.web.bodies import SessionView, SignIn
from balcao.web.gate import cookie_name, token_hash
from balcao.web.node import Me, Node, TheNode
from balcao.web.problems import Problem

TOKEN_BYTES = 32

_hasher = argon2.PasswordHasher()
#: What an unknown address is checked against, so that it takes as long as a known one.
_NOBODY = _hasher.hash(secrets.token_hex(16))


@post("/api/session", operation_id="signIn", status_code=201)
async def sign_in(
    data: JSONBody[SignIn], request: Request[Any, Any, Any], node: TheNode
) -> Response[SessionView]:
    """Sign in; answers with the session's cookie."""
    person = await _checked(node, data)
    before: Who | None = request.scope["state"]["who"]
    token = secrets.token_urlsafe(TOKEN_BYTES)
    async with node.database.transaction() as tx:
        await sessions.forget_tries(tx, data.email.strip().lower())
        if before is not None:  # this browser's own session, whoever's it was, is replaced
            await sessions.end(tx, before.token, before.id)
        begin = _begin_agent if person.role == "agent" else _begin_other
        team = await begin(tx, person, data)
        await sessions.begin(tx, token_hash(token), person.id, team)
        who = await sessions.who(tx, token_hash(token))
        assert who is not None
        view = await _session_view(tx, who)
    return Response(view, status_code=201, cookies=[_cookie(node, token)])


async def _checked(node: Node, data: SignIn) -> Person:
    """The person whose password this is, else a Problem that says no more than that."""
    email = data.email.strip().lower()
    async with node.database.transaction() as tx:
        if not await sessions.may_try(tx, email):
            raise Problem(429)
        person = await sessions.find(tx, email)
    hashed = _NOBODY if person is None else person.password_hash
    async with node.password_checks:
        right = await asyncio.to_thread(_is_right, hashed, data.password)
    if person is None or not right:
        raise Problem(401, "bad-credentials")
    return person


def _is_right(hashed: str, password: str) -> bool:
    try:
        return _hasher.verify(hashed, password)
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False


async def _begin_agent(tx: Tx, person: Person, data: SignIn) -> int | None:
    """Put an agent to work, in the team chosen; take over from another desk if so said."""
    agent, _ = await agents.lock(tx, AgentId(person.id))
    team = _chosen(await sessions.teams_of(tx, person.id), data.team)
    elsewhere = await sessions.others(tx, person.id)
    if elsewhere and not data.takeover:
        raise Problem(409, "signed-in-elsewhere")
    await sessions.end_all(tx, person.id)
    if not elsewhere or agent.signed_in_at is None:
        code = await agents.default_idle_code(tx)
        await agents.move(tx, agent.id, _by(person.id), steps.sign_in, code)
    else:  # the new desk is there from now on, however long the old one was silent
        await agents.beat(tx, [agent.id], await tx.now())
    await agents.join_team(tx, agent.id, team)
    return team


async def _begin_other(tx: Tx, person: Person, data: SignIn) -> int | None:
    """Somebody without the agent's role needs no team, and may be in several places."""
    if data.team is None:
        return None
    return _chosen(await sessions.teams_of(tx, person.id), data.team)


def _chosen(teams: dict[int, str], wanted: str | None) -> int | None:
    """The team of that id or name; the only one where none is said; else a Problem."""
    if wanted is None and len(teams) <= 1:
        return next(iter(teams), None)
    for id, name in teams.items():
        if wanted in (str(id), name):
            return id
    choices = [Named(str(id), name) for id, name in teams.items()]
    raise Problem(422, "choose-team", field="team", teams=choices)


@get("/api/session", operation_id="session")
async def session(me: Me, node: TheNode) -> SessionView:
    """Who is signed in."""
    async with node.database.transaction() as tx:
        return await _session_view(tx, me)


@delete("/api/session", operation_id="signOut", status_code=204)
async def sign_out(me: Me, node: TheNode) -> Response[None]:
    """Sign out; refused with `has-work` while anything is open."""
    async with node.database.transaction() as tx:
        if me.is_agent:
            code = await agents.default_idle_code(tx)
            await agents.move(tx, AgentId(me.id), _by(me.id), steps.sign_out, code)
        await sessions.end(tx, me.token, me.id)
    return Response(None, status_code=204, cookies=[_cookie(node, "", max_age=0)])


async def _session_view(tx: Tx, who: Who) -> SessionView:
    team = None if who.team is None else Named(str(who.team[0]), who.team[1])
    return SessionView(
        id=str(who.id),
        name=who.name,
        initials=showing.initials(who.name),
        email=who.email,
        role=who.role,
        team=team,
        agent=await agent_view(tx, who) if who.is_agent else None,
    )


async def agent_view(tx: Tx, who: Who) -> AgentView:
    """The caller as an agent."""
    rows = await views.agents(tx, [who.id])
    return showing.agent_view(rows[0], await tx.now())


def _by(id: int) -> Actor:
    return Actor(ActorKind.AGENT, id)


def _cookie(node: Node, token: str, max_age: int | None = None) -> Cookie:
    return Cookie(
        key=cookie_name(node),
        value=token,
        max_age=max_age,
        path="/",
        secure=node.secure,
        httponly=True,
        samesite="lax",
    )


ROUTES: Sequence[HTTPRouteHandler] = [sign_in, session, sign_out]
