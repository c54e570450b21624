"""Whether the promises hold over all that the run has left behind."""

from __future__ import annotations

from balcao import checker
from balcao.store.database import Database
from bench.figures import Figure, at_most
from bench.office import Bench


async def check(bench: Bench) -> list[Figure]:
    """What `balcao check` finds wrong in the office's database."""
    database = await Database.open((await bench.full()).dsn, size=2)
    try:
        found = await checker.check(database)
    finally:
        await database.close()
    note = "; ".join(sorted({one.promise for one in found}))
    return [Figure("check", "broken promises", "", len(found), goal=at_most(0), note=note)]
