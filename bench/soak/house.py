"""The two servers and their PostgreSQL, as processes that can be killed and looked at.

The first `balcao serve` keeps the database of the data folder alive, the second joins it.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import psutil

from balcao.store import embedded
from balcao.store.embedded import Embedded
from balcao.store.folder import Purpose, claim
from bench.client import Address
from bench.machine import ROOT
from bench.rig import END_SECONDS_MAX, SETTINGS, CannotMeasure, free_port

START_SECONDS_MAX = 60.0
LOOK_SECONDS = 0.05


@dataclass(frozen=True)
class Serve:
    """One `balcao serve`: where it listens, and its supervising process."""

    address: Address
    parent: subprocess.Popen[bytes]

    @property
    def server(self) -> psutil.Process | None:
        """The process that serves; None while there is none."""
        with suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self.parent.pid).children():
                with suppress(psutil.NoSuchProcess):
                    if "balcao.server" in child.cmdline():
                        return child
        return None


class House:
    """A data folder and what runs over it."""

    def __init__(self, home: Path, graph_url: str) -> None:
        self.home = home
        self.dsn = embedded.dsn(home)
        self.serves: list[Serve] = []
        self.end_statuses: list[int] = []
        self._environment = {
            **os.environ,
            **SETTINGS,
            "BALCAO_GRAPH_URL": graph_url,
            "BALCAO_DATA_DIR": str(home),
        }

    @property
    def kept(self) -> Serve:
        """The one whose server no fault restarts."""
        return self.serves[0]

    @property
    def victim(self) -> Serve:
        """The one that faults are for."""
        return self.serves[1]

    @property
    def postmaster(self) -> psutil.Process | None:
        """PostgreSQL's first process; None while there is none."""
        with suppress(OSError, ValueError, IndexError, psutil.NoSuchProcess):
            first = (self.home / "data" / "postmaster.pid").read_text().split()[0]
            return psutil.Process(int(first))
        return None

    async def start(self) -> None:
        """Start both servers, the second over the first one's database."""
        for name in ("kept", "victim"):
            self.serves.append(self._serve(name))
            await self._until_ready(self.serves[-1], name)

    def end(self) -> None:
        """End both in order, the keeper of the database last."""
        while self.serves:
            parent = self.serves.pop().parent
            parent.terminate()
            try:
                self.end_statuses.append(parent.wait(END_SECONDS_MAX))
            except subprocess.TimeoutExpired:
                parent.kill()
                self.end_statuses.append(parent.wait())

    def _serve(self, name: str) -> Serve:
        port = free_port()
        command = [sys.executable, "-P", "-m", "balcao", "serve", "--port", str(port)]
        with (self.home / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                command, stdout=log, stderr=log, cwd=ROOT, env=self._environment
            )
        return Serve(Address("127.0.0.1", port), process)

    async def _until_ready(self, serve: Serve, name: str) -> None:
        """The second must not be quicker than the first, or it would keep the database."""
        deadline = time.monotonic() + START_SECONDS_MAX
        async with aiohttp.ClientSession() as http:
            while True:
                with suppress(aiohttp.ClientError):
                    url = "http://{}:{}/ready".format(*serve.address)
                    async with http.get(url) as answer:
                        if answer.status == 200:
                            return
                if serve.parent.poll() is not None or time.monotonic() > deadline:
                    raise CannotMeasure((self.home / f"{name}.log").read_text(errors="replace"))
                await asyncio.sleep(LOOK_SECONDS)


@contextmanager
def folder() -> Iterator[Path]:
    """A data folder for a server, which is removed at the end."""
    home = Path(tempfile.mkdtemp(prefix="balcao-soak-"))
    try:
        claim(home, Purpose.SERVER)
        yield home
    finally:
        shutil.rmtree(home)


@contextmanager
def database_of(home: Path) -> Iterator[str]:
    """The folder's PostgreSQL alone, for filling and for checking; its address."""
    postgres = Embedded(home)
    postgres.start()
    try:
        yield postgres.dsn
    finally:
        postgres.stop()
