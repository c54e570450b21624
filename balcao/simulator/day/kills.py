"""Where steps are killed: at the edges of their transactions.

What a transaction had committed stays and the rest of the step is lost, as after a `kill -9`.  An
edge is known by the step and by the function whose transaction it is.  Each is killed the first
time that it comes by, so that a day kills at every edge that it comes to; and now and then again,
as what is lost differs with what there was to do.
"""

from __future__ import annotations

import contextlib
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable
from random import Random
from types import FrameType

from balcao.edges import Side
from balcao.engine.calls import settle
from balcao.store import database

AGAIN_ONE_IN = 60
_PASSED_BY = {database.__file__, contextlib.__file__, __file__}


class Killed(BaseException):
    """The process that took this step is no more.  No step can catch it."""


class Kills:
    """Kills steps, one process at a time, while it is *armed*."""

    def __init__(self) -> None:
        self.armed = False
        self.at: Counter[str] = Counter()
        self._chance = Random(0)
        self._settled: Callable[[], None] = lambda: None
        self._step: str | None = None
        self._dead = False

    def begin(self, chance: Random, settled: Callable[[], None]) -> None:
        """Begin a day; *settled* is told each time that a call of the sender's is over."""
        self.armed, self.at = True, Counter()
        self._chance, self._settled = chance, settled

    async def run(self, step: str, work: Callable[[], Awaitable[object]]) -> bool:
        """Do *work* as one *step*; whether it came to its end.

        Once it is killed nothing of it comes to the database any more.
        """
        self._step, self._dead = step, False
        try:
            await work()
        except Killed:
            return False
        finally:
            self._step = None
        return not self._dead

    def edge(self, side: Side) -> None:
        """Killed, if the step ends here or has ended before."""
        if self._step is None or not self.armed:
            return
        if self._dead:
            raise Killed
        name = f"{self._step}: {side} {whose()}"
        if name not in self.at or self._chance.randrange(AGAIN_ONE_IN) == 0:
            self.at[name] += 1
            self._dead = True
            raise Killed(name)

    def edge_of_sender(self, side: Side) -> None:
        """The same for the sender's database, where a call is over once it is written or lost."""
        of_call = whose() == settle.__qualname__
        try:
            self.edge(side)
        except Killed:
            if of_call:
                self._settled()
            raise
        if of_call and side == "after":
            self._settled()


def whose() -> str:
    """The function whose transaction begins or has ended, seen from within an edge."""
    return opener().f_code.co_qualname


def opener(*own: str) -> FrameType:
    """The frame that an edge belongs to, seen from within it; files of its *own* do not count."""
    passed_by = _PASSED_BY.union(own)
    frames = (frame for frame, _ in traceback.walk_stack(None))
    return next(frame for frame in frames if frame.f_code.co_filename not in passed_by)
