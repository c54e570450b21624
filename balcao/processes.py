"""Our processes: started together, started again when one dies, ended in order.

The supervisor owns no work of its own, so that it can always attend to the others.  Each child
has one line to it, a pair of sockets of which the child's end is its standard input: the child is
told its task there, answers `ready`, and knows by the end of the line that we are gone, however
that came about.  Children have process groups of their own: a Ctrl-C reaches them only through
us, once, and in order.  A signal, a child's word or its end wakes the loop at once; the look it
takes by itself each second is for what nobody tells, such as a database that is left to us.
"""

import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby
from threading import Thread

import structlog

from balcao.edges import Edge, no_edge
from balcao.store.embedded import Embedded, Interrupted, InUse
from balcao.store.programs import CannotServe

log = structlog.get_logger()

READY = b"ready\n"
START_SECONDS_MAX = 120.0
RESTART_SECONDS_MIN = 0.1
RESTART_SECONDS_MAX = 5.0
LOOK_SECONDS = 1.0


class DidNotStart(Exception):
    """A process of ours ended before it was ready."""


@dataclass
class Child:
    """One process that is kept alive: how to start it, and how it is."""

    name: str
    command: Sequence[str]
    task: bytes = b""
    files: Sequence[int] = ()
    grace_seconds: float = 10.0
    environment: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    line: socket.socket | None = None
    ready: bool = False
    was_ready: bool = False
    pause_seconds: float = RESTART_SECONDS_MIN
    not_before: float = field(default=0.0)

    def start(self) -> None:
        """Start it and tell it its task."""
        ours, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                self.command,
                stdin=theirs.fileno(),
                pass_fds=self.files,
                process_group=0,
                env={**os.environ, **self.environment},
            )
        self.line, self.ready = ours, False
        with suppress(OSError):  # it may have ended already; that is seen later
            ours.sendall(self.task + b"\n")
        ours.setblocking(False)

    def hear(self) -> None:
        """Take note of its word, if it has said one."""
        if self.line is None or self.ready:
            return
        with suppress(BlockingIOError, ConnectionError):
            if self.line.recv(len(READY)) == READY:
                self.ready = self.was_ready = True
                self.pause_seconds = RESTART_SECONDS_MIN

    def ended(self) -> int | None:
        """Its exit status once it has ended, taking note of that."""
        if self.process is None or (status := self.process.poll()) is None:
            return None
        self.hear()
        if self.line is not None:
            self.line.close()
        self.process = self.line = None
        return status

    def end(self) -> None:
        """Ask it to end."""
        if self.process is not None:
            self.process.terminate()

    def see_off(self) -> None:
        """Wait for its end, and make it where it does not come."""
        if self.process is None:
            return
        try:
            self.process.wait(self.grace_seconds)
        except subprocess.TimeoutExpired:
            log.warning("killed", process=self.name, after_seconds=self.grace_seconds)
            self.process.kill()
            self.process.wait()
        self.ended()


class Supervisor:
    """Keeps a database and children alive until a signal says that all is to end."""

    def __init__(self, edge: Edge = no_edge) -> None:
        """From here on SIGINT and SIGTERM set `ending`, and nothing else; main thread only.

        *edge* is told of what becomes of each process.
        """
        self.ending = False
        self._edge = edge
        self._woken, waker = socket.socketpair()
        for end in (self._woken, waker):
            end.setblocking(False)
        self._waker = waker
        signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def _on_signal(self, *_: object) -> None:
        self.ending = True

    def run(
        self, children: Sequence[Child], database: Embedded | None, on_ready: Callable[[], None]
    ) -> None:
        """Keep all alive until told to end, then end the children in the given order.

        *on_ready* is called once, when every child has said that it is.
        """
        told = False
        deadline = time.monotonic() + START_SECONDS_MAX
        try:
            while not self.ending:
                self._look(children)
                if database is not None:
                    self._tend(database)
                if not told and all(child.ready for child in children):
                    told = True
                    on_ready()
                if not told and time.monotonic() > deadline:
                    raise DidNotStart("The server did not become ready; its log says why.")
                self._sleep(children)
        finally:
            self._end(children)

    def _look(self, children: Sequence[Child]) -> None:
        for child in children:
            child.hear()
            status = child.ended()
            if status is not None:
                if not child.was_ready:
                    raise DidNotStart(f"The {child.name} did not start; its log says why.")
                log.warning("process_ended", process=child.name, status=status)
                child.not_before = time.monotonic() + child.pause_seconds
                child.pause_seconds = min(2 * child.pause_seconds, RESTART_SECONDS_MAX)
                self._edge("after")
            if child.process is None and time.monotonic() >= child.not_before:
                child.start()
                self._edge("after")

    def _tend(self, database: Embedded) -> None:
        """Start the database again when it has died, or when its owner has left it to us."""
        if database.alive():
            return
        try:
            self._edge("before")
            database.start()
            self._edge("after")
            log.warning("database_started_again")
        except (InUse, Interrupted):
            return
        except CannotServe as error:
            log.error("database_does_not_start", error=str(error))

    def _sleep(self, children: Sequence[Child]) -> None:
        lines = [child.line for child in children if child.line and not child.ready]
        starts = [child.not_before for child in children if child.process is None]
        pause = min([LOOK_SECONDS, *(at - time.monotonic() for at in starts)])
        readable, _, _ = select.select([self._woken, *lines], [], [], max(pause, 0))
        if self._woken in readable:
            self._woken.recv(4096)

    def _end(self, children: Sequence[Child]) -> None:
        """End *children* in the order given, those of one name together."""
        for _, alike in groupby(children, key=lambda child: child.name):
            group = list(alike)
            for child in group:
                child.end()
            self._edge("before")
            for child in group:
                child.see_off()
            self._edge("after")


class Line:
    """A child's end of its line to the supervisor, which is its standard input."""

    def __init__(self) -> None:
        self._socket = socket.socket(fileno=os.dup(0))

    def task(self) -> bytes:
        """What the supervisor wants done."""
        with self._socket.makefile("rb", buffering=0) as reader:
            return reader.readline()

    def tell_ready(self) -> None:
        """Say that the work has begun."""
        with suppress(OSError):
            self._socket.sendall(READY)

    def end_with_supervisor(self) -> None:
        """From here on, treat the end of the supervisor as a SIGTERM."""
        Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        with suppress(OSError):
            while self._socket.recv(64):
                pass
        os.kill(os.getpid(), signal.SIGTERM)
