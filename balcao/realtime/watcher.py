"""One open desk: what it has been told, and a mailbox for what it has not.

The mailbox keeps the newest event for each object, so that a slow browser costs a few views
and never a growing queue.  Where even that is too much it is emptied, and a fresh snapshot
takes its place.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Literal, TypeAlias

import msgspec
import structlog

from balcao.realtime.views import Closed, Gone, Ping, Snapshot

log = structlog.get_logger()

MAILBOX_MAX = 2_000

CloseCode: TypeAlias = Literal["taken-over", "signed-out", "disabled", "expired"]
Key: TypeAlias = tuple[str, int]

_encode = msgspec.json.Encoder().encode


def view_event(view: msgspec.Struct) -> bytes:
    """The event that carries *view*; made once for everyone who gets it."""
    return _event("view", view)


class Watcher:
    """A stream to one browser; the hub fills it, the web empties it."""

    def __init__(self, person: int, token: bytes) -> None:
        self.person = person
        self.token = token
        self.woken = asyncio.Event()
        self.due = True
        """A snapshot is due; until it is there nothing else counts."""
        self.waiting: dict[Watcher, None] = {}
        """Where it is noted that one is due; the audience's own."""
        self.over = False
        """Nothing will follow what is in the mailbox."""
        self.tasks: dict[int, frozenset[int]] = {}
        """The tasks told, by conversation; kept by the audience."""
        self.cuts: dict[int, int | None] = {}
        """The conversations whose messages are told, and up to which one."""
        self.notices: set[int] = set()
        self.agent_version = -1
        self._mailbox: dict[Key, bytes] = {}

    def put(self, kind: str, id: int, event: bytes) -> None:
        """Leave an event, in place of an older one of the same object."""
        if self.due or self.over:
            return
        self._mailbox[kind, id] = event
        if len(self._mailbox) > MAILBOX_MAX:
            self.start_over()
        self.woken.set()

    def gone(self, kind: Literal["task", "notice"], id: int) -> None:
        """Tell that an object is seen no longer."""
        self.put(kind, id, _event("gone", Gone(kind, str(id))))

    def show(self, snapshot: Snapshot) -> None:
        """Tell everything at once, in place of all that was told before."""
        self._mailbox.clear()
        self.due = False
        self.waiting.pop(self, None)
        self.put("snapshot", 0, _event("snapshot", snapshot))

    def start_over(self) -> None:
        """Forget what was told; a snapshot is due, if anything more is told at all."""
        if self.over:
            return
        self._mailbox.clear()
        self.due = True
        self.waiting[self] = None

    def close(self, code: CloseCode) -> None:
        """Say why there will be nothing more, for good."""
        self._mailbox = {("closed", 0): _event("closed", Closed(code))}
        self.end()

    def end(self) -> None:
        """Let the stream end after what is in the mailbox; the desk may come back."""
        self.over = True
        self.waiting.pop(self, None)
        self.woken.set()

    def take(self) -> bytes:
        """What there is to send, in the order in which the objects first changed."""
        self.woken.clear()
        if self.over:
            self.woken.set()
        events = b"".join(self._mailbox.values())
        if log.is_enabled_for(logging.DEBUG):
            for kind, id in self._mailbox:
                log.debug("told", **{"agent": self.person, kind: id})
        self._mailbox.clear()
        return events


def ping_event(at: str) -> bytes:
    """The event that carries the server's time."""
    return _event("ping", Ping(at))


def _event(name: str, data: msgspec.Struct) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), _encode(data))
