"""Scripted colleagues: agents who sign in and work, so that one person can try what takes two.

They use the desk's public API and nothing else, and are off until switched on. Where a person is
signed in as one of them, that one is taken: the colleague stops at once, and asks only now and
then whether the place is free again. Switched off, they finish what is open and sign out, so that
nothing is left hanging. A lost line or a server's restart costs a while, and then they go on.
"""

import asyncio
import logging
import math
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import StrEnum

import aiohttp

from balcao.simulator.conduct import Conduct, Key, Pace, Range, Step
from balcao.simulator.desk import Closed, Desk, Refused, SignedOut, Unreachable
from balcao.simulator.problems import Problem
from balcao.simulator.script import PARTS
from balcao.simulator.world import World

_LAST_WORD_S = 1.0
_log = logging.getLogger(__name__)


class State(StrEnum):
    """Is how it stands with a colleague."""

    OFF = "off"
    SIGNING_IN = "signing-in"
    ON = "on"
    TAKEN = "taken"
    LEAVING = "leaving"
    UNREACHABLE = "unreachable"


class Colleagues:
    """Is the switch and those it switches; where there is no desk there is nobody."""

    def __init__(
        self, world: World, desk_url: str | None, password: str, pace: Pace, seed: int | None
    ) -> None:
        self._world = world
        self._desk_url = desk_url
        self._password = password
        self._pace = pace
        self._seed = random.randrange(2**32) if seed is None else seed
        self._http: aiohttp.ClientSession | None = None
        self._all: Sequence[Colleague] = ()

    async def start(self) -> None:
        """Gets everybody ready, and lets nobody work yet."""
        if self._desk_url is None:
            return
        self._http = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        self._all = [
            Colleague(
                Conduct(part, self._pace, self._seed),
                Desk(self._http, self._desk_url),
                self._password,
                self._world.sessions,
                self._publish,
            )
            for part in PARTS
        ]

    async def stop(self) -> None:
        """Ends everybody's work where it is; who has nothing open signs out, if that is quick."""
        await asyncio.gather(*(colleague.stop() for colleague in self._all))
        if self._http is not None:
            await self._http.close()

    def switch(self, *, on: bool) -> None:
        """Lets all begin to work, or finish it."""
        if not self._all:
            raise Problem(409, "no-desk", "there is no desk here for colleagues to sign in to")
        for colleague in self._all:
            colleague.switch(on=on)

    def view(self) -> list[dict[str, str]]:
        """Is everybody as the control API shows them."""
        return [colleague.view() for colleague in self._all]

    def _publish(self) -> None:
        self._world.feed.publish("colleagues", {"colleagues": self.view()})


class Colleague:
    """Plays one agent, in a task of its own for as long as there is something to do.

    `sessions` keeps what everybody is signed in with, by address; `tell` is called whenever the
    state has changed.
    """

    def __init__(
        self,
        conduct: Conduct,
        desk: Desk,
        password: str,
        sessions: dict[str, str],
        tell: Callable[[], None],
    ) -> None:
        self._part, self._pace = conduct.part, conduct.pace
        self._conduct = conduct
        self._desk = desk
        self._password = password
        self._sessions = sessions
        self._tell = tell
        self._chance = random.Random(f"{conduct.seed} {conduct.part.email}")
        self._state = State.OFF
        self._on = False
        self._switched = asyncio.Event()
        self._life: asyncio.Task[None] | None = None
        self._failures = 0
        self._not_before = 0.0
        self._kept_out = State.TAKEN
        self._due: dict[Key, float] = {}
        self._taken: dict[Key, float] = {}

    def view(self) -> dict[str, str]:
        """Is this colleague as the control API shows them."""
        return {"name": self._part.name, "email": self._part.email, "state": self._state}

    def switch(self, *, on: bool) -> None:
        """Begins to work, or to finish; nothing where it is so already."""
        if on == self._on:
            return
        self._on = on
        self._switched.set()
        self._desk.changed.set()
        self._turn(State.SIGNING_IN if self._desk.me is None else State.ON)
        if self._life is None or self._life.done():
            self._life = asyncio.create_task(self._live())

    async def stop(self) -> None:
        """Ends at once; signs out if nothing is open and the desk answers quickly."""
        if self._life is None:
            return
        self._life.cancel()
        await asyncio.gather(self._life, return_exceptions=True)
        if self._desk.session is not None:
            with suppress(TimeoutError, SignedOut, Unreachable):
                async with asyncio.timeout(_LAST_WORD_S):
                    await self._go_home()

    async def _live(self) -> None:
        """Works until switched off and done, whatever comes between."""
        self._desk.session = self._sessions.get(self._part.email)
        while self._on or self._desk.session is not None:
            try:
                await self._work()
            except SignedOut:
                self._let_go()
                self._turn(State.SIGNING_IN)
                await self._rest(self._patience())
            except Closed as closed:
                self._let_go()
                if closed.code in ("taken-over", "disabled"):
                    self._wait_for_the_place(State.TAKEN)
            except Refused as refused:
                self._let_go()
                elsewhere = refused.code == "signed-in-elsewhere"
                self._wait_for_the_place(State.TAKEN if elsewhere else State.UNREACHABLE)
            except Exception as error:
                if not isinstance(error, Unreachable):
                    _log.exception("a scripted colleague stumbled")
                self._turn(State.UNREACHABLE)
                await self._rest(self._patience())
        self._turn(State.OFF)

    async def _work(self) -> None:
        """Signs in where that is needed, and works until there is no more work."""
        if self._desk.session is None and not await self._come_in():
            return
        both = [asyncio.create_task(self._desk.listen()), asyncio.create_task(self._do_all())]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in both:
                task.cancel()
            ends = await asyncio.gather(*both, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception):
                raise end

    async def _come_in(self) -> bool:
        """Signs in, no sooner than it makes sense to; false if switched off before that."""
        while self._on and self._not_before > _now():
            self._turn(self._kept_out)
            await self._rest(self._not_before - _now())
        if not self._on:
            return False
        self._turn(State.SIGNING_IN)
        self._sessions[self._part.email] = await self._desk.sign_in(
            self._part.email, self._password
        )
        return True

    async def _do_all(self) -> None:
        """Does what is due, when it is due, until switched off with nothing left to do."""
        while True:
            self._desk.changed.clear()
            if self._desk.me is None:
                await self._desk.changed.wait()
                continue
            self._failures = 0
            self._turn(State.ON)
            if not self._on and not self._desk.of("task") and await self._go_home():
                return
            await self._choose_state(self._desk.me["state"])
            await self._do_next()

    async def _go_home(self) -> bool:
        """Signs out; false if something has come in just now."""
        try:
            await self._desk.sign_out()
        except Refused:
            return False
        self._let_go()
        return True

    async def _choose_state(self, now: str) -> None:
        """Is available while switched on; afterwards takes no new offers."""
        if self._on == (now == "available"):
            return  # wanted and there; or not wanted, and idle or RONA, which is as good
        wanted = "available" if self._on else "idle"
        try:
            await self._desk.ask("PUT", "/api/agent/state", {"state": wanted})
        except Refused:  # the agent was signed out, and the session was not
            if await self._go_home():
                raise SignedOut from None

    async def _do_next(self) -> None:
        """Takes the next step if it is due, else waits until it is or something has changed."""
        step = self._next()
        moments = [until for until in self._taken.values() if until < math.inf]
        if step is not None:
            moments.append(self._due[step.key])
            if self._due[step.key] <= _now():
                await self._take(step)
                return
        with suppress(TimeoutError):
            async with asyncio.timeout_at(min(moments, default=None)):
                await self._desk.changed.wait()

    def _next(self) -> Step | None:
        """Is the step that is due first; a step's time is chosen when it is first wanted."""
        now, tasks = _now(), {task["id"]: task for task in self._desk.of("task")}
        self._due = {key: at for key, at in self._due.items() if key[0] in tasks}
        self._taken = {
            key: until for key, until in self._taken.items() if key[0] in tasks and until > now
        }
        steps = []
        for task in tasks.values():
            step = self._conduct.next(self._desk, task, self._taken, leaving=not self._on)
            if step is not None:
                self._due.setdefault(step.key, now + self._draw(step.wait))
                steps.append(step)
        return min(steps, key=lambda step: self._due[step.key], default=None)

    async def _take(self, step: Step) -> None:
        try:
            await self._desk.ask("POST", step.path, step.body)
        except Refused:
            self._taken[step.key] = _now() + self._draw(self._pace.refused)
        else:
            self._taken[step.key] = math.inf

    def _let_go(self) -> None:
        self._desk.forget()
        self._sessions.pop(self._part.email, None)

    def _wait_for_the_place(self, state: State) -> None:
        self._turn(state)
        self._kept_out = state
        self._not_before = _now() + self._draw(self._pace.taken)

    async def _rest(self, seconds: float) -> None:
        """Waits so long, or until switched."""
        self._switched.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._switched.wait()

    def _patience(self) -> float:
        """Is how long to wait before trying again, longer each time."""
        first, most = self._pace.again
        self._failures += 1
        wait = min(first * 2.0 ** min(self._failures - 1, 20), most)
        return wait * self._chance.uniform(0.75, 1.0)

    def _draw(self, between: Range) -> float:
        return self._chance.uniform(*between)

    def _turn(self, state: State) -> None:
        """Tells how it stands; whoever is switched off and still there is leaving."""
        if not self._on and state is not State.OFF:
            state = State.LEAVING
        if state != self._state:
            self._state = state
            self._tell()


def _now() -> float:
    return asyncio.get_running_loop().time()
