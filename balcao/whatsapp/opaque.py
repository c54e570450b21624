"""Our own id on a message: what WhatsApp hands back with each of its statuses.

It names the message and the attempt, so that a status finds its message even when
the answer to the send was lost.  The seal keeps others who may use the same number
from naming our messages.
"""

from __future__ import annotations

import hashlib
import hmac
import re

_FORM = re.compile(r"v1\.([1-9][0-9]{0,17})\.([1-9][0-9]{0,8})\.([0-9a-f]{8})")


def seal(key: bytes, message_id: int, attempt: int) -> str:
    """The biz_opaque_callback_data of one attempt to send one message."""
    named = f"v1.{message_id}.{attempt}"
    return f"{named}.{_mark(key, named)}"


def unseal(key: bytes, opaque: str | None) -> tuple[int, int] | None:
    """The message and the attempt that *opaque* names; None unless we sealed it."""
    form = _FORM.fullmatch(opaque or "")
    if form is None:
        return None
    named = f"v1.{form[1]}.{form[2]}"
    if not hmac.compare_digest(_mark(key, named), form[3]):
        return None
    return int(form[1]), int(form[2])


def _mark(key: bytes, named: str) -> str:
    return hmac.new(key, named.encode(), hashlib.sha256).hexdigest()[:8]
