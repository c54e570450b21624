"""What no log may ever hold: the values that the suite's builders put in for people and secrets.

`tests/conftest.py` looks for them in all that any test, or a process that it starts, writes.
"""

from __future__ import annotations

from collections.abc import Iterable

#: Customers' phones begin so, and every id of WhatsApp's for a message, which contains one.
PEOPLE = ("55119", "wamid.", "BR.1")
#: What people write in tests, and what they are called.
WORDS = ("Bom dia", "Boa tarde", "Olá", "@test")
SECRETS = ("an app secret", "a key of the test's", "right horse", "no one signs in with this")
CANARIES = (*PEOPLE, *WORDS, *SECRETS)


def sung(texts: Iterable[str], canaries: Iterable[str] = CANARIES) -> list[str]:
    """The lines of *texts* that hold one of *canaries*."""
    wanted = tuple(canaries)
    return [
        line
        for text in texts
        if any(one in text for one in wanted)
        for line in text.splitlines()
        if any(one in line for one in wanted)
    ]
