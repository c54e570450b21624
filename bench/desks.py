"""Desks without screens: event streams that are read, timed and answered like a browser's.

What was sent is recognised by marks.  A customer's text begins with `#mark#`; a status of ours is
`id:rank` of the message that it moves.  A mailbox keeps only the newest view of an object, so a
message that is seen as read has been seen as sent and delivered too.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias, cast

import msgspec
from httptools import HttpResponseParser

from bench.client import Address, Pool, request

RANKS = {"accepted": 0, "sent": 1, "delivered": 2, "read": 3, "played": 4}
OPEN_SECONDS_MAX = 30.0
OPENING_AT_ONCE = 200


class Message(msgspec.Struct, tag_field="kind", tag="message"):
    """What is looked at of a message."""

    id: str
    text: str | None = None
    status: str | None = None


class Leg(msgspec.Struct):
    """What is looked at of an agent's part."""

    id: str
    state: str


class LastMessage(msgspec.Struct):
    """What is looked at of a task's newest message."""

    preview: str


class Task(msgspec.Struct, tag_field="kind", tag="task"):
    """What is looked at of a task."""

    id: str
    version: int
    leg: Leg | None = None
    last_message: LastMessage | None = None


class Agent(msgspec.Struct, tag_field="kind", tag="agent"):
    """What is looked at of an agent."""

    id: str
    state: str


class Notice(msgspec.Struct, tag_field="kind", tag="notice"):
    """What is looked at of a notice."""

    id: str


View: TypeAlias = Message | Task | Agent | Notice


class Choice(msgspec.Struct):
    """A reason that an agent may choose."""

    id: str


class Codes(msgspec.Struct):
    """The reasons to choose from."""

    wrap_up: list[Choice]


class Snapshot(msgspec.Struct):
    """What is looked at of a snapshot."""

    views: list[View]
    codes: Codes
    me: Agent | None = None


_view = msgspec.json.Decoder(View).decode
_snapshot = msgspec.json.Decoder(Snapshot).decode


def mark_of(text: str | None) -> str | None:
    """The mark that *text* begins with, if it does."""
    if text is None or not text.startswith("#"):
        return None
    mark, found, _ = text[1:].partition("#")
    return mark if found else None


class Hears(Protocol):
    """Whoever wants to know what desks are told."""

    def view(self, desk: int, view: View, at: float) -> None:
        """A view has come to a desk at the moment *at*."""

    def gone(self, desk: int) -> None:
        """The stream of a desk has ended."""


class Seen:
    """When each mark was first seen, and on which desk."""

    def __init__(self) -> None:
        self.at: dict[str, float] = {}
        self.where: dict[str, int] = {}
        self.broken: list[int] = []
        self._ranks: dict[str, int] = {}

    def view(self, desk: int, view: View, at: float) -> None:
        """Note what the view shows."""
        if not isinstance(view, Message):
            return
        mark = mark_of(view.text)
        if mark is not None and mark not in self.at:
            self.at[mark], self.where[mark] = at, desk
        rank = RANKS.get(view.status or "", 0)
        if rank > self._ranks.get(view.id, 0):
            for passed in range(self._ranks.get(view.id, 0) + 1, rank + 1):
                self.at[f"{view.id}:{passed}"] = at
            self._ranks[view.id] = rank

    def gone(self, desk: int) -> None:
        """Note a stream that ended before it was closed."""
        self.broken.append(desk)


class EventParser:
    """Cuts a body that comes in pieces into events, as browsers do."""

    def __init__(self, event: Callable[[bytes, bytes], None]) -> None:
        """*event* is told the name and the data of each."""
        self._event = event
        self._rest = b""

    def feed(self, piece: bytes) -> None:
        """Take in the next piece."""
        *whole, self._rest = (self._rest + piece).split(b"\n\n")
        for one in whole:
            name, data = b"message", list[bytes]()
            for line in one.split(b"\n"):
                field, _, value = line.partition(b": ")
                if field == b"event":
                    name = value
                elif field == b"data":
                    data.append(value)
            if data:
                self._event(name, b"\n".join(data))


class Desk(asyncio.Protocol):
    """One open stream."""

    def __init__(
        self, number: int, hears: Hears, beat: Callable[[], None], *, keep: bool = False
    ) -> None:
        """*beat* is called for each ping; *keep* what is heard, for who wants to look at it."""
        self.number = number
        self.kept: list[tuple[bytes, bytes]] = []
        self.snapshot: Snapshot | None = None
        self.bytes = 0
        self.live_at: float | None = None
        self.live = asyncio.Event()
        self._keep = keep
        self._hears = hears
        self._beat = beat
        self._transport: asyncio.Transport | None = None
        self._parser = HttpResponseParser(self)
        self._events = EventParser(self._hear)
        self._at = 0.0

    def ask(self, whole: bytes) -> None:
        """Ask for the stream."""
        assert self._transport is not None, "connected"
        self._transport.write(whole)

    def pause(self) -> None:
        """Read nothing more, as a browser on a line that hangs."""
        if self._transport is not None:
            self._transport.pause_reading()

    def close(self) -> None:
        """Close the desk."""
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be ready."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Take in whatever came; all of it came now."""
        self._at = time.perf_counter()
        self.bytes += len(data)
        self._parser.feed_data(data)

    def connection_lost(self, _error: Exception | None) -> None:
        """Say so, unless it was we who closed it."""
        if self._transport is not None:
            self._transport = None
            self._hears.gone(self.number)

    def on_headers_complete(self) -> None:
        """Refuse anything but a stream."""
        status = self._parser.get_status_code()
        if status != 200:
            raise ConnectionRefusedError(f"a stream was answered {status}")

    def on_body(self, body: bytes) -> None:
        """Cut it into events."""
        self._events.feed(body)

    def _hear(self, name: bytes, data: bytes) -> None:
        if self._keep:
            self.kept.append((name, data))
        if name == b"view":
            self._hears.view(self.number, _view(data), self._at)
        elif name == b"ping":
            self._beat()
        elif name == b"snapshot":
            self.snapshot = _snapshot(data)
            for view in self.snapshot.views:
                self._hears.view(self.number, view, self._at)
            self._be_live()
        elif name == b"open":  # a floor has no snapshot
            self._be_live()

    def _be_live(self) -> None:
        self.live_at = self.live_at or self._at
        self.live.set()


class Desks:
    """Many desks at once, each of its own agent."""

    def __init__(self, address: Address, pool: Pool, hears: Hears, *, keep: bool = False) -> None:
        """Pings are answered over *pool*."""
        self.open: list[Desk] = []
        self.beats_refused = 0
        self._address = address
        self._pool = pool
        self._hears = hears
        self._keep = keep

    def beside(self) -> Desks:
        """Room for further desks at the same server."""
        return Desks(self._address, self._pool, self._hears, keep=self._keep)

    async def connect(self, cookies: Sequence[str]) -> None:
        """Open one desk for each of *cookies*; return when all are live."""
        streams = [request("GET", "/api/desk", headers={"cookie": one}) for one in cookies]
        beats = [request("POST", "/api/desk/beat", headers={"cookie": one}) for one in cookies]
        await self._connect(list(zip(streams, beats, strict=True)))

    async def connect_to_floor(self, count: int) -> None:
        """Open *count* streams of a floor, which sends no pings."""
        streams = [request("GET", f"/desk?agent={k}") for k in range(count)]
        await self._connect([(stream, b"") for stream in streams])

    def close(self) -> None:
        """Close all desks."""
        for desk in self.open:
            desk.close()
        self.open.clear()

    async def _connect(self, wanted: Sequence[tuple[bytes, bytes]]) -> None:
        """Connections are few at a time, as a door has a queue of its own; requests are not."""
        gate = asyncio.Semaphore(OPENING_AT_ONCE)
        desks = [self._desk(number, beat) for number, (_, beat) in enumerate(wanted)]
        await asyncio.gather(*(self._dial(gate, desk) for desk in desks))
        for desk, (stream, _) in zip(desks, wanted, strict=True):
            desk.ask(stream)
        self.open += desks
        async with asyncio.timeout(OPEN_SECONDS_MAX):
            await asyncio.gather(*(desk.live.wait() for desk in desks))

    def _desk(self, number: int, beat: bytes) -> Desk:
        def answer() -> None:
            self._pool.send(beat, self._beaten)

        return Desk(len(self.open) + number, self._hears, answer, keep=self._keep)

    async def _dial(self, gate: asyncio.Semaphore, desk: Desk) -> None:
        async with gate:
            await asyncio.get_running_loop().create_connection(lambda: desk, *self._address)

    def _beaten(self, status: int, _body: bytes) -> None:
        if status != 204:
            self.beats_refused += 1
