"""The first answer to each Idempotency-Key, given again to a repeat.

A key is claimed before the request is run, and the claim is committed, so that two of the
same at once never run twice.  A claim whose process died is free again after a while.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, TypeAlias

from balcao.store.database import Tx

KEPT = timedelta(hours=48)
#: No request takes this long: who claimed the key is no more.
ABANDONED_AFTER = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered the first time."""

    status: int
    body: bytes


#: The caller's own to run; the first answer; being run elsewhere; used for something else.
Claim: TypeAlias = Answer | Literal["mine", "running", "other"]


async def claim(tx: Tx, person: int, key: str, fingerprint: bytes) -> Claim:
    """Claim *key* for a request with this *fingerprint*, or learn what became of it."""
    at = await tx.now()
    await tx.execute("delete from idempotency where person_id = $1 and at < $2", person, at - KEPT)
    mine = await tx.fetchval(
        "insert into idempotency as i (person_id, key, fingerprint, at) values ($1, $2, $3, $4)"
        " on conflict (person_id, key) do update set at = excluded.at"
        " where i.status is null and i.at < $5 and i.fingerprint = excluded.fingerprint"
        " returning true",
        person,
        key,
        fingerprint,
        at,
        at - ABANDONED_AFTER,
    )
    if mine:
        return "mine"
    row = await tx.fetchrow(
        "select fingerprint, status, body from idempotency where person_id = $1 and key = $2",
        person,
        key,
    )
    if row is None:
        return "running"  # let go at this moment: the next look will have it
    if row["fingerprint"] != fingerprint:
        return "other"
    return "running" if row["status"] is None else Answer(row["status"], row["body"])


async def settle(tx: Tx, person: int, key: str, answer: Answer) -> None:
    """Keep the answer for those who ask again."""
    await tx.execute(
        "update idempotency set status = $3, body = $4 where person_id = $1 and key = $2",
        person,
        key,
        answer.status,
        answer.body,
    )


async def let_go(tx: Tx, person: int, key: str) -> None:
    """Nothing was done: the key may be tried again."""
    await tx.execute(
        "delete from idempotency where person_id = $1 and key = $2 and status is null", person, key
    )
