"""The sender: pending message → WhatsApp, in order per customer.

A step claims what may go out now and starts the calls; it does not wait for them, so
a customer whose call is slow holds up nobody else.  Whatever a call comes to is
written in a transaction of its own, which wakes the next step.  Any number of
processes may send: the claim decides who.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

import structlog

from balcao.domain.message import Status
from balcao.engine.loop import Progress
from balcao.store import outbox
from balcao.store.database import Database, Tx
from balcao.store.outbox import LEASE, Claim
from balcao.telemetry import figures, traces
from balcao.whatsapp.client import (
    Accepted,
    Address,
    Client,
    Line,
    Rejected,
    Retryable,
    Unsure,
)
from balcao.whatsapp.errors import Failure, Retry
from balcao.whatsapp.opaque import seal

log = structlog.get_logger()

CALLS_MAX = 64
SETTLE_TRIES_MAX = 20
SETTLE_PAUSE_SECONDS = 0.5

Settle = Callable[[Tx], Awaitable[None]]


class Sender:
    """Calls WhatsApp for every message that is due; `step` is called by a loop."""

    def __init__(
        self,
        database: Database,
        client: Client,
        *,
        seal_key: bytes,
        access_token: str | None,
        lease: timedelta = LEASE,
    ) -> None:
        """Sends by *client*, whose calls are over well before the *lease* is."""
        self._database = database
        self._client = client
        self._seal_key = seal_key
        self._access_token = access_token
        self._lease = lease
        self._calls: set[asyncio.Task[None]] = set()

    async def step(self) -> Progress:
        """Start the calls that are due, as many as there is room for."""
        async with self._database.statement() as tx:
            glance = await outbox.glance(tx)
        expired = 0
        if glance.expired:
            async with self._database.transaction() as tx:
                expired = await outbox.expire(tx)
            figures.sent("expired", expired)
        room = CALLS_MAX - len(self._calls)
        if room == 0:
            return Progress(expired)  # a call that ends wakes us
        if not glance.due:
            return Progress(expired, glance.again_in)
        over_by = asyncio.get_running_loop().time() + self._lease.total_seconds()
        async with self._database.transaction() as tx:
            claims, changed = await outbox.claim(tx, room, self._lease)
        for claim in claims:
            _tell_claimed(claim)
            call = asyncio.create_task(self._send(claim, over_by))
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)
        return Progress(expired + changed, glance.again_in)

    async def doubt(self) -> Progress:
        """Say of what has probably been lost that it has: a step of a loop that nobody wakes."""
        async with self._database.transaction() as tx:
            return Progress(await outbox.doubt(tx))

    async def finish(self) -> None:
        """Wait until every call under way has come to something, and that is written."""
        while self._calls:
            await asyncio.wait(self._calls)

    async def _send(self, claim: Claim, over_by: float) -> None:
        with traces.span("sender call", message=claim.message_id, attempt=claim.attempt):
            result, settle = await self._call(claim, over_by)
            traces.note(result=result)
        figures.sent(result)
        log.debug("called", message=claim.message_id, attempt=claim.attempt, result=result)
        for _ in range(SETTLE_TRIES_MAX):
            try:
                async with self._database.transaction() as tx:
                    await settle(tx)
                log.debug("settled", message=claim.message_id, attempt=claim.attempt)
                return
            except Exception as error:  # the lease runs out if this goes on
                log.warning("not_settled", message=claim.message_id, error=type(error).__name__)
                await asyncio.sleep(SETTLE_PAUSE_SECONDS)

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
        token = claim.access_token or self._access_token
        if token is None:
            raise Retryable(Failure(190, "No access token"))
        with figures.calling():
            return await self._client.send_text(
                Line(claim.phone_number_id, token),
                Address(claim.wa_id, claim.user_id),
                claim.text,
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
