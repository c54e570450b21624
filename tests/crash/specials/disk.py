"""The disk is full, and later it is not: what is there can be read, and nothing is promised."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.crash.house import House, open_house
from tests.crash.organisation import TOGETHER
from tests.crash.people import until
from tests.crash.proof import calm, prove
from tests.crash.walk import talk

SIZE = "300m"
BLOCK = b"\0" * 65_536
LONG = "linha longa " * 300


class NotHere(Exception):
    """This machine does not allow it; the text says what."""


async def full() -> None:
    """Whatever is written is refused, reading goes on, and with room again all is as before."""
    with small_disk() as folder:
        async with open_house(folder) as house:
            await talk(house)
            ana, customer = house.agents["Ana"], house.newcomer()
            house.write(customer, "Ana", "Antes")
            task = await ana.accept(customer)
            ballast = folder / "ballast"
            fill(ballast)
            await _write_until_refused(house)
            thread = f"/api/conversations/{task['conversation_id']}/messages"
            status, page = await ana.press("GET", thread)
            assert (status, [one["text"] for one in page["items"] if one["direction"] == "in"]) == (
                200,
                ["Antes"],
            )
            assert (await ana.look_anew()).of("task") != []
            ballast.unlink()
            await talk(house)
            await calm(house)
            await prove(house)


async def _write_until_refused(house: House) -> None:
    """Customers write at length until there is no room for it."""
    before = len(house.refused)

    def refused() -> bool:
        if len(house.refused) == before:
            house.write(house.newcomer(), TOGETHER, LONG)
        return 503 in house.refused[before:]

    await until(refused)


@contextmanager
def small_disk() -> Iterator[Path]:
    """A folder on a disk of its own that is soon full; NotHere where none can be mounted."""
    folder = Path(tempfile.mkdtemp(prefix="balcao-disk-"))
    folder.chmod(0o711)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=711", "none", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NotHere(f"a small disk cannot be mounted here: {done.stderr.strip()}")
        try:
            yield folder
        finally:
            subprocess.run(["umount", str(folder)], check=True)
    finally:
        shutil.rmtree(folder)


def fill(path: Path) -> None:
    """Leave no room for anything."""
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(BLOCK)
        except OSError:
            os.fsync(file.fileno())
