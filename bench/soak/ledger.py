"""What was said and what was answered, so small that it can be kept for days.

A customer's message, a reply and a status each have a number; of each number a byte is kept.
"""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from bench.fill import Outbound

MESSAGE = "wamid.soak."
REPLY = "soak-"
STATUSES = ("sent", "delivered", "read")

SAID, TAKEN, STORED = 1, 2, 3


class Ledger:
    """What was sent, what was answered with 200 or 202, and what is in the database."""

    def __init__(self, outbound: Sequence[Outbound]) -> None:
        """*outbound* are the messages whose statuses are told."""
        self.messages = bytearray()
        self.replies = bytearray()
        self._outbound = outbound
        self._statuses = bytearray(len(outbound) * len(STATUSES))

    def new_message(self) -> int:
        """The number of one more message of a customer."""
        self.messages.append(SAID)
        return len(self.messages) - 1

    def new_reply(self) -> int:
        """The number of one more reply of an agent."""
        self.replies.append(SAID)
        return len(self.replies) - 1

    def take_message(self, number: int) -> None:
        """The webhook with this message was answered 200."""
        self.messages[number] = TAKEN

    def take_status(self, place: int, rank: int) -> None:
        """The webhook with a status of the outbound message at *place* was answered 200."""
        self._statuses[place * len(STATUSES) + rank] = TAKEN

    def take_reply(self, number: int) -> None:
        """The reply was answered 202."""
        self.replies[number] = TAKEN

    async def missing(self, connection: asyncpg.Connection[asyncpg.Record]) -> dict[str, int]:
        """How much of what was taken the database does not hold, by kind."""
        await _mark(connection, self.messages, "wamid", MESSAGE)
        await _mark(connection, self.replies, "client_id", REPLY)
        places = {one.id: place for place, one in enumerate(self._outbound)}
        query = "select message_id, status from message_status where message_id = any($1::bigint[])"
        async with connection.transaction():
            async for row in connection.cursor(query, list(places), prefetch=10_000):
                place = places[row["message_id"]] * len(STATUSES)
                self._statuses[place + STATUSES.index(row["status"])] = STORED
        return {
            "messages": self.messages.count(TAKEN),
            "replies": self.replies.count(TAKEN),
            "statuses": self._statuses.count(TAKEN),
        }


async def _mark(
    connection: asyncpg.Connection[asyncpg.Record], states: bytearray, column: str, prefix: str
) -> None:
    """Note which numbers are stored; one that nobody said is not ours to count."""
    query = f"select {column} from message where starts_with({column}, $1)"
    async with connection.transaction():
        async for row in connection.cursor(query, prefix, prefetch=10_000):
            states[int(row[column].removeprefix(prefix))] = STORED
