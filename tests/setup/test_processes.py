"""Our processes: kept alive, ended in order, never left behind."""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

# A child that says what it is told, is ready, and stays until it is ended or left alone.
CHILD = """
import os, signal, sys
from balcao.processes import Line
out = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
def say(text): os.write(out, (text + "\\n").encode())
def stop(*_):
    say("ended " + sys.argv[2])
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
line = Line()
say("task " + line.task().decode().strip())
line.end_with_supervisor()
say(f"pid {os.getpid()}")
line.tell_ready()
while True:
    signal.pause()
"""

SUPERVISOR = """
import sys
from balcao.processes import Child, Supervisor
log, names = sys.argv[1], sys.argv[2:]
child = open(log + ".child").read()
children = [Child(n, [sys.executable, "-c", child, log, n], n.encode()) for n in names]
Supervisor().run(children, None, lambda: print("ready", flush=True))
print("done", flush=True)
"""


class Running:
    """A supervisor in a process of its own, with what its children have said."""

    def __init__(self, folder: Path, *names: str, child: str = CHILD) -> None:
        self.log = folder / "log"
        Path(f"{self.log}.child").write_text(child)
        self.process = subprocess.Popen(
            [sys.executable, "-c", SUPERVISOR, str(self.log), *names],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def wait_ready(self) -> None:
        """Return when every child is ready."""
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def said(self, word: str) -> list[str]:
        """What the children said of *word*, oldest first."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [line.removeprefix(f"{word} ") for line in lines if line.startswith(word)]

    def finish(self) -> tuple[int, str]:
        """The exit status, and the rest of what the supervisor said."""
        rest, _ = self.process.communicate(timeout=20)
        return self.process.returncode, rest


def until(what: Callable[[], bool], seconds: float = 20) -> None:
    """Return once *what* holds; fail if it does not in time."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it took too long"
        select.select([], [], [], 0.02)


def alive(pid: str) -> bool:
    """Whether a process runs and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_children_get_their_task_and_end_in_order_on_one_signal_or_many(tmp_path: Path) -> None:
    running = Running(tmp_path, "first", "second")
    running.wait_ready()
    assert sorted(running.said("task")) == ["first", "second"]

    running.process.send_signal(signal.SIGINT)
    running.process.send_signal(signal.SIGTERM)

    assert running.finish() == (0, "done\n")
    assert running.said("ended") == ["first", "second"]


def test_a_child_that_dies_is_started_again(tmp_path: Path) -> None:
    running = Running(tmp_path, "only")
    running.wait_ready()
    os.kill(int(running.said("pid")[0]), signal.SIGKILL)
    until(lambda: len(running.said("pid")) == 2)
    running.process.terminate()
    status, rest = running.finish()
    assert status == 0
    assert rest.endswith("done\n")


def test_children_end_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    running = Running(tmp_path, "first", "second")
    running.wait_ready()
    running.process.kill()
    running.finish()
    until(lambda: len(running.said("ended")) == 2)
    until(lambda: not any(alive(pid) for pid in running.said("pid")))


def test_a_child_that_never_gets_ready_ends_all(tmp_path: Path) -> None:
    running = Running(tmp_path, "broken", child="raise SystemExit(3)")
    status, rest = running.finish()
    assert status == 1
    assert rest == ""
