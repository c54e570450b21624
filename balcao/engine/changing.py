"""What customers do to messages that are there: reactions, edits, and taking them back.

They come in any order, like everything else: one may stand before its message in the same
webhook, or come days before it is known.  Such a one is set aside, and tried again once the
message is there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from balcao.domain.amendment import Act
from balcao.domain.message import moment
from balcao.store import amendments
from balcao.store.amendments import New, Target
from balcao.store.conversations import Conversation
from balcao.store.database import Tx
from balcao.store.entry_points import EntryPoint
from balcao.store.webhooks import UNKNOWN_MESSAGE, UNKNOWN_NUMBER, Aside
from balcao.whatsapp.items import Item, MessageChange

#: Nobody can edit or take back what somebody else wrote.
NOT_THEIRS = "not their message"


class Placed(NamedTuple):
    """What became of an item, in ids; None where there is no such thing."""

    kind: str
    webhook: int
    position: str
    conversation: int | None = None
    task: int | None = None
    message: int | None = None


class Changing:
    """The changes among the items of one run: found first, written once all is held."""

    def __init__(
        self, tx: Tx, run: Sequence[tuple[int, Item]], numbers: Mapping[str, EntryPoint]
    ) -> None:
        self.aside: list[Aside] = []
        """Those that cannot be written, or not yet."""
        self._tx = tx
        self._changes: list[tuple[int, MessageChange, EntryPoint]] = []
        for webhook_id, item in run:
            if isinstance(item, MessageChange):
                number = numbers.get(item.phone_number_id)
                if number is None or number.retired:
                    self.aside.append(set_aside(webhook_id, item, UNKNOWN_NUMBER))
                else:
                    self._changes.append((webhook_id, item, number))

    async def find(self) -> list[Target | None]:
        """The message of each change, where it is there."""
        about = [(number.id, item.about) for _, item, number in self._changes]
        return await amendments.find(self._tx, about)

    async def write(self, held: Mapping[int, Conversation]) -> list[Placed]:
        """Write all whose message is there, and in a conversation that is held."""
        news: list[tuple[Target, New]] = []
        placed: list[Placed] = []
        targets = await self.find()  # again: some were written since
        for (webhook_id, item, _), target in zip(self._changes, targets, strict=True):
            if target is None or target.conversation_id not in held:
                aside = set_aside(webhook_id, item, UNKNOWN_MESSAGE, item.about)
                self.aside.append(aside)
            elif item.act is not Act.REACTION and not target.of_customer:
                self.aside.append(set_aside(webhook_id, item, NOT_THEIRS))
            else:
                conversation = held[target.conversation_id]
                at = moment(item.second, conversation.at)
                if item.act is Act.REACTION:  # it opens the window, as a message does
                    conversation.last_inbound_at = max(conversation.last_inbound_at or at, at)
                news.append((target, New(item.wamid, item.act, item.text, item.second, at)))
                where = target.conversation_id, None, target.message_id
                placed.append(Placed(item.act, webhook_id, item.position, *where))
        await amendments.put(self._tx, held, news)
        return placed


def set_aside(webhook_id: int, item: Item, error: str, about: str | None = None) -> Aside:
    """*item* as it is kept for a second try, or for a person."""
    return Aside(webhook_id, item.position, item.phone_number_id, item.raw, error, about)
