"""An application over a real database, browsers in front of it, and desks that listen.

Everything goes through ASGI, in process: the bytes are those of the real thing, without a
socket.  A browser keeps its cookie; a desk keeps what the stream tells, as the desktop does.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from tempfile import TemporaryDirectory
from typing import Any

import argon2
import msgspec

from balcao.engine.intake import Intake
from balcao.realtime.hub import Hub
from balcao.store.database import Database
from balcao.store.files import Files
from balcao.store.webhooks import Inbox
from balcao.web.app import create
from balcao.web.webhook import Application, Message, webhook_app
from tests import world
from tests.whatsapp import bodies
from tests.whatsapp.bodies import text
from tests.world import World, sql

PASSWORD = "right horse"
HASH = argon2.PasswordHasher(time_cost=1, memory_cost=64).hash(PASSWORD)
PATIENCE = 10.0
HOST = "desk.test"


@dataclass(frozen=True)
class Reply:
    """What was answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read."""
        return msgspec.json.decode(self.body)

    @property
    def problem(self) -> tuple[int, str]:
        """Status and code of a refusal, which is always of the one kind."""
        assert self.headers["content-type"] == "application/problem+json", self.body
        assert self.json["status"] == self.status
        return self.status, self.json["code"]


@dataclass
class Browser:
    """Somebody's browser, with one cookie in it."""

    application: Application
    cookie: str | None = None

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """One request; a body of bytes goes as it is, any other as JSON."""
        raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
        raw = b"" if body is None else raw
        waiting: list[Message] = [{"type": "http.request", "body": raw, "more_body": False}]
        sent: list[Message] = []

        async def receive() -> Message:
            return waiting.pop() if waiting else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)

        await self.application(self.scope(method, path, headers, len(raw)), receive, send)
        found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        if "set-cookie" in found:
            self.cookie = found["set-cookie"].partition(";")[0]
        return Reply(sent[0]["status"], found, b"".join(m.get("body", b"") for m in sent[1:]))

    async def get(self, path: str) -> Reply:
        """Look at something."""
        return await self.ask("GET", path)

    async def post(self, path: str, body: object = None, **headers: str) -> Reply:
        """Ask for something to be done; `idempotency_key` goes as a header."""
        return await self.ask(
            "POST", path, body, {name.replace("_", "-"): value for name, value in headers.items()}
        )

    async def sign_in(self, name: str, **more: object) -> Reply:
        """Sign in as the person of this *name*."""
        body = {"email": f"{name.lower()}@test", "password": PASSWORD, **more}
        return await self.post("/api/session", body)

    def scope(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, length: int = 0
    ) -> dict[str, Any]:
        """What a server would hand the application."""
        sent = {"host": HOST, "content-length": str(length), **(headers or {})}
        if length:
            sent.setdefault("content-type", "application/json")
        if self.cookie is not None:
            sent["cookie"] = self.cookie
        path, _, query = path.partition("?")
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
            "client": ("127.0.0.1", 1),
            "server": (HOST, 80),
            "state": {},
        }


Key = tuple[str, str]


@dataclass
class Desk:
    """A desk that listens: what the stream told, newer replacing older."""

    views: dict[Key, dict[str, Any]] = field(default_factory=dict)
    me: dict[str, Any] | None = None
    codes: Any = None
    events: list[tuple[str, Any]] = field(default_factory=list)
    ended: bool = False
    status: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, event: str, data: Any) -> None:
        """Take in one event, as the desktop does."""
        self.events.append((event, data))
        if event == "snapshot":
            self.views = {_key(view): view for view in data["views"]}
            self.me, self.codes = data["me"], data["codes"]
        elif event == "view":
            self._keep(data)
        elif event == "gone":
            gone = self.views.pop((data["kind"], data["id"]), None)
            if gone is not None and data["kind"] == "task":
                self._let_thread_go(gone["conversation_id"])
        self.changed.set()

    async def until(self, condition: Callable[[Desk], object]) -> Any:
        """Wait until *condition* is true of the desk, and return what it said."""
        async with asyncio.timeout(PATIENCE):
            while not (said := condition(self)):
                self.changed.clear()
                await self.changed.wait()
        return said

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The views of one kind that are there."""
        return [view for (one, _), view in self.views.items() if one == kind]

    def _keep(self, view: dict[str, Any]) -> None:
        if view["kind"] == "agent":
            if self.me is None or view["version"] > self.me["version"]:
                self.me = view
            elif view["version"] == self.me["version"]:
                assert view == self.me, "equal versions are equal in content"
            return
        old = self.views.get(_key(view))
        if old is not None and old["version"] == view["version"]:
            assert old == view, "equal versions are equal in content"
        if old is None or old["version"] < view["version"]:
            self.views[_key(view)] = view

    def _let_thread_go(self, conversation: str) -> None:
        if any(view["conversation_id"] == conversation for view in self.of("task")):
            return
        for view in self.of("message"):
            if view["conversation_id"] == conversation:
                del self.views[_key(view)]


def _key(view: Mapping[str, str]) -> Key:
    return view["kind"], view["id"]


@dataclass
class House:
    """One server process' worth of application, and the organisation behind it."""

    database: Database
    floor: World
    application: Application
    hub: Hub
    files: Files

    def browser(self) -> Browser:
        """A browser in which nobody is signed in."""
        return Browser(self.application)

    async def signed_in(self, name: str) -> Browser:
        """A browser with the agent or supervisor of this *name* in it."""
        browser = self.browser()
        assert (await browser.sign_in(name)).status == 201
        return browser

    async def employ(self, name: str, role: str = "agent") -> int:
        """Somebody who can sign in, in team Suporte; their id."""
        id: int = await world.add_agent(self.database, self.floor, name)
        async with self.database.transaction() as tx:
            await tx.execute(
                "update person set password_hash = $2, role = $3 where id = $1", id, HASH, role
            )
            if role != "agent":
                await tx.execute("delete from agent where person_id = $1", id)
        return id

    async def id_of(self, name: str) -> str:
        """The id of the person of this *name*, as it is known outside."""
        rows = await sql(self.database, "select id from person where name = $1", name)
        return str(rows[0]["id"])

    async def agent(self, name: str, *, state: str = "available") -> Browser:
        """A new agent, signed in, with a desk that answers, in this *state*."""
        await self.employ(name)
        browser = await self.signed_in(name)
        assert (await browser.post("/api/desk/beat")).status == 204
        assert (await browser.ask("PUT", "/api/agent/state", {"state": state})).status == 200
        return browser

    async def written(self, wamid: str, words: str = "Oi", **more: Any) -> int:
        """A customer writes, and the router does what there is to do; the newest task's id."""
        second = int((await world.clock(self.database)).timestamp())
        async with Inbox(self.database) as inbox:
            await inbox.put(bodies.messages(text(wamid, second=second, body=words, **more)))
        intake = Intake(self.database, seal_key=b"a key of the test's")
        while (await intake.step()).done:
            pass
        await world.route(self.database)
        rows = await sql(self.database, "select max(id) as id from task")
        return int(str(rows[0]["id"]))

    @asynccontextmanager
    async def desk(self, browser: Browser) -> AsyncIterator[Desk]:
        """The browser's stream, from its snapshot on."""
        async with listening(self.application, browser) as desk:
            await desk.until(lambda it: it.events)
            yield desk


@asynccontextmanager
async def house(
    database: Database, floor: World | None = None, **settings: Any
) -> AsyncIterator[House]:
    """An application over *database*; a second one over the same is given its *floor*."""
    floor = floor or await world.build(database)
    with TemporaryDirectory() as folder:
        async with Hub(database) as hub, Inbox(database) as inbox:
            webhook = webhook_app(inbox, secrets=["an app secret"], verify_token="a word")
            settings = {"version": "1.2.3", "files": Files(folder), **settings}
            application = create(database, hub, webhook=webhook, **settings)
            yield House(database, floor, application, hub, settings["files"])


@asynccontextmanager
async def listening(application: Application, browser: Browser) -> AsyncIterator[Desk]:
    """Open the stream and take in what it tells, until the block ends."""
    desk, hang_up = Desk(), asyncio.Event()
    rest = b""

    async def receive() -> Message:
        await hang_up.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        nonlocal rest
        if message["type"] == "http.response.start":
            desk.status = message["status"]
            desk.changed.set()
            return
        *whole, rest = (rest + message.get("body", b"")).split(b"\n\n")
        for one in whole:
            event, data = one.split(b"\n")
            desk.hear(
                event.removeprefix(b"event: ").decode(),
                msgspec.json.decode(data.removeprefix(b"data: ")),
            )
        if not message.get("more_body", False):
            desk.ended = True
            desk.changed.set()

    open_ = asyncio.ensure_future(application(browser.scope("GET", "/api/desk"), receive, send))
    try:
        yield desk
    finally:
        hang_up.set()
        async with asyncio.timeout(PATIENCE):
            await open_
