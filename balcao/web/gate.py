"""What every request to the API goes through before its route.

Where it comes from, who asks, how long it is, and whether it was asked before: decided once
and for all routes, over the bytes as they came.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import urlsplit

from balcao.store import idempotency, sessions
from balcao.store.idempotency import Answer
from balcao.store.sessions import Who
from balcao.web.node import Node
from balcao.web.problems import PROBLEM_JSON, Problem
from balcao.web.webhook import Application, Message, Receive, Scope, Send

BODY_BYTES_MAX = 1_000_000
KEY_LENGTH_MAX = 200
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
#: Repeating it does nothing, so it is not written down.
HARMLESS = frozenset({"/api/session"})
#: Answered without asking who asks, so also without a database.
OPEN = frozenset({"/health", "/ready", "/metrics", "/api/info", "/api/openapi.json"})
WAIT_SECONDS = 0.05
WAITS_MAX = 100


class HungUp(Exception):
    """The other side went away before its request was whole."""


def headers_of(scope: Scope) -> dict[str, str]:
    """The request's headers; of several with one name, the last."""
    return {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
    }


def cookie_name(node: Node) -> str:
    """The name of the session's cookie; where there is HTTPS, one that binds it to this host."""
    return "__Host-balcao" if node.secure else "balcao"


def token_hash(token: str) -> bytes:
    """What is kept of a session's token."""
    return hashlib.sha256(token.encode()).digest()


def token_of(node: Node, headers: Mapping[str, str]) -> bytes | None:
    """The token that the request bears, as it is kept; None where it bears none."""
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(cookie_name(node))
    except CookieError:
        return None
    return token_hash(morsel.value) if morsel is not None and morsel.value else None


async def who_asks(node: Node, headers: Mapping[str, str]) -> Who | None:
    """Who holds the session that the request bears, if any."""
    token = token_of(node, headers)
    if token is None:
        return None
    async with node.database.statement() as tx:
        return await sessions.who(tx, token)


def check_origin(node: Node, method: str, headers: Mapping[str, str]) -> None:
    """Refuse what a browser asks on behalf of another site; without either header it is none."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        if site == "cross-site" or (method not in SAFE and site not in {"same-origin", "none"}):
            raise Problem(403, "other-site")
        return
    if origin is None or method in SAFE:
        return
    ours = {headers.get("host", ""), urlsplit(node.public_url or "").netloc}
    if urlsplit(origin).netloc not in ours - {""}:
        raise Problem(403, "other-site")


def gate(node: Node, inside: Application) -> Application:
    """The application that lets fit requests through to *inside*."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        headers = headers_of(scope)
        check_origin(node, scope["method"], headers)
        body = b"" if scope["method"] in SAFE else await _body(headers, receive)
        who = None if scope["path"] in OPEN else await who_asks(node, headers)
        scope["state"] = {**scope.get("state", {}), "who": who}
        key = headers.get("idempotency-key")
        again = _repeating(body, receive)
        if who is None or key is None or scope["method"] != "POST" or scope["path"] in HARMLESS:
            await inside(scope, again, send)
            return
        if not 0 < len(key) <= KEY_LENGTH_MAX:
            raise Problem(422, "bad-idempotency-key")
        await _once(node, who, key, _fingerprint(scope, body), inside, scope, again, send)

    return application


async def _once(
    node: Node,
    who: Who,
    key: str,
    fingerprint: bytes,
    inside: Application,
    scope: Scope,
    receive: Receive,
    send: Send,
) -> None:
    """Run the request if it is the first with its key, else answer as then."""
    answer = await _claim(node, who, key, fingerprint)
    if answer is None:
        answer = await _run(node, who, key, inside, scope, receive)
    kind = PROBLEM_JSON if answer.status >= 400 else "application/json"
    headers = [(b"content-length", str(len(answer.body)).encode())]
    if answer.body:
        headers.append((b"content-type", kind.encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


async def _claim(node: Node, who: Who, key: str, fingerprint: bytes) -> Answer | None:
    """The first answer to *key*; None where the caller is to give it."""
    for _ in range(WAITS_MAX):
        async with node.database.transaction() as tx:
            claim = await idempotency.claim(tx, who.id, key, fingerprint)
        if isinstance(claim, Answer):
            return claim
        if claim == "mine":
            return None
        if claim == "other":
            raise Problem(422, "idempotency-key-reused")
        await asyncio.sleep(WAIT_SECONDS)
    raise Problem(409, "still-running")


async def _run(
    node: Node, who: Who, key: str, inside: Application, scope: Scope, receive: Receive
) -> Answer:
    """Run the request and keep its answer; where the fault was ours it may be tried again."""
    status, parts = 500, list[bytes]()

    async def keep(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        elif message["type"] == "http.response.body":
            parts.append(message.get("body", b""))

    try:
        await inside(scope, receive, keep)
    finally:
        answer = Answer(status, b"".join(parts))
        async with node.database.transaction() as tx:
            if status < 500:
                await idempotency.settle(tx, who.id, key, answer)
            else:
                await idempotency.let_go(tx, who.id, key)
    return answer


async def _body(headers: Mapping[str, str], receive: Receive) -> bytes:
    """The whole body; refused as soon as it is too long."""
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > BODY_BYTES_MAX:
        raise Problem(413)
    parts, size, more = list[bytes](), 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise HungUp
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > BODY_BYTES_MAX:
            raise Problem(413)
        more = message.get("more_body", False)
    return b"".join(parts)


def _repeating(body: bytes, receive: Receive) -> Receive:
    """A *receive* that has the body once more, and then what else comes."""
    first = True

    async def receive_again() -> Message:
        nonlocal first
        if first:
            first = False
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return receive_again


def _fingerprint(scope: Scope, body: bytes) -> bytes:
    path: Any = scope["path"]
    return hashlib.sha256(f"{scope['method']} {path}\n".encode() + body).digest()
