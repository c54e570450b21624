"""What we say as Graph takes it: no more keys than were given, and no nulls."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from balcao.domain import outgoing as say
from balcao.domain.outgoing import Outgoing
from balcao.simulator import shapes
from balcao.whatsapp import outgoing
from balcao.whatsapp.outgoing import Uploaded

characters = st.characters(min_codepoint=33, exclude_categories=["Cs"])
words = st.text(characters, min_size=1, max_size=20).filter(str.strip)
maybe = st.none() | words
ids = st.lists(words, min_size=1, max_size=3, unique=True)

said = st.one_of(
    words.map(lambda text: say.in_words("text", text)),
    st.builds(say.file, st.sampled_from(["image", "video", "document"]), st.just(1), maybe),
    st.builds(say.file, st.sampled_from(["audio", "sticker"]), st.just(1)),
    st.builds(say.location, st.floats(-90, 90), st.floats(-180, 180), maybe, maybe),
    st.builds(say.buttons, words, ids.map(lambda all_: [say.Button(one, one) for one in all_])),
    st.builds(
        say.menu,
        words,
        words,
        ids.map(lambda all_: [say.Section(one, [say.Row(one, one, one)]) for one in all_]),
    ),
)


@given(said, maybe)
def test_whatever_is_within_the_limits_is_taken_by_graph(said: Outgoing, name: str | None) -> None:
    built = outgoing.content(said, Uploaded("901", name))

    message = {"messaging_product": "whatsapp", "to": "+5511", **built}
    assert shapes.check(message) == built["type"]
    assert "null" not in json.dumps(built).replace(json.dumps(said.text), "")


def test_only_a_document_has_a_name_and_only_a_recorded_note_is_a_voice() -> None:
    file = Uploaded("901", "conta.pdf")

    assert outgoing.content(say.file("document", 1), file) == {
        "type": "document",
        "document": {"id": "901", "filename": "conta.pdf"},
    }
    assert outgoing.content(say.file("image", 1), file)["image"] == {"id": "901"}
    assert outgoing.content(say.file("audio", 1), file)["audio"] == {"id": "901"}
    voice = say.file("audio", 1, voice=True)
    assert outgoing.content(voice, file)["audio"] == {"id": "901", "voice": True}


def test_a_reaction_without_an_emoji_takes_it_away() -> None:
    built = outgoing.reaction("wamid.1", None)

    assert built == {"type": "reaction", "reaction": {"message_id": "wamid.1", "emoji": ""}}
