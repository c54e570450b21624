"""Sessions: who may come in, and who is in.

What the browser holds is a random token; the row has only its hash, so that a copy of the
database lets nobody in.  Every guess at a password is written down before it is checked, so
that many at once count as many.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple, TypeAlias

import asyncpg

from balcao.store.bus import Kind
from balcao.store.database import Tx

LENGTH = timedelta(hours=12)
#: A session is prolonged when this much of it has gone by, not at every request.
PROLONG_AFTER = timedelta(minutes=10)
ATTEMPTS_MAX = 10
ATTEMPTS_WITHIN = timedelta(minutes=5)
THROTTLE_LOCK = 7_266_153

PersonRole: TypeAlias = Literal["agent", "supervisor", "administrator"]
EndedBecause: TypeAlias = Literal["taken-over", "signed-out", "disabled", "expired"]


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody who is signed in."""

    id: int
    name: str
    email: str
    role: PersonRole
    team: tuple[int, str] | None
    token: bytes

    @property
    def is_agent(self) -> bool:
        """Whether work can be offered to this person."""
        return self.role == "agent"


class Holder(NamedTuple):
    """Somebody who is signed in, as far as an answered ping asks."""

    token: bytes
    person: int
    is_agent: bool


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who wants to sign in."""

    id: int
    role: PersonRole
    password_hash: str


async def may_try(tx: Tx, email: str) -> bool:
    """Whether there may be one more guess at this address now; writes it down if so."""
    at = await tx.now()
    await tx.execute("select pg_advisory_xact_lock($1, hashtext($2))", THROTTLE_LOCK, email)
    await tx.execute("delete from sign_in_failure where at < $1", at - ATTEMPTS_WITHIN)
    tried = await tx.fetchval("select count(*) from sign_in_failure where email = $1", email)
    if tried >= ATTEMPTS_MAX:
        return False
    await tx.execute("insert into sign_in_failure (email, at) values ($1, $2)", email, at)
    return True


async def forget_tries(tx: Tx, email: str) -> None:
    """The password was right: what was guessed before counts no more."""
    await tx.execute("delete from sign_in_failure where email = $1", email)


async def find(tx: Tx, email: str) -> Person | None:
    """The person with this address who may sign in."""
    row = await tx.fetchrow(
        "select id, role, password_hash from person where email = $1 and disabled_at is null",
        email,
    )
    return None if row is None else Person(**row)


async def teams_of(tx: Tx, person: int) -> dict[int, str]:
    """The teams that *person* may sign in with, by name."""
    rows = await tx.fetch(
        "select t.id, t.name from team t join team_member m on m.team_id = t.id"
        " where m.person_id = $1 and t.retired_at is null order by t.name",
        person,
    )
    return {row["id"]: row["name"] for row in rows}


async def others(tx: Tx, person: int) -> int:
    """How many sessions of *person* are in force."""
    count: int = await tx.fetchval(
        "select count(*) from session where person_id = $1 and expires_at > $2",
        person,
        await tx.now(),
    )
    return count


async def begin(tx: Tx, token: bytes, person: int, team: int | None) -> None:
    """Let the holder of *token* be *person* from now on; sessions long over are forgotten."""
    at = await tx.now()
    await tx.execute("delete from session where expires_at < $1", at - LENGTH)
    await tx.execute(
        "insert into session (token_hash, person_id, team_id, created_at, expires_at)"
        " values ($1, $2, $3, $4, $5)",
        token,
        person,
        team,
        at,
        at + LENGTH,
    )


async def end(tx: Tx, token: bytes, person: int) -> None:
    """Let the holder of *token* be nobody."""
    await tx.execute("delete from session where token_hash = $1", token)
    tx.nudge(Kind.SESSION, person)


async def end_all(tx: Tx, person: int) -> None:
    """End every session of *person*."""
    await tx.execute("delete from session where person_id = $1", person)
    tx.nudge(Kind.SESSION, person)


async def who(tx: Tx, token: bytes) -> Who | None:
    """Who holds *token*; a session that is in use is prolonged."""
    row = await tx.fetchrow(
        "select p.id, p.name, p.email, p.role, s.expires_at, t.id as team_id, t.name as team_name,"
        " clock_timestamp() as at"
        " from session s join person p on p.id = s.person_id left join team t on t.id = s.team_id"
        " where s.token_hash = $1 and p.disabled_at is null",
        token,
    )
    if row is None or row["expires_at"] <= (at := tx.at(row["at"])):
        return None
    if _may_be_prolonged(row["expires_at"], at):
        await _prolong(tx, [token], at)
    team = None if row["team_id"] is None else (row["team_id"], row["team_name"])
    return Who(row["id"], row["name"], row["email"], row["role"], team, token)


async def holders(tx: Tx, tokens: Iterable[bytes], at: datetime) -> list[Holder]:
    """Who holds each of *tokens*, where anybody does at the time *at*; prolonged as by `who`."""
    rows = await tx.fetch(
        "select s.token_hash, s.expires_at, p.id, p.role = 'agent' as is_agent"
        " from session s join person p on p.id = s.person_id"
        " where s.token_hash = any($1::bytea[]) and s.expires_at > $2 and p.disabled_at is null",
        list(tokens),
        at,
    )
    due = [row["token_hash"] for row in rows if _may_be_prolonged(row["expires_at"], at)]
    if due:
        await _prolong(tx, due, at)
    return [Holder(row["token_hash"], row["id"], row["is_agent"]) for row in rows]


async def ended(tx: Tx, tokens: Iterable[tuple[bytes, int]]) -> dict[bytes, EndedBecause]:
    """Which of these (token, person) are in force no longer, and why."""
    pairs = list(tokens)
    rows = await tx.fetch(
        "select k.token, s.token_hash is not null as expired, p.disabled_at is not null"
        " as disabled, exists (select from session o where o.person_id = p.id"
        "  and o.token_hash <> k.token and o.expires_at > $3) as elsewhere"
        " from unnest($1::bytea[], $2::bigint[]) as k(token, person)"
        " join person p on p.id = k.person left join session s on s.token_hash = k.token"
        " where s.token_hash is null or s.expires_at <= $3 or p.disabled_at is not null",
        [token for token, _ in pairs],
        [person for _, person in pairs],
        await tx.now(),
    )
    return {row["token"]: _because(row) for row in rows}


def _because(row: asyncpg.Record) -> EndedBecause:
    if row["disabled"]:
        return "disabled"
    if row["expired"]:
        return "expired"
    return "taken-over" if row["elsewhere"] else "signed-out"


def _may_be_prolonged(expires_at: datetime, at: datetime) -> bool:
    return at + LENGTH - expires_at > PROLONG_AFTER


async def _prolong(tx: Tx, tokens: Iterable[bytes], at: datetime) -> None:
    await tx.execute(
        "update session s set expires_at = $2 from (select token_hash from session"
        "  where token_hash = any($1::bytea[]) order by token_hash for update) held"
        " where s.token_hash = held.token_hash",
        list(tokens),
        at + LENGTH,
    )
