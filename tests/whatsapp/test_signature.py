"""The proof that a webhook comes from WhatsApp."""

import json

import pytest

from balcao.whatsapp.signature import is_signed, sign
from tests.whatsapp import bodies

BODY = bodies.messages(bodies.text("wamid.1", "ação 🎉 a/b"))
GOOD = sign(BODY, "secret").encode()


def test_a_body_is_known_by_its_raw_bytes() -> None:
    assert is_signed(BODY, GOOD, ["secret"])


def test_either_secret_is_good_while_one_is_being_replaced() -> None:
    assert is_signed(BODY, GOOD, ["new", "secret"])
    assert not is_signed(BODY, GOOD, ["new", "other"])
    assert not is_signed(BODY, GOOD, [])


def test_a_body_that_was_written_again_has_another_signature() -> None:
    again = json.dumps(json.loads(BODY)).encode()
    assert not is_signed(again, GOOD, ["secret"])


@pytest.mark.parametrize(
    "header",
    [
        None,
        b"",
        b"sha256=",
        GOOD[:-1],
        GOOD.upper(),
        GOOD.replace(b"sha256=", b""),
        GOOD.replace(b"sha256", b"sha1"),
        GOOD + b" ",
        b"sha256=" + b"\xff" * 64,
    ],
)
def test_anything_but_the_signature_is_refused(header: bytes | None) -> None:
    assert not is_signed(BODY, header, ["secret"])
