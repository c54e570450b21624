"""The checker finds nothing where all is well, and names each promise that is broken.

One hour in which everything happens is lived through once.  Each break is made in a transaction
on top of it, looked at from inside, and taken back.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import datetime

import pytest

from balcao import checker
from balcao.domain.message import Status
from balcao.domain.values import Answer, Hold, Outcome, State
from balcao.store.database import Database
from tests.conftest import run
from tests.store.breaks import BREAKS
from tests.store.history import live_through
from tests.world import sql


class _Undo(Exception):
    """Takes a transaction back."""


#: Everything that the journal can tell, but for what comes of an outage.
STEPS = {
    *("queued", "offered", "accepted", "joined", "rona", "abandoned", "withdrawn", "transferred"),
    *("invited", "cancelled", "expired", "left", "removed", "handed-over", "ended", "lost"),
    *("wrapped-up", "held"),
}


@pytest.fixture(scope="module")
def hour(new_database: Callable[[], str]) -> tuple[str, datetime]:
    """The address of a database that has seen everything, and the time there."""
    dsn = new_database()
    return dsn, run(live_through(dsn))


@pytest.fixture
async def lived(hour: tuple[str, datetime]) -> AsyncIterator[Database]:
    """The database of the hour, at its end."""
    dsn, at = hour
    database = await Database.open(dsn, size=2, clock=lambda: at)
    try:
        yield database
    finally:
        await database.close()


async def test_an_empty_database_yields_nothing(database: Database) -> None:
    assert await checker.check(database) == []


async def test_an_hour_in_which_everything_happens_yields_nothing(lived: Database) -> None:
    assert await checker.check(lived) == []


async def test_the_hour_has_everything(lived: Database) -> None:
    async def seen(column: str, table: str) -> set[object]:
        rows = await sql(lived, f"select distinct {column} as it from {table}")
        return {row["it"] for row in rows if row["it"] is not None}

    assert await seen("outcome", "leg") == set(Outcome)
    assert await seen("answer", "invitation") == set(Answer)
    assert await seen("state", "task") == set(State) - {State.CLOSED}
    assert await seen("wrap_up_hold", "leg") == set(Hold)
    assert await seen("code", "event") == STEPS
    assert await seen("status", "message") == {
        Status.PENDING,
        Status.SENDING,
        Status.UNCONFIRMED,
        Status.SENT,
        Status.DELIVERED,
        Status.READ,
    }


@pytest.mark.slow
@pytest.mark.parametrize("broken", BREAKS)
async def test_each_break_is_named(lived: Database, broken: str) -> None:
    script, promise, where = BREAKS[broken]
    with suppress(_Undo):
        async with lived.transaction() as tx:
            await tx.execute(script)
            found = await checker.violations(tx)
            raise _Undo
    assert [one for one in found if one.promise == promise and one.where.startswith(where)]


def test_every_promise_has_a_break() -> None:
    replayed = {"1 durable before ack", "5 monotone status", "11 at most one effect out"}
    named = {name for name, _ in checker.promises()} | replayed
    assert {broken.promise for broken in BREAKS.values()} == named
