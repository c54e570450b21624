"""Our own id on a message."""

import pytest

from balcao.whatsapp.opaque import seal, unseal

KEY = b"a key"
SEALED = seal(KEY, 42, 3)


def test_what_was_sealed_comes_back() -> None:
    assert unseal(KEY, SEALED) == (42, 3)
    assert SEALED.startswith("v1.42.3.")


@pytest.mark.parametrize(
    "opaque",
    [
        None,
        "",
        "outbox-42",
        SEALED.replace("42", "43"),
        SEALED[:-1],
        SEALED + "\n",
        seal(b"another key", 42, 3),
        "v1.-1.1.00000000",
        "v1.99999999999999999999.1.00000000",
    ],
)
def test_nobody_else_can_name_our_messages(opaque: str | None) -> None:
    assert unseal(KEY, opaque) is None
