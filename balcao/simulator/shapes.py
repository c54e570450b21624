"""What a message must look like for Graph to take it."""

from collections.abc import Callable
from typing import Any

from balcao.simulator.refusals import GraphError, invalid, template_unknown, value_not_valid

_MOST_TEXT = 4096
_MOST_CAPTION = 1024
_MOST_CALLBACK_DATA = _MOST_ID = 512
_MOST_FILENAME = 240
_MOST_BUTTONS = 3
_MOST_ROWS = 10
_MOST_CARDS = 5
_NAME_PARTS = ("first_name", "middle_name", "last_name", "prefix", "suffix")
_MOST_HEADER = _MOST_FOOTER = 60
_BUTTON = {"id": 256, "title": 20}
_ROW = {"id": 200, "title": 24}
_MOST_ROW_DESCRIPTION, _MOST_SECTION_TITLE, _MOST_LIST_BUTTON = 72, 24, 20
_CAPTIONED = ("image", "video", "document")


def check(message: dict[str, Any]) -> str:
    """Is the type of a message to send; refuses a message whose shape is not right."""
    if message.get("messaging_product") != "whatsapp":
        raise invalid("The parameter messaging_product is required and must be whatsapp.")
    if message.get("recipient_type", "individual") != "individual":
        raise invalid("Param recipient_type must be one of {INDIVIDUAL}.")
    if "to" not in message and "recipient" not in message:
        raise invalid("The parameter to is required.")
    data = message.get("biz_opaque_callback_data", "")
    if not isinstance(data, str) or len(data) > _MOST_CALLBACK_DATA:
        raise invalid(f"Param biz_opaque_callback_data: at most {_MOST_CALLBACK_DATA} characters.")
    if "context" in message:
        context = _object("context", message["context"])
        _limited(context.get("message_id"), "context['message_id']", _MOST_ID)
    kind = message.get("type", "text")
    if not isinstance(kind, str) or kind not in _CHECKS:
        raise invalid(f"Param type must be one of {{{', '.join(_CHECKS).upper()}}}.")
    _CHECKS[kind](kind, message.get(kind))
    return kind


def _text(kind: str, own: Any) -> None:
    _limited(_object(kind, own).get("body"), "text['body']", _MOST_TEXT)


def _media(kind: str, own: Any) -> None:
    media = _object(kind, own)
    if ("id" in media) == ("link" in media):
        raise invalid(f"Param {kind} must have exactly one of id and link.")
    key = "id" if "id" in media else "link"
    _limited(media[key], f"{kind}['{key}']", _MOST_TEXT)
    if "caption" in media:
        if kind not in _CAPTIONED:
            raise invalid(f'Unexpected key "caption" on param "{kind}".')
        _limited(media["caption"], f"{kind}['caption']", _MOST_CAPTION)
    if "filename" in media:
        if kind != "document":
            raise invalid(f'Unexpected key "filename" on param "{kind}".')
        _limited(media["filename"], "document['filename']", _MOST_FILENAME)
    if "voice" in media and (kind != "audio" or not isinstance(media["voice"], bool)):
        raise invalid(f"Param {kind}['voice'] must be a boolean of an audio.")


def _location(kind: str, own: Any) -> None:
    place = _object(kind, own)
    for key, most in (("latitude", 90.0), ("longitude", 180.0)):
        try:
            fits = abs(float(place.get(key, ""))) <= most
        except (TypeError, ValueError):
            fits = False
        if not fits:
            raise invalid(f"Param location['{key}'] must be a number of degrees.")


def _contacts(kind: str, own: Any) -> None:
    if not isinstance(own, list) or not own:
        raise invalid(f"Param {kind} must be a list that is not empty.")
    for card in own:
        name = card.get("name") if isinstance(card, dict) else None
        if not isinstance(name, dict) or not name.get("formatted_name"):
            raise invalid(f"Param {kind}: name['formatted_name'] is required.")
        if not any(name.get(part) for part in _NAME_PARTS):
            raise invalid(f"Param {kind}: name must have a part besides formatted_name.")
    if len(own) > _MOST_CARDS:
        raise invalid(f"Param {kind}: at most {_MOST_CARDS} in one message.")


def _reaction(kind: str, own: Any) -> None:
    reaction = _object(kind, own)
    _limited(reaction.get("message_id"), "reaction['message_id']", _MOST_ID)
    if not isinstance(reaction.get("emoji"), str):
        raise invalid("The parameter reaction['emoji'] is required.")


def _interactive(kind: str, own: Any) -> None:
    """Refuses buttons and lists that a phone could not show."""
    interactive = _object(kind, own)
    body, action = interactive.get("body"), interactive.get("action")
    most = _MOST_TEXT if interactive.get("type") == "list" else _MOST_CAPTION
    text = body.get("text") if isinstance(body, dict) else None
    _limited(text, "interactive['body']['text']", most)
    if not isinstance(action, dict):
        raise invalid("The parameter interactive['action'] is required.")
    if not isinstance(interactive.get("type"), str):
        raise invalid("The parameter interactive['type'] is required.")
    _around(interactive)
    if interactive["type"] == "button":
        _buttons(action)
    elif interactive["type"] == "list":
        _list(action)


def _around(interactive: dict[str, Any]) -> None:
    """Refuses a header or a footer that could not stand around the body."""
    footer, header = interactive.get("footer"), interactive.get("header")
    if footer is not None:
        _texts(footer, "footer", {"text": _MOST_FOOTER})
    if header is not None:
        text_only = interactive["type"] == "list"
        if not isinstance(header, dict) or (text_only and header.get("type") != "text"):
            raise invalid("Param interactive['header'] must be an object of type text.")
        if header.get("type") == "text":
            _texts(header, "header", {"text": _MOST_HEADER})


def _buttons(action: dict[str, Any]) -> None:
    buttons = _counted(action.get("buttons"), "buttons", _MOST_BUTTONS)
    replies = [button.get("reply") if isinstance(button, dict) else None for button in buttons]
    for reply in replies:
        _texts(reply, "reply", _BUTTON)
    _differ(replies, "id", "title")


def _list(action: dict[str, Any]) -> None:
    _texts(action, "action", {"button": _MOST_LIST_BUTTON})
    sections = _counted(action.get("sections"), "sections", _MOST_ROWS)
    titled = {"title": _MOST_SECTION_TITLE}
    for section in sections:
        # One section alone needs no title.
        alone = isinstance(section, dict) and len(sections) == 1 and not section.get("title")
        _texts(section, "section", {} if alone else titled)
        if not isinstance(section.get("rows"), list) or not section["rows"]:
            raise invalid("Param section['rows'] must be a list that is not empty.")
    rows = [row for section in sections for row in section["rows"]]
    _counted(rows, "rows", _MOST_ROWS)
    for row in rows:
        _texts(row, "row", _ROW)
        if row.get("description"):
            _texts(row, "row", {"description": _MOST_ROW_DESCRIPTION})
    _differ(rows, "id")


def _template(kind: str, own: Any) -> None:
    template = _object(kind, own)
    language = template.get("language")
    code = language.get("code") if isinstance(language, dict) else None
    _limited(template.get("name"), "template['name']", 512)
    _limited(code, "template['language']['code']", 20)
    # Nobody has registered a template here, so none is known.
    raise template_unknown(str(template["name"]), str(code))


def _object(kind: str, own: Any) -> dict[str, Any]:
    if not isinstance(own, dict):
        raise invalid(f"The parameter {kind} is required.")
    return own


def _limited(text: Any, name: str, most: int) -> None:
    if not isinstance(text, str) or not text:
        raise invalid(f"The parameter {name} is required.")
    if len(text) > most:
        raise invalid(f"Param {name} must be at most {most} characters long.")


def _texts(own: Any, name: str, most: dict[str, int]) -> None:
    """Refuses an object whose named texts are missing or too long."""
    if not isinstance(own, dict):
        raise invalid(f"Param interactive: {name} must be an object.")
    for key, longest in most.items():
        text = own.get(key)
        if not isinstance(text, str) or not 1 <= len(text) <= longest:
            raise invalid(f"Param {name}['{key}'] must have 1 to {longest} characters.")


def _differ(items: list[Any], *keys: str) -> None:
    for key in keys:
        if len({item[key] for item in items}) < len(items):
            raise value_not_valid(f"interactive: every {key} must be different.")


def _counted(items: Any, name: str, most: int) -> list[Any]:
    if not isinstance(items, list) or not 1 <= len(items) <= most:
        raise _count_wrong(name, most)
    return items


def _count_wrong(name: str, most: int) -> GraphError:
    return invalid(f"Param interactive['action']: {name} must be from 1 to {most}.")


_CHECKS: dict[str, Callable[[str, Any], None]] = {
    "text": _text,
    "image": _media,
    "video": _media,
    "audio": _media,
    "document": _media,
    "sticker": _media,
    "location": _location,
    "contacts": _contacts,
    "reaction": _reaction,
    "interactive": _interactive,
    "template": _template,
}
