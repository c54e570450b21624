"""A PostgreSQL of our own: found, made, started, watched and stopped.

It runs as a direct child of the process that calls `start`, which must do so from its main thread:
the kernel tells a child of the end of the *thread* that made it, and that is how PostgreSQL shuts
down cleanly even when we are killed.  It has a process group of its own, so that a Ctrl-C reaches
it only through us, after the work is done; it listens on a socket in a folder of its user only.

Two locks guard the folder.  `owner` is held by the process that supervises, and ends with it.
`lock` is inherited by every process of PostgreSQL, and so is held while any of them lives, which
is exactly what a restart must know.  Owner free and lock taken: an orphan, which is stopped first.
"""

import ctypes
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from balcao.store import programs
from balcao.store.programs import Account, CannotServe, Programs

NAME = "balcao"  # of the database and of its user
PORT = 5432  # only the name of the socket's file
PATIENCE_SECONDS = 60.0
LOG_BYTES_MAX = 10_000_000
PR_SET_PDEATHSIG = 1

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "synchronous_commit": "on",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # What people write must not get into a log: no rows, no statements.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}


class InUse(CannotServe):
    """Another Balcão is using this data folder."""


class Interrupted(CannotServe):
    """The start was given up because everything is to end."""


class Embedded:
    """One PostgreSQL over one data folder."""

    def __init__(
        self,
        home: Path,
        *,
        settings: Mapping[str, str] | None = None,
        interrupted: Callable[[], bool] = lambda: False,
    ) -> None:
        """Nothing is touched before `start`; *interrupted* is asked while waiting."""
        self.home = home.resolve()
        self.dsn = dsn(self.home)
        self._data = self.home / "data"
        self._log = self.home / "postgres.log"
        self._sockets = sockets(self.home)
        self._settings = {**SETTINGS, **(settings or {})}
        self._interrupted = interrupted
        self._owner: int | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Return when it answers, having made its data, waited for others, recovered a crash."""
        self._own()
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def start_or_join(self) -> None:
        """Return when it answers, started by us or by the process that supervises it already."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                self.start()
            except InUse:
                if _running(self._data) and _ready(self._data):
                    return
                if time.monotonic() > deadline:
                    raise
                self._pause()
            else:
                return

    def alive(self) -> bool:
        """Whether the child that was started still runs."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Shut it down, cleanly if it lets us, and give the folder free."""
        if self._process is not None:
            _end(self._process)
            self._process = None
            with suppress(OSError):
                self._sockets.rmdir()
        if self._owner is not None:
            os.close(self._owner)
            self._owner = None

    @contextmanager
    def held(self) -> Iterator[None]:
        """The folder with nothing of PostgreSQL alive in it, and nobody able to start one."""
        self._own()
        try:
            os.close(self._lock())
            yield
        finally:
            self.stop()

    def _own(self) -> None:
        if self._owner is None:
            self._owner = _try_lock(self.home / "owner")
        if self._owner is None:
            raise InUse(f"Another Balcão is using {self.home}: stop it, or choose another folder.")

    def _start(self) -> None:
        who = programs.account()
        if not who.can_pass(self.home):
            raise CannotServe(
                f"PostgreSQL runs as user {who.name}, who cannot reach {self.home}: "
                "choose a data folder that is not inside a closed one."
            )
        lock = self._lock()
        try:
            _clear_leftovers(self._data, self._sockets)
            major = _major(self._data)
            use = programs.find(self.home, who, major)
            if major is None:
                _make(self._data, use, who)
            _allow(self._data, who)
            _own_folder(self._sockets, who)
            self._process = self._spawn(use, who, lock)
        finally:
            os.close(lock)
        self._wait_until_ready()

    def _lock(self) -> int:
        """The lock of all PostgreSQL's processes, waiting for the last of an earlier one."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        asked = False
        while (lock := _try_lock(self.home / "lock")) is None:
            orphan = None if asked else _running(self._data)
            if orphan is not None:
                asked = True
                os.kill(orphan, signal.SIGINT)
            if time.monotonic() > deadline:
                raise CannotServe(f"Processes of an earlier PostgreSQL still use {self.home}.")
            self._pause()
        return lock

    def _spawn(self, use: Programs, who: Account, lock: int) -> subprocess.Popen[bytes]:
        settings = {**self._settings, "unix_socket_directories": str(self._sockets)}
        options = [f"--{name}={value}" for name, value in settings.items()]
        if self._log.exists() and self._log.stat().st_size > LOG_BYTES_MAX:
            self._log.replace(self._log.with_suffix(".log.old"))
        with self._log.open("ab") as log:
            return subprocess.Popen(
                [str(use.folder / "postgres"), "-D", str(self._data), *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=programs.environment(),
                process_group=0,
                pass_fds=(lock,),
                preexec_fn=_end_with(os.getpid()),
                **who.privileges(),
            )

    def _wait_until_ready(self) -> None:
        """Crash recovery takes as long as it takes: only its own end, or ours, stops the wait."""
        assert self._process is not None
        while not _ready(self._data, self._process.pid):
            if self._process.poll() is not None:
                raise CannotServe(
                    f"PostgreSQL did not start: {_last_words(self._log)} (all of it: {self._log})"
                )
            self._pause()

    def _pause(self) -> None:
        if self._interrupted():
            raise Interrupted("Ended while the database was starting.")
        _tick()


def dsn(home: Path, database: str = NAME) -> str:
    """The address of a database in the server of the folder *home*."""
    return f"postgresql://{NAME}@/{database}?host={sockets(home.resolve())}&port={PORT}"


def sockets(home: Path) -> Path:
    """A short path that only *home* leads to: sockets allow 107 bytes."""
    return Path("/tmp") / f"balcao-{hashlib.sha256(os.fsencode(home)).hexdigest()[:32]}"


@contextmanager
def running(home: Path) -> Iterator[str]:
    """The address of the folder's database: the one that runs, or one started for the while."""
    server = Embedded(home)
    try:
        server.start_or_join()
        yield server.dsn
    finally:
        server.stop()


def _end_with(parent: int) -> Callable[[], None]:
    """What the child does before it becomes PostgreSQL: ask to be ended with us (Linux)."""
    if sys.platform != "linux":
        return lambda: None
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def before_exec() -> None:
        prctl(PR_SET_PDEATHSIG, int(signal.SIGINT))
        if os.getppid() != parent:  # it ended before we asked
            os._exit(1)

    return before_exec


def _try_lock(path: Path) -> int | None:
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle


def _end(process: subprocess.Popen[bytes]) -> None:
    for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        if process.poll() is None:
            process.send_signal(how)
        with suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE_SECONDS)
            return


def _pidfile(data: Path) -> list[str]:
    try:
        return (data / "postmaster.pid").read_text().splitlines()
    except (FileNotFoundError, UnicodeDecodeError):
        return []


def _ready(data: Path, pid: int | None = None) -> bool:
    lines = _pidfile(data)
    ours = pid is None or lines[:1] == [str(pid)]
    return ours and len(lines) >= 8 and lines[7].strip() == "ready"


def _running(data: Path) -> int | None:
    """The process of the PostgreSQL that uses *data*, dead and unreaped ones not counted."""
    first = next(iter(_pidfile(data)), "")
    if not first.isdigit():
        return None
    command = ["ps", "-ww", "-o", "command=", "-p", first]
    proc = Path("/proc") / first / "cmdline"
    if Path("/proc/self/cmdline").exists():
        try:
            words = proc.read_bytes().decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            return None
    else:
        words = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return int(first) if "postgres" in words and str(data) in words else None


def _clear_leftovers(data: Path, socket_folder: Path) -> None:
    """Remove what a killed server left; the lock says that none of its processes lives."""
    process = _running(data)
    if process is not None:
        raise CannotServe(
            f"A PostgreSQL that was started by hand (process {process}) uses {data}: stop it first."
        )
    socket = socket_folder / f".s.PGSQL.{PORT}"
    for path in (data / "postmaster.pid", socket, socket.with_name(f"{socket.name}.lock")):
        path.unlink(missing_ok=True)


def _major(data: Path) -> int | None:
    """The PostgreSQL version that the data is of, None where there is none yet."""
    try:
        return int((data / "PG_VERSION").read_text())
    except FileNotFoundError:
        return None


def _make(data: Path, use: Programs, who: Account) -> None:
    """Make the data folder and the database, under another name until all is there."""
    new = data.with_name("data.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    who.give(new)
    locale = ["--locale=C.UTF-8"]
    if use.major >= 17:
        locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    _run(
        [
            *(str(use.folder / "initdb"), "-D", str(new), "-U", NAME, "-E", "UTF8", *locale),
            *("--data-checksums", "--auth=peer", "--auth-host=reject"),
            "--text-search-config=simple",
        ],
        who,
    )
    alone = [str(use.folder / "postgres"), "--single", "-D", str(new), "postgres"]
    _run(alone, who, f"create database {NAME};\n")
    new.rename(data)


def _run(command: list[str], who: Account, say: str = "") -> None:
    done = subprocess.run(
        command,
        input=say,
        capture_output=True,
        text=True,
        cwd="/",
        env=programs.environment(),
        check=False,
        **who.privileges(),
    )
    if done.returncode:
        words = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise CannotServe(
            f"{Path(command[0]).name} failed as user {who.name}: {' '.join(words[-3:])}"
        )


def _allow(data: Path, who: Account) -> None:
    """Let ourselves in, and PostgreSQL's own user, and nobody else."""
    us = programs.name_of_self()
    files = {
        "pg_hba.conf": f"local all all peer map={NAME}\nlocal replication all peer map={NAME}\n",
        "pg_ident.conf": "".join(f"{NAME} {name} {NAME}\n" for name in sorted({us, who.name})),
    }
    for name, text in files.items():
        path = data / name
        path.write_text(text)
        path.chmod(0o600)
        who.give(path)


def _own_folder(path: Path, who: Account) -> None:
    """A folder that is *who*'s alone, or a refusal: anybody can write to /tmp."""
    with suppress(FileExistsError):
        path.mkdir(mode=0o700)
        who.give(path)
    found = path.lstat()
    if path.is_symlink() or not path.is_dir() or found.st_uid != who.uid:
        raise CannotServe(f"{path} belongs to somebody else: remove it.")
    path.chmod(0o700)


def _last_words(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    fatal = [line for line in lines if "FATAL" in line or "PANIC" in line]
    return next(reversed(fatal or lines), "it said nothing")


def _tick() -> None:
    time.sleep(0.02)
