"""Agents at work: they accept what rings, answer, end and wrap up, and now and then miss an offer.

An agent acts on what the desk shows and on nothing else, by the requests that the desk makes.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any

import msgspec

from bench.client import Pool, request
from bench.desks import Agent, Seen, Task, View, mark_of

ACCEPT_SECONDS = (0.3, 1.2)
ANSWER_SECONDS = (0.8, 2.0)
ANSWERS = 2  # in each task
RESUME_SECONDS = 1.0  # after a missed offer
MISSED = 0.08  # of the offers
ANSWER = "Claro! Já estou vendo isso para você, só um instante, por favor."


class Agents(Seen):
    """The agents of some desks; what the other desks show is only noted."""

    def __init__(self, dice: random.Random) -> None:
        super().__init__()
        #: By the mark of the customer's first message, when its offer was first seen.
        self.offered: dict[str, float] = {}
        #: By the mark of an answer, when the agent sent it.
        self.sent: dict[str, float] = {}
        self.missed = 0
        self.wrapped_up = 0
        self.refused: Counter[str] = Counter()
        self._dice = dice
        self._pool: Pool | None = None
        self._cookies: Sequence[str] = ()
        self._wrap_up_code = ""
        self._offers: set[str] = set()
        self._away: set[int] = set()
        self._wrapped = asyncio.Event()
        self._work: set[asyncio.Task[None]] = set()

    async def begin(self, pool: Pool, cookies: Sequence[str], wrap_up_code: str) -> None:
        """Let the agents of the first desks, whose *cookies* these are, be available."""
        self._pool, self._wrap_up_code, self._cookies = pool, wrap_up_code, cookies
        for number in range(len(cookies)):
            await self._be_available(number)

    async def finish(self, count: int, seconds: float) -> None:
        """Wait until *count* tasks are wrapped up, or for so many *seconds*; then go home."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.wrapped_up < count:
                    self._wrapped.clear()
                    await self._wrapped.wait()
        for one in self._work:
            one.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)

    def view(self, desk: int, view: View, at: float) -> None:
        """Act on what is new."""
        super().view(desk, view, at)
        if desk >= len(self._cookies):
            return
        if isinstance(view, Task):
            self._see_task(desk, view, at)
        elif isinstance(view, Agent) and view.state == "rona" and desk not in self._away:
            self._away.add(desk)
            self._start(self._come_back(desk))

    def _see_task(self, desk: int, view: Task, at: float) -> None:
        leg = view.leg
        if leg is None or leg.state != "offered" or leg.id in self._offers:
            return
        self._offers.add(leg.id)
        mark = None if view.last_message is None else mark_of(view.last_message.preview)
        if mark is not None:
            self.offered.setdefault(mark, at)
        if self._dice.random() < MISSED:
            self.missed += 1
        else:
            self._start(self._handle(desk, view.id, leg.id))

    async def _handle(self, desk: int, task: str, leg: str) -> None:
        """A task from its offer to the end of the wrap-up."""
        await self._think(ACCEPT_SECONDS)
        if not await self._do(desk, "POST", f"/api/tasks/{task}/accept"):
            return
        for n in range(ANSWERS):
            await self._think(ANSWER_SECONDS)
            mark = f"g{leg}.{n}"
            body = {"client_id": mark, "type": "text", "text": f"#{mark}# {ANSWER}"}
            self.sent[mark] = time.perf_counter()
            await self._do(desk, "POST", f"/api/tasks/{task}/messages", body, mark)
        await self._think(ANSWER_SECONDS)
        await self._do(desk, "POST", f"/api/tasks/{task}/end")
        await self._think(ACCEPT_SECONDS)
        wrap_up = {"aux_code_id": self._wrap_up_code}
        if await self._do(desk, "POST", f"/api/tasks/{task}/wrap-up", wrap_up):
            self.wrapped_up += 1
            self._wrapped.set()

    async def _come_back(self, desk: int) -> None:
        await asyncio.sleep(RESUME_SECONDS)
        await self._be_available(desk)
        self._away.discard(desk)

    async def _be_available(self, desk: int) -> None:
        await self._do(desk, "PUT", "/api/agent/state", {"state": "available"})

    async def _do(
        self, desk: int, method: str, path: str, body: object = None, key: str | None = None
    ) -> bool:
        """Ask for something as the desk does; whether it was granted."""
        headers = {"cookie": self._cookies[desk]}
        if key is not None:
            headers["idempotency-key"] = key
        assert self._pool is not None, "they have begun"
        content = None if body is None else msgspec.json.encode(body)
        status, _ = await self._pool.ask(request(method, path, content, headers))
        if not 200 <= status < 300:
            self.refused[f"{path.rpartition('/')[2]} {status}"] += 1
            return False
        return True

    async def _think(self, seconds: tuple[float, float]) -> None:
        await asyncio.sleep(self._dice.uniform(*seconds))

    def _start(self, doing: Coroutine[Any, Any, None]) -> None:
        work = asyncio.create_task(doing)
        self._work.add(work)
        work.add_done_callback(self._work.discard)
