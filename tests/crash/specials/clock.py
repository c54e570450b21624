"""The clock jumps ten minutes to and fro in every server, and no deadline moves."""

from __future__ import annotations

from tests.crash import clocks
from tests.crash.house import House, open_house
from tests.crash.odds import count_down, lose, ring_out
from tests.crash.organisation import COUNTDOWN_SECONDS, RING_SECONDS
from tests.crash.proof import calm, prove
from tests.crash.walk import come_and_go, talk

#: What a busy machine may be late by.
LATE_SECONDS = 3.0

RANG = (
    "select extract(epoch from closed_at - offered_at)::float as seconds from leg"
    " where outcome = 'rona'"
)
COUNTED_DOWN = (
    "select extract(epoch from l.closed_at - l.wrap_up_at)::float as seconds from leg l"
    " join event e on e.task_id = l.task_id and e.at = l.closed_at"
    " where l.wrap_up_by is not null and e.by_kind = 'system'"
)


async def jumps() -> None:
    """Offers ring, and wrap-ups count down, for as long as they should."""
    async with open_house(prepare=clocks.let_jump) as house:
        async with house.busy():
            for part in (talk, come_and_go, ring_out, count_down, lose):
                await part(house)
        await calm(house)
        await _lasted(house, RANG, RING_SECONDS)
        await _lasted(house, COUNTED_DOWN, COUNTDOWN_SECONDS)
        await prove(house)


async def _lasted(house: House, query: str, seconds: float) -> None:
    """All that *query* finds, which is something, took so long and hardly longer."""
    lasted = [row["seconds"] for row in await house.sql(query)]
    wrong = [one for one in lasted if not seconds <= one <= seconds + LATE_SECONDS]
    assert lasted, "nothing ran out"
    assert not wrong, f"{wrong} s instead of {seconds} s"
