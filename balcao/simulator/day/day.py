"""One simulated day, from the morning until everybody has gone home.

Each step draws what happens next: a customer, the post, one of the loops, or somebody at a desk.
Nudges wake nothing here: a loop is run at a moment that has nothing to do with what changed, as
if each nudge were lost, late or of no use.  After every step the floor is looked at; several
times, when the loops have come to rest, every promise is checked.  In the evening nothing fails
any more and everybody is willing: then all must come to its end, in a bounded time.
"""

from __future__ import annotations

import traceback
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from random import Random
from tempfile import TemporaryDirectory

from structlog.processors import format_exc_info
from structlog.testing import capture_logs
from structlog.typing import EventDict

from balcao import checker
from balcao.domain.values import Refused
from balcao.engine.intake import Intake
from balcao.engine.loop import Progress
from balcao.engine.media import Downloads
from balcao.engine.receipts import Receipts
from balcao.engine.router import Router
from balcao.engine.sender import Sender
from balcao.engine.uploads import Uploads
from balcao.simulator.day import deeds, organisation, scene
from balcao.simulator.day.choices import Choice, Deed, People
from balcao.simulator.day.graph import VERSION, Graph
from balcao.simulator.day.ground import Ground
from balcao.simulator.day.post import POISON_ERROR, Post
from balcao.store import floor
from balcao.store.files import Files
from balcao.store.messages import NoSuchMessage
from balcao.store.targets import UnknownTarget
from balcao.whatsapp.client import Client
from balcao.whatsapp.media import MediaClient

CHECKS = 4
BEAT_EVERY = timedelta(seconds=5)
#: While there is no outage routers look at least this often, by the clock of the day.
ROUTE_EVERY = timedelta(seconds=3)
MOMENT = timedelta(seconds=1)
LOOKS_AFTER_SETTING_UP = 8
RESTS_MAX = 30
ROUNDS_MAX = 200
SEAL_KEY, TOKEN = b"of a simulated day", "of a simulated day"
NOT_DONE = (Refused, UnknownTarget, NoSuchMessage)
#: What may be logged as a warning although all is well, or because of a poisonous message.
EXPECTED = {
    "fetch_rejected",
    "fetch_postponed",
    "send_postponed",
    "send_rejected",
    "send_unsure",
    "two_customers",
}
EXPECTED |= {"reaction_rejected", "reaction_unsure", "upload_rejected", "upload_unsure"}
POISONED = {"batch_failed", "webhook_failed", "item_set_aside"}


class Broken(Exception):
    """A promise was broken; the day ends here."""


@dataclass(frozen=True)
class Outcome:
    """What became of a day: all is well where nothing is *broken*."""

    seed: int
    steps: int
    digest: str
    kills: dict[str, int]
    broken: str | None = None


class Loops:
    """All of them, and two routers, as there may be several processes.

    Those whose calls end in any order make one at a time, so that the order is the seed's.
    """

    def __init__(self, ground: Ground, client: Client, media: MediaClient, files: Files) -> None:
        self.intake = Intake(ground.desks, seal_key=SEAL_KEY)
        self.routers = Router(ground.desks), Router(ground.desks)
        self._sender = Sender(ground.sender, client, seal_key=SEAL_KEY, access_token=TOKEN)
        self.receipts = Receipts(ground.desks, client, access_token=TOKEN, most=1)
        self.downloads = Downloads(ground.desks, media, files, access_token=TOKEN, most=1)
        self._uploads = Uploads(ground.desks, media, files, access_token=TOKEN, most=1)
        self.doubting = Sender(ground.desks, client, seal_key=SEAL_KEY, access_token=TOKEN)

    async def send(self) -> Progress:
        """One step of the sender, with the calls that it began."""
        try:
            return await self._sender.step()
        finally:
            await self._sender.finish()

    async def fetch(self) -> Progress:
        """One step of the downloads, with the fetches that it began."""
        try:
            return await self.downloads.step()
        finally:
            await self.downloads.finish()

    async def upload(self) -> Progress:
        """One step of the uploads, which go one after the other, with the call that it began."""
        try:
            return Progress(await self._uploads.begin())
        finally:
            await self._uploads.finish()


class Day:
    """The day of a *seed*, of at least so many *steps*."""

    def __init__(self, ground: Ground, seed: int, steps: int) -> None:
        self.steps = 0
        self._ground = ground
        self._seed = seed
        self._wanted = steps
        self._chance = Random(seed)
        self._clock = ground.clock
        self._clock.at = self._beaten_at = self._routed_at = organisation.MORNING
        self._post = Post(self._chance, self._clock)
        self._graph = Graph(Random(f"{seed} graph"), self._post.took)
        self._logs: list[EventDict] = []

    async def run(self) -> Outcome:
        """Let the day pass; what it breaks is in the outcome."""
        broken, digest = None, ""
        with capture_logs([format_exc_info]) as self._logs:
            try:
                async with AsyncExitStack() as stack:
                    await self._morning(stack)
                    await self._work()
                    await self._evening()
                digest = await scene.digest(self._ground.desks)
            except Broken as error:
                broken = f"step {self.steps}: {error}"
            except Exception as error:
                frames = traceback.extract_tb(error.__traceback__)[-6:]
                through = " > ".join(f"{frame.name}:{frame.lineno}" for frame in frames)
                broken = f"step {self.steps}: {type(error).__name__}: {error} ({through})"
        return Outcome(self._seed, self.steps, digest, dict(self._ground.kills.at), broken)

    async def _morning(self, stack: AsyncExitStack) -> None:
        ground = self._ground
        ground.kills.armed = False
        house = await organisation.open_day(ground.desks, self._chance)
        graph = await stack.enter_async_context(self._graph)
        client = await Client.open(graph.url, VERSION, connections=1)
        stack.push_async_callback(client.close)
        media = await MediaClient.open(graph.url, VERSION, hosts=())
        stack.push_async_callback(media.close)
        files = Files(stack.enter_context(TemporaryDirectory()))
        await deeds.have_photo(files)
        self._loops = Loops(ground, client, media, files)
        self._people = People(ground.desks, house, self._chance, self._clock)
        self._scene = await scene.look(ground.window)
        ground.kills.begin(Random(f"{self._seed} kills"), graph.next)

    async def _work(self) -> None:
        for part in range(1, CHECKS + 1):
            while self.steps < self._wanted * part // CHECKS:
                choices = [*self._choices(), *self._desk_choices()]
                weights = [weight for weight, _ in choices]
                _, deed = self._chance.choices(choices, weights)[0]
                await deed()
                await self._let_time_pass()
            await self._check()

    def _choices(self) -> Iterator[Choice]:
        """What happens besides the people at the desks."""
        yield 3, self._once(self._post.write)
        yield 0.2, self._once(self._post.move)
        if self.steps > self._wanted // CHECKS:
            yield 0.15, self._set_up_late_number
        yield 4, self._deliver
        yield 3, self._loop("intake", self._loops.intake.step)
        yield 4, self._loop("sender", self._loops.send)
        yield 1, self._loop("receipts", self._loops.receipts.step)
        yield 0.5, self._loop("media", self._loops.fetch)
        yield 1, self._loop("uploads", self._loops.upload)
        yield 0.5, self._loop("doubts", self._loops.doubting.doubt)
        yield 1, self._route

    def _desk_choices(self) -> Iterator[Choice]:
        for weight, deed in self._people.choices(self._scene):
            yield weight, partial(self._at_desk, deed)

    def _once(self, do: Callable[[], None]) -> Deed:
        async def deed() -> None:
            do()

        return deed

    def _loop(self, name: str, step: Callable[[], Awaitable[Progress]]) -> Deed:
        async def deed() -> None:
            await self._step(name, step)

        return deed

    async def _set_up_late_number(self) -> None:
        """A number becomes known, and intake looks at what had come for it."""
        await organisation.set_up_late_number(self._ground.desks)
        for _ in range(LOOKS_AFTER_SETTING_UP):
            await self._step("intake", self._loops.intake.step)

    async def _deliver(self) -> None:
        self.steps += 1
        await self._post.deliver(self._ground.desks, self._ground.kills.run)

    async def _route(self) -> None:
        """One of the routers looks, and finds now and then that another one is at work."""
        self._routed_at = self._clock.at
        router = self._chance.choice(self._loops.routers)
        taken = self._chance.random() < 0.02 and await floor.try_lock(self._ground.window)
        try:
            await self._step("router", router.step)
        finally:
            if taken:
                await self._ground.window.reset()

    async def _at_desk(self, deed: Deed) -> None:
        """Somebody does something, and again where the answer was lost."""

        async def attempt() -> None:
            try:
                await deed()
            except NOT_DONE:
                return

        if not await self._step("desk", attempt):
            await attempt()
            await self._look()

    async def _step(self, name: str, work: Callable[[], Awaitable[object]]) -> bool:
        self.steps += 1
        whole = await self._ground.kills.run(name, work)
        await self._look()
        return whole

    async def _look(self) -> None:
        """Look at the floor, and end the day where something is wrong."""
        self._scene = await scene.look(self._ground.window, self._scene)
        told = [f"logged: {log}" for log in self._logs if _tells_of_a_bug(log)]
        self._logs.clear()
        twice = [f"sent twice: {one}" for one in self._graph.twice]
        _require([*self._scene.wrong, *told, *twice])

    async def _let_time_pass(self) -> None:
        roll = self._chance.random()
        if roll < 0.006:  # nobody can do anything, and nobody can be heard
            self._clock.move(timedelta(seconds=self._chance.randint(6, 90)))
            return
        seconds = self._chance.uniform(0, 1) if roll < 0.97 else self._chance.uniform(5, 40)
        await self._pass(timedelta(seconds=seconds))

    async def _pass(self, left: timedelta) -> None:
        """Let time pass with routers at work and desks that answer."""
        while left > timedelta(0):
            chunk = min(left, MOMENT)
            left -= chunk
            self._clock.move(chunk)
            await self._beat()
            if self._clock.at - self._routed_at >= ROUTE_EVERY:
                await self._route()

    async def _beat(self) -> None:
        if self._clock.at - self._beaten_at >= BEAT_EVERY:
            self._beaten_at = self._clock.at
            await deeds.beat(self._ground.desks, self._people.there(self._scene))

    async def _check(self) -> None:
        """Let the loops come to rest, and check every promise."""
        self._ground.kills.armed = False
        await self._rest()
        _require(await scene.unserved(self._ground.desks, self._clock.at))
        _require([str(violation) for violation in await checker.check(self._ground.desks)])
        self._ground.kills.armed = True

    async def _rest(self) -> None:
        """Let the loops do all that there is to do now."""
        self._routed_at = self._clock.at
        loops = self._loops
        steps = loops.intake.step, loops.routers[0].step, loops.upload, loops.send
        for _ in range(RESTS_MAX):
            done = sum([(await step()).done for step in steps])
            await self._look()
            if done == 0:
                return
        raise Broken("the loops never come to rest")

    async def _evening(self) -> None:
        """Nothing fails any more and everybody is willing: let all come to its end."""
        self._ground.kills.armed = False
        self._graph.willing = True
        self._people.come_back()
        await organisation.set_up_late_number(self._ground.desks)
        left: list[str] = []
        for _ in range(ROUNDS_MAX):
            await self._post.deliver_all(self._ground.desks, self._ground.kills.run)
            await self._rest()
            for deed in list(self._people.evening(self._scene)):
                await self._at_desk(deed)
            await self._pass(2 * MOMENT)
            left = await scene.left_open(self._ground.desks)
            if not left and self._post.empty:
                await self._check()
                return
        raise Broken(f"this never came to its end: {'; '.join(left)}")


def _tells_of_a_bug(log: EventDict) -> bool:
    if log["log_level"] not in ("warning", "error") or log["event"] in EXPECTED:
        return False
    return log["event"] not in POISONED or log["error"] != POISON_ERROR


def _require(wrong: list[str]) -> None:
    if wrong:
        raise Broken("; ".join(wrong))
