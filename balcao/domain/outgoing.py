"""What a business may say to its customers, kind by kind, within the limits that WhatsApp sets.

What is said is checked here once, when it is written, and kept as it will be sent: a type, a text,
and what the type says beyond its text in a shape of our own, the same that a sender reads:

    text, note                               none
    image, video, audio, document, sticker   {"media": {"id", "voice"}}; the text is the caption
    location                                 {"location": {"latitude", "longitude", "name",
                                             "address"}}
    buttons                                  {"buttons": [{"id", "title"}]}
    list                                     {"list": {"button", "sections": [{"title", "rows":
                                             [{"id", "title", "description"}]}]}}

Lengths are Unicode code points, as WhatsApp counts.  (`whatsapp.md` 3 and 3.3.)
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from balcao.domain.media import KINDS
from balcao.domain.message import TEXT_MAX, checked_text
from balcao.domain.values import Refused

#: The files that a caption may stand under.
CAPTIONED = KINDS - {"audio", "sticker"}

CAPTION_MAX = 1024
BUTTONS_TEXT_MAX = 1024
BUTTONS_MAX = 3
BUTTON_TITLE_MAX = 20
LIST_BUTTON_MAX = 20
ROWS_MAX = 10  # of all sections together
SECTION_TITLE_MAX = 24
ROW_TITLE_MAX = 24
ROW_DESCRIPTION_MAX = 72
BUTTON_ID_MAX = 256
ROW_ID_MAX = 200
#: WhatsApp names none for these; a place is no letter.
PLACE_MAX = 1024

_ELEMENT = (
    r"(?:[#*0-9]\ufe0f?\u20e3|[\U0001f1e6-\U0001f1ff]{2}"
    r"|[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u24c2\u25a0-\u27bf"
    r"\u2900-\u297f\u2b00-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001f1e5"
    r"\U0001f200-\U0001faff][\ufe0f\U0001f3fb-\U0001f3ff]?"
    r"(?:[\U000e0020-\U000e007e]{1,8}\U000e007f)?)"
)
_EMOJI = re.compile(rf"{_ELEMENT}(?:\u200d{_ELEMENT}){{0,9}}")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What one message says: its type, its text, and what there is beyond, as it is kept."""

    type: str
    text: str | None
    payload: Mapping[str, Any] | None = None

    @property
    def media(self) -> int | None:
        """The upload that it sends; None for what is no file."""
        if self.type not in KINDS or self.payload is None:
            return None
        id: int = self.payload["media"]["id"]
        return id

    @property
    def voice(self) -> bool:
        """It is a recorded note, and not just any sound."""
        return self.media is not None and bool((self.payload or {})["media"]["voice"])


@dataclass(frozen=True, slots=True)
class Button:
    """One answer to tap on; the customer's program gives the *id* back."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a list."""

    id: str
    title: str
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """Lines of a list under one title, which a list of one section may do without."""

    title: str | None
    rows: Sequence[Row]


def in_words(type: str, text: str) -> Outgoing:
    """A ``text`` to the customer, or a ``note``, never sent; Refused: empty, too-long."""
    return Outgoing(type, checked_text(text))


def file(type: str, media: int, caption: str | None = None, *, voice: bool = False) -> Outgoing:
    """The upload *media* as a message of this type; Refused: caption-not-allowed, too-long."""
    kept = (caption or "").replace("\0", "")
    if not kept.strip():
        kept = ""
    if kept and type not in CAPTIONED:
        raise Refused("caption-not-allowed")
    _check_length("text", kept, CAPTION_MAX)
    return Outgoing(type, kept or None, {"media": {"id": media, "voice": voice}})


def location(
    latitude: float, longitude: float, name: str | None = None, address: str | None = None
) -> Outgoing:
    """A place, in degrees; Refused: out-of-range, too-long."""
    for field, degrees, most in (("latitude", latitude, 90), ("longitude", longitude, 180)):
        if not math.isfinite(degrees) or abs(degrees) > most:
            raise Refused("out-of-range", field=f"location.{field}", max=most)
    place = {
        "latitude": latitude,
        "longitude": longitude,
        "name": _title("location.name", name or "", PLACE_MAX, needed=False) or None,
        "address": _title("location.address", address or "", PLACE_MAX, needed=False) or None,
    }
    return Outgoing("location", None, {"location": place})


def buttons(text: str, answers: Sequence[Button]) -> Outgoing:
    """A question with up to three answers; Refused: empty, too-long, too-many, not-unique."""
    _check_count("buttons", len(answers), BUTTONS_MAX)
    made = [
        {
            "id": _title("buttons.id", one.id, BUTTON_ID_MAX),
            "title": _title("buttons.title", one.title, BUTTON_TITLE_MAX),
        }
        for one in answers
    ]
    _check_unique("buttons.id", [one["id"] for one in made])
    _check_unique("buttons.title", [one["title"] for one in made])
    return Outgoing("buttons", checked_text(text, BUTTONS_TEXT_MAX), {"buttons": made})


def menu(text: str, button: str, sections: Sequence[Section]) -> Outgoing:
    """A list that *button* opens; Refused: empty, too-long, too-many, not-unique."""
    rows = [row for section in sections for row in section.rows]
    _check_count("sections.rows", len(rows), ROWS_MAX)
    made = {
        "button": _title("button", button, LIST_BUTTON_MAX),
        "sections": [_section(one, alone=len(sections) == 1) for one in sections],
    }
    _check_unique("sections.rows.id", [row.id for row in rows])
    return Outgoing("list", checked_text(text, TEXT_MAX), {"list": made})


def reaction(emoji: str) -> str | None:
    """The one emoji of a reaction; None for "", which takes it away.  Refused: bad-emoji."""
    if emoji and not _EMOJI.fullmatch(emoji):
        raise Refused("bad-emoji")
    return emoji or None


def _section(section: Section, *, alone: bool) -> dict[str, Any]:
    _check_count("sections.rows", len(section.rows), ROWS_MAX)
    untitled = alone and not section.title
    title = _title("sections.title", section.title or "", SECTION_TITLE_MAX, needed=not untitled)
    return {
        "title": title or None,
        "rows": [
            {
                "id": _title("sections.rows.id", row.id, ROW_ID_MAX),
                "title": _title("sections.rows.title", row.title, ROW_TITLE_MAX),
                "description": _title(
                    "sections.rows.description",
                    row.description or "",
                    ROW_DESCRIPTION_MAX,
                    needed=False,
                )
                or None,
            }
            for row in section.rows
        ],
    }


def _title(field: str, text: str, most: int, *, needed: bool = True) -> str:
    """A short text, as it is kept and sent."""
    kept = text.replace("\0", "").strip()
    if needed and not kept:
        raise Refused("empty", field=field)
    _check_length(field, kept, most)
    return kept


def _check_length(field: str, text: str, most: int) -> None:
    if len(text) > most:
        raise Refused("too-long", field=field, max=most, length=len(text))


def _check_count(field: str, count: int, most: int) -> None:
    if count == 0:
        raise Refused("empty", field=field)
    if count > most:
        raise Refused("too-many", field=field, max=most, length=count)


def _check_unique(field: str, texts: Sequence[str]) -> None:
    if len(set(texts)) < len(texts):
        raise Refused("not-unique", field=field)
