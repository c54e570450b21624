"""The organisation that everything goes wrong in: a number, a queue and a team for each purpose.

Whatever a part of the walk needs rings at just the agent that it speaks of; only the two who do
the daily work share a queue.
"""

from __future__ import annotations

import argon2

from balcao.simulator.world import EntryPoint
from balcao.store import organisation
from balcao.store.database import Database

PASSWORD = "a password of the test's"
#: Each has a queue, a team and a number of the same name.
ALONE = ("Ana", "Bia", "Rita", "Hilda", "Lena")
TOGETHER = "Loja"
WORKERS = ("Caio", "Dora")
#: A queue that nobody serves.
EMPTY = "Deserta"
RING_SECONDS = 2
COUNTDOWN_SECONDS = 2
WAIT_SECONDS = 1
GRACE_SECONDS = 5

NUMBERS = {
    name: EntryPoint(f"10000000000000{place}", f"55114000{place}000", name)
    for place, name in enumerate((TOGETHER, *ALONE), 1)
}
_HASH = argon2.PasswordHasher(time_cost=1, memory_cost=64).hash


def email(name: str) -> str:
    """What somebody signs in as."""
    return f"{name.lower()}@crash"


async def fill(database: Database) -> None:
    """Make all of it in an empty database."""
    password = _HASH(PASSWORD)
    async with database.transaction() as tx:
        await organisation.put_reasons(tx, "idle", ("Pausa", "Almoço"))
        await organisation.put_reasons(tx, "wrap_up", ("Resolvido", "Engano"))
        for name, number in NUMBERS.items():
            queue = await organisation.put_queue(tx, name, {name: 0})
            await organisation.put_entry_point(
                tx, number.phone_number_id, number.display_number, queue
            )
        await organisation.put_queue(tx, EMPTY, {EMPTY: 0})
        for name in (*ALONE, *WORKERS):
            team = TOGETHER if name in WORKERS else name
            await organisation.add_person(tx, email(name), name, "agent", password, [team])
        await tx.execute(
            "update organisation set lost_agent_minutes = 1, grace_seconds = $1", GRACE_SECONDS
        )
        await tx.execute("update queue set rona_seconds = $1 where name = 'Rita'", RING_SECONDS)
        await tx.execute(
            "update queue set wait_seconds_max = $2 where name = $1", EMPTY, WAIT_SECONDS
        )
        await tx.execute(
            "with profile as (insert into desktop_profile (name, wrap_up_seconds)"
            " values ('Contagem', $1) returning id) update agent set profile_id = profile.id"
            " from profile, person p where p.id = person_id and p.name = 'Hilda'",
            COUNTDOWN_SECONDS,
        )
