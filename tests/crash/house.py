"""A whole Balcão that may die, with its people: the parent and all it starts, phones, and agents.

The parent runs in a process group of its own and is started again whenever it has ended, as a
service manager would.  The pretend WhatsApp and the agents live in the process of the test, which
survives everything.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import psutil

from balcao.processes import Child
from balcao.simulator import faults
from balcao.simulator.envelope import Update
from balcao.simulator.main import Simulator
from balcao.simulator.world import Customer, EntryPoint
from balcao.store import embedded
from balcao.store.database import Database
from balcao.store.postgres import UNREACHABLE
from tests.crash import organisation
from tests.crash.armed import FOLDER, WORKERS
from tests.crash.failpoints import Arms
from tests.crash.organisation import ALONE, NUMBERS, TOGETHER
from tests.crash.people import Agent, NeverShown, eventually, until
from tests.crash.proxy import Line

ROOT = Path(__file__).parents[2]
SECRET_KEY = "a secret of the crash tests"
WORD = "a word of the crash tests"
TOKEN = "a token of the crash tests"
APP_SECRET = "an app secret of the crash tests"
WEBHOOK_SECONDS = 2.0  # that WhatsApp waits for an answer; shorter than a hang
AGAIN_SECONDS = 0.2
WHOLE_SECONDS = 60
BUSY_FAULTS = {"batch": 5, "duplicate": 0.1, "reorder": 0.1, "malformed": 0.03, "seed": 7}
#: Customers at work write at this pace; each writes a few lines.
WRITE_SECONDS = 0.25
LINES = 3
LOG_LINES = 25


class House:
    """Everything that there is, and what may be done to it."""

    def __init__(self, folder: Path, port: int, phones: Simulator, line: Line | None) -> None:
        """In *folder*, at *port*; WhatsApp is reached over the *line*, where there is one."""
        self.home = folder / "home"
        self.log = folder / "log"
        self.url = f"http://127.0.0.1:{port}"
        self.phones = phones
        self.arms = Arms(folder)
        self.agents: dict[str, Agent] = {}
        self.answered: list[bytes] = []
        self.refused: list[int | None] = []
        self.line = line
        self._parent = self._child(port, phones.url if line is None else line.url)
        self._http: aiohttp.ClientSession
        self._loops: list[asyncio.Task[None]] = []

    def _child(self, port: int, graph_url: str) -> Child:
        settings = {
            "DATA_DIR": str(self.home),
            "PORT": str(port),
            "SECRET_KEY": SECRET_KEY,
            "APP_SECRETS": APP_SECRET,
            "VERIFY_TOKEN": WORD,
            "ACCESS_TOKEN": TOKEN,
            "GRAPH_URL": graph_url,
            "MEDIA_HOSTS": self.phones.media_url.partition("//")[2],
        }
        environment = {f"BALCAO_{name}": value for name, value in settings.items()}
        environment |= {FOLDER: str(self.arms.folder), "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-P", "-m", "tests.crash.armed", "serve"]
        return Child("house", command, environment=environment, grace_seconds=30)

    @property
    def parent(self) -> int:
        """The parent's process."""
        assert self._parent.process is not None
        return self._parent.process.pid

    def servers(self) -> list[int]:
        """The serving processes that are there."""
        found = []
        with suppress(psutil.Error, AssertionError):
            for child in psutil.Process(self.parent).children():
                with suppress(psutil.Error):
                    if "tests.crash.armed" in child.cmdline() and child.status() != "zombie":
                        found.append(child.pid)
        return found

    def postgres(self) -> int:
        """PostgreSQL's first process."""
        return int((self.home / "data" / "postmaster.pid").read_text().split()[0])

    async def whole(self) -> None:
        """Return once both servers work and answer."""

        def both() -> bool:
            return len(set(self.servers()) & self.arms.up()) == WORKERS

        await until(both, WHOLE_SECONDS)
        await eventually(self._ready, WHOLE_SECONDS)

    def sane(self) -> None:
        """Raise what went wrong with those who look on."""
        for loop in self._loops:
            assert not loop.done(), "somebody has stopped looking on"
        for agent in self.agents.values():
            agent.sane()

    def last_words(self) -> str:
        """The end of what the servers have logged."""
        said = self.log.read_text() if self.log.exists() else "nothing was logged"
        return "\n".join(said.splitlines()[-LOG_LINES:])

    async def replace(self, pid: int) -> None:
        """End a process in order, where it is there still; another takes its place."""
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        await dead(pid)

    def write(self, customer: Customer, number: str, text: str) -> None:
        """A customer writes to the number of that name."""
        to = NUMBERS[number].display_number
        self.phones.writing.write(customer, {"entry_point": to, "text": text})

    def photo(self, customer: Customer, number: str, **own: str) -> None:
        """A customer sends a photo to the number of that name, or one that is *own*."""
        to = NUMBERS[number].display_number
        given = {"entry_point": to, "type": "image", "media": own}
        self.phones.writing.write(customer, given)

    def tell(self, update: Update) -> None:
        """WhatsApp has something to tell."""
        self.phones.deliveries.put(update)

    def newcomer(self) -> Customer:
        """Somebody who has never written."""
        return self.phones.world.newcomer()

    def set_faults(self, **changed: Any) -> None:
        """The usual faults of the network and of Graph, but for what is *changed*."""
        self.phones.world.set_faults(faults.parse({**BUSY_FAULTS, **changed}))
        self.phones.deliveries.faults_changed()

    async def answers(self, path: str, seconds: float) -> bool:
        """Whether 200 is the answer in time; raises one of LOST where there is none."""
        timeout = aiohttp.ClientTimeout(total=seconds)
        async with self._http.get(f"{self.url}{path}", timeout=timeout) as answer:
            return answer.status == 200

    async def sql(self, statement: str, *args: object) -> list[Any]:
        """Ask or change the database, as soon as it is there."""
        while True:
            with suppress(*UNREACHABLE):
                return await self.look(statement, *args)
            await asyncio.sleep(AGAIN_SECONDS)

    async def look(self, statement: str, *args: object) -> list[Any]:
        """Ask or change the database once; one of UNREACHABLE where it is not there."""
        connection = await asyncpg.connect(embedded.dsn(self.home), timeout=2, command_timeout=10)
        try:
            return list(await connection.fetch(statement, *args))
        finally:
            await connection.close(timeout=2)

    @asynccontextmanager
    async def database(self) -> AsyncIterator[Database]:
        """The database as a program of ours opens it."""
        opened = await Database.open(embedded.dsn(self.home), size=1)
        try:
            yield opened
        finally:
            await opened.close()

    @asynccontextmanager
    async def busy(self) -> AsyncIterator[None]:
        """Customers write and two agents work, for as long as the block lasts."""
        working = [asyncio.create_task(self._write())]
        working += [asyncio.create_task(self._work(name)) for name in organisation.WORKERS]
        try:
            yield
        finally:
            for one in working:
                one.cancel()
            ends = await asyncio.gather(*working, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception):
                raise end

    async def _write(self) -> None:
        number = 0
        while True:
            customer = self.newcomer()
            for _ in range(LINES):
                number += 1
                self.write(customer, TOGETHER, f"linha {number}")
                await asyncio.sleep(WRITE_SECONDS)

    async def _work(self, name: str) -> None:
        while True:
            with suppress(NeverShown):  # in a long outage; what is left is seen in the end
                await self.agents[name].clear()
            await asyncio.sleep(0.1)

    async def _ready(self) -> bool:
        return await self.answers("/ready", 2.0)

    async def _keep(self) -> None:
        """Start the parent, and start it again whenever it has ended."""
        while True:
            if self._parent.process is None or self._parent.ended() is not None:
                self._parent.start()
            await asyncio.sleep(AGAIN_SECONDS)

    async def _note_answers(self) -> None:
        """Keep what was answered with 200: from then on it may not be lost."""
        with self.phones.feed.watch() as changes:
            while (change := await changes.get()) is not None:
                kind, entry = change
                if kind == "webhook" and entry["status"] == 200:
                    self.answered.append(entry["body"].encode())
                elif kind == "webhook":
                    self.refused.append(entry["status"])

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """All of it, from its first start to its orderly end."""
        async with AsyncExitStack() as stack:
            self._http = await stack.enter_async_context(aiohttp.ClientSession())
            stack.push_async_callback(self._close)
            self._loops = [
                asyncio.create_task(self._keep()),
                asyncio.create_task(self._note_answers()),
            ]
            await self.whole()
            async with self.database() as database:
                await organisation.fill(database)
            for name in (*ALONE, *organisation.WORKERS):
                agent = await Agent(self.url, name).come()
                self.agents[name] = agent
                stack.push_async_callback(agent.go)
            yield

    async def _close(self) -> None:
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        if self._parent.process is not None:
            parent = self.parent
            self._parent.end()
            try:
                await dead(parent)
            finally:
                await asyncio.to_thread(self._parent.see_off)


@asynccontextmanager
async def open_house(
    within: Path | None = None,
    *,
    over_a_line: bool = False,
    prepare: Callable[[Path], None] = lambda _: None,
) -> AsyncIterator[House]:
    """A house in a folder of its own, *within* one that is given or wherever there is room.

    What *prepare* puts into that folder is there before anything is started.
    """
    folder = _new_folder(within)
    prepare(folder)
    port = free_port()
    phones = Simulator(
        webhook_url=f"http://127.0.0.1:{port}/webhooks/whatsapp",
        app_secret=APP_SECRET,
        verify_token=WORD,
        access_token=TOKEN,
        entry_points=[_tuple(number) for number in NUMBERS.values()],
        seed=7,
        time_factor=0.1,
        answer_within_s=WEBHOOK_SECONDS,
    )
    async with AsyncExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        await stack.enter_async_context(phones)
        line = await stack.enter_async_context(Line(phones.url)) if over_a_line else None
        house = House(folder, port, phones, line)
        house.set_faults()
        try:
            async with house.running():
                yield house
        except Exception:
            print(house.last_words(), flush=True)
            raise


def alive(pid: int) -> bool:
    """Whether a process is there and not only waits to be taken note of."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def dead(pid: int) -> None:
    """Return once a process has ended."""
    await until(lambda: not alive(pid))


def _new_folder(within: Path | None) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="balcao-crash-", dir=within))
    folder.chmod(0o711)
    return folder


def free_port() -> int:
    """A port that nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as one:
        port: int = one.getsockname()[1]
        return port


def _tuple(number: EntryPoint) -> tuple[str, str, str]:
    return number.phone_number_id, number.display_number, number.name
