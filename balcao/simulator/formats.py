"""What WhatsApp takes as which kind of media, how large, and how a content shows what it is.

The limits go by the type that is declared; that the content is of that type shows only when the
message is on its way, by the first bytes.
"""

from collections.abc import Mapping

MEDIA = ("image", "video", "audio", "document", "sticker")
HEAD_BYTES = 64
MOST_BYTES = 100 * 1024 * 1024

_KIB, _MIB = 1024, 1024 * 1024
_TYPES = {
    "image": ("image/jpeg", "image/png"),
    "video": ("video/mp4", "video/3gpp"),
    "audio": ("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"),
    "sticker": ("image/webp",),
}
_MOST = {"image": 5 * _MIB, "video": 16 * _MIB, "audio": 16 * _MIB, "document": MOST_BYTES}
_MOST_STICKER, _MOST_ANIMATED_STICKER = 100 * _KIB, 500 * _KIB
_BEGINNINGS: Mapping[str, tuple[tuple[int, bytes], ...]] = {
    "image/jpeg": ((0, b"\xff\xd8\xff"),),
    "image/png": ((0, b"\x89PNG\r\n\x1a\n"),),
    "image/webp": ((8, b"WEBP"),),
    "video/mp4": ((4, b"ftyp"),),
    "video/3gpp": ((4, b"ftyp"),),
    "audio/mp4": ((4, b"ftyp"),),
    "audio/amr": ((0, b"#!AMR"),),
    "audio/aac": ((0, b"\xff\xf1"), (0, b"\xff\xf9")),
    "audio/mpeg": ((0, b"ID3"), *((0, bytes((0xFF, byte))) for byte in (0xFA, 0xFB, 0xF2, 0xF3))),
    "application/pdf": ((0, b"%PDF"),),
}
_OPUS, _OPUS_CHANNELS = b"OpusHead", 9


def bare(mime_type: str) -> str:
    """Is a type without its parameters."""
    return mime_type.partition(";")[0].strip().lower()


def kind_of(mime_type: str) -> str | None:
    """Is the kind of media that a type is uploaded as, if WhatsApp takes it at all."""
    own = bare(mime_type)
    if own.startswith(("application/", "text/")):
        return "document"
    return next((kind for kind, types in _TYPES.items() if own in types), None)


def is_animated(head: bytes) -> bool:
    """Says whether a WebP that begins so moves."""
    return head[8:16] == b"WEBPVP8X" and len(head) > 20 and bool(head[20] & 2)


def most_bytes(kind: str, head: bytes) -> int:
    """Is how large a media of a kind may be that begins so."""
    if kind == "sticker":
        return _MOST_ANIMATED_STICKER if is_animated(head) else _MOST_STICKER
    return _MOST[kind]


def suits(kind: str, mime_type: str) -> bool:
    """Says whether a media of a type may be sent as a kind; anything may be a document."""
    return kind == "document" or kind_of(mime_type) == kind


def is_usable(mime_type: str, head: bytes) -> bool:
    """Says whether a content that begins so is what its type says, and can be played."""
    own = bare(mime_type)
    if own == "audio/ogg":
        at = head.find(_OPUS)
        return at > 0 and head[at + _OPUS_CHANNELS : at + _OPUS_CHANNELS + 1] == b"\x01"
    begins = _BEGINNINGS.get(own)
    return begins is None or any(head.startswith(mark, at) for at, mark in begins)
