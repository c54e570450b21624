"""What a customer attaches: a photo, a video, a voice note, a file or a sticker.

Its bytes come with the message, or were put on the shelf before, or are a sample where nothing is
given (drawn and recorded for this). WhatsApp then has it under an id for seven days. An id that is
given goes out as it is: a receiver has to live with media that cannot be had.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from balcao.simulator import formats, showing
from balcao.simulator.media import INBOUND_DAYS, Media
from balcao.simulator.problems import Problem
from balcao.simulator.shelf import Content
from balcao.simulator.world import EntryPoint

_MOST_NAME = 240
_MIME_TYPE = re.compile(r"[\w.+-]{1,60}/[\w.+-]{1,80}(; ?[\w.=+-]{1,80})?")
_USUAL = {
    "image": "image/jpeg",
    "video": "video/mp4",
    "audio": "audio/ogg; codecs=opus",
    "document": "application/pdf",
    "sticker": "image/webp",
}
_SAMPLES = Path(__file__).parent / "samples"
_SAMPLE = {
    "image": "photo.jpg",
    "audio": "voice.ogg",
    "document": "receipt.pdf",
    "sticker": "sticker.webp",
}


def attach(
    kind: str, given: Mapping[str, Any], number: EntryPoint, media: Media
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Is what WhatsApp tells of an attachment, and what the phone has of it, if anything."""
    own = given.get(kind, given.get("media", {}))
    if not isinstance(own, dict):
        raise Problem(422, "bad-value", "media must be an object")
    mime_type = own.get("mime_type", _USUAL[kind])
    if not isinstance(mime_type, str) or not _MIME_TYPE.fullmatch(mime_type):
        raise Problem(422, "bad-value", "mime_type must be a type such as image/jpeg")
    told = {"mime_type": mime_type, **_company(kind, given, own)}
    if kind == "audio":
        told["voice"] = _is_recorded(given, own, mime_type)
    if own.get("id"):
        digest = hashlib.sha256(str(own["id"]).encode()).digest()
        return {**told, "sha256": base64.b64encode(digest).decode(), **own}, None
    name = told.get("filename")
    if "data" in own or "content" in own:
        content = _given(own, media)
    else:
        content = _sample(kind, media)
        name = name or (_SAMPLE[kind] if kind == "document" else None)
    item = media.add(number, content, mime_type, INBOUND_DAYS)
    told.update({"sha256": _base64(content.sha256), "id": item.id, "url": media.address(item)})
    if name is not None:
        told["filename"] = name
    if kind == "sticker":
        told["animated"] = formats.is_animated(content.head)
    return told, showing.attached(item, content.head, name, voice=told.get("voice") is True)


def _company(kind: str, given: Mapping[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Is what goes along with an attachment: a caption and a name."""
    along: dict[str, Any] = {}
    caption = given.get("caption", given.get("text", own.get("caption")))
    if caption is not None:
        if not isinstance(caption, str):
            raise Problem(422, "bad-value", "caption must be a text")
        along |= {"caption": caption} if caption else {}
    name = own.get("name", own.get("filename"))
    if name is not None:
        if not isinstance(name, str) or not 1 <= len(name) <= _MOST_NAME:
            raise Problem(422, "bad-value", f"name must have 1 to {_MOST_NAME} characters")
        along |= {"filename": name} if kind == "document" else {}
    if kind == "sticker":
        along["animated"] = False
    return along


def _is_recorded(given: Mapping[str, Any], own: dict[str, Any], mime_type: str) -> bool:
    voice = given.get("voice", own.get("voice", formats.bare(mime_type) == "audio/ogg"))
    if not isinstance(voice, bool):
        raise Problem(422, "bad-value", "voice must be true or false")
    return voice


def _given(own: dict[str, Any], media: Media) -> Content:
    """Is the content that comes along, or that was put on the shelf before."""
    if "data" in own:
        try:
            data = base64.b64decode(own["data"], validate=True)
        except (TypeError, ValueError, binascii.Error):
            raise Problem(422, "bad-value", "media data must be base64") from None
        if not data:
            raise Problem(422, "empty", "media data must not be empty")
        return media.shelf.put_whole(data)
    found = media.shelf.find(str(own["content"]))
    if found is None:
        raise Problem(422, "unknown-content", "media content is no hash of a content kept here")
    return found


def _sample(kind: str, media: Media) -> Content:
    if kind not in _SAMPLE:
        raise Problem(422, "missing", f"media of a {kind} must have data, content or id")
    return media.shelf.put_whole((_SAMPLES / _SAMPLE[kind]).read_bytes())


def _base64(digest: str) -> str:
    return base64.b64encode(bytes.fromhex(digest)).decode()
