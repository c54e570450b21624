"""WhatsApp's door: a raw ASGI application that verifies, stores, and answers.

Nothing is read here but bytes.  The signature is checked over them, one durable row
is written, and only then the answer is 200; whatever goes wrong answers something
else, and WhatsApp sends the webhook again.  A body is refused as soon as it is too
long, whatever its Content-Length says.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, TypeAlias
from urllib.parse import parse_qs

from balcao.store.webhooks import Inbox, Unstored
from balcao.whatsapp.signature import is_signed

BODY_BYTES_MAX = 3 << 20

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]


class TooLong(Exception):
    """The body is longer than any webhook."""


class Gone(Exception):
    """The other side went away before its request was whole."""


def webhook_app(inbox: Inbox, *, secrets: Iterable[str], verify_token: str) -> Application:
    """The application behind /webhooks/whatsapp; any of the app *secrets* may sign."""
    keys = tuple(secrets)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if scope["method"] == "GET":
                await _verify(scope, send, verify_token)
            elif scope["method"] == "POST":
                status, words = await _receive(scope, receive, inbox, keys)
                await _answer(send, status, words)
            else:
                await _answer(send, 405, b"method not allowed")
        except Gone:
            return

    return application


async def _verify(scope: Scope, send: Send, verify_token: str) -> None:
    """Echo the challenge to whoever knows our token; this request bears no signature."""
    query = parse_qs(scope["query_string"].decode("latin-1"))
    token = query.get("hub.verify_token", [""])[0]
    known = hmac.compare_digest(token.encode(), verify_token.encode())
    if verify_token and known and query.get("hub.mode") == ["subscribe"]:
        await _answer(send, 200, query.get("hub.challenge", [""])[0].encode())
    else:
        await _answer(send, 403, b"forbidden")


async def _receive(
    scope: Scope, receive: Receive, inbox: Inbox, keys: tuple[str, ...]
) -> tuple[int, bytes]:
    """The answer to a webhook; 200 only after it is committed."""
    try:
        body = await _body(scope, receive)
    except TooLong:
        return 413, b"too long"
    if not is_signed(body, _header(scope, b"x-hub-signature-256"), keys):
        return 401, b"bad signature"
    try:
        await inbox.put(body)
    except Unstored:
        return 503, b"not stored"
    return 200, b"ok"


async def _body(scope: Scope, receive: Receive) -> bytes:
    length = _header(scope, b"content-length") or b""
    if length.isdigit() and int(length[:20]) > BODY_BYTES_MAX:
        raise TooLong
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        body += message.get("body", b"")
        if len(body) > BODY_BYTES_MAX:
            raise TooLong
        if not message.get("more_body", False):
            return bytes(body)


def _header(scope: Scope, name: bytes) -> bytes | None:
    return next((value for key, value in scope["headers"] if key == name), None)


async def _answer(send: Send, status: int, body: bytes) -> None:
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"x-content-type-options", b"nosniff"),
    ]
    if status == 413:
        headers.append((b"connection", b"close"))  # the rest of the body is not wanted
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
