"""The headers of every answer, whoever gives it.

They are put on where answers leave, so that no route, file or stream can be without them.
Nothing may be framed, nothing runs that is not a file of ours, and answers of the API are
kept nowhere.
"""

from __future__ import annotations

from balcao.web.webhook import Message

POLICY = (
    "default-src 'none'; "
    "script-src 'self'; "
    "style-src 'self'; "
    "font-src 'self'; "
    "connect-src 'self'; "
    "img-src 'self' blob:; "
    "media-src 'self' blob:; "
    "object-src 'none'; "
    "base-uri 'none'; "
    "frame-ancestors 'none'; "
    "form-action 'self'; "
    "require-trusted-types-for 'script'"
)

ALWAYS = [
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(self), payment=(), usb=()"),
]
HTTPS_ONLY = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
NO_STORE = (b"cache-control", b"no-store")


def guarded(start: Message, *, secure: bool) -> Message:
    """The *start* of an answer, with the headers that every answer has."""
    own = list(start.get("headers", []))
    names = {name.lower() for name, _ in own}
    more = [*ALWAYS, NO_STORE, *([HTTPS_ONLY] if secure else [])]
    return {**start, "headers": [*own, *(header for header in more if header[0] not in names)]}
