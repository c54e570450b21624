"""Makes docs/screenshots/ from the real thing: a demo, its customers and a browser.

Run it as `.venv/bin/python scripts/screenshots.py` after a change to the look, and look at what
it made.
"""

import tempfile
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from tests.e2e.stage import CHROMIUM, CONTEXT, FLAGS, Desk, Phone, Stage

FOLDER = Path(__file__).parents[1] / "docs" / "screenshots"
FIRST = {
    "João Batista": "Oi! Meu pedido 48213 ainda não chegou 😕",
    "Rita Moura": "Boa tarde, quero trocar um tênis que ficou pequeno.",
    "Paulo Reis": "Vocês abrem no sábado?",
}


def shoot(page: Page, name: str) -> None:
    """Keep what the page shows, in both themes."""
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        expect(page.locator(f"html[data-theme={theme}]")).to_have_count(1)
        page.evaluate("document.fonts.ready.then(() => null)")
        page.screenshot(path=FOLDER / f"{name}-{theme}.png")
    page.emulate_media(color_scheme="light")


def say(desk: Desk, text: str, reads: int) -> None:
    """Answer, and wait until the customer has read as many answers."""
    desk.composer.fill(text)
    desk.page.keyboard.press("Enter")
    read = desk.page.get_by_role("img", name="Lida")
    expect(read).to_have_count(reads, timeout=20_000)


def hear(desk: Desk, phone: Phone, text: str) -> None:
    """Let the customer write, and wait until the desk shows it."""
    phone.write(text)
    shown = text.replace("*", "")
    expect(desk.page.get_by_role("main").get_by_text(shown)).to_be_visible()


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


def play(stage: Stage, page: Page) -> None:
    """Go through a conversation, and keep every screen on the way."""
    page.goto(stage.url)
    expect(page.get_by_role("button", name="Marina Alves")).to_be_visible()
    shoot(page, "signin")
    desk = Desk(page, stage.url).sign_in("marina@demo")
    shoot(page, "idle")
    desk.become_available()
    phones = [stage.phone(name) for name in FIRST]
    for phone in phones:
        phone.write(FIRST[phone.name])
        expect(desk.offer(phone)).to_be_visible()
    shoot(page, "offers")
    talk(desk, phones)
    shoot(page, "conversation")
    page.set_viewport_size({"width": 390, "height": 844})
    page.screenshot(path=FOLDER / "conversation-narrow.png")
    page.set_viewport_size({"width": 1440, "height": 900})
    desk.composer.fill("")
    dialog = desk.end()
    expect(page.get_by_text("Marina Alves encerrou a conversa")).to_be_in_viewport()
    shoot(page, "wrap-up")
    desk.wrap_up(dialog, "resolvido", "Pedido resolvido")
    stage.ring_for(5)
    stage.phone("Beatriz Nunes").write("Meu cupom não funciona.")
    rona = page.get_by_role("button", name="Estado: Em atendimento – RONA")
    expect(rona).to_be_visible(timeout=15_000)
    shoot(page, "rona")


def main() -> None:
    """Make all of them anew."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="balcao-shots-") as path, ExitStack() as stack:
        Path(path).chmod(0o711)
        stage = Stage(Path(path), stack)
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        stack.callback(browser.close)
        play(stage, browser.new_context(**CONTEXT).new_page())


if __name__ == "__main__":
    main()
