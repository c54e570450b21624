"""Failpoints: what an armed process does at the places it passes.

Processes are armed through files in one folder, so that one file arms them all, whichever of them
comes by first takes it, and those that are started again need not be told.  A place whose name no
file has costs one look into the folder.
"""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

from balcao.edges import Side
from tests.crash import sites
from tests.crash.points import HANG_SECONDS


class Broken(Exception):
    """What a step raises at an armed place."""


class Failpoints:
    """One process' view of the folder; `edge` is handed to whatever has effects there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._passed: set[str] = set()

    def edge(self, side: Side) -> None:
        """Do here what the armed file says, if this is the first to take it."""
        name = sites.here(side, __file__)
        if name is None:
            return
        if name not in self._passed:
            self._note(name)
        taken = self._folder / "taken" / f"{name}.{os.getpid()}"
        try:
            (self._folder / "armed" / name).rename(taken)
        except FileNotFoundError:
            return
        fail(taken.read_text(), name)

    def _note(self, name: str) -> None:
        self._passed.add(name)
        (self._folder / "passed" / name).touch()
        (self._folder / "up" / str(os.getpid())).touch()


def fail(action: str, name: str) -> None:
    """Die, break or hang, here and now."""
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif action == "hang":
        threading.Event().wait(HANG_SECONDS)
    else:
        raise Broken(name)


class Arms:
    """The other side of the folder: arms, and sees what was taken by whom."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("armed", "taken", "passed", "up"):
            (folder / name).mkdir()

    def arm(self, place: str, action: str) -> None:
        """Whoever comes by *place* next does it, and nobody after."""
        new = self.folder / "new"
        new.write_text(action)
        new.rename(self.folder / "armed" / place)

    def taken(self, place: str) -> int | None:
        """The process that has done what *place* was armed with; None while nobody has."""
        found = list((self.folder / "taken").glob(f"{place}.*"))
        return int(found[0].name.rpartition(".")[2]) if found else None

    def disarm(self, place: str) -> None:
        """Nothing happens at *place* any more, and nothing has."""
        (self.folder / "armed" / place).unlink(missing_ok=True)
        for one in (self.folder / "taken").glob(f"{place}.*"):
            one.unlink()

    def passed(self) -> set[str]:
        """Every place that anybody has ever come by."""
        return {path.name for path in (self.folder / "passed").iterdir()}

    def up(self) -> set[int]:
        """The processes that have begun to work."""
        return {int(path.name) for path in (self.folder / "up").iterdir()}
