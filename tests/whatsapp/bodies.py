"""Webhooks as WhatsApp writes them, in a few words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

NUMBER = "100000000000001"
NOON = 1_790_000_000


def other(wamid: str, kind: str, whole: object, **over: Any) -> dict[str, Any]:
    """A message of another type, with its object under the type's name."""
    return without(text(wamid, **over), "text") | {"type": kind, kind: whole}


def text(wamid: str, body: str = "Olá", second: int = NOON, **over: Any) -> dict[str, Any]:
    """A text of a customer's, by default one with a phone and a user id."""
    return {
        "from": "5511987654321",
        "from_user_id": "BR.1",
        "id": wamid,
        "timestamp": str(second),
        "type": "text",
        "text": {"body": body},
    } | over


def without(whole: dict[str, Any], *keys: str) -> dict[str, Any]:
    """The same without these keys, as WhatsApp leaves out what it hides."""
    return {key: value for key, value in whole.items() if key not in keys}


def status(wamid: str, word: str = "sent", second: int = NOON, **over: Any) -> dict[str, Any]:
    """A status of a message of ours."""
    return {
        "id": wamid,
        "status": word,
        "timestamp": str(second),
        "recipient_id": "5511987654321",
    } | over


def contact(**over: Any) -> dict[str, Any]:
    """The contact that goes with text()."""
    return {"profile": {"name": "Ana"}, "wa_id": "5511987654321", "user_id": "BR.1"} | over


def change(
    messages: Sequence[object] = (),
    statuses: Sequence[object] = (),
    contacts: Sequence[object] = (),
    number: str = NUMBER,
) -> dict[str, Any]:
    """One change of a number's, with what there is in it."""
    value: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "551140001000", "phone_number_id": number},
    }
    lists = {"messages": messages, "statuses": statuses, "contacts": contacts}
    return {"field": "messages", "value": value | {k: list(v) for k, v in lists.items() if v}}


def envelope(*changes: object) -> bytes:
    """The body of one POST, escaped as WhatsApp does it."""
    whole = {
        "object": "whatsapp_business_account",
        "entry": [{"id": "200", "changes": list(changes)}],
    }
    return json.dumps(whole, ensure_ascii=True).replace("/", "\\/").encode()


def messages(*all_: object, number: str = NUMBER) -> bytes:
    """One POST with these messages."""
    return envelope(change(all_, contacts=[contact()], number=number))


def statuses(*all_: object) -> bytes:
    """One POST with these statuses."""
    return envelope(change(statuses=all_))
