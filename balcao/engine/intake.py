"""Intake: stored webhook → customer, conversation, message, task.

One intake works at a time over all processes, so the order of arrival is one order.
A step takes a batch of webhooks in one transaction.  If that fails the same webhooks
are taken one by one, and a webhook that fails item by item, so that what is wrong
with one item costs nothing but that item: it is set aside with its error.  When
nothing waits, a step looks at what was left over before: statuses that came too
early, and items of numbers that have been set up since.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from balcao.engine import placing
from balcao.engine.loop import Progress
from balcao.engine.placing import Placing
from balcao.store import webhooks
from balcao.store.database import Database, Tx
from balcao.store.webhooks import TRANSIENT, Aside, Stored
from balcao.whatsapp import webhook
from balcao.whatsapp.webhook import Item

log = structlog.get_logger()

WEBHOOKS_MAX = 256
BYTES_MAX = 1 << 19  # some 2,500 messages: their conversations are held meanwhile
LEFT_OVER_MAX = 256


class Intake:
    """Reads stored webhooks; `step` is called by a loop, or by a simulated day."""

    def __init__(self, database: Database, *, seal_key: bytes) -> None:
        self._database = database
        self._seal_key = seal_key

    async def step(self) -> Progress:
        """Take a bounded part of what waits; nothing while another process takes it."""
        try:
            done = await self._take(WEBHOOKS_MAX)
        except TRANSIENT:
            raise
        except Exception as error:
            log.warning("batch_failed", error=type(error).__name__)
            return Progress(await self._take_singly())
        return Progress(done or await self._take_left_over())

    async def _take(self, count: int) -> int:
        """Place all items of the oldest webhooks in one transaction; how many webhooks."""
        async with self._database.transaction() as tx:
            stored = await self._oldest(tx, count)
            if not stored:
                return 0
            items = [(one.id, item) for one in stored for item in webhook.read(one.body)]
            await Placing(tx, self._seal_key).place(items)
            await webhooks.done(tx, [one.id for one in stored], await tx.now())
        return len(stored)

    async def _oldest(self, tx: Tx, count: int) -> list[Stored]:
        if not await webhooks.try_lock(tx):
            return []
        return await webhooks.next_unread(tx, count, BYTES_MAX)

    async def _take_singly(self) -> int:
        """As many webhooks as a batch holds, each in a transaction of its own."""
        for done in range(WEBHOOKS_MAX):
            try:
                if not await self._take(1):
                    return done
            except TRANSIENT:
                raise
            except Exception as error:
                log.warning("webhook_failed", error=type(error).__name__)
                await self._take_items()
        return WEBHOOKS_MAX

    async def _take_items(self) -> None:
        """Place the oldest webhook's items one by one; those that fail are set aside."""
        async with self._database.transaction() as tx:
            stored = await self._oldest(tx, 1)
        for one in stored:
            for item in webhook.read(one.body):
                await self._take_item(one.id, item)
            async with self._database.transaction() as tx:
                await webhooks.done(tx, [one.id], await tx.now())

    async def _take_item(self, webhook_id: int, item: Item) -> None:
        try:
            await self._place(webhook_id, [item])
        except TRANSIENT:
            raise
        except Exception as error:
            why = type(error).__name__
            log.warning("item_set_aside", webhook=webhook_id, position=item.position, error=why)
            async with self._database.transaction() as tx:
                await webhooks.wait_lock(tx)
                aside = Aside(webhook_id, item.position, item.phone_number_id, item.raw, why)
                await webhooks.set_aside(tx, [aside], await tx.now())

    async def _place(self, webhook_id: int, items: Sequence[Item]) -> None:
        async with self._database.transaction() as tx:
            await webhooks.wait_lock(tx)
            await Placing(tx, self._seal_key).place([(webhook_id, item) for item in items])

    async def _take_left_over(self) -> int:
        """What came before it could be placed, and can be now; how much of it."""
        async with self._database.transaction() as tx:
            if not await webhooks.try_lock(tx):
                return 0
            stranded = await webhooks.stranded(tx, LEFT_OVER_MAX)
            early = await placing.apply_early(tx, LEFT_OVER_MAX)
        for one in stranded:
            await self._take_stranded(one)
        return len(stranded) + early

    async def _take_stranded(self, one: webhooks.Stranded) -> None:
        items = [item for item in webhook.read(one.body) if item.position == one.position]
        try:
            async with self._database.transaction() as tx:
                await webhooks.wait_lock(tx)
                await Placing(tx, self._seal_key).place([(one.webhook_id, i) for i in items])
                await webhooks.settle(tx, [one.id], await tx.now())
        except TRANSIENT:
            raise
        except Exception as error:
            async with self._database.transaction() as tx:
                await webhooks.give_up(tx, one.id, type(error).__name__)
