"""The sender: pending message → WhatsApp, in order per customer.

A step claims what may go out now and starts the calls; it does not wait for them, so
a customer whose call is slow holds up nobody else.  Whatever a call comes to is
written in a transaction of its own, which wakes the next step.  Any number of
processes may send: the claim decides who.

One look at the database tells what there is to do of all that goes out: messages, the
files that have to be there before them (`uploads`), and reactions (`reactions`).
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial

import structlog

from balcao.domain.message import Status
from balcao.engine.calls import Calls, Settle, line, settle
from balcao.engine.loop import Progress
from balcao.engine.reactions import Reactions
from balcao.engine.uploads import Uploads
from balcao.store import outbox
from balcao.store.database import Database
from balcao.store.outbox import LEASE, Claim
from balcao.telemetry import figures, traces
from balcao.whatsapp import outgoing
from balcao.whatsapp.client import Accepted, Address, Client, Rejected, Retryable, Unsure
from balcao.whatsapp.errors import Failure, Retry
from balcao.whatsapp.opaque import seal

log = structlog.get_logger()

CALLS_MAX = 64


class Sender:
    """Calls WhatsApp for every message that is due; `step` is called by a loop."""

    def __init__(
        self,
        database: Database,
        client: Client,
        *,
        seal_key: bytes,
        access_token: str | None,
        uploads: Uploads | None = None,
        lease: timedelta = LEASE,
    ) -> None:
        """Sends by *client*, whose calls are over well before the *lease* is.

        Without *uploads*, a message whose file WhatsApp has not got waits for a sender with them.
        """
        self._database = database
        self._client = client
        self._seal_key = seal_key
        self._access_token = access_token
        self._uploads = uploads
        self._reactions = Reactions(database, client, access_token=access_token, lease=lease)
        self._lease = lease
        self._calls = Calls(CALLS_MAX)

    async def step(self) -> Progress:
        """Start the calls that are due, as many as there is room for."""
        async with self._database.statement() as tx:
            glance = await outbox.glance(tx)
        done = 0
        if glance.expired:
            async with self._database.transaction() as tx:
                done = await outbox.expire(tx)
            figures.sent("expired", done)
        if glance.uploads and self._uploads is not None:
            done += await self._uploads.begin()
        if glance.reactions:
            done += await self._reactions.begin()
        room = self._calls.room
        if room == 0:
            return Progress(done)  # a call that ends wakes us
        if glance.due:
            done += await self._begin(room)
        return Progress(done, glance.again_in)

    async def _begin(self, room: int) -> int:
        """Start up to *room* calls for messages; how many rows changed."""
        over_by = asyncio.get_running_loop().time() + self._lease.total_seconds()
        async with self._database.transaction() as tx:
            claims, changed = await outbox.claim(tx, room, self._lease)
        for claim in claims:
            _tell_claimed(claim)
            self._calls.begin(self._send(claim, over_by))
        return changed

    async def doubt(self) -> Progress:
        """Say of what has probably been lost that it has: a step of a loop that nobody wakes."""
        async with self._database.transaction() as tx:
            return Progress(await outbox.doubt(tx))

    async def finish(self) -> None:
        """Wait until every call under way has come to something, and that is written."""
        if self._uploads is not None:
            await self._uploads.finish()
        await self._reactions.finish()
        await self._calls.finish()

    async def _send(self, claim: Claim, over_by: float) -> None:
        with traces.span("sender call", message=claim.message_id, attempt=claim.attempt):
            result, written = await self._call(claim, over_by)
            traces.note(result=result)
        figures.sent(result)
        log.debug("called", message=claim.message_id, attempt=claim.attempt, result=result)
        await settle(self._database, written, message=claim.message_id, attempt=claim.attempt)

    async def _call(self, claim: Claim, over_by: float) -> tuple[str, Settle]:
        """Call WhatsApp, and return what came of it in a word, and how to write it."""
        told = partial(outbox.settle, message_id=claim.message_id, attempt=claim.attempt)
        try:
            accepted = await self._post(claim, over_by)
        except Retryable as refused:
            log.warning("send_postponed", message=claim.message_id, code=refused.failure.code)
            if refused.failure.rule.retry is Retry.PAUSE:
                return "paused", partial(
                    outbox.pause,
                    message_id=claim.message_id,
                    attempt=claim.attempt,
                    error=refused.failure.told(),
                )
            return "postponed", partial(
                outbox.postpone,
                message_id=claim.message_id,
                attempt=claim.attempt,
                error=refused.failure.told(),
                pair=refused.failure.rule.retry is Retry.PAIR,
            )
        except Rejected as refused:
            log.warning("send_rejected", message=claim.message_id, code=refused.failure.code)
            failed = partial(told, told=Status.FAILED, error=refused.failure.told())
            return "rejected", failed
        except Exception as error:  # whatever else it is, we do not know
            why = str(error) if isinstance(error, Unsure) else type(error).__name__
            log.warning("send_unsure", message=claim.message_id, why=why)
            return "unsure", partial(told, told=Status.UNCONFIRMED)
        return "accepted", partial(told, told=Status.ACCEPTED, wamid=accepted.wamid)

    async def _post(self, claim: Claim, over_by: float) -> Accepted:
        number = line(claim.phone_number_id, claim.access_token, self._access_token)
        file = None
        if claim.file is not None:
            if claim.file.graph_id is None:
                raise Retryable(Failure(2, "Not uploaded", "It was so old that it is gone"))
            file = outgoing.Uploaded(claim.file.graph_id, claim.file.name)
        with figures.calling():
            return await self._client.send(
                number,
                Address(claim.wa_id, claim.user_id),
                outgoing.content(claim.said, file),
                opaque=seal(self._seal_key, claim.message_id, claim.attempt),
                over_by=over_by,
                quoted=claim.quoted,
            )


def _tell_claimed(claim: Claim) -> None:
    figures.waited_to_send(claim.waited)
    log.debug(
        "claimed",
        conversation=claim.conversation_id,
        message=claim.message_id,
        attempt=claim.attempt,
    )
