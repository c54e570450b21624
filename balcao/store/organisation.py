"""Puts an organisation's pieces in place: people, teams, queues, numbers, reasons.

Each function makes sure that a thing of this name is there and returns its id; what is there
already stays as it is, so that all of it may be done again.
"""

from collections.abc import Iterable, Mapping

from balcao.store.bus import Kind
from balcao.store.database import Tx

# What an installation without any reason starts with.
FIRST_REASONS = {"idle": "Pausa", "wrap_up": "Atendimento concluído"}


class NoSuchPerson(LookupError):
    """There is nobody with this e-mail address."""


class AlreadyThere(Exception):
    """Somebody has this e-mail address already."""


async def emails(tx: Tx) -> set[str]:
    """Who is there; holds the organisation, so that only one caller fills an empty one."""
    await tx.execute("select from organisation for update")
    return {row["email"] for row in await tx.fetch("select email from person")}


async def put_team(tx: Tx, name: str) -> int:
    """The team called *name*."""
    await tx.execute("insert into team (name) values ($1) on conflict (name) do nothing", name)
    id: int = await tx.fetchval("select id from team where name = $1", name)
    return id


async def put_queue(tx: Tx, name: str, teams: Mapping[str, int]) -> int:
    """The queue called *name*, a new one served by *teams* after so many seconds each."""
    known: int | None = await tx.fetchval("select id from queue where name = $1", name)
    if known is not None:
        return known
    id: int = await tx.fetchval("insert into queue (name) values ($1) returning id", name)
    for team, after_seconds in teams.items():
        await tx.execute(
            "insert into queue_team (queue_id, team_id, after_seconds) values ($1, $2, $3)",
            id,
            await put_team(tx, team),
            after_seconds,
        )
    return id


async def put_entry_point(
    tx: Tx, phone_number_id: str, display_number: str, queue: int, access_token: str | None = None
) -> None:
    """The WhatsApp number that Meta knows as *phone_number_id*, leading to *queue*."""
    await tx.execute(
        "insert into entry_point (phone_number_id, display_number, name, queue_id, access_token)"
        " values ($1, $2, $2, $3, $4) on conflict (phone_number_id) do update set"
        " display_number = excluded.display_number, queue_id = excluded.queue_id,"
        " access_token = coalesce(excluded.access_token, entry_point.access_token)",
        phone_number_id,
        display_number,
        queue,
        access_token,
    )
    tx.nudge(Kind.ORGANISATION)


async def put_reasons(tx: Tx, kind: str, names: Iterable[str]) -> None:
    """The reasons of *kind* (idle or wrap_up) in this order, the first being the default."""
    for position, name in enumerate(names):
        await tx.execute(
            "insert into aux_code (kind, name, is_default, position) values ($1, $2, $3, $4)"
            " on conflict (kind, name) do nothing",
            kind,
            name,
            position == 0,
            position + 1,
        )


async def add_person(
    tx: Tx, email: str, name: str, role: str, password_hash: str, teams: Iterable[str] = ()
) -> int:
    """Let somebody sign in; an agent begins signed out.  AlreadyThere where the e-mail is known."""
    id: int | None = await tx.fetchval(
        "insert into person (email, name, role, password_hash) values ($1, $2, $3, $4)"
        " on conflict (email) do nothing returning id",
        email,
        name,
        role,
        password_hash,
    )
    if id is None:
        raise AlreadyThere(email)
    for team in teams:
        await tx.execute(
            "insert into team_member (team_id, person_id) values ($1, $2)",
            await put_team(tx, team),
            id,
        )
    if role == "agent":
        await tx.execute(
            "insert into agent (person_id, aux_code_id) values ($1, $2)",
            id,
            await _default_idle_reason(tx),
        )
    tx.nudge(Kind.ORGANISATION)
    return id


async def set_password(tx: Tx, email: str, password_hash: str) -> None:
    """Change a password and end the sessions that the old one began."""
    await _change_person(tx, email, "password_hash = $2", password_hash)


async def disable(tx: Tx, email: str) -> None:
    """Let somebody sign in no more, and end the sessions that are open."""
    await _change_person(tx, email, "disabled_at = coalesce(disabled_at, $2)", await tx.now())


async def _change_person(tx: Tx, email: str, change: str, value: object) -> None:
    id = await tx.fetchval(
        f"update person set {change} where email = $1 returning id", email, value
    )
    if id is None:
        raise NoSuchPerson(email)
    await tx.execute("delete from session where person_id = $1", id)
    tx.nudge(Kind.SESSION, id)


async def _default_idle_reason(tx: Tx) -> int:
    for kind, name in FIRST_REASONS.items():
        if not await tx.fetchval(
            "select exists (select from aux_code where kind = $1 and is_default)", kind
        ):
            await put_reasons(tx, kind, [name])
    id: int = await tx.fetchval("select id from aux_code where kind = 'idle' and is_default")
    return id
