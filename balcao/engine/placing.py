"""Where the items of webhooks belong: one transaction's worth of them at a time.

The statements are few whatever the number of items.  First customers and their
conversations are found or begun; then every conversation that anything touches is
held, in the order of ids; then all is looked at again under those locks and written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple, TypeGuard

from balcao.domain.message import Sender, moment
from balcao.domain.values import QueueId
from balcao.engine.changing import Changing, Placed, set_aside
from balcao.store import (
    amendments,
    conversations,
    customers,
    media,
    messages,
    statuses,
    tasks,
    webhooks,
)
from balcao.store.conversations import Conversation
from balcao.store.customers import Customer
from balcao.store.database import Tx
from balcao.store.entry_points import EntryPoint
from balcao.store.messages import Arrival
from balcao.store.statuses import Target, Told
from balcao.store.tasks import Opening
from balcao.store.webhooks import UNKNOWN_NUMBER, Aside
from balcao.whatsapp.items import IdentityChange, InboundMessage, Item, SetAside, StatusUpdate
from balcao.whatsapp.media import incoming
from balcao.whatsapp.opaque import unseal


class _Written(NamedTuple):
    """A customer's message, and where it belongs."""

    webhook_id: int
    item: InboundMessage
    entry_point: EntryPoint
    customer: Customer
    sender: Sender
    conversation_id: int


class Placing:
    """Places items within one transaction, under the intake's lock."""

    def __init__(self, tx: Tx, seal_key: bytes, numbers: Mapping[str, EntryPoint]) -> None:
        """Knows the entry points by their phone *numbers*' ids."""
        self._tx = tx
        self._seal_key = seal_key
        self._numbers = numbers
        self.placed: list[Placed] = []
        """What became of all items so far; true once the transaction is committed."""

    async def place(self, items: Sequence[tuple[int, Item]]) -> None:
        """Write all that *items*, each with its webhook's id, say; a repeat changes nothing."""
        run: list[tuple[int, Item]] = []
        for webhook_id, item in items:
            if isinstance(item, IdentityChange):  # who is who differs before and after it
                await self._place_run(run)
                await customers.move(self._tx, item.old, item.new)
                self.placed.append(Placed("identity-change", webhook_id, item.position))
                run = []
            else:
                run.append((webhook_id, item))
        await self._place_run(run)

    async def _place_run(self, run: Sequence[tuple[int, Item]]) -> None:
        if not run:
            return
        tx, numbers = self._tx, self._numbers
        run = self._without_loops(run)
        inbound, aside = _sorted(run, numbers)
        written = await self._address(inbound)
        updates = [(id, item) for id, item in run if isinstance(item, StatusUpdate)]
        told = [self._told(update) for _, update in updates]
        targets = await statuses.find(tx, told)
        changing = Changing(tx, run, numbers)
        held = await _hold(tx, written, [*targets, *await changing.find()])
        await self._write(written, held)
        await statuses.apply(tx, held, _found(targets, told))
        self.placed += await changing.write(held)
        aside += changing.aside
        early: list[Told] = []
        for (id, update), one, target in zip(updates, told, targets, strict=True):
            if target is not None:
                where = target.conversation_id, None, target.message_id
                self.placed.append(Placed("status", id, update.position, *where))
            elif update.phone_number_id in numbers:
                early.append(one)
                self.placed.append(Placed("early-status", id, update.position))
            else:
                aside.append(set_aside(id, update, UNKNOWN_NUMBER))
        await self._keep_for_later(early, aside)
        await conversations.save_all(tx, held.values())

    def _without_loops(self, run: Sequence[tuple[int, Item]]) -> list[tuple[int, Item]]:
        """What is left of *run* without what one of our numbers has sent to another.

        WhatsApp tells the receiver of it as of a kind that is not supported.
        """
        ours = {number.display_number for number in self._numbers.values()}
        left: list[tuple[int, Item]] = []
        for webhook_id, item in run:
            if _is_unsupported(item) and item.sender.wa_id in ours:
                self.placed.append(Placed("loop", webhook_id, item.position))
            else:
                left.append((webhook_id, item))
        return left

    async def _keep_for_later(self, early: Sequence[Told], aside: Sequence[Aside]) -> None:
        self.placed += [Placed("set-aside", one.webhook_id, one.position) for one in aside]
        if early or aside:
            at = await self._tx.now()
            await statuses.park(self._tx, early, at)
            await webhooks.set_aside(self._tx, aside, at)

    async def _address(
        self, inbound: Sequence[tuple[int, InboundMessage, EntryPoint]]
    ) -> list[_Written]:
        """Find or begin the customer and the conversation of each message."""
        if not inbound:
            return []
        people = await customers.find_or_add(self._tx, [item.sender for _, item, _ in inbound])
        await customers.begin(
            self._tx,
            [(one, number.id) for (one, _), (_, _, number) in zip(people, inbound, strict=True)],
        )
        return [
            _Written(id, item, number, customer, sender, customer.conversations[number.id])
            for (id, item, number), (customer, sender) in zip(inbound, people, strict=True)
        ]

    async def _write(self, written: Sequence[_Written], held: dict[int, Conversation]) -> None:
        """Write the messages that are news, each into its conversation's open task."""
        if not written:
            return
        known, open_tasks = await messages.beforehand(
            self._tx,
            {(one.entry_point.id, one.item.wamid) for one in written},
            {one.conversation_id for one in written},
        )
        fresh: list[_Written] = []
        for one in written:
            key = one.entry_point.id, one.item.wamid
            if key in known:
                told = "repeat", one.webhook_id, one.item.position, one.conversation_id
                self.placed.append(Placed(*told))
            else:
                known.add(key)
                fresh.append(one)
        if not fresh:
            return
        await customers.learn(self._tx, [(one.customer, one.sender) for one in fresh])
        task_ids = await self._open_tasks(fresh, held, open_tasks)
        arrivals = [_arrival(one, held[one.conversation_id], task_ids) for one in fresh]
        ids = await messages.put_inbound(self._tx, arrivals)
        files = [
            (id, file, one.at)
            for id, one in zip(ids, arrivals, strict=True)
            if (file := incoming(one.type, one.payload)) is not None
        ]
        await media.put_inbound(self._tx, files, arrivals[0].conversation.at)
        for one, id in zip(fresh, ids, strict=True):
            conversation = one.conversation_id
            told = "message", one.webhook_id, one.item.position, conversation
            self.placed.append(Placed(*told, task_ids[conversation], id))

    async def _open_tasks(
        self,
        fresh: Sequence[_Written],
        held: dict[int, Conversation],
        task_ids: dict[int, int],
    ) -> dict[int, int]:
        """The open task of each conversation, where there is none a new one."""
        openings: dict[int, Opening] = {}
        for one in fresh:
            conversation = held[one.conversation_id]
            if conversation.id not in task_ids:
                line_at = moment(one.item.second, conversation.at)
                queue, referral = QueueId(one.entry_point.queue_id), _referral(one.item)
                if (opening := openings.get(conversation.id)) is not None:
                    line_at = min(line_at, opening.line_at)
                    referral = opening.referral or referral
                openings[conversation.id] = Opening(conversation, queue, line_at, referral)
        at = held[fresh[0].conversation_id].at
        return task_ids | await tasks.open_all(self._tx, at, list(openings.values()))

    def _told(self, update: StatusUpdate) -> Told:
        return Told(
            wamid=update.wamid,
            named=unseal(self._seal_key, update.opaque),
            status=update.status,
            at=datetime.fromtimestamp(update.second, UTC),
            error=None if update.failure is None else update.failure.told(),
        )


async def apply_early(tx: Tx, count: int) -> int:
    """Apply statuses that came before their message was known; how many."""
    told = await statuses.unpark(tx, count)
    targets = await statuses.find(tx, told)
    held = await _hold(tx, (), targets)
    await statuses.apply(tx, held, _found(targets, told))
    await conversations.save_all(tx, held.values())
    return len(told)


async def _hold(
    tx: Tx, written: Sequence[_Written], targets: Sequence[Target | amendments.Target | None]
) -> dict[int, Conversation]:
    """Hold every conversation that the items of a run touch."""
    ids = {one.conversation_id for one in written}
    ids |= {target.conversation_id for target in targets if target is not None}
    return await conversations.lock(tx, ids) if ids else {}


def _found(targets: Sequence[Target | None], told: Sequence[Told]) -> list[tuple[Target, Told]]:
    pairs = zip(targets, told, strict=True)
    return [(target, one) for target, one in pairs if target is not None]


def _sorted(
    run: Sequence[tuple[int, Item]], numbers: Mapping[str, EntryPoint]
) -> tuple[list[tuple[int, InboundMessage, EntryPoint]], list[Aside]]:
    """The messages for numbers of ours, and what has no place yet."""
    inbound: list[tuple[int, InboundMessage, EntryPoint]] = []
    aside: list[Aside] = []
    for id, item in run:
        if isinstance(item, SetAside):
            aside.append(set_aside(id, item, item.error))
        elif isinstance(item, InboundMessage):
            number = numbers.get(item.phone_number_id)
            if number is None or number.retired:
                aside.append(set_aside(id, item, UNKNOWN_NUMBER))
            else:
                inbound.append((id, item, number))
    return inbound, aside


def _is_unsupported(item: Item) -> TypeGuard[InboundMessage]:
    return isinstance(item, InboundMessage) and item.type == "unsupported"


def _referral(item: InboundMessage) -> Mapping[str, object] | None:
    referral = (item.payload or {}).get("referral")
    return referral if isinstance(referral, dict) else None


def _arrival(one: _Written, conversation: Conversation, task_ids: dict[int, int]) -> Arrival:
    return Arrival(
        conversation=conversation,
        task_id=task_ids[conversation.id],
        wamid=one.item.wamid,
        type=one.item.type,
        text=one.item.text,
        payload=one.item.payload,
        at=moment(one.item.second, conversation.at),
        author_name=one.customer.shown_name,
        quoted=one.item.quoted,
    )
