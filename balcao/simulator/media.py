"""WhatsApp's media: what has an id, for how long, and the address that it can be fetched from.

An id of an upload lives for 30 days and that of a customer's media for 7, by the simulator's
clock; an address for five minutes. The address says itself what it is for and until when, and is
sealed, so that none needs remembering.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlencode

from balcao.simulator import formats, ids, refusals
from balcao.simulator.shelf import Content, Shelf
from balcao.simulator.world import EntryPoint, World

UPLOAD_DAYS, INBOUND_DAYS = 30, 7
ADDRESS_S = 300
PATH = "/whatsapp_business/attachments/"
_DAY_S = 86_400.0
_MOST_ITEMS = 20_000


@dataclass(frozen=True)
class Item:
    """Is a media with an id; `until` is when the id ends, in Unix seconds."""

    id: str
    phone_number_id: str
    sha256: str
    size: int
    mime_type: str
    until: float


class Media:
    """Knows all media by id, of both directions.

    `base_url` is where the host is whose addresses it tells, and is known once that one listens.
    """

    def __init__(self, world: World, shelf: Shelf, access_token: str) -> None:
        self.shelf = shelf
        self.base_url = ""
        self._world = world
        self._bearer = f"Bearer {access_token}"
        self._seal = secrets.token_bytes(32)
        self._items: dict[str, Item] = {}

    def add(self, number: EntryPoint, content: Content, mime_type: str, days: int) -> Item:
        """Gives a content an id for so many days, at one business number."""
        until = self._world.clock.now() + days * _DAY_S
        place = (number.phone_number_id, content.sha256, content.size)
        item = Item(ids.media_id(), *place, mime_type, until)
        self._remember(item)
        return item

    def recall(self, kept: Iterable[dict[str, Any]]) -> None:
        """Takes up what an earlier run has known."""
        for item in kept:
            self._remember(Item(**item))

    def kept(self) -> list[dict[str, Any]]:
        """Is all that a later run has to know."""
        return [asdict(item) for item in self._items.values()]

    def of(self, id_: str, number: EntryPoint | None = None) -> tuple[Item, Content] | None:
        """Finds a media by its id, where that has not ended and is of this number (or any)."""
        item = self._items.get(id_)
        if item is None or self._world.clock.now() > item.until:
            return None
        if number is not None and item.phone_number_id != number.phone_number_id:
            return None
        content = self.shelf.find(item.sha256)
        return None if content is None else (item, content)

    def address(self, item: Item) -> str:
        """Is where a media can be fetched from for five minutes."""
        ends = str(int(self._world.clock.now()) + ADDRESS_S)
        query = {"mid": item.id, "ext": ends, "hash": self._sealed(item.id, ends)}
        return f"{self.base_url}{PATH}?{urlencode(query)}"

    def at(self, id_: str, ends: str, seal: str) -> Item | None:
        """Is the media at an address, unless that is forged or over, or the media gone."""
        if not hmac.compare_digest(seal.encode(), self._sealed(id_, ends).encode()):
            return None
        if self._world.clock.now() > int(ends):
            return None
        found = self.of(id_)
        return found[0] if found else None

    def is_allowed(self, authorization: str | None) -> bool:
        """Says whether a call has the good token."""
        return authorization == self._bearer

    def uploading(self, phone_number_id: str, authorization: str | None) -> EntryPoint:
        """Is the number that something may be uploaded to; refuses all others."""
        if not self.is_allowed(authorization):
            raise refusals.no_token()
        number = self._world.number_by_id(phone_number_id)
        if number is None:
            raise refusals.no_such_number(phone_number_id)
        return number

    def upload(
        self, number: EntryPoint, product: str | None, content: Content | None, mime_type: str
    ) -> dict[str, Any]:
        """Takes a content of the business in; refuses what WhatsApp could not send."""
        if product != "whatsapp":
            raise refusals.invalid("The parameter messaging_product is required.")
        if content is None:
            raise refusals.invalid("The parameter file is required.")
        kind = formats.kind_of(mime_type)
        if kind is None:
            raise refusals.media_refused(f"Unsupported media type {mime_type[:100]}.")
        most = formats.most_bytes(kind, content.head)
        if not 0 < content.size <= most:
            raise refusals.media_refused(f"A file of this type has 1 to {most} bytes.")
        return {"id": self.add(number, content, mime_type, UPLOAD_DAYS).id}

    def tell(self, id_: str, authorization: str | None, of: str | None) -> dict[str, Any]:
        """Answers where a media is and what it is like."""
        item = self._asked(id_, authorization, of)
        return {
            "messaging_product": "whatsapp",
            "url": self.address(item),
            "mime_type": item.mime_type,
            "sha256": item.sha256,
            "file_size": item.size,
            "id": item.id,
        }

    def delete(self, id_: str, authorization: str | None, of: str | None) -> dict[str, Any]:
        """Ends a media's id; phones keep what they have."""
        del self._items[self._asked(id_, authorization, of).id]
        return {"success": True}

    def _asked(self, id_: str, authorization: str | None, of: str | None) -> Item:
        if not self.is_allowed(authorization):
            raise refusals.no_token()
        found = self.of(id_)
        if found is None or of not in (None, found[0].phone_number_id):
            raise refusals.no_such_object(id_)
        return found[0]

    def _remember(self, item: Item) -> None:
        self._items[item.id] = item
        if len(self._items) > _MOST_ITEMS:
            del self._items[next(iter(self._items))]

    def _sealed(self, id_: str, ends: str) -> str:
        return hmac.new(self._seal, f"{id_} {ends}".encode(), hashlib.sha256).hexdigest()[:32]
