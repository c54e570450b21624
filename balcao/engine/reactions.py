"""Reactions: what agents think of customers' messages → WhatsApp.

As of receipts, a call that is lost or repeated harms nobody, so what is not known is told again;
but as of messages, one that cannot be told is not forgotten: it is shown no longer.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial

import structlog

from balcao.engine.calls import Calls, Settle, line, settle
from balcao.store import reactions
from balcao.store.database import Database
from balcao.store.reactions import Reaction
from balcao.whatsapp import outgoing
from balcao.whatsapp.client import Accepted, Address, Client, Rejected, Retryable
from balcao.whatsapp.errors import Retry

log = structlog.get_logger()

CALLS_MAX = 16


class Reactions:
    """Tells WhatsApp of every reaction that is due; the sender says when there are some."""

    def __init__(
        self, database: Database, client: Client, *, access_token: str | None, lease: timedelta
    ) -> None:
        """Calls by *client*, whose calls are over before the *lease* is."""
        self._database = database
        self._client = client
        self._access_token = access_token
        self._lease = lease
        self._calls = Calls(CALLS_MAX)

    async def begin(self) -> int:
        """Start the calls that are due, and take back what was refused late; how many of both."""
        over_by = asyncio.get_running_loop().time() + self._lease.total_seconds()
        async with self._database.transaction() as tx:
            refused = await reactions.take_back_refused(tx)
        if self._calls.room == 0:
            return refused
        async with self._database.transaction() as tx:
            claims, changed = await reactions.claim(tx, self._calls.room, self._lease)
        for claim in claims:
            self._calls.begin(self._tell(claim, over_by))
        return refused + changed

    async def finish(self) -> None:
        """Wait until every call under way has come to something, and that is written."""
        await self._calls.finish()

    async def _tell(self, reaction: Reaction, over_by: float) -> None:
        result, written = await self._call(reaction, over_by)
        log.debug("reaction", message=reaction.message_id, result=result)
        await settle(self._database, written, message=reaction.message_id)

    async def _call(self, reaction: Reaction, over_by: float) -> tuple[str, Settle]:
        """Call WhatsApp, and return what came of it in a word, and how to write it."""
        try:
            accepted = await self._post(reaction, over_by)
        except Retryable as refused:
            if refused.failure.rule.retry is Retry.PAUSE:
                return "paused", partial(reactions.pause, reaction=reaction)
            pair = refused.failure.rule.retry is Retry.PAIR
            return "postponed", partial(reactions.postpone, reaction=reaction, pair=pair)
        except Rejected as refused:
            log.warning("reaction_rejected", message=reaction.message_id, code=refused.failure.code)
            return "rejected", partial(reactions.drop, reaction=reaction)
        except Exception as error:  # whatever it is: telling it again does no harm
            log.warning("reaction_unsure", message=reaction.message_id, error=type(error).__name__)
            return "unsure", partial(reactions.postpone, reaction=reaction, pair=False)
        return "told", partial(reactions.told, reaction=reaction, wamid=accepted.wamid)

    async def _post(self, reaction: Reaction, over_by: float) -> Accepted:
        return await self._client.send(
            line(reaction.phone_number_id, reaction.access_token, self._access_token),
            Address(reaction.wa_id, reaction.user_id),
            outgoing.reaction(reaction.about, reaction.emoji),
            over_by=over_by,
        )
