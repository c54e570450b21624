"""What the command line does over a database that runs: each takes its address."""

import asyncio
import getpass
import sys
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeVar

import argon2

from balcao import checker
from balcao.store import migrate as migration
from balcao.store import organisation
from balcao.store.database import Database, Tx
from balcao.store.health import NOT_LET_IN
from balcao.store.postgres import UNREACHABLE

PASSWORD_LENGTH_MIN = 8

T = TypeVar("T")


class Refusal(Exception):
    """Something that the operator asked for cannot be done."""


def migrate(url: str) -> list[str]:
    """Bring the database to this version; the names of what that took."""
    return done(migration.migrate(url))


def check(url: str) -> list[str]:
    """Every violation of an invariant, in words."""
    return [str(violation) for violation in done(_with_database(url, checker.check))]


def add_user(url: str, email: str, name: str, role: str, teams: Sequence[str]) -> None:
    """Let somebody sign in."""
    hashed = _new_password()

    async def add(tx: Tx) -> None:
        await organisation.add_person(tx, email.lower(), name, role, hashed, teams)

    try:
        _change(url, add)
    except organisation.AlreadyThere:
        raise Refusal(f"Somebody signs in as {email} already.") from None


def change_password(url: str, email: str) -> None:
    """Change somebody's password."""
    hashed = _new_password()
    _change_person(url, email, lambda tx: organisation.set_password(tx, email.lower(), hashed))


def disable_user(url: str, email: str) -> None:
    """Let somebody sign in no more."""
    _change_person(url, email, lambda tx: organisation.disable(tx, email.lower()))


def add_number(
    url: str, phone_number_id: str, display_number: str, queue: str, teams: Sequence[str]
) -> None:
    """Take what is written to a WhatsApp number into a queue, made where it is new."""
    digits = display_number.removeprefix("+")
    if not digits.isdecimal() or not digits.isascii():
        raise Refusal(f"{display_number!r} is not a telephone number in digits.")

    async def add(tx: Tx) -> None:
        to = await organisation.put_queue(tx, queue, dict.fromkeys(teams or [queue], 0))
        await organisation.put_entry_point(tx, phone_number_id, digits, to)

    _change(url, add)


def done(work: Coroutine[Any, Any, T]) -> T:
    """What *work* on a database comes to; Refusal where the database cannot be reached."""
    try:
        return asyncio.run(work)
    except (*UNREACHABLE, *NOT_LET_IN) as error:
        said = " ".join(str(error).split()) or type(error).__name__
        raise Refusal(f"The database cannot be reached: {said}") from None


async def _with_database(url: str, work: Callable[[Database], Awaitable[T]]) -> T:
    database = await Database.open(url, size=2)
    try:
        return await work(database)
    finally:
        await database.close()


def _change(url: str, change: Callable[[Tx], Awaitable[None]]) -> None:
    async def work(database: Database) -> None:
        async with database.transaction() as tx:
            await change(tx)

    migrate(url)
    done(_with_database(url, work))


def _change_person(url: str, email: str, change: Callable[[Tx], Awaitable[None]]) -> None:
    try:
        _change(url, change)
    except organisation.NoSuchPerson:
        raise Refusal(f"Nobody signs in as {email}.") from None


def _new_password() -> str:
    """The hash of a password that is asked for, or the first line of standard input."""
    if sys.stdin.isatty():
        password = getpass.getpass("Password: ")
    else:
        password = sys.stdin.readline().rstrip("\n")
    if len(password) < PASSWORD_LENGTH_MIN:
        raise Refusal(f"The password is shorter than {PASSWORD_LENGTH_MIN} characters.")
    return argon2.PasswordHasher().hash(password)
