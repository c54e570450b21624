"""Token buckets: how often something may happen, with bursts.

A bucket is full at first, and each thing that happens takes one token out.  Tokens come back one
after the other, up to as many as it holds.  WhatsApp counts so per customer and per number, and
refuses what is beyond; we count along and wait instead (`whatsapp.md` 6).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple


class Rate(NamedTuple):
    """How many at once, and in how long one more."""

    burst: int
    every: timedelta


#: Of one number to one customer.
PAIR = Rate(45, timedelta(seconds=6))


def of_number(per_second: int) -> Rate:
    """What one number may send to all its customers."""
    return Rate(per_second, timedelta(seconds=1) / per_second)


class Level(NamedTuple):
    """How many tokens were in it, and when; of one that was never used the time is None."""

    left: float = 0.0
    at: datetime | None = None


def take(rate: Rate, level: Level, at: datetime) -> tuple[Level, datetime | None]:
    """The level after taking one at *at*; or the same, and the moment when there will be one."""
    if level.at is None:
        left = float(rate.burst)
    else:
        passed = max(at - level.at, timedelta(0))  # a clock that was set back takes nothing away
        left = min(rate.burst, level.left + passed / rate.every)
    if left >= 1:
        return Level(left - 1, at), None
    return level, at + (1 - left) * rate.every
