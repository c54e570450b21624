"""A process whose wall clock jumps ten minutes to and fro, for as long as a file says so.

The clock of the machine is everybody's, so it is the process' own idea of it that jumps: whatever
asks Python for the time of day.  (`datetime.now` is asked by nothing of ours, as lint sees to.)
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

JUMP_SECONDS = 600
EVERY_SECONDS = 0.7
_JUMPS = "clock jumps"


def let_jump(folder: Path) -> None:
    """Processes that are started from here on have a clock that jumps."""
    (folder / _JUMPS).touch()


def follow(folder: Path) -> None:
    """In this process the clock does as the folder says."""
    if not (folder / _JUMPS).exists():
        return
    clock = vars(time)
    real_seconds: Callable[[], float] = clock["time"]

    def seconds() -> float:
        ahead = int(time.monotonic() / EVERY_SECONDS) % 2 == 0
        return real_seconds() + (JUMP_SECONDS if ahead else -JUMP_SECONDS)

    clock["time"] = seconds
    clock["time_ns"] = lambda: int(seconds() * 1e9)
