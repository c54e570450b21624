"""What every test may ask for: a real PostgreSQL, and a database of its own in it.

One server per test process, made for the run and without fsync; the schema is loaded once, into
a template, and each test that asks gets a clone of it.  Nothing here may leave this machine, and
nothing that people write may get into a log: the log is written as in production, at its most
talkative, and a test during which a canary is heard has failed.
"""

import asyncio
import itertools
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import pytest

from balcao import logs
from balcao.store import embedded
from balcao.store.database import Database
from balcao.store.embedded import Embedded
from balcao.store.migrate import migrate
from tests.canaries import sung

T = TypeVar("T")

TEMPLATE = "template_balcao"
STRATEGY = "strategy file_copy"  # the quicker one, where files are in memory
LOCAL = ("127.", "localhost", "::1", "0.0.0.0")
HASTE = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "16MB",
}
MEMORY = Path("/dev/shm")
MEMORY_BYTES_MIN = 2 << 30


class NotHere(Exception):
    """A test tried to reach beyond this machine."""


def _stay_local(event: str, args: tuple[Any, ...]) -> None:
    if event == "socket.connect":
        address = args[1]
        if isinstance(address, tuple) and not str(address[0]).startswith(LOCAL):
            raise NotHere(str(address[0]))


sys.addaudithook(_stay_local)
logs.configure("json", "debug")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Whatever the test and its processes wrote is looked through for canaries."""
    report = yield
    heard = sung(text for _, text in report.sections)
    if heard:
        report.outcome = "failed"
        report.longrepr = "\n".join(["canaries in the log:", *heard])
    return report


def run(what: Coroutine[Any, Any, T]) -> T:
    """Run *what* to its end, also where an event loop runs already."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, what).result()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Path]:
    """The data folder of a running PostgreSQL, whose template holds the whole schema."""
    home = Path(tempfile.mkdtemp(prefix="balcao-test-", dir=_fast_place()))
    home.chmod(0o711)
    server = Embedded(home, settings=HASTE)
    server.start()
    try:
        run(_execute(home, f"create database {TEMPLATE}"))
        run(migrate(embedded.dsn(home, TEMPLATE)))
        yield home
    finally:
        server.stop()
        shutil.rmtree(home)


@pytest.fixture(scope="session")
def new_database(postgres: Path) -> Iterator[Callable[[], str]]:
    """Makes databases with the whole schema and nothing in them; returns their addresses."""
    numbers = itertools.count(1)

    def make() -> str:
        name = f"test_{next(numbers)}"
        run(_execute(postgres, f"create database {name} template {TEMPLATE} {STRATEGY}"))
        return embedded.dsn(postgres, name)

    yield make


@pytest.fixture
def dsn(new_database: Callable[[], str], postgres: Path) -> Iterator[str]:
    """The address of a fresh database with the whole schema, this test's own."""
    address = new_database()
    yield address
    name = address.partition("@/")[2].partition("?")[0]
    run(_execute(postgres, f"drop database {name} with (force)"))


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    """A database of this test's own, opened."""
    opened = await Database.open(dsn)
    try:
        yield opened
    finally:
        await opened.close()


def _fast_place() -> Path | None:
    """Memory, where a database is cloned twenty times as fast; None: the usual place."""
    if not MEMORY.is_dir() or os.statvfs(MEMORY).f_flag & os.ST_NOEXEC:
        return None
    return MEMORY if shutil.disk_usage(MEMORY).free >= MEMORY_BYTES_MIN else None


async def _execute(home: Path, sql: str) -> None:
    connection = await asyncpg.connect(embedded.dsn(home, "postgres"))
    try:
        await connection.execute(sql)
    finally:
        await connection.close()
