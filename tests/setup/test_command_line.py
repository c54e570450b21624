"""The command line, as a person has it: whole processes, real signals, words that help."""

import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import pytest

pytestmark = pytest.mark.slow

BALCAO = (sys.executable, "-m", "balcao")
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("BALCAO_")}
SECRETS = {"BALCAO_APP_SECRETS": "an-app-secret", "BALCAO_SECRET_KEY": "a-secret-of-some-length"}


@pytest.fixture
def folder() -> Iterator[Path]:
    """A place for data folders that PostgreSQL's user can pass."""
    with tempfile.TemporaryDirectory(prefix="balcao-test-") as path:
        Path(path).chmod(0o711)
        yield Path(path)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


def balcao(*words: str, say: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """What a command says and how it ends."""
    return subprocess.run(
        [*BALCAO, *words],
        input=say,
        capture_output=True,
        text=True,
        env={**CLEAN, **environment},
        cwd="/",
        timeout=60,
    )


def refused(said: subprocess.CompletedProcess[str], status: int = 2) -> str:
    """The one sentence of a refusal."""
    assert said.returncode == status, said.stderr
    assert said.stdout == ""
    lines = said.stderr.splitlines()
    assert len(lines) == 1, said.stderr
    assert lines[0].startswith("balcao: ")
    return lines[0]


class Running:
    """A demo or a server in a process group of its own, and what it has said."""

    def __init__(self, folder: Path, *words: str, **environment: str) -> None:
        self.log = folder / f"{free_port()}.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [*BALCAO, *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**CLEAN, **environment},
                cwd="/",
                process_group=0,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(30)

    def says(self, words: str) -> bool:
        """Whether it has said *words*; fails where it has ended."""
        assert self.process.poll() is None, self.log.read_text()
        return words in self.log.read_text()

    def child(self, words: str) -> int:
        """The process of the child whose command has *words* in it."""
        listed = subprocess.run(
            ["ps", "-o", "pid=,args=", "--ppid", str(self.process.pid)],
            capture_output=True,
            text=True,
        )
        return next(int(line.split()[0]) for line in listed.stdout.splitlines() if words in line)


def until(what: Callable[[], bool], seconds: float = 30) -> None:
    """Return once *what* holds; fail if it does not in time."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it took too long"
        select.select([], [], [], 0.05)


def status(port: int, path: str) -> int:
    """The status that a GET is answered with; 0 where nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            found: int = answer.status
            return found
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except OSError:
        return 0


@pytest.mark.parametrize(
    "words",
    [
        ["frobnicate"],
        ["demo", "--bogus"],
        ["demo", "--port", "many"],
        ["serve", "--workers", "0"],
        ["simulator", "--desk-url", "nowhere"],
        ["simulator", "--webhook-url", "nowhere"],
        ["simulated-days", "--seeds", "0"],
        ["simulated-days", "--processes", "0"],
    ],
)
def test_wrong_words_are_refused_in_one_sentence(words: list[str]) -> None:
    refused(balcao(*words))


def test_the_public_is_not_served_without_secrets() -> None:
    assert "BALCAO_APP_SECRETS is not set" in refused(balcao("serve"))


def test_a_taken_port_is_named_in_one_sentence(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        words = ("--port", port, "--data-dir", str(folder / "home"))
        assert port in refused(balcao("demo", *words))
    assert not (folder / "home").exists(), "nothing was made"


def test_a_folder_without_data_is_not_made_by_a_look(folder: Path) -> None:
    assert "There is no data" in refused(balcao("check", "--data-dir", str(folder / "home")))
    assert not (folder / "home").exists()


def test_a_database_that_is_away_is_named_in_one_sentence() -> None:
    url = f"postgresql://balcao:hush@127.0.0.1:{free_port()}/balcao"
    assert "hush" not in refused(balcao("check", BALCAO_DATABASE_URL=url), 1)


def test_people_are_added_changed_and_disabled(folder: Path) -> None:
    home = ("--data-dir", str(folder / "home"))
    add = ("user", "add", "ana@shop.example", "--name", "Ana", "--team", "Vendas", *home)
    assert "shorter than 8" in refused(balcao(*add, say="short\n"), 1)
    assert balcao(*add, say="long enough\n").returncode == 0
    assert "already" in refused(balcao(*add, say="long enough\n"), 1)
    password = ("user", "password", "ANA@shop.example", *home)
    assert balcao(*password, say="another one\n").returncode == 0
    assert balcao("user", "disable", "ana@shop.example", *home).returncode == 0
    assert "Nobody" in refused(balcao("user", "disable", "eva@shop.example", *home), 1)


def test_the_doctor_says_what_to_do(folder: Path) -> None:
    home = ("--data-dir", str(folder / "home"))
    assert balcao("migrate", *home).returncode == 0
    said = balcao("doctor", *home)
    assert said.returncode == 1
    for words in ("balcao user add", "balcao number add", "BALCAO_PUBLIC_URL"):
        assert words in said.stdout
    number = ("number", "add", "100000000000009", "+55 11", "--queue", "Vendas", *home)
    assert "in digits" in refused(balcao(*number), 1)
    number = ("number", "add", "100000000000009", "+551140009000", "--queue", "Vendas", *home)
    assert balcao(*number).returncode == 0
    assert "balcao number add" not in balcao("doctor", *home).stdout


def test_a_demo_serves_survives_kills_and_ends_cleanly(folder: Path) -> None:
    port, phones = free_port(), free_port()
    home = str(folder / "home")
    words = ("--port", str(port), "--simulator-port", str(phones), "--data-dir", home, "--quiet")
    with Running(folder, "demo", *words) as demo:
        until(lambda: demo.says("balcao-demo"), 60)
        assert status(port, "/ready") == 200
        assert status(phones, "/health") == 200
        assert "holds" in refused(balcao("migrate", "--data-dir", str(folder)))

        os.kill(demo.child("postgres"), signal.SIGKILL)
        until(lambda: status(port, "/ready") == 200)
        os.kill(demo.child("balcao.server"), signal.SIGKILL)
        until(lambda: demo.says("process_ended") and status(port, "/ready") == 200)
        assert balcao("check", "--data-dir", home).returncode == 0

        os.killpg(demo.process.pid, signal.SIGINT)
        os.killpg(demo.process.pid, signal.SIGINT)
        assert demo.process.wait(20) == 0
    assert status(port, "/ready") == 0
    assert "shut down" in (folder / "home" / "postgres.log").read_text().splitlines()[-1]


def test_two_demos_run_side_by_side_and_nothing_outlives_a_kill(folder: Path) -> None:
    ports = [free_port() for _ in range(4)]
    first, second = [
        Running(
            folder,
            *("demo", "--quiet", "--port", str(port), "--simulator-port", str(phones)),
            *("--data-dir", str(folder / name)),
        )
        for port, phones, name in ((ports[0], ports[1], "one"), (ports[2], ports[3], "two"))
    ]
    with first, second:
        until(lambda: first.says("balcao-demo") and second.says("balcao-demo"), 60)
        first.process.kill()
        until(lambda: not any(status(port, "/ready") for port in ports[:2]))
        assert status(ports[2], "/ready") == 200


def test_two_servers_share_a_folder_and_one_takes_over_its_database(folder: Path) -> None:
    one, two = free_port(), free_port()
    home = ("--data-dir", str(folder / "home"))
    serve = ("serve", *home, "--port")
    with Running(folder, *serve, str(one), "--workers", "2", **SECRETS) as first:
        until(lambda: first.says("Balcão is at"), 60)
        with Running(folder, *serve, str(two), **SECRETS) as second:
            until(lambda: second.says("Balcão is at"), 60)
            assert status(one, "/ready") == status(two, "/ready") == 200
            first.process.terminate()
            assert first.process.wait(20) == 0
            until(lambda: second.says("database_started_again") and status(two, "/ready") == 200)
