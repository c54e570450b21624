"""What we say, as Graph's API takes it: one builder for each kind.

The limits were held where it was written, so nothing is checked twice (`domain/outgoing.py`, which
also documents the shapes that are read here).  Files go by the id of an upload and never by a
link: WhatsApp would have to reach us for that.  (`whatsapp.md` 3.)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from balcao.domain.media import KINDS
from balcao.domain.outgoing import Outgoing

Graph: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A file that WhatsApp has, by its id there, and what it is to be called."""

    graph_id: str
    name: str | None


def content(said: Outgoing, file: Uploaded | None = None) -> Graph:
    """The type, and the object of that type; *file* is needed for what is one."""
    if said.type in KINDS:
        assert file is not None, "it was uploaded before"
        return {"type": said.type, said.type: _file(said, file)}
    return _BUILDERS[said.type](said.text or "", said.payload or {})


def reaction(wamid: str, emoji: str | None) -> Graph:
    """A reaction to the customer's message *wamid*; None takes it away."""
    return {"type": "reaction", "reaction": {"message_id": wamid, "emoji": emoji or ""}}


def _file(said: Outgoing, file: Uploaded) -> Graph:
    made: Graph = {"id": file.graph_id}
    if said.text is not None:
        made["caption"] = said.text
    if said.type == "document" and file.name is not None:
        made["filename"] = file.name
    if said.voice:
        made["voice"] = True
    return made


def _text(text: str, _payload: Mapping[str, Any]) -> Graph:
    return {"type": "text", "text": {"body": text, "preview_url": False}}


def _location(_text: str, payload: Mapping[str, Any]) -> Graph:
    return {"type": "location", "location": _given(payload["location"])}


def _buttons(text: str, payload: Mapping[str, Any]) -> Graph:
    replies = [{"type": "reply", "reply": dict(one)} for one in payload["buttons"]]
    return _interactive("button", text, {"buttons": replies})


def _list(text: str, payload: Mapping[str, Any]) -> Graph:
    said = payload["list"]
    sections = [
        _given({**section, "rows": [_given(row) for row in section["rows"]]})
        for section in said["sections"]
    ]
    return _interactive("list", text, {"button": said["button"], "sections": sections})


def _interactive(type: str, text: str, action: Graph) -> Graph:
    whole = {"type": type, "body": {"text": text}, "action": action}
    return {"type": "interactive", "interactive": whole}


def _given(said: Mapping[str, Any]) -> Graph:
    """Without what was left out; Graph takes no nulls."""
    return {key: value for key, value in said.items() if value is not None}


_BUILDERS: Mapping[str, Callable[[str, Mapping[str, Any]], Graph]] = {
    "text": _text,
    "location": _location,
    "buttons": _buttons,
    "list": _list,
}
