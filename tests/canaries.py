"""What no log may ever hold: the values that the suite's builders put in for people and secrets.

`tests/conftest.py` looks for them in all that any test, or a process that it starts, writes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

#: Ids of WhatsApp's for a message, which contain a phone, and for a person.
PEOPLE = ("wamid.", "BR.1")
#: A customer's phone; a part of it may be the fraction of a second or a port.
PHONE = re.compile("55119[0-9]{5}")
#: What people write in tests, and what they are called.
WORDS = ("Bom dia", "Boa tarde", "Olá", "@test")
SECRETS = ("an app secret", "a key of the test's", "right horse", "no one signs in with this")
CANARIES = (*PEOPLE, *WORDS, *SECRETS)


def sung(texts: Iterable[str], canaries: Iterable[str] = CANARIES) -> list[str]:
    """The lines of *texts* that hold one of *canaries*."""
    wanted = tuple(canaries)

    def sings(text: str) -> bool:
        return any(one in text for one in wanted) or PHONE.search(text) is not None

    return [line for text in texts if sings(text) for line in text.splitlines() if sings(line)]
