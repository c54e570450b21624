"""What goes wrong outside of our own processes: PostgreSQL, the disk, lines, clocks, slow desks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from tests.crash.specials import clock, database, disk, line, slow
from tests.crash.specials.disk import NotHere

__all__ = ["SPECIALS", "NotHere"]

SPECIALS: Mapping[str, Callable[[], Awaitable[None]]] = {
    "PostgreSQL is killed": database.killed,
    "PostgreSQL is away for a minute": database.away,
    "the disk is full": disk.full,
    "the line to WhatsApp is half open": line.half_open,
    "the clock jumps": clock.jumps,
    "a desk does not read": slow.does_not_read,
}
