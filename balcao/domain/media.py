"""Files of messages: what WhatsApp takes as which kind, how large, and when to try again.

What a file is shows in its first bytes; what a browser or a name says of it decides only between
formats that begin alike.  The table is WhatsApp's (`whatsapp.md` 3.3).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["image", "video", "audio", "document", "sticker"]

#: Of a message, that may have a file.
KINDS: frozenset[str] = frozenset({"image", "video", "audio", "document", "sticker"})

#: So much of its beginning says what a file is.
HEAD_BYTES = 64 << 10
_MIB = 1 << 20
INBOUND_BYTES_MAX = 100 * _MIB
BYTES_MAX: dict[Kind, int] = {
    "image": 5 * _MIB,
    "video": 16 * _MIB,
    "audio": 16 * _MIB,
    "document": 100 * _MIB,
    "sticker": 100 << 10,
}
ANIMATED_STICKER_BYTES_MAX = 500 << 10
NAME_LENGTH_MAX = 240

#: What a customer sent can be fetched for so long, and the address of a webhook for a while.
INBOUND_FOR = timedelta(days=7)
URL_FOR = timedelta(minutes=4)  # WhatsApp says five
#: What we uploaded can be sent for so long.
UPLOAD_FOR = timedelta(days=29)  # WhatsApp says thirty days
TRIES_MAX = 30  # some six hours
MISMATCHES_MAX = 3
PAUSE_MAX = timedelta(minutes=15)

_OFFICE = {
    b"PK\x03\x04": {
        "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    },
    b"\xd0\xcf\x11\xe0": {
        "doc": "application/msword",
        "xls": "application/vnd.ms-excel",
        "ppt": "application/vnd.ms-powerpoint",
    },
}
_BEGINNINGS: tuple[tuple[bytes, Kind, str], ...] = (
    (b"\xff\xd8\xff", "image", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image", "image/png"),
    (b"%PDF-", "document", "application/pdf"),
    (b"#!AMR", "audio", "audio/amr"),
    (b"ID3", "audio", "audio/mpeg"),
    (b"\xff\xfb", "audio", "audio/mpeg"),
    (b"\xff\xfa", "audio", "audio/mpeg"),
    (b"\xff\xf3", "audio", "audio/mpeg"),
    (b"\xff\xf2", "audio", "audio/mpeg"),
    (b"\xff\xf1", "audio", "audio/aac"),
    (b"\xff\xf9", "audio", "audio/aac"),
)
_OPUS, _OPUS_CHANNELS = b"OpusHead", 9
_UNPRINTABLE = bytes(n for n in range(32) if n not in b"\t\n\r\f\x1b")


@dataclass(frozen=True, slots=True)
class Format:
    """What a file is, and how it may be sent."""

    kind: Kind
    mime_type: str
    animated: bool = False

    @property
    def bytes_max(self) -> int:
        """The most bytes that WhatsApp takes of it."""
        return ANIMATED_STICKER_BYTES_MAX if self.animated else BYTES_MAX[self.kind]


@dataclass(frozen=True, slots=True)
class Incoming:
    """The file of a customer's message, as WhatsApp tells of it; *sha256* is in hex."""

    kind: str
    mime_type: str
    name: str | None = None
    sha256: str | None = None
    voice: bool = False
    animated: bool = False
    graph_id: str | None = None
    """None where WhatsApp says that there is nothing to fetch."""
    url: str | None = None


def format_of(head: bytes, name: str | None) -> Format | None:
    """What a file of this *name* is that begins with *head*; None for what WhatsApp refuses."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Format("sticker", "image/webp", animated=head[12:16] == b"VP8X" and _moves(head))
    if head[4:8] == b"ftyp":
        return _of_boxes(head)
    if head.startswith(b"OggS"):
        return _of_ogg(head)
    for beginning, kind, mime_type in _BEGINNINGS:
        if head.startswith(beginning):
            return Format(kind, mime_type)
    ending = (name or "").rpartition(".")[2].lower()
    for beginning, types in _OFFICE.items():
        if head.startswith(beginning):
            return Format("document", types[ending]) if ending in types else None
    if head and head.translate(None, _UNPRINTABLE) == head:
        return Format("document", "text/plain")
    return None


def _moves(head: bytes) -> bool:
    return len(head) > 20 and bool(head[20] & 2)


def _of_boxes(head: bytes) -> Format:
    """MP4 and its kin: a sound where it says so, or has a track of sound and none of pictures."""
    brand = head[8:12]
    if brand.startswith(b"3g"):
        return Format("video", "video/3gpp")
    if brand.startswith(b"M4A") or (b"soun" in head and b"vide" not in head):
        return Format("audio", "audio/mp4")
    return Format("video", "video/mp4")


def _of_ogg(head: bytes) -> Format | None:
    """Ogg: WhatsApp takes Opus in it, of one channel, and nothing else."""
    at = head.find(_OPUS) + _OPUS_CHANNELS
    mono = at >= _OPUS_CHANNELS and head[at : at + 1] == b"\x01"
    return Format("audio", "audio/ogg") if mono else None


def shown_name(name: str | None) -> str | None:
    """A file's name without folders and what cannot be shown; None where nothing is left."""
    last = (name or "").replace("\\", "/").rpartition("/")[2]
    kept = "".join(one for one in last if one.isprintable()).strip(" .")
    return kept[-NAME_LENGTH_MAX:] or None


def next_fetch(tries: int, told_at: datetime, at: datetime) -> datetime | None:
    """When to fetch again after *tries* in vain; None when that is enough, or it is gone."""
    if tries >= TRIES_MAX:
        return None
    due_at = at + min(timedelta(seconds=2 ** min(tries, 20)), PAUSE_MAX)
    return due_at if due_at < told_at + INBOUND_FOR else None
