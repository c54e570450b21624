"""What can be seen of a database's health from one look at it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import asyncpg

from balcao.store.migrate import pending

#: PostgreSQL is there, but not for us: who we say we are, or what database we ask for, is wrong.
NOT_LET_IN = (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError)


@dataclass(frozen=True)
class Number:
    """A number in use, and the access token of its own, if it has one."""

    phone_number_id: str
    display_number: str
    access_token: str | None = field(repr=False)


@dataclass(frozen=True)
class Health:
    """One look; the numbers are those that are in use."""

    postgres: int
    pending: list[str]
    at: datetime | None = None
    """When it was looked at, by the clock that all is counted by."""
    people: int = 0
    numbers: tuple[Number, ...] = ()
    numbers_refused: tuple[str, ...] = ()
    """WhatsApp refuses our access to them."""
    webhooks: bool = False
    oldest_unread: timedelta | None = None
    set_aside: int = 0


async def look(url: str) -> Health:
    """The health of the database at *url*; of one with an older schema, no more than that."""
    connection = await asyncpg.connect(url)
    try:
        postgres = connection.get_server_version().major
        missing = await pending(connection)
        if missing:
            return Health(postgres, missing)
        row = await connection.fetchrow(
            "select (select count(*) from person where disabled_at is null) as people,"
            " (select coalesce(array_agg(e.display_number order by e.id), '{}') from entry_point e"
            "  join pace p on p.entry_point_id = e.id"
            "  where e.retired_at is null and p.refused_at is not null) as refused,"
            " (select exists (select from webhook)) as webhooks,"
            " (select clock_timestamp() - min(received_at) from webhook"
            "  where done_at is null) as oldest,"
            " (select count(*) from set_aside where settled_at is null) as aside,"
            " clock_timestamp() as at"
        )
        assert row is not None
        numbers = await connection.fetch(
            "select phone_number_id, display_number, access_token from entry_point"
            " where retired_at is null order by id"
        )
        return Health(
            postgres=postgres,
            pending=[],
            at=row["at"],
            people=row["people"],
            numbers=tuple(Number(**number) for number in numbers),
            numbers_refused=tuple(row["refused"]),
            webhooks=row["webhooks"],
            oldest_unread=row["oldest"],
            set_aside=row["aside"],
        )
    finally:
        await connection.close()
