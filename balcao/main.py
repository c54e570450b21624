"""Builds what each command needs, and starts it.

The process that runs here is the parent.  It reads the settings, binds the port, supervises an
embedded database and hands the rest to children: the servers (`balcao.server`, where the objects
meet) and, in a demo, the pretend WhatsApp.  A command over a database gets the one that runs in
the data folder, or one that is started for the while.
"""

import errno
import hashlib
import os
import secrets
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import argon2
import msgspec

from balcao import commands, config, demo, logs
from balcao.commands import Refusal
from balcao.config import BadSetting, Settings
from balcao.edges import Edge, no_edge
from balcao.processes import Child, DidNotStart, Line, Supervisor
from balcao.store import embedded
from balcao.store.database import Database
from balcao.store.embedded import Embedded, Interrupted, InUse
from balcao.store.folder import NotOurs, Purpose, claim, empty, purpose_of
from balcao.store.migrate import MigrationError
from balcao.store.programs import CannotServe
from balcao.work import Work

VERSION = version("balcao")
BACKLOG = 4096
WORKERS_MAX = 64
GRACE_SECONDS = 10.0
SERVER_MODULE = "balcao.server"
#: glibc keeps what a burst needed, such as hundreds of desks that connect at once, for requests
#: that may never come.  Whatever is larger than this goes back as soon as it is free; mallopt(3).
ALLOCATING = {"MALLOC_MMAP_THRESHOLD_": "32768"}

Options = Mapping[str, Any]


class PortTaken(Exception):
    """The address cannot be listened on."""


# What an operator is told in one sentence, and the exit status that goes with it.
REFUSALS: Mapping[type[Exception], int] = {
    BadSetting: 2,
    PortTaken: 2,
    NotOurs: 2,
    InUse: 2,
    demo.NotTheDemo: 2,
    Refusal: 1,
    CannotServe: 1,
    DidNotStart: 1,
    MigrationError: 1,
}

SETTINGS_HELP = "\n\n".join(
    ["Settings, from the environment, or from balcao.toml in small letters without BALCAO_:"]
    + [f"{config.PREFIX}{name}: {meaning}." for name, meaning in config.MEANINGS.items()]
)


def settings(options: Options) -> Settings:
    """The settings in force; BadSetting where one cannot be used."""
    return config.read(options)


@contextmanager
def database(chosen: Settings, *, make: bool = False) -> Iterator[str]:
    """The address of the database that *chosen* means; *make* one where there is none yet."""
    if chosen.database_url is not None:
        yield chosen.database_url
        return
    if purpose_of(chosen.home) is None:
        if not make:
            raise NotOurs(f"There is no data in {chosen.home}: name the folder with --data-dir.")
        claim(chosen.home, Purpose.SERVER)
    with embedded.running(chosen.home) as url:
        yield url


def serve(
    options: Options, workers: int, *, edge: Edge = no_edge, module: str = SERVER_MODULE
) -> int:
    """Run the server until a signal ends it.

    *edge* is told of what becomes of the processes, of which those that serve run *module*.
    """
    if not 1 <= workers <= WORKERS_MAX:
        raise BadSetting(f"--workers is {workers}, not a number between 1 and {WORKERS_MAX}.")
    chosen = config.read(options).for_the_public()
    logs.configure(chosen.log_format, chosen.log_level)
    supervisor = Supervisor(edge)
    with (
        suppress(Interrupted),
        _listening(chosen.host, chosen.port, "--port") as door,
        _supervised(chosen, Purpose.SERVER, supervisor) as (url, own),
        _sockets(workers) as sockets,
    ):
        edge("before")
        commands.migrate(url)
        edge("after")
        children = _servers(chosen, url, door, workers, module, sockets=sockets)
        supervisor.run(
            children, own, lambda: _say(f"Balcão is at http://{chosen.host}:{chosen.port}")
        )
    return 0


def demonstrate(options: Options, simulator_port: int, *, scripted: bool, fresh: bool) -> int:
    """Run the server, its database, the pretend WhatsApp and a small organisation."""
    media_port = _free_port()
    chosen = config.read(
        {
            **options,
            "host": "127.0.0.1",
            "graph_url": f"http://127.0.0.1:{simulator_port}",
            "media_hosts": [f"127.0.0.1:{media_port}"],
        }
    )
    logs.configure(chosen.log_format, chosen.log_level)
    supervisor = Supervisor()
    with _listening(chosen.host, chosen.port, "--port") as door:
        with _listening(chosen.host, simulator_port, "--simulator-port"):
            pass  # only to learn now, and not later, that the port is free
        if fresh:
            _empty(chosen)
        with suppress(Interrupted), _supervised(chosen, Purpose.DEMO, supervisor) as (url, own):
            commands.migrate(url)
            commands.done(_fill(url))
            chosen = _with_secrets(chosen, url)
            children = [
                *_servers(chosen, url, door, 1, demonstration=True),
                _simulator(chosen, simulator_port, media_port, scripted),
            ]
            supervisor.run(children, own, lambda: _greet(chosen, simulator_port))
    return 0


@contextmanager
def in_line(*, attached: bool) -> Iterator[Callable[[], None]]:
    """How to say that one is ready: to the supervisor where there is one, else to nobody."""
    if not attached:
        yield lambda: None
        return
    line = Line()
    line.task()
    line.end_with_supervisor()
    yield line.tell_ready


def _free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        port: int = door.getsockname()[1]
    return port


@contextmanager
def _listening(host: str, port: int, option: str) -> Iterator[socket.socket]:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        door = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        why = "it is taken" if error.errno == errno.EADDRINUSE else os.strerror(error.errno or 0)
        if isinstance(error, socket.gaierror):
            why = "this machine does not know that address"
        raise PortTaken(
            f"Port {port} of {host} cannot be listened on, as {why}: choose another with {option}."
        ) from None
    with door:
        yield door


@contextmanager
def _supervised(
    chosen: Settings, purpose: Purpose, supervisor: Supervisor
) -> Iterator[tuple[str, Embedded | None]]:
    """The database's address, and the database itself where it is ours to keep alive."""
    if chosen.database_url is not None:
        yield chosen.database_url, None
        return
    claim(chosen.home, purpose)
    own = Embedded(chosen.home, interrupted=lambda: supervisor.ending)
    try:
        if purpose is Purpose.DEMO:
            own.start()
        else:  # several servers may share a folder's database; one of them keeps it
            own.start_or_join()
        yield own.dsn, own
    finally:
        own.stop()


def _servers(
    chosen: Settings,
    url: str,
    door: socket.socket,
    workers: int,
    module: str = SERVER_MODULE,
    *,
    demonstration: bool = False,
    sockets: tuple[str, ...] = (),
) -> list[Child]:
    """The processes that serve, sharing one door."""
    work = _work(chosen, url, door, demonstration, sockets)
    command = [sys.executable, "-P", "-m", module]
    tasks = [
        msgspec.json.encode(msgspec.structs.replace(work, worker=worker))
        for worker in range(workers)
    ]
    environment = {name: os.environ.get(name, value) for name, value in ALLOCATING.items()}
    return [
        Child("server", command, task, [door.fileno()], GRACE_SECONDS, environment)
        for task in tasks
    ]


def _work(
    chosen: Settings, url: str, door: socket.socket, demonstration: bool, sockets: tuple[str, ...]
) -> Work:
    """What the first of the processes that serve is told."""
    assert chosen.secret_key is not None
    return Work(
        door=door.fileno(),
        database_url=url,
        secret_key=chosen.secret_key,
        app_secrets=chosen.app_secrets,
        verify_token=chosen.verify_token or "",
        access_token=chosen.access_token,
        graph_url=chosen.graph_url,
        graph_version=chosen.graph_version,
        media=chosen.media,
        media_hosts=chosen.media_hosts,
        public_url=chosen.public_url,
        log_format=chosen.log_format,
        log_level=chosen.log_level,
        version=VERSION,
        demonstration=demonstration,
        worker=0,
        sockets=sockets,
    )


@contextmanager
def _sockets(workers: int) -> Iterator[tuple[str, ...]]:
    """Where each of *workers* will tell the others its figures; nowhere for one alone."""
    if workers == 1:
        yield ()
        return
    with TemporaryDirectory(prefix="balcao-") as folder:
        yield tuple(f"{folder}/{worker}" for worker in range(workers))


def _simulator(chosen: Settings, port: int, media_port: int, scripted: bool) -> Child:
    """The pretend WhatsApp, as the command line has it, with this demo's secrets."""
    command = [sys.executable, "-P", "-m", "balcao", "simulator", "--attached"]
    command += ["--port", str(port), "--media-port", str(media_port)]
    command += ["--scripted"] if scripted else []
    desk = f"http://{chosen.host}:{chosen.port}"
    command += ["--desk-url", desk, "--webhook-url", f"{desk}/webhooks/whatsapp"]
    command += ["--memory", str(chosen.home / "phones.json")]
    environment = {
        f"{config.PREFIX}APP_SECRETS": ",".join(chosen.app_secrets),
        f"{config.PREFIX}VERIFY_TOKEN": chosen.verify_token or "",
        f"{config.PREFIX}ACCESS_TOKEN": chosen.access_token or "",
    }
    return Child("simulator", command, environment=environment)


def _empty(chosen: Settings) -> None:
    if chosen.database_url is not None:
        raise NotOurs("--fresh empties only a demo's data folder, and BALCAO_DATABASE_URL is set.")
    if purpose_of(chosen.home) is not None:
        empty(chosen.home)


async def _fill(url: str) -> None:
    own = await Database.open(url, size=2)
    try:
        await demo.fill(own, argon2.PasswordHasher().hash)
    finally:
        await own.close()


def _with_secrets(chosen: Settings, url: str) -> Settings:
    """*chosen* with what an operator would have set, the same at every start."""
    if chosen.database_url is None:
        path = Path(chosen.home) / "secret"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_hex(32))
        seed = path.read_text()
    else:  # without a folder of ours there is no better place than what we know
        seed = url

    def secret(name: str) -> str:
        return hashlib.sha256(f"{seed} {name}".encode()).hexdigest()

    return msgspec.structs.replace(
        chosen,
        secret_key=chosen.secret_key or secret("secret-key"),
        app_secrets=chosen.app_secrets or (secret("app-secret"),),
        verify_token=chosen.verify_token or secret("verify-token"),
        access_token=chosen.access_token or secret("access-token"),
    )


def _greet(chosen: Settings, simulator_port: int) -> None:
    where = "BALCAO_DATABASE_URL" if chosen.database_url else chosen.data_dir
    _say(
        f"\n  The desk    http://{chosen.host}:{chosen.port}"
        f"\n  The phones  http://{chosen.host}:{simulator_port}"
        f"\n  Sign in as  {', '.join(person.email for person in demo.PEOPLE)}"
        f"\n  Password    {demo.PASSWORD}"
        f"\n  Data        {where}"
        "\n\n  Ctrl-C ends it.\n"
    )


def _say(text: str) -> None:
    print(text, flush=True)
