"""A whole installation on this machine, in which anything may be set wrong, and the doctor's visit.

A real server behind real TLS, a real Graph API that knows a business, a real database, and the
command in a process of its own.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import uvicorn
from aiohttp import web

from balcao.simulator.account import Account
from balcao.simulator.refusals import GraphError
from balcao.simulator.world import EntryPoint
from balcao.store.database import Database
from balcao.web.webhook import Application, Receive, Scope, Send
from tests import world
from tests.web.house import House, house
from tests.world import sql

CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("BALCAO_")}
NUMBER = "100000000000001"
TOKEN, SECRET, WORD = "token-of-the-doctors-tests", "an app secret", "a word"
GOOD, ENDING, OWN = "good", "ending", "own"
DAYS = {GOOD: 365, ENDING: 5, OWN: 365}
WITHIN_SECONDS = 60


@dataclass
class Installation:
    """All that can be set wrong; as it comes, all is well."""

    account: Account
    now: datetime
    certificate: str = GOOD
    listens: bool = True
    instead: Application | None = None
    statement: str | None = None
    graph_ahead: timedelta = timedelta()
    environment: dict[str, str] = field(default_factory=dict)

    def has(self, **traits: object) -> None:
        """Let WhatsApp tell this of the number."""
        self.account.traits[NUMBER] = traits


@contextmanager
def certificates() -> Iterator[Path]:
    """A folder of certificates for localhost, and in `trusted.pem` those that are believed."""
    with TemporaryDirectory(prefix="balcao-test-") as made:
        folder = Path(made)
        for name, days in DAYS.items():
            subprocess.run(
                [
                    *("openssl", "req", "-x509", "-nodes", "-days", f"{days}"),
                    *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
                    *("-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost"),
                    *("-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem"),
                ],
                check=True,
                capture_output=True,
            )
        trusted = "".join((folder / f"{name}.pem").read_text() for name in (GOOD, ENDING))
        (folder / "trusted.pem").write_text(trusted)
        yield folder


@asynccontextmanager
async def graph(known: Installation) -> AsyncIterator[str]:
    """A Graph API that knows the account; its address."""

    async def number(request: web.Request) -> web.StreamResponse:
        try:
            return web.json_response(known.account.number(request.match_info["id"], request))
        except GraphError as error:
            return web.json_response(error.body(), status=error.status)

    async def date(_: web.Request, response: web.StreamResponse) -> None:
        response.headers["Date"] = format_datetime(known.now + known.graph_ahead, usegmt=True)

    application = web.Application()
    application.router.add_routes(known.account.routes())
    application.router.add_get(r"/v26.0/{id:\d+}", number)
    application.on_response_prepare.append(date)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@asynccontextmanager
async def serving(
    application: Application, door: socket.socket, certificates: Path, name: str
) -> AsyncIterator[None]:
    """The application behind a certificate."""
    config = uvicorn.Config(
        cast("Any", application),
        lifespan="off",
        log_config=None,
        ssl_certfile=certificates / f"{name}.pem",
        ssl_keyfile=certificates / f"{name}.key",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve([door]))
    yield
    server.should_exit = True
    await task


async def a_page(scope: Scope, receive: Receive, send: Send) -> None:
    """Somebody else's server, which says the same to everything."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"<h1>It works!</h1>"})


async def examined(
    dsn: str, folder: Path, environment: Mapping[str, str]
) -> tuple[int | None, list[str]]:
    """How the doctor ends, and the lines that it says."""
    own = {"BALCAO_DATABASE_URL": dsn, "BALCAO_DATA_DIR": str(folder), **environment}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "balcao", "doctor"),
        env={**CLEAN, **own},
        cwd="/",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    async with asyncio.timeout(WITHIN_SECONDS):
        said, _ = await process.communicate()
    lines = said.decode().splitlines()
    assert not any(secret in line for secret in (TOKEN, SECRET) for line in lines)
    return process.returncode, lines


@asynccontextmanager
async def stage(
    database: Database, certificates: Path, seed: Callable[[Installation], object]
) -> AsyncIterator[dict[str, str]]:
    """An installation that works but for what *seed* does to it; the doctor's environment."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        url = f"https://localhost:{door.getsockname()[1]}"
        account = Account(
            [EntryPoint(NUMBER, "551140001000", "Suporte N1")],
            access_token=TOKEN,
            app_secret=SECRET,
            webhook_url=f"{url}/webhooks/whatsapp",
        )
        known = Installation(account, await world.clock(database))
        seed(known)
        if not known.listens:
            door.close()
        async with graph(known) as graph_url, _house(database, known) as application:
            environment = {
                "SSL_CERT_FILE": str(certificates / "trusted.pem"),
                "BALCAO_PUBLIC_URL": url,
                "BALCAO_SECRET_KEY": "a-secret-of-some-length",
                "BALCAO_APP_SECRETS": SECRET,
                "BALCAO_VERIFY_TOKEN": WORD,
                "BALCAO_ACCESS_TOKEN": TOKEN,
                "BALCAO_GRAPH_URL": graph_url,
                **known.environment,
            }
            if not known.listens:
                yield environment
                return
            async with serving(application, door, certificates, known.certificate):
                yield environment


@asynccontextmanager
async def _house(database: Database, known: Installation) -> AsyncIterator[Application]:
    """What answers: a house in which somebody works and a customer has written."""
    async with house(database) as here:
        await _at_work(here)
        if known.statement is not None:
            await sql(database, known.statement)
        yield known.instead or here.application


async def _at_work(here: House) -> None:
    await here.employ("Marina")
    await here.written("wamid.1")
