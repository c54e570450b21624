"""Everything that is measured, started as an operator would start it, and ended by process id.

One PostgreSQL with the settings of `balcao serve`, fsync and all, in a folder that goes away; a
database for each purpose in it; and at any time one server: Balcão's process group, or a floor.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import psutil

from balcao.store import embedded
from balcao.store.embedded import Embedded
from balcao.store.migrate import migrate
from bench.client import Address, Pool, request
from bench.machine import ROOT

SECRET = "the bench's app secret"
SETTINGS = {
    "BALCAO_APP_SECRETS": SECRET,
    "BALCAO_SECRET_KEY": "the bench's own secret key",
    "BALCAO_VERIFY_TOKEN": "bench",
    "BALCAO_ACCESS_TOKEN": "bench",
}
START_SECONDS_MAX = 60.0
END_SECONDS_MAX = 30.0
LOOK_SECONDS = 0.02
LAST_WORDS = 20


class CannotMeasure(Exception):
    """A part of the rig is not to be had on this machine, or did not start."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What processes have used: CPU seconds since their start, and memory in bytes now."""

    cpu_seconds: float
    rss: int
    uss: int
    pss: int


class Running:
    """A server that runs: where it listens and which processes it is."""

    def __init__(self, address: Address, parent: psutil.Process, log: Path) -> None:
        self.address = address
        self.parent = parent
        self.log = log

    @property
    def servers(self) -> list[psutil.Process]:
        """The processes that serve; of a floor, the one."""
        children = [one for one in self.parent.children() if "balcao.server" in one.cmdline()]
        return children or [self.parent]

    def usage(self) -> Usage:
        """What the serving processes have used."""
        return usage(self.servers)


class Rig:
    """The machine's PostgreSQL and what runs over it."""

    def __init__(self, home: Path, postgres: Embedded) -> None:
        self.home = home
        self._postgres = postgres

    async def database(self, name: str) -> str:
        """The address of a new database called *name*, migrated and empty."""
        connection = await asyncpg.connect(embedded.dsn(self.home, "postgres"))
        try:
            await connection.execute(f"create database {name}")
        finally:
            await connection.close()
        dsn = embedded.dsn(self.home, name)
        await migrate(dsn)
        return dsn

    @property
    def postmaster(self) -> psutil.Process:
        """PostgreSQL's first process."""
        return psutil.Process(int((self.home / "data" / "postmaster.pid").read_text().split()[0]))

    def postgres_usage(self) -> Usage:
        """What all of PostgreSQL has used, with those of its processes that have ended."""
        first = self.postmaster
        used = usage([first, *first.children(recursive=True)])
        times = first.cpu_times()
        ended = getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
        return Usage(used.cpu_seconds + ended, used.rss, used.uss, used.pss)

    @asynccontextmanager
    async def balcao(
        self, dsn: str, *, graph_url: str = "http://127.0.0.1:9", workers: int = 1
    ) -> AsyncIterator[Running]:
        """`balcao serve` over the database at *dsn*, ready."""
        port = free_port()
        environment = {**SETTINGS, "BALCAO_DATABASE_URL": dsn, "BALCAO_GRAPH_URL": graph_url}
        command = [sys.executable, "-P", "-m", "balcao", "serve", "--port", str(port)]
        command += ["--workers", str(workers)]
        async with self._started("balcao", command, port, environment) as running:
            await _until_ready(running)
            yield running

    @asynccontextmanager
    async def python_floor(self, dsn: str) -> AsyncIterator[Running]:
        """The Python floor over the database at *dsn*."""
        port = free_port()
        command = [sys.executable, "-m", "bench.floor", str(port), dsn, SECRET]
        async with self._started("python-floor", command, port, {}) as running:
            yield running

    @asynccontextmanager
    async def c_floor(self) -> AsyncIterator[Running]:
        """The physical floor; CannotMeasure where it cannot be compiled."""
        port, program = free_port(), self._compiled()
        command = [str(program), str(port), str(self.home / "floor.data"), SECRET]
        async with self._started("c-floor", command, port, {}) as running:
            yield running

    def last_words(self) -> str:
        """What the servers said last, for whoever wants to know why something failed."""
        logs = sorted(self.home.glob("*.log"))
        return "\n".join(f"{log.name}: {_last_words(log)}" for log in logs)

    def _compiled(self) -> Path:
        program = self.home / "floor"
        if program.exists():
            return program
        compiler = shutil.which("cc")
        if compiler is None:
            raise CannotMeasure("there is no C compiler")
        source = Path(__file__).with_name("floor.c")
        command = [compiler, "-O2", "-o", str(program), str(source), "-lcrypto"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise CannotMeasure("the C floor does not compile; it needs libcrypto's headers")
        return program

    @asynccontextmanager
    async def _started(
        self, name: str, command: list[str], port: int, environment: dict[str, str]
    ) -> AsyncIterator[Running]:
        log = self.home / f"{name}.log"
        process = _spawn(command, environment, log)
        try:
            await _until_listening(process, port, log)
            yield Running(Address("127.0.0.1", port), psutil.Process(process.pid), log)
        finally:
            await asyncio.to_thread(_end, process)


@contextmanager
def standing(home: Path | None = None) -> Iterator[Rig]:
    """A rig in a folder of its own, which is removed at the end.

    Called from the main thread: PostgreSQL ends with the thread that starts it.
    """
    folder = Path(tempfile.mkdtemp(prefix="balcao-bench-", dir=home))
    folder.chmod(0o711)
    postgres = Embedded(folder)
    try:
        postgres.start()
        yield Rig(folder, postgres)
    finally:
        postgres.stop()
        shutil.rmtree(folder)


def usage(processes: list[psutil.Process]) -> Usage:
    """What *processes* have used together; one that ends meanwhile counts for nothing."""
    cpu, rss, uss, pss = 0.0, 0, 0, 0
    for one in processes:
        with suppress(psutil.NoSuchProcess):
            times, memory = one.cpu_times(), one.memory_full_info()
            cpu += times.user + times.system
            rss, uss = rss + memory.rss, uss + memory.uss
            pss += getattr(memory, "pss", 0)
    return Usage(cpu, rss, uss, pss)


def free_port() -> int:
    """A port of this machine that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        port: int = door.getsockname()[1]
    return port


def _spawn(command: list[str], environment: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as out:
        return subprocess.Popen(
            command, stdout=out, stderr=out, cwd=ROOT, env={**os.environ, **environment}
        )


def _last_words(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-LAST_WORDS:])


async def _until_listening(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise CannotMeasure(f"{log.stem} did not start: {_last_words(log)}") from None
            await asyncio.sleep(LOOK_SECONDS)
        else:
            writer.close()
            return


async def _until_ready(running: Running) -> None:
    """The parent listens before its servers do; this waits for one that answers."""
    try:
        async with asyncio.timeout(START_SECONDS_MAX), Pool(running.address, 1) as pool:
            while True:
                status, _ = await pool.ask(request("GET", "/ready"))
                if status == 200:
                    return
                await asyncio.sleep(LOOK_SECONDS)
    except TimeoutError:
        raise CannotMeasure(f"not ready: {_last_words(running.log)}") from None


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(END_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
