"""What WhatsApp tells, read item by item."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balcao.domain.message import Sender, Status
from balcao.whatsapp.items import (
    IdentityChange,
    InboundMessage,
    Item,
    MessageChange,
    SetAside,
    StatusUpdate,
)
from balcao.whatsapp.webhook import read
from tests.whatsapp import bodies
from tests.whatsapp.bodies import change, contact, envelope, other, status, text, without


def only(body: bytes) -> Item:
    (item,) = read(body)
    return item


def message(body: bytes) -> InboundMessage:
    item = only(body)
    assert isinstance(item, InboundMessage)
    return item


def test_a_text_is_read_whole() -> None:
    read_ = message(bodies.messages(text("wamid.1", "ação 🎉 a/b")))

    assert read_.phone_number_id == bodies.NUMBER
    assert (read_.wamid, read_.second) == ("wamid.1", bodies.NOON)
    assert (read_.type, read_.text, read_.payload) == ("text", "ação 🎉 a/b", None)
    assert read_.sender == Sender("BR.1", "5511987654321", "Ana", None)
    assert json.loads(read_.raw) == text("wamid.1", "ação 🎉 a/b")


def test_every_entry_change_message_and_status_is_read_in_order() -> None:
    body = json.dumps(
        {
            "entry": [
                {"changes": [change([text("a"), text("b")], [status("c")]), change([text("d")])]},
                {"changes": [change(statuses=[status("e"), status("f")])]},
            ]
        }
    ).encode()

    items = read(body)

    assert [i.wamid for i in items if isinstance(i, InboundMessage | StatusUpdate)] == list(
        "abcdef"
    )
    assert len({item.position for item in items}) == 6


def test_a_thousand_items_lose_only_the_ones_that_cannot_be_read() -> None:
    items: list[Any] = [text(f"wamid.{n}") for n in range(1000)]
    items[17] = {"id": 17, "type": "text"}
    items[400] = "not an object"
    items[800] = text("wamid.800", second=10**15)

    found = read(bodies.messages(*items))

    aside = [item for item in found if isinstance(item, SetAside)]
    assert len(found) == 1000
    assert [item.position for item in aside] == [f"0/0/messages/{n}" for n in (17, 400, 800)]
    assert json.loads(aside[0].raw) == {"id": 17, "type": "text"}
    assert all(item.error for item in aside)


def test_timestamps_and_error_codes_may_be_numbers_or_words() -> None:
    error = {"code": "131047", "title": "t", "error_data": {"details": "d"}}
    late = status("wamid.1", "failed", errors=[error], timestamp=bodies.NOON)

    first, second = read(envelope(change([text("wamid.2", timestamp=5)], [late])))

    assert isinstance(first, InboundMessage)
    assert first.second == 5
    assert isinstance(second, StatusUpdate)
    assert second.failure is not None
    assert second.failure.told() == {
        "code": "window-closed",
        "params": {"number": 131047, "title": "t", "details": "d"},
        "action": "template",
    }


@pytest.mark.parametrize("errors", [None, [], "x", [1], [{}], [{"code": "many"}]])
def test_a_failure_without_a_readable_reason_is_still_a_failure(errors: object) -> None:
    item = only(bodies.statuses(status("wamid.1", "failed", errors=errors)))

    assert isinstance(item, StatusUpdate)
    assert item.status is Status.FAILED
    assert item.failure is not None
    assert item.failure.told()["code"] == "refused"


def test_a_customer_who_hides_the_phone_is_known_by_user_id() -> None:
    hidden = {"profile": {"name": "Bia", "username": "@bia"}, "user_id": "BR.2"}
    written = without(text("wamid.1", from_user_id="BR.2"), "from")

    read_ = message(envelope(change([written], contacts=[contact(), hidden])))

    assert read_.sender == Sender("BR.2", None, "Bia", "@bia")


def test_contacts_are_matched_by_id_and_never_by_place() -> None:
    contacts = [contact(wa_id="5521900000000", user_id=None, profile={"name": "Caio"}), contact()]
    written = [
        text("wamid.1"),
        without(text("wamid.2"), "from_user_id") | {"from": "5521900000000"},
    ]

    names = [
        item.sender.name
        for item in read(envelope(change(written, contacts=contacts)))
        if isinstance(item, InboundMessage)
    ]

    assert names == ["Ana", "Caio"]


def test_a_contact_without_a_profile_or_of_the_wrong_shape_costs_only_the_name() -> None:
    contacts = [7, {"wa_id": "5511987654321"}, {"user_id": 3}]
    assert message(envelope(change([text("wamid.1")], contacts=contacts))).sender.name is None


@pytest.mark.parametrize(
    "kind", ["image", "audio", "interactive", "unsupported", "order", "a type of next year"]
)
def test_any_other_type_is_a_message_with_its_payload(kind: str) -> None:
    read_ = message(bodies.messages(other("wamid.1", kind, {"id": "9"})))

    assert (read_.type, read_.text, read_.payload) == (kind, None, {kind: {"id": "9"}})


def test_a_text_without_its_body_still_shows_as_a_message() -> None:
    assert message(bodies.messages(without(text("wamid.1"), "text"))).type == "unsupported"


def test_a_reply_names_what_it_answers_and_an_ad_is_kept() -> None:
    written = text("wamid.1", context={"id": "wamid.0", "from": "55"}, referral={"ctwa_clid": "c"})

    read_ = message(bodies.messages(written))

    assert read_.quoted == "wamid.0"
    assert read_.payload == {
        "context": {"id": "wamid.0", "from": "55"},
        "referral": {"ctwa_clid": "c"},
    }


def changed(body: bytes) -> MessageChange:
    item = only(body)
    assert isinstance(item, MessageChange)
    return item


@pytest.mark.parametrize(
    ("kind", "own", "text"),
    [
        ("reaction", {"message_id": "wamid.0", "emoji": "👍"}, "👍"),
        ("reaction", {"message_id": "wamid.0", "emoji": ""}, None),
        ("reaction", {"message_id": "wamid.0"}, None),
        (
            "edit",
            {
                "original_message_id": "wamid.0",
                "message": {"type": "text", "text": {"body": "às 15h"}},
            },
            "às 15h",
        ),
        (
            "edit",
            {
                "original_message_id": "wamid.0",
                "message": {"type": "image", "image": {"id": "9", "caption": "nova"}},
            },
            "nova",
        ),
        ("revoke", {"original_message_id": "wamid.0"}, None),
    ],
)
def test_reactions_edits_and_deletions_change_a_message(
    kind: str, own: dict[str, Any], text: str | None
) -> None:
    item = changed(bodies.messages(other("wamid.1", kind, own)))

    assert (item.wamid, item.act, item.about, item.text) == ("wamid.1", kind, "wamid.0", text)


@pytest.mark.parametrize(
    ("kind", "own"),
    [
        ("reaction", {}),
        ("reaction", {"message_id": "", "emoji": "👍"}),
        ("edit", {"original_message_id": "wamid.0"}),
        ("edit", {"original_message_id": "wamid.0", "message": {"type": "image", "image": {}}}),
        ("revoke", {"message_id": "wamid.0"}),
    ],
)
def test_a_change_that_does_not_say_of_what_or_into_what_is_kept_with_the_reason(
    kind: str, own: dict[str, Any]
) -> None:
    assert isinstance(only(bodies.messages(other("wamid.1", kind, own))), SetAside)


@pytest.mark.parametrize(
    ("kind", "own", "words"),
    [
        ("image", {"id": "9", "caption": "veja"}, "veja"),
        ("video", {"id": "9", "caption": "veja"}, "veja"),
        ("document", {"id": "9", "caption": "a nota", "filename": "nota.pdf"}, "a nota"),
        ("image", {"id": "9"}, None),
        ("button", {"payload": "sim", "text": "Sim, quero"}, "Sim, quero"),
        (
            "interactive",
            {"type": "button_reply", "button_reply": {"id": "1", "title": "Não"}},
            "Não",
        ),
        (
            "interactive",
            {"type": "list_reply", "list_reply": {"id": "2", "title": "Contas"}},
            "Contas",
        ),
        ("interactive", {"type": "nfm_reply", "nfm_reply": {"response_json": "{}"}}, None),
        ("order", {"catalog_id": "1", "text": "para hoje", "product_items": []}, "para hoje"),
        ("location", {"latitude": 1.0, "longitude": 2.0, "name": "Loja"}, None),
    ],
)
def test_what_a_customer_says_in_words_is_the_text_and_all_of_it_is_kept(
    kind: str, own: dict[str, Any], words: str | None
) -> None:
    item = message(bodies.messages(other("wamid.1", kind, own)))

    assert (item.type, item.text, item.payload) == (kind, words, {kind: own})


def test_a_welcome_request_is_nothing() -> None:
    assert read(bodies.messages(without(text("wamid.1", type="request_welcome"), "text"))) == []


def test_a_changed_number_or_user_id_is_a_change_of_identity() -> None:
    number = other("wamid.1", "system", {"wa_id": "5511900000000"})
    user_id = {"field": "user_id_update", "value": {"user_id": {"previous": "A", "current": "B"}}}

    first, second = read(envelope(change([number]), user_id))

    assert isinstance(first, IdentityChange)
    assert (first.old.wa_id, first.new.wa_id) == ("5511987654321", "5511900000000")
    assert isinstance(second, IdentityChange)
    assert (second.old.user_id, second.new.user_id) == ("A", "B")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"\xff\xfe",
        b'{"entry": null}',
        b'{"entry": [1]}',
        b'{"entry": [{"changes": [null]}]}',
        b'{"entry": [{"changes": [{"field": "messages", "value": 1}]}]}',
        b'{"entry": [{"changes": [{"field": "next_year", "value": {}}]}]}',
        b'{"entry": [{"changes": [{"field": "messages", "value": {"messages": {}}}]}]}',
        b'{"entry": [{"changes": [{"field": "messages", "value": {"statuses": [{"id":"w"}]}}]}]}',
        b'{"entry": [{"changes": [{"field": "user_id_update", "value": {}}]}]}',
    ],
)
def test_what_cannot_be_read_is_set_aside_with_its_bytes(body: bytes) -> None:
    (item,) = read(body)

    assert isinstance(item, SetAside)
    assert item.raw in body
    assert item.error


def test_a_nul_that_no_database_keeps_is_replaced() -> None:
    written = text("wamid.1", "a\0b", image={"caption": "c\0"})
    read_ = message(bodies.messages(written))

    assert read_.text == "a\ufffdb"
    assert read_.payload == {"image": {"caption": "c\ufffd"}}


@pytest.mark.parametrize(
    ("broken", "shown"),
    [
        (rb"a\ud83d", "a\ufffd"),
        (rb"\uDE00b", "\ufffdb"),
        (rb"\ud83d\ud83d\ude00", "\ufffd😀"),
        (rb"\\ud83d \ud83d", "\\ud83d \ufffd"),
    ],
)
def test_half_an_emoji_costs_no_neighbour_and_only_itself(broken: bytes, shown: str) -> None:
    body = bodies.messages(text("wamid.1"), text("wamid.2", "HERE"), text("wamid.3"))

    items = read(body.replace(b"HERE", broken))

    assert [i.text for i in items if isinstance(i, InboundMessage)] == ["Olá", shown, "Olá"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)
FIELDS = ("id", "from", "from_user_id", "timestamp", "type", "text", "context", "system", "errors")


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, JSON)), JSON)
def test_nothing_that_is_sent_makes_reading_raise_or_costs_a_neighbour(
    odd: dict[str, Any], odder: object
) -> None:
    items = read(envelope(change([odd, text("wamid.1")], [odd, odder], [odder])))

    assert any(isinstance(i, InboundMessage) and i.wamid == "wamid.1" for i in items)


@given(st.binary(max_size=60))
def test_no_bytes_make_reading_raise(body: bytes) -> None:
    read(body)
