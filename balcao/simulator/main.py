"""Puts the pretend WhatsApp together, and runs it as a process of its own."""

import asyncio
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from balcao.simulator.account import Account
from balcao.simulator.clock import Clock
from balcao.simulator.colleagues import Colleagues
from balcao.simulator.conduct import Pace
from balcao.simulator.customers import Customers
from balcao.simulator.delivery import Deliveries
from balcao.simulator.feed import Feed
from balcao.simulator.graph import GraphApi
from balcao.simulator.hosting import Contents, MediaHost
from balcao.simulator.media import Media
from balcao.simulator.memory import Memory
from balcao.simulator.meta import Meta
from balcao.simulator.outcomes import Outcomes
from balcao.simulator.page import PhonesPage
from balcao.simulator.phones import ControlApi, problems
from balcao.simulator.receiver import ANSWER_WITHIN_S, Receiver
from balcao.simulator.shelf import Shelf
from balcao.simulator.world import EntryPoint, World
from balcao.simulator.writing import Writing

_MOST_BODY = 8 * 1024 * 1024
_LAST_ANSWERS_S = 1.0


class Simulator:
    """Is a pretend WhatsApp on two ports of its own, from start to stop: Graph's and its media's.

    `port` or `media_port` 0 takes a free one, known after the start. `time_factor` scales the
    waits between repeated webhooks, each of which waits `answer_within_s` for its answer; `memory`
    is a file to remember people and phones in, with media in a folder beside it. At the desk of
    `desk_url` scripted colleagues can be switched on, who sign in with `desk_password` and work at
    their `pace`. An `async with` starts and stops it.
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
        media_port: int = 0,
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
        self.media = Media(self.world, Shelf(_beside(memory)), access_token)
        self.writing = Writing(self.world, self.deliveries, self.media)
        meta = Meta(self.world, self.outcomes, self.media)
        self.account = Account(numbers, access_token, app_secret, webhook_url)
        self.graph = GraphApi(self.world, meta, self.media, self.account)
        self.colleagues = Colleagues(self.world, desk_url, desk_password, pace or Pace(), seed)
        self._people = Customers(self.world, self.writing, seed) if scripted else None
        self._memory = Memory(self.world, self.media, memory) if memory else None
        self._media_host = MediaHost(self.world, self.media)
        self._host = host
        self._port = port
        self._media_port = media_port
        self._runners: list[web.AppRunner] = []

    @property
    def url(self) -> str:
        """Is the address to reach it at."""
        return f"http://{self._host}:{self._port}"

    @property
    def media_url(self) -> str:
        """Is the address that media are fetched from."""
        return f"http://{self._host}:{self._media_port}"

    async def start(self) -> None:
        """Listens; raises OSError if a port is taken."""
        self.media.shelf.open()
        try:
            self._port = await self._listen(self._application(), self._port)
            self._media_port = await self._listen(self._media_host.application(), self._media_port)
        except OSError:
            await self._hang_up()
            self.media.shelf.close()
            raise
        self.media.base_url = self.media_url
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
        self._media_host.close()
        self.feed.close()
        await self._hang_up()
        await self.deliveries.close()
        await self.receiver.close()
        self.media.shelf.close()

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

    async def _listen(self, application: web.Application, port: int) -> int:
        """Serves on a port; gives the one that it is."""
        runner = web.AppRunner(
            application,
            handle_signals=False,
            access_log=None,
            shutdown_timeout=_LAST_ANSWERS_S,
            handler_cancellation=True,
        )
        self._runners.append(runner)
        await runner.setup()
        await web.TCPSite(runner, self._host, port).start()
        return int(runner.addresses[0][1])

    async def _hang_up(self) -> None:
        for runner in self._runners:
            await runner.cleanup()
        self._runners.clear()

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=_MOST_BODY, middlewares=[problems])
        page = PhonesPage(self.world, self.deliveries, self.colleagues)
        control = ControlApi(
            self.world, self.deliveries, self.writing, self.graph, self.receiver, self.colleagues
        )
        application.add_routes([*page.routes(), *control.routes(), *self.graph.routes()])
        application.add_routes(Contents(self.media).routes())
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
    media_port: int = 0,
    scripted: bool = False,
    seed: int | None = None,
    on_ready: Callable[[], None] = lambda: None,
    memory: Path | None = None,
    desk_url: str | None = None,
    desk_password: str = "",
) -> None:
    """Runs a simulator until SIGTERM or SIGINT; raises OSError if a port is taken.

    Media are fetched from `media_port`. `entry_points` are (phone_number_id, display number,
    name); `on_ready` is called once it listens; `memory` is a file that people and phones outlive
    a restart in; `desk_url` and `desk_password` are for scripted colleagues, and without an address
    there are none.
    """
    simulator = Simulator(
        webhook_url=webhook_url,
        app_secret=app_secret,
        verify_token=verify_token,
        access_token=access_token,
        entry_points=entry_points,
        host=host,
        port=port,
        media_port=media_port,
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


def _beside(memory: Path | None) -> Path | None:
    """Is where contents are kept: with what is remembered, if anything is."""
    return None if memory is None else memory.with_suffix(".media")


async def _health(_: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})
