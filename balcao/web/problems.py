"""What is answered when something is not: the one table from errors to problem details.

Every answer of 400 and above is RFC 9457 problem+json with a stable code, and says no more
than the caller may know.  What the domain refuses is 409 with the present state; what the
caller may not see does not exist.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, SerializationException, ValidationException

from balcao.domain.values import Refused
from balcao.store.agents import NoSuchAgent
from balcao.store.messages import NoSuchMessage
from balcao.store.postgres import UNREACHABLE
from balcao.store.targets import UnknownTarget
from balcao.store.tasks import NoSuchTask

log = structlog.get_logger()

PROBLEM_JSON = "application/problem+json"

#: What a field may be called.
NAME = re.compile(r"[a-z_]{1,40}[0-9]{0,3}(\.[a-z_]{1,40}[0-9]{0,3})*")

#: Refused for what was said, and not for the state of things.
UNFIT = frozenset(
    {
        "bad-emoji",
        "caption-not-allowed",
        "client-id-reused",
        "empty",
        "no-such-media",
        "no-such-message",
        "not-unique",
        "out-of-range",
        "too-long",
        "too-many",
        "unknown-code",
        "wrong-kind",
    }
)

#: The field that such a refusal speaks of, where it does not say so itself.
FIELDS = {
    "bad-emoji": "emoji",
    "caption-not-allowed": "text",
    "client-id-reused": "client_id",
    "empty": "text",
    "no-such-media": "media_id",
    "too-long": "text",
    "unknown-code": "aux_code_id",
    "wrong-kind": "media_id",
}

#: The codes of what HTTP itself has words for.
CODES = {
    400: "malformed",
    401: "no-session",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    413: "body-too-long",
    415: "unsupported-type",
    416: "no-such-range",
    422: "invalid",
    429: "too-many-attempts",
    503: "unavailable",
}


class NotSeen(LookupError):
    """There is no such thing, or none that the caller may see."""


class Problem(Exception):
    """An answer that is not the one asked for."""

    def __init__(self, status: int, code: str | None = None, /, **more: Any) -> None:
        """The answer's *status*, its stable *code*, and members that go with it."""
        self.status = status
        self.code = code or CODES[status]
        self.more = more
        super().__init__(self.code)

    def body(self) -> bytes:
        """The problem details, as bytes."""
        title = HTTPStatus(self.status).phrase
        first = {"type": "about:blank", "title": title, "status": self.status, "code": self.code}
        return msgspec.json.encode(first | self.more)

    def headers(self) -> dict[str, str]:
        """What goes with it outside the body."""
        retry = {429: "60", 503: "1"}.get(self.status)
        return {} if retry is None else {"retry-after": retry}


def problem_of(error: Exception) -> Problem:
    """The one table: what is answered to *error*."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, Refused):
        return _refused(error)
    if isinstance(error, (NotSeen, NoSuchTask, NoSuchMessage, NoSuchAgent)):
        return Problem(404)
    if isinstance(error, UnknownTarget):
        return Problem(422, "unknown-target", field="to")
    if isinstance(error, ValidationException):
        return _invalid(error)
    if isinstance(error, (SerializationException, RecursionError)):
        return Problem(400)
    if isinstance(error, HTTPException) and error.status_code < 500:
        return Problem(error.status_code, CODES.get(error.status_code, "refused"))
    if isinstance(error, UNREACHABLE):
        return Problem(503)
    log.error("request_failed", error=type(error).__name__, exc_info=error)
    return Problem(500, "server-error")


def answer(_request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """The answer to *error*, for Litestar."""
    problem = problem_of(error)
    return Response(
        problem.body(),
        status_code=problem.status,
        media_type=PROBLEM_JSON,
        headers=problem.headers(),
    )


def _refused(error: Refused) -> Problem:
    details = dict(error.details)
    if "status" in details:  # how a message stands; here that word is HTTP's
        details["state"] = details.pop("status")
    if error.code in UNFIT:
        field = FIELDS.get(error.code)
        return Problem(422, error.code, **({"field": field} if field else {}) | details)
    return Problem(409, error.code, **details)


def _invalid(error: ValidationException) -> Problem:
    """Names the field, where there is one; never what was in it."""
    extra = error.extra
    first = extra[0] if isinstance(extra, list) and extra else {}
    if not isinstance(first, Mapping):
        return Problem(422)
    field, message = str(first.get("key", "")), str(first.get("message", ""))
    if "malformed" in message.lower() or "json" in message.lower():
        return Problem(400)
    if field in {"", "data"} and "`" in message:  # of the body itself: a field of it is named
        field = message.split("`")[1]
    if field and not NAME.fullmatch(field):  # no name of a field: what people write is not repeated
        return Problem(422)
    detail = message.partition(" - at")[0].partition(" '")[0]
    return Problem(422, **({"field": field} if field else {}), detail=detail)
