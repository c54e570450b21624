"""One serving process: where all objects meet.

It takes its task from the supervisor, opens what it needs, keeps the loops going and serves
the web until it is told to end.  Then it lets the streams say goodbye, answers what is being
asked, lets each loop finish the step it is in, and only then lets go of the database.
"""

import asyncio
import gc
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from time import perf_counter
from typing import Any, cast

import msgspec
import structlog
import uvicorn
import uvloop

from balcao import demo, logs
from balcao.edges import Edge, no_edge
from balcao.engine.intake import Intake
from balcao.engine.loop import Progress, Step, keep_done
from balcao.engine.media import Downloads
from balcao.engine.receipts import Receipts
from balcao.engine.router import Router
from balcao.engine.sender import Sender
from balcao.engine.uploads import Uploads
from balcao.processes import Line
from balcao.realtime.hub import Hub
from balcao.store.bus import Kind, Nudge
from balcao.store.database import Database
from balcao.store.files import Files
from balcao.store.media import LEASE as FETCH_LEASE
from balcao.store.outbox import LEASE
from balcao.store.postgres import COMMAND_SECONDS_MAX, UNREACHABLE
from balcao.store.webhooks import STORE_SECONDS_MAX, Inbox
from balcao.telemetry import figures, traces
from balcao.web import app as web
from balcao.web.bodies import DemoAccount
from balcao.web.figures import Figures
from balcao.web.webhook import Application, webhook_app
from balcao.whatsapp.client import ANSWER_SECONDS_MAX, Client
from balcao.whatsapp.media import FETCH_SECONDS_MAX, MediaClient
from balcao.work import Work

log = structlog.get_logger()

CONNECTIONS = 16
RETRY_SECONDS = 0.25
DRAIN_SECONDS = 6  # for open answers; the loops' last steps come after
LAST_STEP_SECONDS = 3.0
KEEP_ALIVE_SECONDS = 75
PROBE_SECONDS = 0.1


@dataclass(frozen=True)
class Patience:
    """How long a process waits for others before it goes on without their answer."""

    command_seconds: float = COMMAND_SECONDS_MAX
    store_seconds: float = STORE_SECONDS_MAX
    answer_seconds: float = ANSWER_SECONDS_MAX
    lease: timedelta = LEASE
    fetch_seconds: float = FETCH_SECONDS_MAX
    fetch_lease: timedelta = FETCH_LEASE


class Loop:
    """One of the engine's loops, and its orderly end."""

    def __init__(self, name: str, step: Step, wakes: AbstractSet[Kind]) -> None:
        """Runs *step* whenever something of the kinds *wakes* has changed, and by itself."""
        self.woken = asyncio.Event()
        self.wakes = wakes
        self._step = step
        self._stepping = asyncio.Lock()
        self._task = asyncio.create_task(keep_done(name, self._guarded, self.woken))

    async def finish(self) -> None:
        """Let the step that is under way end, and begin no other."""
        try:
            async with asyncio.timeout(LAST_STEP_SECONDS):
                await self._stepping.acquire()
        except TimeoutError:
            log.warning("step_cut_short", loop=self._task.get_name())
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _guarded(self) -> Progress:
        async with self._stepping:
            return await self._step()


def main(edge: Edge = no_edge, patience: Patience = Patience()) -> None:
    """Serve as the supervisor says, until it says otherwise or is gone.

    *edge* is told of every transaction and of every call to WhatsApp.
    """
    line = Line()
    work = msgspec.json.decode(line.task(), type=Work)
    logs.configure(work.log_format, work.log_level)
    figures.runs(work.version)
    line.end_with_supervisor()
    with (
        traces.exported(work.version, work.worker),
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(_serve(work, line.tell_ready, edge, patience))


async def _serve(
    work: Work, tell_ready: Callable[[], None], edge: Edge, patience: Patience
) -> None:
    asyncio.get_running_loop().set_exception_handler(logs.unhandled)
    told = asyncio.Event()
    _hear_signals(told)
    open_database = partial(
        Database.open,
        work.database_url,
        size=CONNECTIONS,
        edge=edge,
        command_seconds=patience.command_seconds,
    )
    database = await _opened(open_database, told)
    if database is None:
        return
    async with _node(work, database, edge, patience) as (application, drain):
        server = uvicorn.Server(configuration(application))
        with socket.socket(fileno=work.door) as door:
            serving = asyncio.create_task(server.serve([door]))
            await asyncio.sleep(0)  # in its first moment uvicorn puts its own ears on
            _hear_signals(told)
            gc.collect()
            gc.freeze()
            gc.set_threshold(10_000, 50, 50)
            tell_ready()
            ending = asyncio.create_task(_end_when(told, server, drain))
            await serving
            ending.cancel()


async def _keep_probing() -> None:
    """See how late timers fire here: whatever holds up the event loop holds up everyone."""
    while True:
        due = perf_counter() + PROBE_SECONDS
        await asyncio.sleep(PROBE_SECONDS)
        figures.fired_late(max(0.0, perf_counter() - due))


async def _end_when(told: asyncio.Event, server: uvicorn.Server, drain: Callable[[], None]) -> None:
    await told.wait()
    drain()
    server.should_exit = True


def _hear_signals(told: asyncio.Event) -> None:
    """From here on the first SIGTERM or SIGINT sets *told*, and a second changes nothing."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(told.set))


async def _opened(
    open_database: Callable[[], Awaitable[Database]], told: asyncio.Event
) -> Database | None:
    """The database, however long it takes to be there; None if the end comes first."""
    while not told.is_set():
        try:
            return await open_database()
        except UNREACHABLE as error:
            log.warning("database_unreachable", error=type(error).__name__)
            with suppress(TimeoutError):
                await asyncio.wait_for(told.wait(), RETRY_SECONDS)
    return None


@asynccontextmanager
async def _node(
    work: Work, database: Database, edge: Edge, patience: Patience
) -> AsyncIterator[tuple[Application, Callable[[], None]]]:
    """Everything that works, going: the application to serve, and how to drain its streams."""
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        files = Files(work.media)
        await stack.enter_async_context(_engine(work, database, files, edge, patience))
        inbox = await stack.enter_async_context(
            Inbox(database, store_seconds=patience.store_seconds)
        )
        door = webhook_app(inbox, secrets=work.app_secrets, verify_token=work.verify_token)
        hub = await stack.enter_async_context(Hub(database))
        own = Figures(database, hub, worker=work.worker, sockets=work.sockets)
        await stack.enter_async_context(own)
        stack.callback(asyncio.create_task(_keep_probing()).cancel)
        application = web.create(
            database,
            hub,
            webhook=door,
            files=files,
            own=own,
            version=work.version,
            public_url=work.public_url,
            demo_accounts=_accounts() if work.demonstration else None,
        )
        yield application, hub.drain


@asynccontextmanager
async def _engine(
    work: Work, database: Database, files: Files, edge: Edge, patience: Patience
) -> AsyncIterator[None]:
    """The loops, going, and what they need; in the end each finishes its step."""
    seal_key = work.secret_key.encode()
    async with AsyncExitStack() as stack:
        client, media = await stack.enter_async_context(_clients(work, edge, patience))
        token = work.access_token
        uploads = Uploads(database, media, files, access_token=token, lease=patience.fetch_lease)
        sender = Sender(
            database,
            client,
            uploads=uploads,
            seal_key=seal_key,
            access_token=token,
            lease=patience.lease,
        )
        stack.push_async_callback(sender.finish)
        stack.push_async_callback(uploads.let_go)
        downloads = Downloads(
            database, media, files, access_token=token, lease=patience.fetch_lease
        )
        stack.push_async_callback(downloads.let_go)
        receipts = Receipts(database, client, access_token=token)
        loops = [
            Loop("intake", Intake(database, seal_key=seal_key).step, {Kind.WEBHOOK}),
            Loop("router", Router(database).step, {Kind.ROUTING, Kind.AGENT, Kind.ORGANISATION}),
            Loop("sender", sender.step, {Kind.SENDING}),
            Loop("doubts", sender.doubt, set()),
            Loop("receipts", receipts.step, {Kind.RECEIPT}),
            Loop("media", downloads.step, {Kind.MEDIA}),
        ]
        stack.push_async_callback(_finish, loops)
        stack.callback(database.subscribe(partial(_wake, loops)))
        yield


@asynccontextmanager
async def _clients(
    work: Work, edge: Edge, patience: Patience
) -> AsyncIterator[tuple[Client, MediaClient]]:
    """Those who speak to WhatsApp: of messages, and of files."""
    graph = work.graph_url, work.graph_version
    async with AsyncExitStack() as stack:
        client = await Client.open(*graph, answer_seconds=patience.answer_seconds, edge=edge)
        stack.push_async_callback(client.close)
        media = await MediaClient.open(
            *graph, hosts=work.media_hosts, fetch_seconds=patience.fetch_seconds
        )
        stack.push_async_callback(media.close)
        yield client, media


def _accounts() -> list[DemoAccount]:
    return [
        DemoAccount(
            email=person.email,
            name=person.name,
            role=person.role,
            team=person.teams[0] if len(person.teams) == 1 else None,
            password=demo.PASSWORD,
        )
        for person in demo.PEOPLE
    ]


def _wake(loops: Sequence[Loop], nudges: frozenset[Nudge]) -> None:
    kinds = {nudge.kind for nudge in nudges}
    for loop in loops:
        if loop.wakes & kinds:
            loop.woken.set()


async def _finish(loops: Sequence[Loop]) -> None:
    await asyncio.gather(*(loop.finish() for loop in loops))


def configuration(application: Application) -> uvicorn.Config:
    return uvicorn.Config(
        cast("Any", application),
        loop="none",
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )


if __name__ == "__main__":
    main()
