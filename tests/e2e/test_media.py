"""Photos, voice, files, reactions and quotes, between a desk and a phone in a real browser."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.e2e.stage import Desk, Phone, Stage
from tests.e2e.test_accessibility import no_findings, no_findings_at_any_size
from tests.e2e.test_phones import SAMPLES, attach
from tests.setup.test_command_line import until

pytestmark = pytest.mark.slow

OpenDesk = Callable[..., Desk]

FIRST = "Chegou assim, veja."
RECEIPT = (SAMPLES / "receipt.pdf").read_bytes()
VOICE = "Mensagem de voz"


@dataclass(frozen=True)
class Talk:
    """A customer and the agent who has accepted; *screen* is the phone as the customer sees it."""

    desk: Desk
    phone: Phone
    screen: Locator
    first: str
    """The id of the customer's first message."""

    @property
    def thread(self) -> Locator:
        """The messages on the desk."""
        return self.desk.page.get_by_role("log", name="Conversa com")

    def on_desk(self, text: str) -> Locator:
        """The message with this text on the desk."""
        return self.thread.get_by_role("article").filter(has_text=text)

    def on_phone(self, text: str) -> Locator:
        """The message with this text on the phone."""
        return self.screen.get_by_role("listitem").filter(has_text=text)

    def attach(self, *files: FilePayload) -> Locator:
        """The agent chooses files; the list of them."""
        page = self.desk.page
        with page.expect_file_chooser() as asked:
            page.get_by_role("button", name="Anexar arquivos").click()
        asked.value.set_files(files)
        tray = page.get_by_role("list", name="Anexos")
        expect(tray.get_by_role("listitem")).to_have_count(len(files))
        return tray

    def received(self, count: int) -> list[dict[str, Any]]:
        """What the phone has of the company, once that are *count* messages."""
        until(lambda: len(self.phone.received()) >= count, 20)
        lines = self.phone.received()
        assert len(lines) == count
        return lines


@pytest.fixture
def talk(page: Page, stage: Stage, open_desk: OpenDesk) -> Talk:
    """Ana has written to Suporte, and Marina has accepted; *page* shows Ana's phone."""
    desk = open_desk("marina@demo").become_available()
    phone = stage.phone("Ana Lima")
    first = phone.send({"type": "text", "text": FIRST})
    desk.accept(phone)
    page.goto(stage.phones_url)
    screen = page.get_by_role("article", name=phone.name)
    expect(screen).to_contain_text(FIRST)
    return Talk(desk, phone, screen, first)


def file(name: str, mime_type: str, content: bytes) -> FilePayload:
    """A file on the agent's computer."""
    return {"name": name, "mimeType": mime_type, "buffer": content}


def saved(page: Page, link: Locator) -> tuple[str, bytes]:
    """The name and the bytes of what a link downloads."""
    with page.expect_download() as download:
        link.click()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def test_photos_are_seen_on_both_sides(page: Page, talk: Talk) -> None:
    attach(page, talk.screen.get_by_role("button", name="Anexar foto ou vídeo"), "photo.jpg")
    button = talk.thread.get_by_role("button", name="Abrir imagem")
    expect(button.locator("img")).to_have_js_property("naturalWidth", 960)
    button.click()
    viewer = talk.desk.page.get_by_role("dialog")
    expect(viewer.get_by_role("img")).to_have_js_property("naturalWidth", 960)
    talk.desk.page.keyboard.press("Escape")
    expect(button).to_be_focused()

    taken = talk.desk.page.screenshot()
    talk.attach(file("tela.png", "image/png", taken))
    talk.desk.composer.fill("É este pedido?")
    expect(talk.desk.page.get_by_role("button", name="Enviar", exact=True)).to_be_enabled()
    talk.desk.composer.press("Enter")
    arrived = talk.on_phone("É este pedido?").get_by_role("img", name="Foto")
    expect(arrived).to_have_js_property("naturalWidth", 1440)
    [line] = talk.received(1)
    assert (line["type"], line["text"]) == ("image", "É este pedido?")
    assert line["media"]["sha256"] == hashlib.sha256(taken).hexdigest()
    own = talk.on_desk("É este pedido?").get_by_role("button", name="Abrir imagem")
    expect(own.locator("img")).to_have_js_property("naturalWidth", 1440)
    expect(talk.desk.page.get_by_role("list", name="Anexos")).to_be_hidden()


def test_voice_messages_are_heard_on_both_sides(talk: Talk) -> None:
    talk.screen.get_by_role("button", name="Mais para enviar").click()
    talk.screen.get_by_role("button", name="Mensagem de voz: um exemplo").click()
    desk = talk.desk.page
    players = talk.thread.get_by_role("group", name=VOICE)
    position = players.get_by_role("slider", name="Posição")
    expect(position).to_have_attribute("aria-valuetext", re.compile("^00:00 de 00:02$"))
    players.get_by_role("button", name="Tocar").click()
    expect(position).to_have_attribute("aria-valuetext", re.compile("^00:0[12] de"))

    record = desk.get_by_role("button", name="Gravar mensagem de voz")
    record.click()
    expect(desk.get_by_role("button", name="Enviar voz")).to_be_focused()
    desk.get_by_role("button", name="Descartar gravação").click()
    expect(talk.desk.composer).to_be_focused()
    record.click()
    recording = desk.get_by_role("group", name="Gravar mensagem de voz")
    expect(recording.get_by_text(re.compile("00:0[1-9]"))).to_be_visible()
    desk.get_by_role("button", name="Enviar voz").click()

    [line] = talk.received(1)
    assert (line["type"], line["media"]["voice"]) == ("audio", True)
    heard = talk.screen.get_by_label(VOICE, exact=True).nth(1)
    expect(heard).to_have_js_property("readyState", 4)
    assert 0.9 < heard.evaluate("sound => sound.duration") < 20
    expect(players).to_have_count(2)
    expect(position.nth(1)).to_have_attribute(
        "aria-valuetext", re.compile("^00:00 de 00:(0[1-9]|1.)$")
    )


def test_files_arrive_on_both_sides_as_they_were(page: Page, talk: Talk) -> None:
    talk.screen.get_by_role("button", name="Mais para enviar").click()
    attach(
        page, talk.screen.get_by_role("button", name="Documento ou outro arquivo…"), "receipt.pdf"
    )
    bubble = talk.on_desk("receipt.pdf")
    expect(bubble).to_contain_text(f"PDF · {len(RECEIPT)} bytes")
    link = bubble.get_by_role("link", name="Baixar receipt.pdf")
    assert saved(talk.desk.page, link) == ("receipt.pdf", RECEIPT)

    offer = RECEIPT + b"% two\n"
    talk.attach(file("Orçamento nº 2.pdf", "application/pdf", offer))
    talk.desk.page.get_by_role("button", name="Enviar", exact=True).click()
    link = talk.screen.get_by_role("link", name="Orçamento nº 2.pdf")
    assert saved(page, link) == ("Orçamento nº 2.pdf", offer)
    [line] = talk.received(1)
    assert (line["type"], line["media"]["size"]) == ("document", len(offer))
    link = talk.thread.get_by_role("link", name="Baixar Orçamento nº 2.pdf")
    assert saved(talk.desk.page, link) == ("Orçamento nº 2.pdf", offer)


def test_both_sides_react_and_take_it_back_and_the_agent_quotes(talk: Talk) -> None:
    desk = talk.desk.page
    theirs, shown = talk.on_desk(FIRST), talk.on_phone(FIRST)
    picker = react(desk, theirs)
    picker.get_by_role("button", name="👍").click()
    expect(theirs.get_by_role("img", name="Reações: 👍 Você")).to_be_visible()
    expect(shown).to_contain_text("👍 reação da empresa")
    picker = react(desk, theirs)
    picker.get_by_role("button", name="👍", pressed=True).click()
    expect(theirs.get_by_role("img", name="Reações")).to_be_hidden()
    expect(shown).not_to_contain_text("reação da empresa")
    react(desk, theirs).get_by_role("textbox", name="Outro emoji").fill("🎉")
    expect(shown).to_contain_text("🎉 reação da empresa")

    theirs.hover()
    theirs.get_by_role("button", name="Responder").click()
    expect(desk.get_by_role("button", name="Cancelar resposta")).to_be_visible()
    expect(talk.desk.composer).to_be_focused()
    talk.desk.composer.fill("Troco hoje mesmo.")
    talk.desk.composer.press("Enter")
    ours, quoting = talk.on_desk("Troco hoje mesmo."), talk.on_phone("Troco hoje mesmo.")
    expect(ours).to_contain_text(FIRST)
    expect(quoting.get_by_role("blockquote")).to_contain_text(FIRST)
    expect(desk.get_by_role("button", name="Cancelar resposta")).to_be_hidden()
    [line] = talk.received(1)
    assert line["quoted"] == talk.first

    quoting.get_by_role("button", name="Ações: Troco hoje mesmo.").click()
    quoting.get_by_role("button", name="Reagir com 🙏").click()
    expect(ours.get_by_role("img", name="Reações: 🙏 Ana Lima")).to_be_visible()
    quoting.get_by_role("button", name="Ações: Troco hoje mesmo.").click()
    quoting.get_by_role("button", name="Retirar 🙏").click()
    expect(ours.get_by_role("img", name="Reações")).to_be_hidden()


def react(desk: Page, bubble: Locator) -> Locator:
    """Opens the choice of emoji of a message, which is seen where the message is pointed at."""
    bubble.hover()
    bubble.get_by_role("button", name="Reagir").click()
    return desk.get_by_role("dialog", name="Reagir")


def test_a_file_that_whatsapp_does_not_take_is_refused_in_words_and_nothing_is_sent(
    stage: Stage, talk: Talk
) -> None:
    desk = talk.desk.page
    film = file("filme.webm", "video/webm", b"\x1aE\xdf\xa3" + bytes(64))
    archive = file("fotos.zip", "application/zip", b"PK\x03\x04" + bytes(64))
    tray = talk.attach(film, archive)
    row = tray.get_by_role("listitem")
    reasons = row.get_by_role("alert")
    expect(reasons).to_have_text(
        ["O WhatsApp só aceita vídeos MP4 e 3GP.", "O WhatsApp não aceita arquivos deste tipo."]
    )
    talk.desk.composer.fill("Segue o vídeo.")
    expect(desk.get_by_role("button", name="Enviar", exact=True)).to_be_disabled()
    talk.desk.composer.press("Enter")
    expect(talk.desk.composer).to_have_value("Segue o vídeo.")
    no_findings(desk, "refused files")

    for name in ("filme.webm", "fotos.zip"):
        tray.get_by_role("button", name=f"Retirar {name}").click()
    expect(tray).to_be_hidden()
    talk.desk.say("Não consigo enviar o vídeo.")
    [line] = talk.received(1)
    assert (line["type"], line["text"]) == ("text", "Não consigo enviar o vídeo.")
    assert stage.ask("select count(*) from media") == 0


def test_no_finding_in_a_thread_with_every_kind_of_file(talk: Talk) -> None:
    desk = talk.desk.page
    for kind in ("image", "sticker", "audio", "document"):
        talk.phone.send({"type": kind})
    expect(talk.thread.get_by_role("link", name="Baixar receipt.pdf")).to_be_visible()
    expect(talk.thread.get_by_role("slider", name="Posição")).to_be_enabled()
    picture = talk.thread.get_by_role("button", name="Abrir imagem")
    expect(picture.locator("img")).to_have_js_property("naturalWidth", 960)
    talk.attach(file("recibo.pdf", "application/pdf", RECEIPT))
    expect(desk.get_by_role("button", name="Enviar", exact=True)).to_be_enabled()
    no_findings_at_any_size(desk, "files in the thread and over the composer")
    picture.click()
    no_findings(desk, "picture")
    desk.keyboard.press("Escape")
    desk.get_by_role("button", name="Gravar mensagem de voz").click()
    expect(desk.get_by_role("button", name="Enviar voz")).to_be_focused()
    no_findings(desk, "recording")
    desk.keyboard.press("Escape")
    react(
        desk,
        talk.thread.get_by_role("article").filter(
            has=desk.get_by_role("button", name="Abrir imagem")
        ),
    )
    no_findings(desk, "choice of an emoji")
