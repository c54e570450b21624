"""Agents who put up with everything: a desk that comes back, and presses again what did not work.

As at the desktop, a command that was not answered is given again by a person who sees that
nothing has happened, as a new command; a reply carries an id of its own, by which the server
knows it again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Self
from uuid import uuid4

import aiohttp
import msgspec

from balcao.simulator.world import Customer
from tests.crash.organisation import PASSWORD, email
from tests.streams import events
from tests.web.house import Desk

LOST = (aiohttp.ClientError, OSError, TimeoutError)
ANSWER_SECONDS = 2.0  # shorter than a hang
BEAT_SECONDS = 0.5
PAUSE_SECONDS = 0.1
LOOK_SECONDS = 0.01
PATIENCE_SECONDS = 30.0
READ_BYTES = 2**22

View = dict[str, Any]


class NeverShown(AssertionError):
    """What was waited for did not come to be."""


async def until(what: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> Any:
    """What *what* says as soon as that is something; NeverShown where it never is."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while True:
                if said := what():
                    return said
                await asyncio.sleep(LOOK_SECONDS)
    raise NeverShown(what.__qualname__)


async def eventually(
    what: Callable[[], Awaitable[object]], seconds: float = PATIENCE_SECONDS
) -> None:
    """The same of what others have to be asked for; what cannot be reached has said nothing."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while True:
                with suppress(*LOST):
                    if await what():
                        return
                await asyncio.sleep(PAUSE_SECONDS)
    raise NeverShown(what.__qualname__)


class Agent:
    """Somebody at a desk of their own, from `come` to `go`."""

    def __init__(self, url: str, name: str) -> None:
        """At the server of *url*; what *name* wants to be is available."""
        self.name = name
        self.desk = Desk()
        self.id = ""
        self.wants: str | None = "available"
        self.written: set[str] = set()
        self.presses: dict[str, int] = {}
        self._url = url
        self._loops: list[asyncio.Task[None]] = []
        self._http: aiohttp.ClientSession

    async def come(self) -> Self:
        """Be at the desk from now on."""
        self._http = aiohttp.ClientSession(
            self._url,
            cookie_jar=aiohttp.CookieJar(unsafe=True),
            timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS),
            read_bufsize=READ_BYTES,
        )
        await self.sit_down()
        return self

    async def sit_down(self) -> None:
        """Sign in, and know only what one is told from then on."""
        await self.sign_in()
        self.desk = Desk()
        loops = (self._listen, self._beat, self._keep_state)
        self._loops = [asyncio.create_task(self._for_ever(loop)) for loop in loops]
        await until(lambda: self.desk.me is not None)

    async def leave(self) -> None:
        """Go away from the desk without a word."""
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)

    async def go(self) -> None:
        """Leave for good."""
        await self.leave()
        await self._http.close()

    def sane(self) -> None:
        """Raise what went wrong at the desk itself, such as versions that contradict."""
        for loop in self._loops:
            if loop.done():
                loop.result()
        self.desk.events.clear()

    async def sign_in(self) -> None:
        """Take the own place, from whoever has it."""
        body = {"email": email(self.name), "password": PASSWORD, "takeover": True}
        status, said = await self.press("POST", "/api/session", body)
        assert status == 201, (status, said)
        self.id = said["id"]

    async def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """One try; each POST has a key of its own."""
        headers = {"Idempotency-Key": uuid4().hex} if method == "POST" else {}
        async with self._http.request(method, path, json=body, headers=headers) as answer:
            raw = await answer.read()
            json = "json" in answer.headers.get("Content-Type", "")
            return answer.status, msgspec.json.decode(raw) if raw and json else None

    async def press(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Try until there is an answer that is not the server's own trouble."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                while True:
                    with suppress(*LOST):
                        status, said = await self.ask(method, path, body)
                        if status < 500:
                            return status, said
                    await asyncio.sleep(PAUSE_SECONDS)
        raise NeverShown(f"{self.name}: {method} {path} is not answered")

    async def make(
        self, shown: Callable[[], object], method: str, path: str, body: object = None
    ) -> None:
        """Press, and press again for as long as the desks do not show it."""
        said = ""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not shown():
                    said = f"{await self.press(method, path, body)}"
                    with suppress(NeverShown):
                        await until(shown, 1.0)
                return
        raise NeverShown(f"{self.name}: {method} {path} ({said})")

    @property
    def cookie(self) -> str:
        """What this browser is known by."""
        return "; ".join(f"{one.key}={one.value}" for one in self._http.cookie_jar)

    def task(self, customer: Customer, *states: str) -> View | None:
        """The task of a *customer* with this agent's part in one of these states, or in any."""
        for task in self.desk.of("task"):
            state = (task["leg"] or {}).get("state")
            if task["customer"]["phone"] == f"+{customer.phone}" and (
                not states or state in states
            ):
                return task
        return None

    async def accept(self, customer: Customer) -> View:
        """Have the *customer* at one's own desk, once it rings there."""
        ringing = await until(lambda: self.task(customer, "offered", "connected"))
        path = f"/api/tasks/{ringing['id']}/accept"
        await self.make(lambda: self.task(customer, "connected"), "POST", path)
        return await self.has(customer, "connected")

    async def heard(self, task: View, lines: int) -> None:
        """Return once so many lines of the customer are there: none comes after the end."""

        def so_many() -> bool:
            said = (one for one in self.desk.of("message") if one["task_id"] == task["id"])
            return len([one for one in said if one["direction"] == "in"]) >= lines

        await until(so_many)

    async def has(self, customer: Customer, *states: str) -> View:
        """The task of a *customer*, once this agent's part in it is in one of these states."""
        task: View = await until(lambda: self.task(customer, *states))
        return task

    async def say(self, task: View, text: str) -> None:
        """Write to the customer; until the server has it, or will not take it."""
        body = {"client_id": text, "type": "text", "text": text}
        status, _ = await self.press("POST", f"/api/tasks/{task['id']}/messages", body)
        if status == 202:
            self.written.add(text)

    async def show(self, task: View, content: bytes, text: str) -> None:
        """Send the customer a picture under this text; as `say` does."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                form = aiohttp.FormData()
                form.add_field("file", content, filename="foto.png")
                with suppress(*LOST):
                    async with self._http.post("/api/media", data=form) as answer:
                        if answer.status == 201:
                            uploaded = await answer.json()
                            break
                await asyncio.sleep(PAUSE_SECONDS)
        body = {"client_id": text, "type": "image", "media_id": uploaded["id"], "text": text}
        status, _ = await self.press("POST", f"/api/tasks/{task['id']}/messages", body)
        if status == 202:
            self.written.add(text)

    async def end(self, customer: Customer) -> None:
        """End the task of a *customer*, and conclude it."""
        task = await self.has(customer, "connected", "wrap-up")
        path = f"/api/tasks/{task['id']}/end"
        await self.make(lambda: self.task(customer, "wrap-up"), "POST", path)
        await self.conclude(customer)

    async def conclude(self, customer: Customer) -> None:
        """Submit the reason for the part that is over."""
        task = await self.has(customer, "wrap-up")
        code = {"aux_code_id": self.desk.codes["wrap_up"][0]["id"]}
        path = f"/api/tasks/{task['id']}/wrap-up"
        await self.make(lambda: not self.task(customer, "wrap-up"), "POST", path, code)

    async def clear(self) -> None:
        """Bring whatever is on the desk one step on."""
        for task in self.desk.of("task"):
            leg, path = task["leg"], f"/api/tasks/{task['id']}"
            if leg is None:
                continue
            if leg["state"] == "offered":
                await self.press("POST", f"{path}/accept")
            elif leg["state"] == "connected" and leg["role"] == "guest":
                await self.press("POST", f"{path}/leave")
            elif leg["state"] == "connected":
                await self.say(task, f"{self.name} {leg['id']} {task['last_message']['id']}")
                await self.press("POST", f"{path}/end")
            elif leg["state"] == "wrap-up":
                code = {"aux_code_id": self.desk.codes["wrap_up"][0]["id"]}
                await self.press("POST", f"{path}/wrap-up", code)

    async def look_anew(self) -> Desk:
        """What a desk is told that opens now."""
        desk = Desk()
        async with self._http.get("/api/desk") as answer:
            async for event, data in events(answer):
                desk.hear(event, data)
                break
        return desk

    async def _for_ever(self, what: Callable[[], Awaitable[None]]) -> None:
        while True:
            with suppress(*LOST):
                await what()
            await asyncio.sleep(PAUSE_SECONDS)

    async def _listen(self) -> None:
        endless = aiohttp.ClientTimeout(total=None, sock_read=15)
        async with self._http.get("/api/desk", timeout=endless) as answer:
            if answer.status == 401:
                await self.sign_in()
            async for event, data in events(answer):
                self.desk.hear(event, data)

    async def _beat(self) -> None:
        await self.ask("POST", "/api/desk/beat")
        await asyncio.sleep(BEAT_SECONDS)

    async def _keep_state(self) -> None:
        me = self.desk.me
        if me is not None and self.wants not in (None, me["state"]):
            await self.ask("PUT", "/api/agent/state", {"state": self.wants})
