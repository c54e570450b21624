"""Asks WhatsApp's Graph API to send, and says exactly what is known afterwards.

There is no idempotency key, so the difference between *it had no effect* and *we do
not know* is the difference between a reply and a reply that arrives twice.  A call
ends in one of four ways:

    Accepted    WhatsApp has the message; statuses follow by webhook
    Retryable   it surely had no effect, and trying again may help
    Rejected    it surely had no effect, and trying again will not help
    Unsure      the request was on its way and no clear answer came: never repeat it
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace

import aiohttp
import msgspec

from balcao.edges import Edge, no_edge
from balcao.whatsapp.answers import failure, whole
from balcao.whatsapp.errors import Failure, Retry

ANSWER_SECONDS_MAX = 20.0
CONNECT_SECONDS_MAX = 10.0
CONNECTIONS_MAX = 100

#: A 503 with one of these is WhatsApp's own word that it did nothing; no other 5xx is.
SURELY_DOWN = frozenset({2, 131016, 133004})

_PHONE = re.compile(r"[0-9]{3,20}")
_USER_ID = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}")


class Retryable(Exception):
    """The call surely had no effect, and trying again may help."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure)
        self.failure = failure


class Rejected(Exception):
    """The call surely had no effect, and trying again will not help."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure)
        self.failure = failure


class Unsure(Exception):
    """The call may or may not have had its effect; only a later status can tell."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """WhatsApp has taken the message under this id."""

    wamid: str


@dataclass(frozen=True, slots=True)
class Line:
    """The business number that a message goes out from, and its token."""

    phone_number_id: str
    token: str


@dataclass(frozen=True, slots=True)
class Address:
    """Where a customer is reached: by phone where it is known, else by user id."""

    wa_id: str | None
    user_id: str | None

    def fields(self) -> dict[str, str]:
        """The address as Graph takes it; a number always with its plus.

        Without the plus WhatsApp puts the business's own country before the number, and a
        user id that is given as a number is cut down to its digits.
        """
        if self.wa_id is not None and _PHONE.fullmatch(self.wa_id):
            return {"to": f"+{self.wa_id}"}
        if self.user_id is not None and _USER_ID.fullmatch(self.user_id):
            return {"recipient": self.user_id}
        raise Rejected(Failure(131026, "No address", "Neither a phone number nor a user id."))


class _Id(msgspec.Struct):
    id: str


class _Sent(msgspec.Struct):
    messages: list[_Id]


class Client:
    """A connection pool to one Graph API."""

    def __init__(
        self, session: aiohttp.ClientSession, base: str, edge: Edge, answer_seconds: float
    ) -> None:
        self._session = session
        self._base = base
        self._edge = edge
        self._answer_seconds = answer_seconds

    @classmethod
    async def open(
        cls,
        url: str,
        version: str,
        *,
        answer_seconds: float = ANSWER_SECONDS_MAX,
        connections: int = CONNECTIONS_MAX,
        edge: Edge = no_edge,
    ) -> Client:
        """A client of the Graph API at *url*, such as https://graph.facebook.com, v26.0.

        *edge* is told of each call, and after it only where an answer came.
        """
        trace = aiohttp.TraceConfig()
        trace.on_request_headers_sent.append(_mark_written)
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=connections),
            timeout=aiohttp.ClientTimeout(total=answer_seconds, connect=CONNECT_SECONDS_MAX),
            trace_configs=[trace],
        )
        return cls(session, f"{url.rstrip('/')}/{version}", edge, answer_seconds)

    async def close(self) -> None:
        """Let go of every connection."""
        await self._session.close()

    async def send(
        self,
        line: Line,
        address: Address,
        content: Mapping[str, object],
        *,
        over_by: float,
        opaque: str | None = None,
        quoted: str | None = None,
    ) -> Accepted:
        """Send *content*, which `outgoing` has built, perhaps in answer to the wamid *quoted*.

        Retryable, Rejected or Unsure say how it did not succeed.  A call that might not be over at
        *over_by*, a time of the event loop, is not begun: by then others may have taken for lost
        what we are about to do.
        """
        body: dict[str, object] = {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            **address.fields(),
            **content,
        }
        if opaque is not None:
            body["biz_opaque_callback_data"] = opaque
        if quoted is not None:
            body["context"] = {"message_id": quoted}
        self._edge("before")
        if asyncio.get_running_loop().time() + self._answer_seconds > over_by:
            raise Retryable(Failure(2, "Not reachable", "This process was held up for too long"))
        answer = await self._post(line, body)
        self._edge("after")
        return _read(*answer)

    async def mark_read(self, line: Line, wamid: str, *, typing: bool) -> None:
        """Show the customer's message as read, and perhaps that somebody is writing.

        Raises as `send` does; a repeat does no harm.  (`whatsapp.md` 2.9.)
        """
        body: dict[str, object] = {
            "messaging_product": "whatsapp",
            "status": "read",
            "message_id": wamid,
        }
        if typing:
            body["typing_indicator"] = {"type": "text"}
        self._edge("before")
        status, answer = await self._post(line, body)
        self._edge("after")
        if not 200 <= status < 300:
            raise _refused(status, answer)

    async def _post(self, line: Line, body: dict[str, object]) -> tuple[int, bytes]:
        """The status and the body of Graph's answer."""
        sent = SimpleNamespace(written=False)
        try:
            async with self._session.post(
                f"{self._base}/{line.phone_number_id}/messages",
                data=msgspec.json.encode(body),
                headers={
                    "Authorization": f"Bearer {line.token}",
                    "Content-Type": "application/json",
                },
                allow_redirects=False,
                trace_request_ctx=sent,
            ) as response:
                return response.status, await whole(response)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            name = type(error).__name__
            if sent.written:
                raise Unsure(name) from error
            raise Retryable(Failure(2, "Not reachable", name)) from error


async def _mark_written(
    _session: aiohttp.ClientSession, context: SimpleNamespace, _params: object
) -> None:
    context.trace_request_ctx.written = True


def _read(status: int, body: bytes) -> Accepted:
    """What an answer means."""
    if 200 <= status < 300:
        try:
            return Accepted(msgspec.json.decode(body, type=_Sent).messages[0].id)
        except (msgspec.MsgspecError, UnicodeDecodeError, IndexError) as error:
            raise Unsure(f"HTTP {status} without a message id") from error
    raise _refused(status, body)


def _refused(status: int, body: bytes) -> Retryable | Rejected | Unsure:
    """What an answer means that is no success."""
    found = failure(status, body)
    if status == 503 and found.code in SURELY_DOWN:
        return Retryable(found)
    if status >= 500 or status == 408 or status < 200:
        return Unsure(f"HTTP {status}")
    if status == 429 or found.rule.retry is not Retry.NEVER:
        return Retryable(found)
    return Rejected(found)
