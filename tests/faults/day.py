"""A demo in processes of its own, and people at work in it who put up with what goes wrong.

The agents do what a desktop does: listen to the stream, answer pings, accept, write, conclude,
and ask again, with the same client id, where an answer was lost.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Self

import aiohttp
import msgspec

from balcao.demo import PASSWORD
from tests.streams import events
from tests.web.house import Desk

LOST = (aiohttp.ClientError, OSError, TimeoutError)
STEP_SECONDS = 0.1
BEAT_SECONDS = 2.0
READ_BYTES = 2**22


def free_ports() -> tuple[int, int]:
    """Two ports that nobody uses."""
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as other,
    ):
        return one.getsockname()[1], other.getsockname()[1]


async def until(what: Callable[[], Awaitable[object]], seconds: float) -> None:
    """Return once *what* says yes; what cannot be reached has said no."""
    async with asyncio.timeout(seconds):
        while True:
            with suppress(*LOST):
                if await what():
                    return
            await asyncio.sleep(STEP_SECONDS)


class Shop:
    """A running demo: its server, its database, its pretend WhatsApp."""

    def __init__(self, home: Path, port: int, phones_port: int, http: aiohttp.ClientSession):
        self.home = home
        self.url = f"http://127.0.0.1:{port}"
        self.phones_url = f"http://127.0.0.1:{phones_port}"
        self.http = http
        command = [sys.executable, "-m", "balcao", "demo", "--quiet", "--port", str(port)]
        command += ["--simulator-port", str(phones_port), "--data-dir", str(home)]
        self.process = subprocess.Popen(command, process_group=0)

    async def sim(self, method: str, path: str, body: object = None) -> Any:
        """Ask the simulator's control API."""
        url = f"{self.phones_url}/sim/{path}"
        async with self.http.request(method, url, json=body) as answer:
            assert answer.status < 400, await answer.text()
            return await answer.json()

    async def ready(self) -> bool:
        """Whether server and database answer."""
        async with self.http.get(f"{self.url}/ready") as answer:
            return answer.status == 200

    async def kill_server(self) -> None:
        """`kill -9` the process that serves, and see it come back."""
        await self._kill(self._child("balcao.server"))

    async def kill_database(self) -> None:
        """`kill -9` PostgreSQL's first process, and see it come back."""
        await self._kill(int((self.home / "data/postmaster.pid").read_text().split()[0]))

    async def _kill(self, pid: int) -> None:
        os.kill(pid, signal.SIGKILL)

        async def gone() -> bool:
            return not _there(pid)

        await until(gone, 20)
        await until(self.ready, 30)

    def _child(self, name: str) -> int:
        for path in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
                if parent == self.process.pid and name in (path / "cmdline").read_text():
                    return int(path.name)
        raise AssertionError(f"no {name}")


def _there(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


@asynccontextmanager
async def open_shop(home: Path) -> AsyncIterator[Shop]:
    """A demo from its start to its orderly end."""
    timeout = aiohttp.ClientTimeout(total=15)
    async with aiohttp.ClientSession(timeout=timeout) as http:
        shop = Shop(home, *free_ports(), http)
        try:
            await until(shop.ready, 40)
            await until(lambda: shop.sim("GET", "clock"), 10)
            yield shop
        finally:
            os.killpg(shop.process.pid, signal.SIGTERM)
            assert await asyncio.to_thread(shop.process.wait, 30) == 0


class Agent:
    """Somebody at a desk, for as long as the block lasts."""

    def __init__(self, shop: Shop, name: str, replies: int) -> None:
        self.desk = Desk()
        self.written: set[str] = set()
        self._shop = shop
        self._name = name
        self._replies = replies
        self._http = aiohttp.ClientSession(
            shop.url,
            cookie_jar=aiohttp.CookieJar(unsafe=True),
            timeout=aiohttp.ClientTimeout(total=10),
            read_bufsize=READ_BYTES,
        )

    async def __aenter__(self) -> Self:
        body = {"email": f"{self._name}@demo", "password": PASSWORD, "takeover": True}
        assert (await self._ask("POST", "/api/session", body))[0] == 201
        loops = (self._listen, self._beat, self._work)
        self._tasks = [asyncio.create_task(self._for_ever(loop)) for loop in loops]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        said = await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._http.close()
        assert all(isinstance(one, asyncio.CancelledError) for one in said), said

    async def _for_ever(self, what: Callable[[], Awaitable[None]]) -> None:
        while True:
            with suppress(*LOST):
                await what()
            await asyncio.sleep(STEP_SECONDS)

    async def _ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        async with self._http.request(method, path, json=body) as answer:
            raw = await answer.read()
            return answer.status, msgspec.json.decode(raw) if raw else None

    async def _listen(self) -> None:
        endless = aiohttp.ClientTimeout(total=None, sock_read=30)
        async with self._http.get("/api/desk", timeout=endless) as answer:
            async for event, data in events(answer):
                self.desk.hear(event, data)

    async def _beat(self) -> None:
        await self._ask("POST", "/api/desk/beat")
        await asyncio.sleep(BEAT_SECONDS)

    async def _work(self) -> None:
        if self.desk.me is not None and self.desk.me["state"] in ("idle", "rona"):
            await self._ask("PUT", "/api/agent/state", {"state": "available"})
        await self._ask("POST", "/api/offers/accept-all")
        for task in self.desk.of("task"):
            leg = task["leg"]
            if leg is not None and leg["state"] == "connected":
                await self._answer(task["id"])
            elif leg is not None and leg["state"] == "wrap-up":
                code = self.desk.codes["wrap_up"][0]["id"]
                await self._ask("POST", f"/api/tasks/{task['id']}/wrap-up", {"aux_code_id": code})

    async def _answer(self, task: str) -> None:
        """Some replies, each surely taken before the next, and the end."""
        for number in range(self._replies):
            text = f"{self._name} {task} {number}"
            body = {"client_id": text, "type": "text", "text": text}
            status, _ = await self._ask("POST", f"/api/tasks/{task}/messages", body)
            if status != 202:
                return
            self.written.add(text)
        await self._ask("POST", f"/api/tasks/{task}/end")
