"""The data folder: taken only when it is empty or ours, and only for one purpose.

A mark says that the folder is Balcão's and whether a demo or a real organisation lives in it, so
that `demo --fresh` can never empty anything but a demo.
"""

import os
import shutil
from enum import StrEnum
from pathlib import Path

from balcao.store.embedded import Embedded

MARK = ".balcao"
KEPT = {MARK, "owner", "lock"}  # locks must stay the files that others may hold


class Purpose(StrEnum):
    """What a data folder is for."""

    DEMO = "demo"
    SERVER = "server"


class NotOurs(Exception):
    """The data folder cannot be used for this."""


def claim(home: Path, purpose: Purpose) -> None:
    """Make *home* a folder for *purpose*, or accept it as the one it is already."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        there = {path.name for path in home.iterdir()}
        if not there:
            # PostgreSQL, as another user, must be able to pass; its own folder inside is closed.
            home.chmod(0o711 if os.geteuid() == 0 else 0o700)
            (home / MARK).write_text(purpose)
    except OSError as error:
        raise NotOurs(f"The data folder {home} cannot be used: {error.strerror}.") from None
    if there and MARK not in there:
        raise NotOurs(f"{home} holds something that is not Balcão's: choose an empty folder.")
    found = purpose_of(home)
    if found is not purpose:
        raise NotOurs(f"{home} holds the data of a {found}: choose another folder with --data-dir.")


def purpose_of(home: Path) -> Purpose | None:
    """What *home* was claimed for; None where it is not a data folder."""
    try:
        return Purpose((home / MARK).read_text().strip())
    except (OSError, ValueError):
        return None


def empty(home: Path) -> None:
    """Remove all that a demo has left in *home*; raises InUse while one runs there."""
    if purpose_of(home) is not Purpose.DEMO:
        raise NotOurs(f"{home} is not the folder of a demo, and is not emptied.")
    with Embedded(home).held():
        for path in home.iterdir():
            if path.name in KEPT:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
