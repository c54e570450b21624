"""The limits of what may be said, kind by kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from balcao.domain.outgoing import (
    BUTTON_ID_MAX,
    BUTTON_TITLE_MAX,
    BUTTONS_MAX,
    BUTTONS_TEXT_MAX,
    CAPTION_MAX,
    LIST_BUTTON_MAX,
    PLACE_MAX,
    ROW_DESCRIPTION_MAX,
    ROW_ID_MAX,
    ROW_TITLE_MAX,
    ROWS_MAX,
    SECTION_TITLE_MAX,
    Button,
    Outgoing,
    Row,
    Section,
    buttons,
    file,
    in_words,
    location,
    menu,
    reaction,
)
from balcao.domain.values import Refused

YES, NO = Button("y", "Sim"), Button("n", "Não")


def one(text: str = "t", **more: Any) -> Outgoing:
    return menu(text, "Ver", [Section(None, [Row(**{"id": "1", "title": "Um", **more})])])


def many(rows: int) -> Outgoing:
    return menu("t", "Ver", [Section(None, [Row(str(n), "x") for n in range(rows)])])


#: What may have so many characters and no more, and the field that is named then.
LENGTHS: list[tuple[Callable[[str], Outgoing], int, str]] = [
    (lambda text: file("image", 1, text), CAPTION_MAX, "text"),
    (lambda text: file("document", 1, text), CAPTION_MAX, "text"),
    (lambda text: location(0, 0, text), PLACE_MAX, "location.name"),
    (lambda text: location(0, 0, None, text), PLACE_MAX, "location.address"),
    (lambda text: buttons(text, [YES]), BUTTONS_TEXT_MAX, "text"),
    (lambda text: buttons("t", [Button(text, "x")]), BUTTON_ID_MAX, "buttons.id"),
    (lambda text: buttons("t", [Button("x", text)]), BUTTON_TITLE_MAX, "buttons.title"),
    (one, 4096, "text"),
    (lambda text: menu("t", text, [Section(None, [Row("1", "x")])]), LIST_BUTTON_MAX, "button"),
    (
        lambda text: menu("t", "x", [Section(text, [Row("1", "x")])]),
        SECTION_TITLE_MAX,
        "sections.title",
    ),
    (lambda text: one(id=text), ROW_ID_MAX, "sections.rows.id"),
    (lambda text: one(title=text), ROW_TITLE_MAX, "sections.rows.title"),
    (lambda text: one(description=text), ROW_DESCRIPTION_MAX, "sections.rows.description"),
]


@pytest.mark.parametrize(("say", "most", "field"), LENGTHS)
def test_each_text_has_its_limit_in_code_points(
    say: Callable[[str], Outgoing], most: int, field: str
) -> None:
    say("🎉" * most)
    with pytest.raises(Refused, match="too-long") as caught:
        say("🎉" * (most + 1))
    assert caught.value.details.get("field", "text") == field
    assert (caught.value.details["max"], caught.value.details["length"]) == (most, most + 1)


@pytest.mark.parametrize(
    "say",
    [
        lambda: buttons(" ", [YES]),
        lambda: buttons("t", []),
        lambda: buttons("t", [Button("x", " ")]),
        lambda: buttons("t", [Button("\0", "x")]),
        lambda: menu("t", "", [Section(None, [Row("1", "x")])]),
        lambda: menu("t", "x", []),
        lambda: menu("t", "x", [Section("a", [Row("1", "x")]), Section("b", [])]),
        lambda: menu("t", "x", [Section("a", [Row("1", "x")]), Section(None, [Row("2", "x")])]),
        lambda: one(" "),
        lambda: one(title=""),
    ],
)
def test_what_a_menu_needs_may_not_be_empty(say: Callable[[], Outgoing]) -> None:
    with pytest.raises(Refused, match="empty"):
        say()


def test_there_are_no_more_answers_than_whatsapp_shows() -> None:
    buttons("t", [Button(str(n), str(n)) for n in range(BUTTONS_MAX)])
    many(ROWS_MAX)
    with pytest.raises(Refused, match="too-many"):
        buttons("t", [Button(str(n), str(n)) for n in range(BUTTONS_MAX + 1)])
    with pytest.raises(Refused, match="too-many"):
        many(ROWS_MAX + 1)


@pytest.mark.parametrize(
    "say",
    [
        lambda: buttons("t", [YES, Button("y", "Talvez")]),
        lambda: buttons("t", [YES, Button("z", " Sim")]),
        lambda: menu("t", "x", [Section(None, [Row("1", "a"), Row("1", "b")])]),
    ],
)
def test_answers_can_be_told_apart(say: Callable[[], Outgoing]) -> None:
    with pytest.raises(Refused, match="not-unique"):
        say()


@pytest.mark.parametrize("type", ["audio", "sticker"])
def test_sounds_and_stickers_have_no_caption(type: str) -> None:
    assert file(type, 1, "  ").text is None
    with pytest.raises(Refused, match="caption-not-allowed"):
        file(type, 1, "Ouça")


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [(90.1, 0), (-90.1, 0), (0, 180.1), (0, -180.1), (float("nan"), 0), (0, float("inf"))],
)
def test_a_place_is_on_the_earth(latitude: float, longitude: float) -> None:
    location(90, -180)
    with pytest.raises(Refused, match="out-of-range"):
        location(latitude, longitude)


def test_a_file_is_known_by_its_upload_and_nothing_else_is_one() -> None:
    note = file("audio", 7, voice=True)
    assert (note.media, note.voice, note.text) == (7, True, None)
    assert (file("image", 7, "Veja").media, file("image", 7).voice) == (7, False)
    assert (in_words("text", "Olá").media, buttons("t", [YES, NO]).voice) == (None, False)


@pytest.mark.parametrize(
    "emoji",
    [
        "👍",
        "👍🏽",
        "❤️",
        "❤",
        "😂",
        "🙏🏿",
        "👨‍👩‍👧‍👦",
        "🏳️‍🌈",
        "🇧🇷",
        "1️⃣",
        "🏴\U000e0067\U000e0062\U000e007f",
        "☀️",
        "⭐",
    ],
)
def test_a_reaction_is_one_emoji(emoji: str) -> None:
    assert reaction(emoji) == emoji


def test_no_emoji_takes_a_reaction_away() -> None:
    assert reaction("") is None


@pytest.mark.parametrize(
    "words", ["ok", "👍👍", "👍 ", "a👍", "1", "<b>", "\0", " ", "ã", "\u200d", "🇧", "👍\u200d"]
)
def test_words_are_no_reaction(words: str) -> None:
    with pytest.raises(Refused, match="bad-emoji"):
        reaction(words)
