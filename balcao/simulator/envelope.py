"""What webhooks look like: items, the envelope around them, the escaping, and the signature.

Meta signs JSON whose non-ASCII characters and slashes are escaped. Ours is written the same way,
byte for byte, because a receiver that re-serialises before it verifies must fail here too.
"""

import hashlib
import hmac
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from balcao.simulator.world import Customer, EntryPoint

ACCOUNT_ID = "200000000000001"
_PRICING = {"billable": True, "pricing_model": "PMP", "type": "regular", "category": "service"}
_UNREADABLE: tuple[tuple[str, Any], ...] = (
    ("messages", {"from": "5511900000000", "timestamp": "yesterday"}),
    ("messages", "this is not an object"),
    ("messages", {"id": 17, "type": ["text"], "timestamp": {"seconds": 1}}),
    ("messages", None),
    ("statuses", {"status": "delivered", "timestamp": "1790000000"}),
    ("statuses", 42),
    ("statuses", {"id": {"wamid": 1}, "status": ["read"]}),
)


@dataclass(frozen=True)
class Update:
    """Is one message or status on its way to the receiver."""

    customer_id: str
    number: EntryPoint
    kind: Literal["messages", "statuses"]
    item: dict[str, Any]
    contacts: tuple[dict[str, Any], ...] = ()


def message_update(
    customer: Customer, number: EntryPoint, wamid: str, at: float, content: dict[str, Any]
) -> Update:
    """Makes the update of something a customer sent; `content` has its type and object."""
    sender = {"from_user_id": customer.user_id}
    if customer.phone and not customer.hide_phone:
        sender = {"from": customer.phone, **sender}
    item = {**sender, "id": wamid, "timestamp": str(int(at)), **content}
    contacts = () if content["type"] == "system" else (_contact(customer, profile=True),)
    return Update(customer.user_id, number, "messages", item, contacts)


@dataclass(frozen=True)
class Sent:
    """Is a message that Graph accepted, and how it was addressed."""

    wamid: str
    number: EntryPoint
    customer: Customer | None
    to_phone: str | None
    to_user_id: str | None
    callback_data: str | None

    @property
    def person(self) -> str:
        """Is whom it is meant for, known here or not."""
        return self.customer.user_id if self.customer else f"{self.to_phone or self.to_user_id}"


def status_update(
    sent: Sent, status: str, at: float, error: dict[str, Any] | None = None
) -> Update:
    """Makes the update of a status of a message that the business sent."""
    item: dict[str, Any] = {"id": sent.wamid, "status": status, "timestamp": str(int(at))}
    person = sent.customer
    phone = sent.to_phone or (person.phone if person and not person.hide_phone else None)
    if phone is not None:
        item["recipient_id"] = phone
    user_id = person.user_id if person else sent.to_user_id
    if user_id is not None and not (status == "failed" and sent.to_phone):
        item["recipient_user_id"] = user_id
    if sent.callback_data is not None:
        item["biz_opaque_callback_data"] = sent.callback_data
    if status in ("sent", "delivered"):
        item["pricing"] = dict(_PRICING)
    if error is not None:
        item["errors"] = [error]
    named = person is not None and status != "failed"
    contacts = (_contact(person, profile=status != "sent"),) if person and named else ()
    return Update(sent.person, sent.number, "statuses", item, contacts)


def compose(
    updates: Sequence[Update], dice: random.Random, *, malformed: bool = False
) -> dict[str, Any]:
    """Puts updates into one envelope, in order, spread over its levels as it may happen."""
    entries: list[dict[str, Any]] = []
    value: dict[str, Any] | None = None
    of: EntryPoint | None = None
    for update in updates:
        roll = dice.random() if len(updates) > 1 else 1.0
        if value is None or of != update.number or roll < 0.4:
            if value is None or roll < 0.2:
                entries.append({"id": ACCOUNT_ID, "changes": []})
            value, of = _value(update.number), update.number
            entries[-1]["changes"].append({"value": value, "field": "messages"})
        _place(value, update)
    if malformed:
        _spoil(entries, dice)
    return {"object": "whatsapp_business_account", "entry": entries}


def encode(body: object) -> bytes:
    """Writes JSON as Meta does: ASCII only, lower-case escapes, slashes escaped."""
    text = json.dumps(body, ensure_ascii=True, separators=(",", ":"))
    return text.replace("/", "\\/").encode("ascii")


def sign(app_secret: str, body: bytes) -> str:
    """Is the value of X-Hub-Signature-256 for these bytes."""
    return "sha256=" + hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()


def _contact(customer: Customer, *, profile: bool) -> dict[str, Any]:
    contact: dict[str, Any] = {}
    if profile:
        contact["profile"] = {"name": customer.name}
        if customer.username:
            contact["profile"]["username"] = "@" + customer.username.removeprefix("@")
    if customer.phone and not customer.hide_phone:
        contact["wa_id"] = customer.phone
    contact["user_id"] = customer.user_id
    return contact


def _value(number: EntryPoint) -> dict[str, Any]:
    return {
        "messaging_product": "whatsapp",
        "metadata": {
            "display_phone_number": number.display_number,
            "phone_number_id": number.phone_number_id,
        },
    }


def _place(value: dict[str, Any], update: Update) -> None:
    for contact in update.contacts:
        if contact not in value.setdefault("contacts", []):
            value["contacts"].append(contact)
    value.setdefault(update.kind, []).append(update.item)


def _spoil(entries: list[dict[str, Any]], dice: random.Random) -> None:
    kind, item = dice.choice(_UNREADABLE)
    changes = dice.choice(entries)["changes"]
    items: list[Any] = dice.choice(changes)["value"].setdefault(kind, [])
    items.insert(dice.randint(0, len(items)), item)
