"""What a customer can send beyond text, as it looks at an agent's desk, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.stage import Desk, Phone, Stage
from tests.setup.test_command_line import until

pytestmark = pytest.mark.slow

OpenDesk = Callable[..., Desk]

AD = {"source_type": "ad", "headline": "Frete grátis", "source_url": "https://fb.example/1"}
PLACE = {"latitude": -23.55, "longitude": -46.63, "name": "Portaria B", "address": "Rua A, 1"}
CARD = {"name": {"formatted_name": "Bia Souza", "first_name": "Bia"}, "phones": []}
ITEM = {"product_retailer_id": "CANECA", "quantity": 2, "item_price": 19.9, "currency": "BRL"}


def test_a_customer_points_reacts_answers_changes_and_takes_back(
    stage: Stage, open_desk: OpenDesk
) -> None:
    desk = open_desk("marina@demo").become_available()
    page, phone = desk.page, stage.phone("Ana Lima")
    first = phone.send({"type": "text", "text": "Chego às 14h", "referral": AD})
    desk.accept(phone)
    thread = page.get_by_role("main")
    expect(thread.get_by_text("Frete grátis").first).to_be_visible()
    page.keyboard.type("Combinado, 14h.")
    page.keyboard.press("Enter")
    until(lambda: phone.received() != [], 10)
    until(lambda: phone.shows(first)["status"] == "read", 10)
    ours = phone.received()[0]["wamid"]

    phone.send({"type": "reaction", "reaction": {"message_id": ours, "emoji": "👍"}})
    bubble = thread.get_by_role("article").filter(has_text="Combinado, 14h.")
    expect(bubble.get_by_text("👍")).to_be_visible()
    phone.send({"type": "reaction", "reaction": {"message_id": ours, "emoji": ""}})
    expect(bubble.get_by_text("👍")).to_be_hidden()

    _shows_every_kind(thread, phone)

    phone.send({"type": "text", "text": "Essa mesma", "context": {"id": ours}})
    quoting = thread.get_by_role("article").filter(has_text="Essa mesma")
    expect(quoting).to_contain_text("Combinado, 14h.")

    new = {"type": "text", "text": {"body": "Chego às 15h"}}
    phone.send({"type": "edit", "edit": {"original_message_id": first, "message": new}})
    changed = thread.get_by_role("article").filter(has_text="Chego às 15h")
    expect(changed).to_contain_text("editada")
    phone.send({"type": "revoke", "revoke": {"original_message_id": first}})
    expect(changed).to_be_hidden()
    expect(thread.get_by_text("Mensagem apagada pelo cliente").first).to_be_visible()


def _shows_every_kind(thread: Locator, phone: Phone) -> None:
    phone.send({"type": "location", "location": PLACE})
    place = thread.get_by_role("article").filter(has_text="Portaria B")
    expect(place.get_by_role("link")).to_have_attribute("href", re.compile("openstreetmap"))
    phone.send({"type": "contacts", "contacts": [CARD]})
    expect(thread.get_by_role("article").filter(has_text="Bia Souza")).to_be_visible()
    phone.send({"type": "order", "order": {"catalog_id": "1", "product_items": [ITEM]}})
    expect(thread.get_by_role("article").filter(has_text="39,80")).to_be_visible()
    phone.send({"type": "unsupported"})
    expect(thread.get_by_text("Enquete", exact=False).first).to_be_visible()
