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

import structlog

from balcao.store.webhooks import Inbox, Unstored
from balcao.telemetry import traces
from balcao.whatsapp.signature import is_signed

log = structlog.get_logger()

BODY_BYTES_MAX = 3 << 20
SIGNATURE = b"x-hub-signature-256"

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]


STORED: Message = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-length", b"0")],
}
STORED_BODY: Message = {"type": "http.response.body", "body": b""}


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
                with traces.span("webhook"):
                    status, words = await _receive(scope, receive, inbox, keys)
                    traces.note(status=status)
                if status == 200:  # by the thousand: nothing is made anew for it
                    await send(STORED)
                    await send(STORED_BODY)
                else:
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
        return _refused(413, b"too long")
    if not is_signed(body, _header(scope, SIGNATURE), keys):
        return _refused(401, b"bad signature")
    try:
        traces.note(webhook=await inbox.put(body))
    except Unstored:
        return _refused(503, b"not stored")
    return 200, b""


def _refused(status: int, words: bytes) -> tuple[int, bytes]:
    log.debug("webhook_refused", status=status)
    return status, words


async def _body(scope: Scope, receive: Receive) -> bytes:
    message = await receive()
    if not message.get("more_body", False) and message["type"] == "http.request":
        whole: bytes = message.get("body", b"")
        if len(whole) > BODY_BYTES_MAX:
            raise TooLong
        return whole
    length = _header(scope, b"content-length") or b""
    if length.isdigit() and int(length[:20]) > BODY_BYTES_MAX:
        raise TooLong
    body = bytearray()
    while message["type"] != "http.disconnect":
        body += message.get("body", b"")
        if len(body) > BODY_BYTES_MAX:
            raise TooLong
        if not message.get("more_body", False):
            return bytes(body)
        message = await receive()
    raise Gone


def _header(scope: Scope, name: bytes) -> bytes | None:
    for key, value in scope["headers"]:
        if key == name:
            found: bytes = value
            return found
    return None


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
