"""Runs a Balcão that fails where it is told to: the parent, and the servers that it starts.

`python -m tests.crash.armed serve` is `balcao serve` with two workers; without an argument it is
one of those.  Nothing else differs from the real thing but that nobody is waited for as long.
"""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from pathlib import Path

from balcao import main, server
from tests.crash import clocks
from tests.crash.failpoints import Failpoints

WORKERS = 2
FOLDER = "CRASH_FOLDER"
#: All below the time that an armed process hangs; the lease is longer than any call.
PATIENCE = server.Patience(
    command_seconds=2.5,
    store_seconds=2.0,
    answer_seconds=1.5,
    lease=timedelta(seconds=2.5),
    fetch_seconds=1.5,
    fetch_lease=timedelta(seconds=2.5),
)


def run() -> int:
    """Be the parent, or one of its servers."""
    folder = Path(os.environ[FOLDER])
    clocks.follow(folder)
    points = Failpoints(folder)
    if sys.argv[1:] != ["serve"]:
        server.main(points.edge, PATIENCE)
        return 0
    with (folder / "log").open("ab") as log, main.in_line(attached=True):
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        return main.serve({}, WORKERS, edge=points.edge, module="tests.crash.armed")


if __name__ == "__main__":
    sys.exit(run())
