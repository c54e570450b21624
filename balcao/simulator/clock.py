"""The simulator's own clock: real time, moved by an offset.

Timestamps, 24-hour windows and rate limits read it, so that a test can let a day pass at once.
Delays between webhooks do not: they are real time, on the event loop.
"""

import math
import time
from datetime import UTC, datetime

from balcao.simulator.problems import Problem

# A hundred years either way: beyond it, dates no longer fit what they are written in.
_MOST_OFFSET_S = 100 * 366 * 86_400


class Clock:
    """Tells the pretend world's time in Unix seconds."""

    def __init__(self) -> None:
        self._offset_s = 0.0

    @property
    def offset_s(self) -> float:
        """Is how far this clock is ahead of the real one."""
        return self._offset_s

    def now(self) -> float:
        """Is the present moment here."""
        return time.time() + self._offset_s

    def shift(self, offset_s: object) -> None:
        """Sets the offset from real time; refuses what is not a sensible number."""
        if isinstance(offset_s, bool) or not isinstance(offset_s, int | float):
            raise Problem(422, "bad-value", "offset_s must be a number of seconds")
        if not math.isfinite(offset_s) or abs(offset_s) > _MOST_OFFSET_S:
            raise Problem(422, "bad-value", "offset_s must be within a hundred years")
        self._offset_s = float(offset_s)


def rfc3339(moment: float) -> str:
    """Writes a moment as RFC 3339 in UTC with milliseconds."""
    text = datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
