"""What a message must look like for Graph to take it."""

from collections.abc import Callable
from typing import Any

from balcao.simulator.refusals import GraphError, invalid, template_unknown

_MOST_TEXT = 4096
_MOST_CAPTION = 1024
_MOST_CALLBACK_DATA = 512
_MOST_BUTTONS = 3
_MOST_ROWS = 10
_MEDIA = ("image", "video", "audio", "document", "sticker")
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
    kind = message.get("type", "text")
    if not isinstance(kind, str) or kind not in _CHECKS:
        raise invalid(f"Param type must be one of {{{', '.join(_CHECKS).upper()}}}.")
    _CHECKS[kind](kind, message.get(kind))
    return kind


def words(kind: str, message: dict[str, Any]) -> str | None:
    """Is what a phone shows of a message in words, if there are any."""
    own = message.get(kind)
    if not isinstance(own, dict):
        return None
    body = own["body"].get("text") if kind == "interactive" else own.get("body")
    found = (body, own.get("caption"), own.get("emoji"), own.get("name"), own.get("filename"))
    return next((word for word in found if isinstance(word, str) and word), None)


def _text(kind: str, own: Any) -> None:
    _limited(_object(kind, own).get("body"), "text['body']", _MOST_TEXT)


def _media(kind: str, own: Any) -> None:
    media = _object(kind, own)
    if ("id" in media) == ("link" in media):
        raise invalid(f"Param {kind} must have exactly one of id and link.")
    if "caption" in media:
        if kind not in _CAPTIONED:
            raise invalid(f'Unexpected key "caption" on param "{kind}".')
        _limited(media["caption"], f"{kind}['caption']", _MOST_CAPTION)


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


def _reaction(kind: str, own: Any) -> None:
    reaction = _object(kind, own)
    _limited(reaction.get("message_id"), "reaction['message_id']", 512)
    if not isinstance(reaction.get("emoji"), str):
        raise invalid("The parameter reaction['emoji'] is required.")


def _interactive(kind: str, own: Any) -> None:
    interactive = _object(kind, own)
    body = interactive.get("body")
    lists = interactive.get("type") == "list"
    most = _MOST_TEXT if lists else _MOST_CAPTION
    text = body.get("text") if isinstance(body, dict) else None
    _limited(text, "interactive['body']['text']", most)
    action = interactive.get("action")
    if not isinstance(action, dict):
        raise invalid("The parameter interactive['action'] is required.")
    if interactive.get("type") == "button":
        _counted(action.get("buttons"), "buttons", _MOST_BUTTONS)
    elif lists:
        sections = _counted(action.get("sections"), "sections", _MOST_ROWS)
        rows = [row for s in sections if isinstance(s, dict) for row in s.get("rows") or ()]
        _counted(rows, "rows", _MOST_ROWS)
    elif not isinstance(interactive.get("type"), str):
        raise invalid("The parameter interactive['type'] is required.")


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
