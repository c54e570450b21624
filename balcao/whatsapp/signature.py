"""X-Hub-Signature-256: the proof that a webhook comes from WhatsApp.

It is an HMAC over the raw bytes of the body.  WhatsApp escapes its JSON in its own
way, so a body that was parsed and written again has another signature: verify
first, parse then.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

_PREFIX = b"sha256="


def sign(body: bytes, secret: str) -> str:
    """The header's value for *body* under an app secret."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return _PREFIX.decode() + digest


def is_signed(body: bytes, header: bytes | None, secrets: Iterable[str]) -> bool:
    """Whether *header* is the signature of *body* under any of *secrets*.

    Several secrets are in force at once while one is being replaced.
    """
    if header is None:
        return False
    matches = [hmac.compare_digest(sign(body, secret).encode(), header) for secret in secrets]
    return any(matches)
