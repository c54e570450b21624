"""Intake: stored webhook → customer, conversation, message, task.

One intake works at a time over all processes, so the order of arrival is one order.
A step takes a batch of webhooks in one transaction.  If that fails the same webhooks
are taken one by one, and a webhook that fails item by item, so that what is wrong
with one item costs nothing but that item: it is set aside with its error.  When
nothing waits, and now and then in any case, a step looks at what was left over
before: statuses that came too early, and items of numbers that have been set up since.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from balcao.engine import placing
from balcao.engine.changing import Placed
from balcao.engine.loop import Progress
from balcao.engine.placing import Placing
from balcao.store import amendments, entry_points, webhooks
from balcao.store.database import Database, Tx
from balcao.store.entry_points import EntryPoints
from balcao.store.webhooks import TRANSIENT, Aside, Batch
from balcao.telemetry import figures
from balcao.whatsapp import webhook
from balcao.whatsapp.items import Item

log = structlog.get_logger()

WEBHOOKS_MAX = 256
BYTES_MAX = 1 << 19  # some 2,500 messages: their conversations are held meanwhile
LEFT_OVER_MAX = 256
#: Steps in which new webhooks came, after which what was left over is looked at all the same.
BUSY_STEPS_MAX = 50


@dataclass(frozen=True, slots=True)
class _Taken:
    """How many webhooks were taken, and whether these were all that waited."""

    count: int
    all: bool


class _TakenMeanwhile(Exception):
    """Another intake has been through these webhooks."""


class Intake:
    """Reads stored webhooks; `step` is called by a loop, or by a simulated day."""

    def __init__(self, database: Database, *, seal_key: bytes) -> None:
        self._database = database
        self._seal_key = seal_key
        self._entry_points = EntryPoints()
        self._busy_steps = 0

    async def step(self) -> Progress:
        """Take a bounded part of what waits; nothing while another process takes it."""
        try:
            taken = await self._take(WEBHOOKS_MAX)
        except TRANSIENT:
            raise
        except Exception as error:
            log.warning("batch_failed", error=type(error).__name__)
            return Progress(await self._take_singly())
        if taken is None:
            return Progress(elsewhere=True)
        if taken.count and self._busy_steps < BUSY_STEPS_MAX:
            self._busy_steps += 1
            return Progress(taken.count, through=taken.all)
        self._busy_steps = 0
        return Progress(taken.count + await self._take_left_over())

    async def _take(self, count: int) -> _Taken | None:
        """Place all items of the oldest webhooks in one transaction.

        None, and nothing done, while another process is at it.
        """
        placed: Sequence[Placed] = ()
        try:
            async with self._database.transaction() as tx:
                batch = await webhooks.take(tx, count, BYTES_MAX)
                if batch is None:
                    return None
                stored = batch.webhooks
                if stored:
                    placed = await self._place_all(tx, batch)
        except _TakenMeanwhile:
            return None
        _tell(placed)
        size = sum(len(one.body) for one in stored)
        return _Taken(len(stored), all=len(stored) < count and size < BYTES_MAX)

    async def _place_all(self, tx: Tx, batch: Batch) -> Sequence[Placed]:
        items = [(one.id, item) for one in batch.webhooks for item in webhook.read(one.body)]
        numbers = await self._entry_points.of(tx, batch.organisation)
        work = Placing(tx, self._seal_key, numbers)
        await work.place(items)
        if await webhooks.done(tx, [one.id for one in batch.webhooks]) < len(batch.webhooks):
            raise _TakenMeanwhile
        return work.placed

    async def _take_singly(self) -> int:
        """As many webhooks as a batch holds, each in a transaction of its own."""
        for done in range(WEBHOOKS_MAX):
            try:
                taken = await self._take(1)
                if taken is None or not taken.count:
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
            await webhooks.wait_lock(tx)
            batch = await webhooks.take(tx, 1, BYTES_MAX)
            assert batch is not None, "the lock is ours"
        for one in batch.webhooks:
            for item in webhook.read(one.body):
                await self._take_item(one.id, item)
            async with self._database.transaction() as tx:
                await webhooks.done(tx, [one.id])

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
            _tell([Placed("set-aside", webhook_id, item.position)])

    async def _place(self, webhook_id: int, items: Sequence[Item]) -> None:
        async with self._database.transaction() as tx:
            await webhooks.wait_lock(tx)
            work = Placing(tx, self._seal_key, await entry_points.read(tx))
            await work.place([(webhook_id, item) for item in items])
        _tell(work.placed)

    async def _take_left_over(self) -> int:
        """What came before it could be placed, and can be now; how much of it."""
        async with self._database.transaction() as tx:
            if not await webhooks.try_lock(tx):
                return 0
            awaited_after = await tx.now() - amendments.AWAITED_FOR
            stranded = await webhooks.stranded(tx, LEFT_OVER_MAX, awaited_after)
            early = await placing.apply_early(tx, LEFT_OVER_MAX)
        for one in stranded:
            await self._take_stranded(one)
        return len(stranded) + early

    async def _take_stranded(self, one: webhooks.Stranded) -> None:
        items = [item for item in webhook.read(one.body) if item.position == one.position]
        try:
            async with self._database.transaction() as tx:
                await webhooks.wait_lock(tx)
                work = Placing(tx, self._seal_key, await entry_points.read(tx))
                await work.place([(one.webhook_id, i) for i in items])
                if not any(placed.kind == "set-aside" for placed in work.placed):
                    await webhooks.settle(tx, [one.id], await tx.now())
            _tell(work.placed)
        except TRANSIENT:
            raise
        except Exception as error:
            async with self._database.transaction() as tx:
                await webhooks.give_up(tx, one.id, type(error).__name__)


def _tell(placed: Sequence[Placed]) -> None:
    """Count what is placed for good, and at the most talkative say where."""
    figures.placed(Counter(one.kind for one in placed))
    if log.is_enabled_for(logging.DEBUG):
        for one in placed:
            ids = {name: id for name, id in one._asdict().items() if id is not None}
            log.debug("placed", **ids)
