"""Makes docs/screenshots/ from the real thing: a demo, its customers and browsers.

Run it as `.venv/bin/python scripts/screenshots.py` after a change to the look, and look at what
it made.  Names of scenes make those alone.
"""

import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from pictures import small
from playwright.sync_api import expect, sync_playwright
from scene_conference import conference
from scene_endings import endings
from scene_transfer import transfer
from studio import FOLDER, Studio, hear, line, say, shoot, shoot_narrow

from tests.e2e.stage import CHROMIUM, CONTEXT, FLAGS, Desk, Phone, Stage

FIRST = {
    "João Batista": "Oi! Meu pedido 48213 ainda não chegou 😕",
    "Rita Moura": "Boa tarde, quero trocar um tênis que ficou pequeno.",
    "Paulo Reis": "Vocês abrem no sábado?",
}


def talk(desk: Desk, phones: list[Phone]) -> None:
    """Accept what rings, and speak with the first customer."""
    joao, rita, _ = phones
    for phone in reversed(phones):
        desk.accept(phone)
    say(desk, "Olá, João! Aqui é a Marina. Vou verificar para você.", 1)
    hear(desk, joao, "Obrigado! É um *presente*, preciso até sexta.")
    say(desk, "O pedido está com a transportadora e chega amanhã até as 18h.", 2)
    hear(desk, joao, "Que bom! 🙌")
    rita.write("Tenho a nota fiscal aqui.")
    unread = desk.page.get_by_role("link", name="Rita Moura").locator(".unread")
    expect(unread).to_be_visible()
    desk.composer.fill("Posso ajudar em mais alguma coisa?")


def day(studio: Studio) -> None:
    """From signing in to wrap-up and RONA."""
    page = studio.page(CONTEXT["viewport"])
    page.goto(studio.stage.url)
    expect(page.get_by_role("button", name="Marina Alves")).to_be_visible()
    shoot(page, "signin")
    desk = Desk(page, studio.stage.url).sign_in("marina@demo")
    shoot(page, "idle")
    desk.become_available()
    phones = [studio.stage.phone(name) for name in FIRST]
    for phone in phones:
        phone.write(FIRST[phone.name])
        expect(desk.offer(phone)).to_be_visible()
    shoot(page, "offers")
    talk(desk, phones)
    shoot(page, "conversation")
    shoot_narrow(page, "conversation")
    desk.composer.fill("")
    dialog = desk.end()
    expect(line(desk, "Marina Alves encerrou a conversa")).to_be_in_viewport()
    shoot(page, "wrap-up")
    desk.wrap_up(dialog, "resolvido", "Pedido resolvido")
    studio.stage.ring_for(2)
    studio.stage.phone("Beatriz Nunes").write("Meu cupom não funciona.")
    desk.is_in("Em atendimento – RONA")
    shoot(page, "rona")


SCENES: dict[str, Callable[[Studio], None]] = {
    "day": day,
    "transfer": transfer,
    "conference": conference,
    "endings": endings,
}


def main(wanted: list[str]) -> None:
    """Make the scenes anew, each in a demo of its own."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in wanted or SCENES:
        with tempfile.TemporaryDirectory(prefix="balcao-shots-") as path, ExitStack() as stack:
            Path(path).chmod(0o711)
            stage = Stage(Path(path), stack)
            playwright = stack.enter_context(sync_playwright())
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
            stack.callback(browser.close)
            SCENES[name](Studio(stage, browser, stack))
    for picture in FOLDER.glob("*.png"):
        picture.write_bytes(small(picture.read_bytes()))


if __name__ == "__main__":
    main(sys.argv[1:])
