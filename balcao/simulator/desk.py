"""A desk without a screen: Balcão's public API as a program at work uses it.

It signs in, listens to the stream, answers each ping, and keeps the newest view of everything it
was told, as the desk in the browser does; the answer to a command is such a view too. What goes
wrong has four names, by what is to be done: come again later (`Unreachable`), sign in anew
(`SignedOut`), leave it be (`Closed`), or do something else (`Refused`).
"""

import asyncio
import json
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import aiohttp

_ANSWER_WITHIN_S = 10.0
_SILENT_FOR_S = 25.0
_LOST = (aiohttp.ClientError, OSError, TimeoutError)

View = dict[str, Any]


class Unreachable(Exception):
    """Nobody answers, or not with anything of use."""


class SignedOut(Exception):
    """The session is in force no longer."""


class Closed(Exception):
    """The stream has ended for good, for the reason `code`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Refused(Exception):
    """What was asked does not fit; `answer` is the problem that came back."""

    def __init__(self, status: int, answer: Mapping[str, Any]) -> None:
        self.status = status
        self.answer = answer
        self.code = str(answer.get("code", ""))
        super().__init__(f"{status} {self.code}")


class Desk:
    """Is one person's desk; `session` is the cookie it is signed in with, if it is."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self.session: str | None = None
        self.me: View | None = None
        self.views: dict[tuple[str, str], View] = {}
        self.codes: dict[str, list[View]] = {}
        self.changed = asyncio.Event()
        self._http = http
        self._url = url

    async def sign_in(self, email: str, password: str) -> str:
        """Signs in without taking over, into the first team of several; gives the session."""
        body = {"email": email, "password": password}
        try:
            return await self._sign_in(body)
        except Refused as refused:
            if refused.code != "choose-team":
                raise
            return await self._sign_in({**body, "team": refused.answer["teams"][0]["id"]})

    async def sign_out(self) -> None:
        """Signs out; refused while anything is open."""
        await self.ask("DELETE", "/api/session")

    def forget(self) -> None:
        """Lets go of the session and of all that was told under it."""
        self.session = self.me = None
        self.views = {}

    def of(self, kind: str) -> list[View]:
        """Is every view of one kind."""
        return [view for (one, _), view in self.views.items() if one == kind]

    async def listen(self) -> None:
        """Takes in the stream until it ends, which is always for one of the four reasons."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=_SILENT_FOR_S)
        self.me, rest = None, b""
        try:
            async with self._request("GET", "/api/desk", timeout=timeout) as answer:
                if answer.status != 200:
                    raise _problem(answer.status, await answer.read())
                async for chunk in answer.content.iter_any():
                    *whole, rest = (rest + chunk).split(b"\n\n")
                    for event in whole:
                        await self._hear(event)
        except _LOST as lost:
            raise Unreachable(type(lost).__name__) from lost
        raise Unreachable("the stream has ended")

    async def ask(self, method: str, path: str, body: object = None) -> None:
        """Gives a command, and keeps the view that is its answer."""
        status, given = await self._answer(method, path, body)
        if status >= 400:
            raise _problem(status, given)
        if given:
            self.keep(json.loads(given))

    def keep(self, view: View) -> None:
        """Puts a view in the place of an older one of the same object."""
        if view.get("kind") == "agent":
            if self.me is None or self.me["version"] < view["version"]:
                self.me = view
        else:
            key = view["kind"], view["id"]
            if key not in self.views or self.views[key]["version"] < view["version"]:
                self.views[key] = view
        self.changed.set()

    async def _sign_in(self, body: Mapping[str, str]) -> str:
        self.forget()
        try:
            async with self._request("POST", "/api/session", body) as answer:
                given = await answer.read()
                if answer.status != 201:
                    raise _refusal(answer.status, given)
                cookie = next(iter(answer.cookies.values()))
        except _LOST as lost:
            raise Unreachable(type(lost).__name__) from lost
        self.session = f"{cookie.key}={cookie.value}"
        return self.session

    async def _answer(self, method: str, path: str, body: object) -> tuple[int, bytes]:
        try:
            async with self._request(method, path, body) as answer:
                return answer.status, await answer.read()
        except _LOST as lost:
            raise Unreachable(type(lost).__name__) from lost

    def _request(
        self,
        method: str,
        path: str,
        body: object = None,
        timeout: aiohttp.ClientTimeout | None = None,
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        return self._http.request(
            method,
            self._url + path,
            json=body,
            headers={} if self.session is None else {"Cookie": self.session},
            timeout=timeout or aiohttp.ClientTimeout(total=_ANSWER_WITHIN_S),
            allow_redirects=False,
        )

    async def _hear(self, event: bytes) -> None:
        words = dict(line.partition(": ")[::2] for line in event.decode().split("\n"))
        kind, data = words.get("event"), json.loads(words["data"])
        if kind == "snapshot":
            self.me, self.codes = data["me"], data["codes"]
            self.views = {(view["kind"], view["id"]): view for view in data["views"]}
        elif kind == "view":
            self.keep(data)
        elif kind == "gone":
            self._let_go(data["kind"], data["id"])
        elif kind == "ping":
            await self.ask("POST", "/api/desk/beat")
        elif kind == "closed":
            raise Closed(data["code"])
        self.changed.set()

    def _let_go(self, kind: str, id_: str) -> None:
        """Drops a view; with the last task of a conversation its thread goes too."""
        gone = self.views.pop((kind, id_), None)
        if gone is None or kind != "task":
            return
        conversation = gone["conversation_id"]
        if all(task["conversation_id"] != conversation for task in self.of("task")):
            for line in self.of("message"):
                if line["conversation_id"] == conversation:
                    del self.views["message", line["id"]]


def _problem(status: int, given: bytes) -> Exception:
    return SignedOut() if status == 401 else _refusal(status, given)


def _refusal(status: int, given: bytes) -> Exception:
    """Is what an answer of 400 and above means, where 401 is no end of a session."""
    try:
        answer = json.loads(given)
    except ValueError:
        answer = None
    if status >= 500 or not isinstance(answer, dict):
        return Unreachable(f"answered {status}")
    return Refused(status, answer)
