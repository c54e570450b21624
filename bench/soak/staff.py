"""Agents at work, at desks that come back whenever their stream breaks.

Each looks twice a second at what the desk shows and does what is to be done: accepts what rings,
answers, ends a task after some minutes and wraps it up.  An answer that was lost costs nothing:
what is still to be done shows at the next look.
"""

from __future__ import annotations

import asyncio
import random
import socket
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Self
from uuid import uuid4

import msgspec

from bench.client import Address, Pool, request
from bench.desks import Agent, Desk, Task, View
from bench.fill import FilledAgent
from bench.soak.ledger import REPLY, Ledger

LOOK_SECONDS = 0.5
RECONNECT_SECONDS = 0.5
LIVE_SECONDS_MAX = 30.0
TASK_SECONDS = (60.0, 180.0)
REPLY_EVERY_SECONDS = (30.0, 90.0)
RETRY_REPLY_SECONDS = 2.0
SILENT_SECONDS_MAX = 25.0  # there is a ping each ten
DEAF_BYTES = 4096  # what its socket takes before the other side has to keep the rest
OK = frozenset({200, 202, 204})
#: The deed does not fit any more: somebody or something was quicker.
OVER = frozenset({404, 409})


class Work:
    """One task at hand, and when what is due in it."""

    def __init__(self, leg_state: str, dice: random.Random) -> None:
        self.leg_state = leg_state
        self.busy = False
        now = time.perf_counter()
        self.end_at = now + dice.uniform(*TASK_SECONDS)
        self.reply_at = now + dice.uniform(*REPLY_EVERY_SECONDS)
        self.reply: int | None = None  # the number of one that was perhaps not taken


class Worker:
    """An agent, the desk, and the tasks on it; hears what the desk is told."""

    def __init__(
        self,
        person: FilledAgent,
        address: Address,
        pool: Pool,
        ledger: Ledger,
        code: int,
        dice: random.Random,
    ) -> None:
        self.desk: Desk | None = None
        self.quiet = False  # takes what comes, and begins nothing
        self._person = person
        self._address = address
        self._pool = pool
        self._ledger = ledger
        self._code = str(code)
        self._dice = dice
        self._tasks: dict[str, Work] = {}
        self._state = "unknown"
        self._heard = 0, 0.0  # bytes, and since when they are so many
        self._left = asyncio.Event()
        self._deeds: set[asyncio.Task[None]] = set()

    @property
    def live(self) -> bool:
        """Whether the desk has its snapshot and is connected."""
        return self.desk is not None and self.desk.live.is_set() and not self._left.is_set()

    async def work(self, ending: Callable[[], bool]) -> None:
        """Keep a desk open and do what is to be done, until *ending* says that all is over."""
        keeping = asyncio.create_task(self._keep_desk())
        try:
            while not ending():
                if self.live:
                    self._look()
                await asyncio.sleep(LOOK_SECONDS * self._dice.uniform(0.8, 1.2))
        finally:
            for one in (keeping, *self._deeds):
                one.cancel()
            await asyncio.gather(keeping, *self._deeds, return_exceptions=True)
            if self.desk is not None:
                self.desk.close()

    def hang_up(self) -> None:
        """Break the stream, as a line that goes dead."""
        if self.desk is not None:
            self.desk.close()
            self._left.set()

    def view(self, _desk: int, view: View, _at: float) -> None:
        """Take in what the desk is told."""
        if isinstance(view, Agent):
            self._state = view.state
        elif isinstance(view, Task) and view.leg is not None:
            work = self._tasks.setdefault(view.id, Work(view.leg.state, self._dice))
            work.leg_state = view.leg.state

    def gone(self, _desk: int) -> None:
        """The stream broke."""
        self._left.set()

    async def _keep_desk(self) -> None:
        while True:
            with suppress(OSError, TimeoutError):
                await self._sit_down()
                await self._left.wait()
            if self.desk is not None:
                self.desk.close()
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _sit_down(self) -> None:
        """Open the stream and wait for the snapshot, which says all that there is."""
        self._left.clear()
        self.desk = desk = self._new_desk()
        await asyncio.get_running_loop().create_connection(lambda: desk, *self._address)
        desk.ask(self._request("GET", "/api/desk"))
        waits = [asyncio.create_task(one.wait()) for one in (desk.live, self._left)]
        try:
            await asyncio.wait(waits, timeout=LIVE_SECONDS_MAX, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()
        if not desk.live.is_set():
            raise TimeoutError
        self._heard = desk.bytes, time.perf_counter()
        snapshot = desk.snapshot
        if snapshot is not None and snapshot.me is not None:
            self._state = snapshot.me.state
            shown = {view.id for view in snapshot.views if isinstance(view, Task)}
            self._tasks = {id: work for id, work in self._tasks.items() if id in shown}

    def _new_desk(self) -> Desk:
        beat = self._request("POST", "/api/desk/beat")
        return Desk(self._person.id, self, lambda: self._pool.send(beat, lambda _s, _b: None))

    def _look(self) -> None:
        now = time.perf_counter()
        if self._silent(now):
            self.hang_up()
            return
        if self._state in ("idle", "rona"):
            self._do(self._become_available())
        for id, work in list(self._tasks.items()):
            if work.busy:
                continue
            if work.leg_state == "offered":
                self._do(self._step(id, work, "accept"))
            elif work.leg_state == "wrap-up":
                self._do(self._step(id, work, "wrap-up", {"aux_code_id": self._code}))
            elif work.leg_state == "closed":
                del self._tasks[id]
            elif work.leg_state == "connected" and not self.quiet:
                self._talk(id, work, now)

    def _talk(self, id: str, work: Work, now: float) -> None:
        if work.end_at <= now:
            self._do(self._step(id, work, "end"))
        elif work.reply_at <= now:
            self._do(self._answer(id, work))

    def _silent(self, now: float) -> bool:
        """Whether nothing has come for so long that the stream must be dead."""
        assert self.desk is not None, "only who has a desk looks at it"
        if self.desk.bytes != self._heard[0]:
            self._heard = self.desk.bytes, now
        return now - self._heard[1] > SILENT_SECONDS_MAX

    def _do(self, deed: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(deed)
        self._deeds.add(task)
        task.add_done_callback(self._deeds.discard)

    async def _become_available(self) -> None:
        self._state = "asking"
        status, _ = await self._ask("PUT", "/api/agent/state", {"state": "available"})
        self._state = "available" if status in OK else "idle"

    async def _step(self, id: str, work: Work, name: str, body: object = None) -> None:
        """Take one step of a task; one that does not fit any more means that the task is gone."""
        work.busy = True
        before = work.leg_state
        status, said = await self._ask("POST", f"/api/tasks/{id}/{name}", body)
        work.busy = False
        if _is_over(status, said) or (name == "wrap-up" and status in OK):
            self._tasks.pop(id, None)
        elif status in OK and work.leg_state == before:
            work.leg_state = {"accept": "connected", "end": "wrap-up"}[name]

    async def _answer(self, id: str, work: Work) -> None:
        """Write to the customer; a reply whose answer was lost is given again, as it was."""
        work.busy = True
        if work.reply is None:
            work.reply = self._ledger.new_reply()
        text = f"Certo, anotei aqui no seu atendimento. {work.reply}"
        client_id = f"{REPLY}{work.reply}"
        body = {"client_id": client_id, "type": "text", "text": text}
        status, said = await self._ask("POST", f"/api/tasks/{id}/messages", body, client_id)
        work.busy = False
        if status in OK:
            self._ledger.take_reply(work.reply)
            work.reply = None
            work.reply_at = time.perf_counter() + self._dice.uniform(*REPLY_EVERY_SECONDS)
            await self._ask("POST", f"/api/tasks/{id}/read")
        elif _is_over(status, said):
            self._tasks.pop(id, None)
        else:
            work.reply_at = time.perf_counter() + RETRY_REPLY_SECONDS

    async def _ask(
        self, method: str, path: str, body: object = None, key: str | None = None
    ) -> tuple[int, bytes]:
        """Ask as the desktop does, whose every POST has a key of its own."""
        return await self._pool.ask(self._request(method, path, body, key or str(uuid4())))

    def _request(
        self, method: str, path: str, body: object = None, key: str | None = None
    ) -> bytes:
        headers = {"cookie": f"balcao={self._person.cookie}"}
        if key is not None and method == "POST":
            headers["idempotency-key"] = key
        return request(method, path, None if body is None else msgspec.json.encode(body), headers)


class Staff:
    """All agents, half of them at each server."""

    def __init__(self, workers: Sequence[Worker]) -> None:
        self.workers = workers
        self._ending = False

    async def __aenter__(self) -> Self:
        self._working = [
            asyncio.create_task(one.work(lambda: self._ending)) for one in self.workers
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._ending = True
        await asyncio.gather(*self._working)

    @property
    def live(self) -> int:
        """How many desks are connected."""
        return sum(one.live for one in self.workers)

    def be_quiet(self) -> None:
        """Take what comes from now on, and begin nothing."""
        for one in self.workers:
            one.quiet = True

    def reconnect_all(self) -> None:
        """Let every desk lose its stream at once."""
        for one in self.workers:
            one.hang_up()


def _is_over(status: int, said: bytes) -> bool:
    """Whether the deed does not fit any more, and not just for as long as another try runs."""
    return status in OVER and b'"still-running"' not in said


async def be_deaf(address: Address, person: FilledAgent, seconds: float) -> None:
    """Open one more desk of *person*, read nothing of what it is told, and go."""
    here = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    here.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, DEAF_BYTES)
    here.setblocking(False)
    loop = asyncio.get_running_loop()
    with here:
        await loop.sock_connect(here, tuple(address))
        headers = {"cookie": f"balcao={person.cookie}"}
        await loop.sock_sendall(here, request("GET", "/api/desk", headers=headers))
        await asyncio.sleep(seconds)
