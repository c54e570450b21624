"""Puts the pretend WhatsApp together, and runs it as a process of its own."""

import asyncio
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from balcao.simulator.clock import Clock
from balcao.simulator.colleagues import Colleagues
from balcao.simulator.conduct import Pace
from balcao.simulator.customers import Customers
from balcao.simulator.delivery import Deliveries
from balcao.simulator.feed import Feed
from balcao.simulator.graph import GraphApi
from balcao.simulator.memory import Memory
from balcao.simulator.meta import Meta
from balcao.simulator.outcomes import Outcomes
from balcao.simulator.page import PhonesPage
from balcao.simulator.phones import ControlApi, problems
from balcao.simulator.receiver import ANSWER_WITHIN_S, Receiver
from balcao.simulator.world import EntryPoint, World
from balcao.simulator.writing import Writing

_MOST_BODY = 8 * 1024 * 1024
_LAST_ANSWERS_S = 1.0


class Simulator:
    """Is a pretend WhatsApp on a port of its own, from start to stop.

    `port` 0 takes a free one, known after the start. `time_factor` scales the waits between
    repeated webhooks, each of which waits `answer_within_s` for its answer; `memory` is a file to
    remember people and phones in. At the desk of `desk_url` scripted colleagues can be switched
    on, who sign in with `desk_password` and work at their `pace`. An `async with` starts and
    stops it.
    """

    def __init__(
        self,
        *,
        webhook_url: str | None,
        app_secret: str,
        verify_token: str,
        access_token: str,
        entry_points: Sequence[tuple[str, str, str]],
        host: str = "127.0.0.1",
        port: int = 0,
        scripted: bool = False,
        seed: int | None = None,
        time_factor: float = 1.0,
        answer_within_s: float = ANSWER_WITHIN_S,
        memory: Path | None = None,
        desk_url: str | None = None,
        desk_password: str = "",
        pace: Pace | None = None,
    ) -> None:
        self.clock = Clock()
        self.feed = Feed()
        numbers = [EntryPoint(*number) for number in entry_points]
        self.world = World(self.clock, self.feed, numbers, seed)
        self.receiver = Receiver(webhook_url, app_secret, verify_token, answer_within_s)
        self.deliveries = Deliveries(self.world, self.receiver.post, time_factor)
        self.outcomes = Outcomes(self.world, self.deliveries)
        self.writing = Writing(self.world, self.deliveries)
        self.graph = GraphApi(self.world, Meta(self.world, self.outcomes, access_token))
        self.colleagues = Colleagues(
            self.world, desk_url, desk_password, Pace() if pace is None else pace, seed
        )
        self._people = Customers(self.world, self.writing, seed) if scripted else None
        self._memory = Memory(self.world, memory) if memory else None
        self._host = host
        self._port = port
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Is the address to reach it at."""
        return f"http://{self._host}:{self._port}"

    async def start(self) -> None:
        """Listens; raises OSError if the port is taken."""
        self._runner = web.AppRunner(
            self._application(),
            handle_signals=False,
            access_log=None,
            shutdown_timeout=_LAST_ANSWERS_S,
            handler_cancellation=True,
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        try:
            await site.start()
        except OSError:
            await self._runner.cleanup()
            raise
        self._port = self._runner.addresses[0][1]
        await self.receiver.open()
        if self._memory is not None:
            self._memory.recall()
            self._memory.start()
        await self.colleagues.start()
        if self._people is not None:
            self._people.start()

    async def stop(self) -> None:
        """Ends everything; webhooks that have not gone out never do."""
        if self._people is not None:
            await self._people.stop()
        await self.colleagues.stop()
        if self._memory is not None:
            await self._memory.stop()
        self.outcomes.close()
        self.graph.close()
        self.feed.close()
        if self._runner is not None:
            await self._runner.cleanup()
        await self.deliveries.close()
        await self.receiver.close()

    async def settled(self, within_s: float = 10.0) -> None:
        """Returns once every webhook has been delivered; raises TimeoutError if too late."""
        async with asyncio.timeout(within_s):
            await self.deliveries.settled()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=_MOST_BODY, middlewares=[problems])
        page = PhonesPage(self.world, self.deliveries, self.colleagues)
        control = ControlApi(
            self.world, self.deliveries, self.writing, self.graph, self.receiver, self.colleagues
        )
        application.add_routes([*page.routes(), *control.routes(), *self.graph.routes()])
        application.router.add_get("/health", _health)
        return application


def run(
    host: str,
    port: int,
    webhook_url: str,
    app_secret: str,
    verify_token: str,
    access_token: str,
    entry_points: Sequence[tuple[str, str, str]],
    scripted: bool = False,
    seed: int | None = None,
    on_ready: Callable[[], None] = lambda: None,
    memory: Path | None = None,
    desk_url: str | None = None,
    desk_password: str = "",
) -> None:
    """Runs a simulator until SIGTERM or SIGINT; raises OSError if the port is taken.

    `entry_points` are (phone_number_id, display number, name); `on_ready` is called once it
    listens; `memory` is a file that people and phones outlive a restart in; `desk_url` and
    `desk_password` are for scripted colleagues, and without an address there are none.
    """
    simulator = Simulator(
        webhook_url=webhook_url,
        app_secret=app_secret,
        verify_token=verify_token,
        access_token=access_token,
        entry_points=entry_points,
        host=host,
        port=port,
        scripted=scripted,
        seed=seed,
        memory=memory,
        desk_url=desk_url,
        desk_password=desk_password,
    )
    asyncio.run(_until_told(simulator, on_ready))


async def _until_told(simulator: Simulator, on_ready: Callable[[], None]) -> None:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    async with simulator:
        on_ready()
        await told.wait()


async def _health(_: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})
