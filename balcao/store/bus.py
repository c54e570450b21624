"""Nudges: "this changed, look again", and nothing else.

They are told after a commit, at once to this process, and to the others by one NOTIFY for a
batch, from one connection: a NOTIFY inside the transaction would take PostgreSQL's global commit
lock.  A lost nudge costs time, never truth: whoever listens also looks by itself now and then,
and when the listening connection was away everyone is told to look at everything.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from typing import NamedTuple, TypeAlias
from uuid import uuid4

import asyncpg
import structlog

from balcao.store.postgres import UNREACHABLE

log = structlog.get_logger()

CHANNEL = "balcao"
NOTICE_BYTES_MAX = 7_900  # PostgreSQL refuses a payload of 8,000 bytes or more
RECONNECT_SECONDS = 0.25
#: Nudges that come so soon after a notice go out with the next one.
TELL_PAUSE_SECONDS = 0.015
#: A notice has nothing to lose, so it does not wait for the disk.
UNSYNCED = {"synchronous_commit": "off"}


class Kind(StrEnum):
    """What a nudge speaks of."""

    CONVERSATION = "c"
    AGENT = "a"
    ORGANISATION = "o"
    SESSION = "s"
    WEBHOOK = "w"
    ROUTING = "r"
    SENDING = "m"
    RECEIPT = "e"
    MEDIA = "f"


class Nudge(NamedTuple):
    """Something changed; *id* is 0 where no single thing is meant."""

    kind: Kind
    id: int


Hear: TypeAlias = Callable[[frozenset[Nudge]], None]

_WAKING = (Kind.ORGANISATION, Kind.WEBHOOK, Kind.ROUTING, Kind.SENDING, Kind.RECEIPT, Kind.MEDIA)
LOOK_AT_ALL = frozenset(Nudge(kind, 0) for kind in _WAKING)


class Bus:
    """Tells nudges to whoever listens in this process, and in all the others."""

    def __init__(self, dsn: str, command_seconds: float) -> None:
        self._dsn = dsn
        self._command_seconds = command_seconds
        self._me = uuid4().hex
        self._hearers: dict[int, Hear] = {}
        self._numbers = itertools.count()
        self._unsent: set[Nudge] = set()
        self._something_to_tell = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Return once the others are heard."""
        listening = asyncio.Event()
        self._task = asyncio.create_task(self._keep_open(listening))
        await listening.wait()

    async def close(self) -> None:
        """Tell the others what is still to tell, and hear nothing more."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def subscribe(self, hear: Hear) -> Callable[[], None]:
        """Call *hear* with what changed, here or elsewhere; returns the way to stop it.

        *hear* must be quick and may not raise: it marks, wakes, and returns.
        """
        number = next(self._numbers)
        self._hearers[number] = hear
        return lambda: self._hearers.pop(number, None) and None

    def tell(self, nudges: set[Nudge]) -> None:
        """Tell everybody of what is committed."""
        if not nudges:
            return
        self._hear(frozenset(nudges))
        self._unsent |= nudges
        self._something_to_tell.set()

    def _hear(self, nudges: frozenset[Nudge]) -> None:
        for hear in list(self._hearers.values()):
            hear(nudges)

    async def _keep_open(self, listening: asyncio.Event) -> None:
        """Hold the one connection that tells and listens; make a new one when it is lost."""
        while True:
            try:
                await self._run(listening)
            except (*UNREACHABLE, asyncpg.PostgresError) as error:
                log.warning("bus_lost", error=type(error).__name__)
                await asyncio.sleep(RECONNECT_SECONDS)

    async def _run(self, listening: asyncio.Event) -> None:
        connection = await asyncpg.connect(
            self._dsn, command_timeout=self._command_seconds, server_settings=UNSYNCED
        )
        lost = asyncio.Event()

        def on_lost(_connection: object) -> None:
            lost.set()
            self._something_to_tell.set()

        connection.add_termination_listener(on_lost)
        try:
            await connection.add_listener(CHANNEL, self._on_notice)
            if listening.is_set():  # we were away: whatever was told meanwhile is lost
                self._hear(LOOK_AT_ALL)
            listening.set()
            while not lost.is_set():
                await self._something_to_tell.wait()
                self._something_to_tell.clear()
                await self._send(connection)
                await asyncio.sleep(TELL_PAUSE_SECONDS)
        finally:
            with suppress(*UNREACHABLE, asyncpg.PostgresError):
                if not lost.is_set():
                    await self._send(connection)  # what is told last, before a close
                await connection.close(timeout=1)

    async def _send(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        nudges, self._unsent = self._unsent, set()
        for payload in _payloads(self._me, nudges):
            await connection.execute("select pg_notify($1, $2)", CHANNEL, payload)

    def _on_notice(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        sender, _, rest = str(payload).partition(" ")
        if sender != self._me:
            self._hear(frozenset(Nudge(Kind(word[0]), int(word[1:])) for word in rest.split()))


def _payloads(sender: str, nudges: set[Nudge]) -> list[str]:
    """Cut *nudges* into as few notices as their size allows."""
    payloads: list[str] = []
    words: list[str] = []
    size = 0
    for nudge in sorted(nudges):
        word = f"{nudge.kind}{nudge.id}"
        if size + len(word) + 1 > NOTICE_BYTES_MAX - len(sender):
            payloads.append(f"{sender} {' '.join(words)}")
            words, size = [], 0
        words.append(word)
        size += len(word) + 1
    return [*payloads, f"{sender} {' '.join(words)}"] if words else payloads
