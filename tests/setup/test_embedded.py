"""The embedded PostgreSQL: started, killed, orphaned, refused; and nothing is ever lost."""

import asyncio
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from balcao.store import embedded
from balcao.store.embedded import Embedded, InUse
from balcao.store.programs import CannotServe

pytestmark = pytest.mark.slow

SUPERVISED = """
import sys, time
from pathlib import Path
from balcao.store.embedded import Embedded
server = Embedded(Path(sys.argv[1]))
server.start()
print(1, flush=True)
time.sleep(600)
"""


# Says that it asks, and asks for what keeps a backend busy for a while.
ASKING = """
import asyncio, asyncpg, sys
async def main():
    connection = await asyncpg.connect(sys.argv[1])
    print("asking", flush=True)
    await connection.fetchval("select count(*) from generate_series(1, 20000000)")
asyncio.run(main())
"""


@pytest.fixture
def home() -> Iterator[Path]:
    """An empty data folder that PostgreSQL's user can pass."""
    with tempfile.TemporaryDirectory(prefix="balcao-test-") as path:
        Path(path).chmod(0o711)
        yield Path(path)


@pytest.fixture
def server(home: Path) -> Iterator[Embedded]:
    """A server over *home*, not started, and stopped whatever happens."""
    made = Embedded(home)
    yield made
    made.stop()


def ask(url: str, sql: str) -> object:
    """The answer to *sql* on a connection of its own."""

    async def once() -> object:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    return asyncio.run(once())


def until(what: Callable[[], bool], seconds: float = 20) -> None:
    """Return once *what* holds; fail if it does not in time."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it took too long"
        select.select([], [], [], 0.02)


def postmaster(home: Path) -> int:
    """The process that the data folder names."""
    return int((home / "data" / "postmaster.pid").read_text().split()[0])


def gone(pid: int) -> bool:
    """Whether a process has ended, reaped or not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def supervised(home: Path) -> subprocess.Popen[str]:
    """Another process that supervises a server over *home*, which answers already."""
    process = subprocess.Popen(
        [sys.executable, "-c", SUPERVISED, str(home)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process.stdout as said:
        assert said.readline().strip() == "1"
    return process


def test_it_is_made_durable_checked_and_ours_alone(home: Path, server: Embedded) -> None:
    server.start()

    assert ask(server.dsn, "show data_checksums") == "on"
    assert ask(server.dsn, "show synchronous_commit") == "on"
    assert ask(server.dsn, "show fsync") == "on"
    assert ask(server.dsn, "show listen_addresses") == ""
    assert ask(server.dsn, "show default_text_search_config") == "pg_catalog.simple"
    assert ask(server.dsn, "select upper('ção')") == "ÇÃO"
    folder = embedded.sockets(home.resolve())
    assert folder.stat().st_mode & 0o777 == 0o700
    assert len(str(folder / ".s.PGSQL.5432.lock")) < 100
    if os.geteuid() == 0:
        assert (home / "data").stat().st_uid != 0


def test_what_was_committed_survives_a_kill(home: Path, server: Embedded) -> None:
    server.start()
    ask(server.dsn, "create table kept as select 17 as n")

    os.kill(postmaster(home), signal.SIGKILL)
    until(lambda: not server.alive())
    server.start()

    assert ask(server.dsn, "select n from kept") == 17


def test_a_stop_leaves_nothing_running_and_a_start_finds_all(home: Path, server: Embedded) -> None:
    server.start()
    ask(server.dsn, "create table kept as select 17 as n")
    pid = postmaster(home)
    server.stop()

    assert gone(pid)
    assert not embedded.sockets(home.resolve()).exists()
    server.start()
    assert ask(server.dsn, "select n from kept") == 17


def test_it_ends_cleanly_with_its_supervisor_however_that_ends(
    home: Path, server: Embedded
) -> None:
    process = supervised(home)
    pid = postmaster(home)

    process.kill()
    process.wait()
    until(lambda: gone(pid))

    assert "database system is shut down" in (home / "postgres.log").read_text()
    server.start()
    assert ask(server.dsn, "select 1") == 1


def test_a_second_supervisor_is_refused_in_words(home: Path, server: Embedded) -> None:
    server.start()
    with pytest.raises(InUse, match="Another Balcão is using"):
        Embedded(home).start()


def test_a_command_joins_the_server_that_runs(home: Path, server: Embedded) -> None:
    server.start()
    with embedded.running(home) as url:
        assert ask(url, "select 1") == 1
    assert server.alive()


def test_a_command_starts_a_server_for_the_while(home: Path) -> None:
    with embedded.running(home) as url:
        assert ask(url, "select 1") == 1
        pid = postmaster(home)
    assert gone(pid)


def test_an_orphan_is_ended_before_the_start(home: Path, server: Embedded) -> None:
    process = supervised(home)
    pid = postmaster(home)
    # Only a stopped one outlives its supervisor where the kernel tells children of the end.
    os.kill(pid, signal.SIGSTOP)
    process.kill()
    process.wait()
    os.kill(pid, signal.SIGCONT)

    server.start()

    assert gone(pid)
    assert ask(server.dsn, "select 1") == 1


def test_a_busy_backend_of_a_killed_server_is_waited_for(home: Path, server: Embedded) -> None:
    server.start()
    asking = subprocess.Popen(
        [sys.executable, "-c", ASKING, server.dsn],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert asking.stdout is not None
    with asking.stdout as said:
        said.readline()
    os.kill(postmaster(home), signal.SIGKILL)
    until(lambda: not server.alive())

    server.start()

    assert ask(server.dsn, "select 1") == 1
    asking.wait()


def test_data_of_another_major_version_is_refused_in_words(home: Path, server: Embedded) -> None:
    server.start()
    server.stop()
    (home / "data" / "PG_VERSION").write_text("9\n")
    with pytest.raises(CannotServe, match="made by PostgreSQL 9, but here is only"):
        server.start()


def test_a_server_that_cannot_start_says_why(home: Path, server: Embedded) -> None:
    server.start()
    server.stop()
    (home / "data" / "postgresql.conf").write_text("nonsense = on\n")
    with pytest.raises(CannotServe, match=r"did not start: .* contains errors"):
        server.start()


@pytest.mark.parametrize("mode", [0o700, 0o711])
def test_a_data_folder_inside_a_closed_one_is_refused_in_words(home: Path, mode: int) -> None:
    """Only root runs PostgreSQL as somebody else, for whom a folder can be closed."""
    (home / "inner").mkdir()
    (home / "inner").chmod(0o711)
    home.chmod(mode)
    server = Embedded(home / "inner")
    if os.geteuid() == 0 and mode == 0o700:
        with pytest.raises(CannotServe, match="who cannot reach"):
            server.start()
    else:
        server.start()
    server.stop()
    home.chmod(0o711)


def test_a_folder_half_made_is_made_again(home: Path, server: Embedded) -> None:
    (home / "data.new").mkdir()
    (home / "data.new" / "rubbish").touch()
    server.start()
    assert ask(server.dsn, "select 1") == 1


def test_two_folders_have_a_server_each(home: Path, server: Embedded) -> None:
    with tempfile.TemporaryDirectory(prefix="balcao-test-") as path:
        Path(path).chmod(0o711)
        server.start()
        with embedded.running(Path(path)) as other:
            ask(server.dsn, "create table here ()")
            assert ask(other, "select to_regclass('here')") is None
