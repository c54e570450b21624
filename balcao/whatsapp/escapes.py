"""Halves of characters: JSON's escapes for what is no text.

An emoji is two escapes, and whoever cuts a text between them leaves one that no
strict reader takes.  It must not cost its neighbours in the same POST, so it is
replaced by U+FFFD, as a browser would show it.
"""

from __future__ import annotations

import re

_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"  # a whole pair
    rb"|(u[dD][89a-fA-F][0-9a-fA-F]{2})"  # half of one
    rb"|.)",
    re.DOTALL,
)


def repaired(body: bytes) -> bytes:
    """*body* with every half of an escaped pair replaced."""
    return _ESCAPE.sub(lambda found: rb"\ufffd" if found[1] else found[0], body)
