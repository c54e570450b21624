"""`balcao serve` in processes of its own, with all that it writes kept, and a way to talk to it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from balcao.whatsapp.signature import sign
from tests.health.scrape import Scrape

PATIENCE = 40.0
LOOK_SECONDS = 0.05


@dataclass(frozen=True)
class Secrets:
    """What an operator keeps to himself."""

    app_secret: str = "health-app-secret-0123456789"
    secret_key: str = "health-secret-key-0123456789"
    verify_token: str = "health-verify-token"
    access_token: str = "health-access-token"

    def environment(self) -> dict[str, str]:
        """As the server is told them."""
        return {
            "BALCAO_APP_SECRETS": self.app_secret,
            "BALCAO_SECRET_KEY": self.secret_key,
            "BALCAO_VERIFY_TOKEN": self.verify_token,
            "BALCAO_ACCESS_TOKEN": self.access_token,
        }


class Server:
    """A running server."""

    def __init__(
        self,
        dsn: str,
        folder: Path,
        http: aiohttp.ClientSession,
        secrets: Secrets,
        environment: Mapping[str, str],
        workers: int,
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as door:
            port = door.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.http = http
        self.secrets = secrets
        self._written = folder / "written"
        command = [sys.executable, "-m", "balcao", "serve", "--port", str(port)]
        own = {
            "BALCAO_DATABASE_URL": dsn,
            "BALCAO_LOG_FORMAT": "json",
            "BALCAO_LOG_LEVEL": "debug",
            **secrets.environment(),
            **environment,
        }
        with self._written.open("wb") as written:
            self.process = subprocess.Popen(
                [*command, "--workers", str(workers)],
                env={**os.environ, **own},
                stdout=written,
                stderr=written,
                process_group=0,
            )

    @property
    def written(self) -> str:
        """All that the server and its workers have written so far, to both streams."""
        return self._written.read_text()

    @property
    def log(self) -> list[dict[str, Any]]:
        """The lines of the log so far."""
        return [json.loads(line) for line in self.written.splitlines() if line.startswith("{")]

    def lines(self, event: str, **ids: int | str) -> list[dict[str, Any]]:
        """The lines of one event that have these ids."""
        return [line for line in self.log if line["event"] == event and ids.items() <= line.items()]

    async def line(self, event: str, **ids: int | str) -> dict[str, Any]:
        """The first line of one event with these ids, once it is there."""

        async def there() -> object:
            return self.lines(event, **ids)

        await until(there)
        return self.lines(event, **ids)[0]

    async def ready(self) -> bool:
        """Whether it answers."""
        assert self.process.poll() is None, self.written
        async with self.http.get(f"{self.url}/ready") as answer:
            return answer.status == 200

    async def scrape(self) -> Scrape:
        """What /metrics says now."""
        async with self.http.get(f"{self.url}/metrics") as answer:
            assert answer.status == 200
            return Scrape(await answer.text())

    async def webhook(self, body: bytes, secret: str | None = None) -> tuple[int, bytes]:
        """Deliver a webhook, as WhatsApp does."""
        headers = {"x-hub-signature-256": sign(body, secret or self.secrets.app_secret)}
        url = f"{self.url}/webhooks/whatsapp"
        async with self.http.post(url, data=body, headers=headers) as answer:
            return answer.status, await answer.read()

    async def raw(self, request: bytes) -> bytes:
        """What is answered to these bytes."""
        port = int(self.url.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        answer = await reader.read()
        writer.close()
        return answer

    def workers(self) -> list[int]:
        """The processes that serve."""
        found = []
        for path in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
                if parent == self.process.pid and "balcao.server" in (path / "cmdline").read_text():
                    found.append(int(path.name))
        return found


async def until(what: Callable[[], Awaitable[object]], seconds: float = PATIENCE) -> None:
    """Return once *what* says yes; what cannot be reached has said no."""
    async with asyncio.timeout(seconds):
        while True:
            with suppress(aiohttp.ClientError, OSError):
                if await what():
                    return
            await asyncio.sleep(LOOK_SECONDS)


@asynccontextmanager
async def served(
    dsn: str,
    folder: Path,
    *,
    secrets: Secrets = Secrets(),
    workers: int = 2,
    environment: Mapping[str, str] | None = None,
) -> AsyncIterator[Server]:
    """A server over the database at *dsn*, from its start to its orderly end."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)) as http:
        server = Server(dsn, folder, http, secrets, environment or {}, workers)
        try:
            await until(server.ready)
            yield server
        finally:
            os.killpg(server.process.pid, signal.SIGTERM)
            assert await asyncio.to_thread(server.process.wait, 30) == 0
