"""A part of the matrix that is small enough for every run; `make crash` runs all of it."""

from __future__ import annotations

from random import Random

import pytest

from tests.crash import matrix
from tests.crash.house import open_house
from tests.crash.points import ACTIONS, Case, cases
from tests.crash.specials import database, line

pytestmark = pytest.mark.slow

SEED = 2647
#: Of each way to go wrong.
DRAWN = 2
AWAY_SECONDS = 8.0


def drawn() -> list[Case]:
    """A few cases of each way to go wrong, the same in every run."""
    chance = Random(SEED)
    return [
        case
        for action in ACTIONS
        for case in chance.sample([one for one in cases() if one.action == action], DRAWN)
    ]


async def test_what_dies_breaks_or_hangs_loses_nothing_and_does_nothing_twice() -> None:
    async with open_house() as house:
        for case in drawn():
            await matrix.run(house, case)


async def test_a_database_that_does_not_answer_costs_time_and_nothing_else() -> None:
    await database.away(AWAY_SECONDS)


async def test_what_went_into_a_dead_line_is_not_sent_again() -> None:
    await line.half_open()
