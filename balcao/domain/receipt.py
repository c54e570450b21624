"""What a customer's phone shows of us: that we have read, and that somebody is writing.

Neither is worth much late, and a repeat does no harm, so both are tried a few times and then let
go.  WhatsApp shows the writing for 25 seconds at most, and marks as read whatever it is shown for
(`whatsapp.md` 2.9).
"""

from __future__ import annotations

from datetime import datetime, timedelta

#: Somebody who goes on writing is shown once in so long.
TYPING_EVERY = timedelta(seconds=20)
#: After so long nobody may be writing any more.
TYPING_FOR = timedelta(seconds=10)
TRIES_MAX = 4
PAUSE = timedelta(seconds=5)


def may_show_typing(shown_at: datetime | None, at: datetime) -> bool:
    """Whether a customer who was shown it last at *shown_at* may be shown it again."""
    return shown_at is None or at - shown_at >= TYPING_EVERY


def next_try(tries: int, at: datetime) -> datetime | None:
    """When to tell again after *tries* that told nothing; None when that is enough."""
    return None if tries >= TRIES_MAX else at + PAUSE * 4 ** (tries - 1)
