"""Receipts: what the agents read, and that they write → the customer's phone.

The last and the least of the loops.  Like the sender it claims in one transaction, calls, and
writes what came of it in another; but a call that is lost or repeated harms nobody, so what is not
known is simply told again, and what fails for long is let go.
"""

from __future__ import annotations

import asyncio

import structlog

from balcao.engine.loop import Progress
from balcao.store import receipts
from balcao.store.database import Database
from balcao.store.receipts import Receipt
from balcao.telemetry import figures
from balcao.whatsapp.client import Client, Line, Rejected, Retryable, Unsure
from balcao.whatsapp.errors import Failure

log = structlog.get_logger()

CALLS_MAX = 16


class Receipts:
    """Tells WhatsApp what was read and who writes; `step` is called by a loop."""

    def __init__(
        self,
        database: Database,
        client: Client,
        *,
        access_token: str | None,
        most: int = CALLS_MAX,
    ) -> None:
        """Calls by *client*, *most* at once."""
        self._database = database
        self._most = most
        self._client = client
        self._access_token = access_token

    async def step(self) -> Progress:
        """Tell what is due, some of it at once; return when all that was begun is over."""
        async with self._database.transaction() as tx:
            claimed = await receipts.claim(tx, self._most)
        ends = await asyncio.gather(*map(self._tell, claimed), return_exceptions=True)
        for error in filter(None, ends):
            raise error
        async with self._database.transaction() as tx:
            again_in = await receipts.next_moment(tx)
        return Progress(len(claimed), again_in)

    async def _tell(self, receipt: Receipt) -> None:
        result, settle = "told", receipts.told
        try:
            await self._call(receipt)
        except (Retryable, Unsure):
            result, settle = "postponed", receipts.postpone
        except Rejected:
            result, settle = "rejected", receipts.drop
        figures.receipt(result)
        log.debug("receipt", conversation=receipt.conversation_id, result=result)
        async with self._database.transaction() as tx:
            await settle(tx, receipt)

    async def _call(self, receipt: Receipt) -> None:
        token = receipt.access_token or self._access_token
        if token is None:
            raise Rejected(Failure(190, "No access token"))
        line = Line(receipt.phone_number_id, token)
        await self._client.mark_read(line, receipt.wamid, typing=receipt.typing)
