"""Identifiers in the shapes that Meta gives them.

Message ids are new in every run, because a second run against the same database must not repeat
the first one's. A user id follows from the phone number, so that a customer who comes back after
a restart is the same customer.
"""

import base64
import hashlib
import secrets

_COUNTRIES = {
    "1": "US", "27": "ZA", "31": "NL", "33": "FR", "34": "ES", "39": "IT", "44": "GB",
    "49": "DE", "51": "PE", "52": "MX", "54": "AR", "55": "BR", "56": "CL", "57": "CO",
    "58": "VE", "61": "AU", "81": "JP", "91": "IN", "351": "PT", "591": "BO", "595": "PY",
    "598": "UY",
}  # fmt: skip


def message_id(person: str, *, outbound: bool) -> str:
    """Makes a wamid that embeds the person's phone or user id, as real ones do."""
    serial = secrets.token_hex(9).upper() if outbound else "3A" + secrets.token_hex(9).upper()
    by_phone = person.isdigit()
    raw = b"\x1c\x18" + _counted(person)
    raw += b"\x15\x02\x00" if by_phone else b"\x15\x14\x00"
    raw += (b"\x11" if outbound else b"\x12") + b"\x18" + _counted(serial) + b"\x00"
    return "wamid." + base64.b64encode(raw).decode()


def user_id(phone: str) -> str:
    """Is the business-scoped user id of a phone number: country, dot, twenty digits."""
    digest = int.from_bytes(hashlib.sha256(phone.encode()).digest())
    return f"{country(phone)}.{digest % 10**20:020d}"


def media_id() -> str:
    """Makes a media id, digits only."""
    return str(secrets.randbelow(9 * 10**14) + 10**14)


def trace_id() -> str:
    """Makes an fbtrace_id."""
    return "A" + secrets.token_urlsafe(16)


def calling_code(phone: str) -> str:
    """Is the country part of a phone number's digits."""
    known = (phone[:size] for size in (3, 2, 1) if phone[:size] in _COUNTRIES)
    return next(known, phone[:2])


def country(phone: str) -> str:
    """Is the two-letter country of a phone number's digits; ZZ where it is not known."""
    return _COUNTRIES.get(calling_code(phone), "ZZ")


def _counted(text: str) -> bytes:
    # Lengths are base-128 numbers; a user id may have 131 characters.
    data = text.encode()
    size = len(data)
    head = bytes([size]) if size < 128 else bytes([size % 128 + 128, size // 128])
    return head + data
