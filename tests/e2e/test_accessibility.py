"""Every screen of the desk, in both themes, is without a finding of axe, and fits small windows."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.stage import Desk, Stage
from tests.e2e.test_conference import invite, meeting, panel
from tests.e2e.test_handing_on import conclude, give_to_diego, is_wrapping, talking

pytestmark = pytest.mark.slow

OpenDesk = Callable[..., Desk]

AXE = Path(__file__).parents[2] / "desktop" / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]
RUN = """tags => axe.run(document, {runOnly: {type: "tag", values: tags}}).then(({violations}) =>
    violations.flatMap(({id, nodes}) => nodes.map(node => `${id}: ${node.html.slice(0, 200)}
        ${node.failureSummary}`)))"""

FITS = """() => document.scrollingElement.scrollWidth <= document.scrollingElement.clientWidth
    && innerWidth === 320"""


def findings(page: Page) -> list[str]:
    """What axe has against the page as it is."""
    page.evaluate(AXE.read_text())
    found: list[str] = page.evaluate(RUN, TAGS)
    return found


def no_findings(page: Page, screen: str) -> None:
    """Looks at the screen in both themes."""
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        expect(page.locator(f"html[data-theme={theme}]")).to_have_count(1)
        found = findings(page)
        assert found == [], f"{screen}, {theme}:\n" + "\n".join(found)
    page.emulate_media(color_scheme="light")


def no_findings_at_any_size(page: Page, screen: str) -> None:
    """Looks at the screen as it is, and in the smallest window, where nothing scrolls sideways."""
    no_findings(page, screen)
    before = page.viewport_size
    assert before is not None
    page.set_viewport_size({"width": 320, "height": 640})
    # The page takes a moment to put its panes one above the other.
    page.wait_for_function(FITS, timeout=5_000)
    no_findings(page, f"{screen}, 320 pixels wide")
    page.set_viewport_size(before)


def test_no_screen_has_a_finding_in_either_theme(
    page: Page, stage: Stage, open_desk: OpenDesk
) -> None:
    page.goto(stage.url)
    expect(page.get_by_role("button", name="Marina Alves")).to_be_visible()
    no_findings(page, "sign-in")

    desk = open_desk("marina@demo")
    no_findings(desk.page, "idle")
    desk.become_available()
    phones = [stage.phone(name) for name in ("João Batista", "Rita Moura")]
    for phone in phones:
        phone.write("Oi! Meu pedido não chegou.")
        expect(desk.offer(phone)).to_be_visible()
    no_findings(desk.page, "offers")

    for phone in phones:
        desk.accept(phone)
    desk.page.keyboard.type("Olá! Vou verificar.")
    desk.page.keyboard.press("Enter")
    expect(desk.page.get_by_role("img", name="Lida")).to_be_visible(timeout=15_000)
    no_findings(desk.page, "conversation")
    dialog = desk.end()
    no_findings(desk.page, "wrap-up")
    desk.wrap_up(dialog, "engano", "Engano / spam")

    stage.ring_for(1)
    late = stage.phone("Paulo Reis")
    late.write("Vocês abrem no sábado?")
    desk.is_in("Em atendimento – RONA")
    no_findings(desk.page, "RONA")


def test_no_finding_while_a_conversation_is_transferred(stage: Stage, open_desk: OpenDesk) -> None:
    marina = open_desk("marina@demo").become_available()
    diego = open_desk("diego@demo").become_available()
    joao = talking(stage, marina)
    dialog = marina.ask("Transferir", "Transferir solicitação")
    expect(dialog.get_by_role("option", name="Vendas")).to_be_visible()
    no_findings_at_any_size(marina.page, "transfer dialogue, queues")
    marina.choose(dialog, "Agente", "diego", "Diego Dias")
    no_findings_at_any_size(marina.page, "transfer dialogue, agents")
    diego.become("Almoço")
    dialog.get_by_role("button", name="Transferir", exact=True).click()
    expect(dialog.get_by_role("alert")).to_be_visible()
    no_findings_at_any_size(marina.page, "transfer dialogue, refused")
    diego.become("Disponível")
    dialog.get_by_role("textbox", name="Observação").fill("Já confirmei o endereço.")
    dialog.get_by_role("button", name="Transferir", exact=True).click()
    is_wrapping(marina)
    expect(diego.offer(joao)).to_contain_text("Já confirmei o endereço.")
    no_findings_at_any_size(marina.page, "wrap-up after a transfer")
    no_findings_at_any_size(diego.page, "offer of a transfer")


def test_no_finding_in_a_conference(stage: Stage, open_desk: OpenDesk) -> None:
    marina, diego, _ = meeting(stage, open_desk)
    dialog = marina.ask("Conferência", "Solicitação de conferência")
    expect(dialog.get_by_role("option", name="Vendas")).to_be_visible()
    no_findings_at_any_size(marina.page, "conference dialogue")
    marina.page.keyboard.press("Escape")
    invite(marina, "vendas", "Vendas", "Fila")
    diego.say("Aqui é o Diego, da Logística.")
    expect(marina.page.get_by_role("article").filter(has_text="da Logística.")).to_be_visible()
    no_findings_at_any_size(marina.page, "conference, owner, one more asked")
    no_findings_at_any_size(diego.page, "conference, guest")
    panel(marina).get_by_role("button", name="Diego Dias: opções").click()
    doing = marina.page.get_by_role("menuitem", name="Passar a conversa")
    expect(doing).to_be_visible()
    no_findings(marina.page, "menu of a guest")
    doing.click()
    expect(marina.page.get_by_role("alertdialog")).to_be_visible()
    no_findings_at_any_size(marina.page, "confirmation")
    marina.page.keyboard.press("Escape")
    marina.page.get_by_role("button", name="Linha do tempo").click()
    steps = marina.page.get_by_role("region", name="Linha do tempo").get_by_role("listitem")
    expect(steps.filter(has_text="entrou na conversa")).to_be_visible()
    no_findings(marina.page, "timeline")


def test_no_finding_in_a_countdown_nor_in_notices(stage: Stage, open_desk: OpenDesk) -> None:
    stage.ask("update desktop_profile set wrap_up_seconds = 600")
    marina = open_desk("marina@demo").become_available()
    diego = open_desk("diego@demo").become_available()
    talking(stage, marina)
    stage.ring_for(2)
    give_to_diego(marina, "volta para a fila")
    expect(marina.page.get_by_role("button", name="Parar contagem")).to_be_visible()
    diego.is_in("RONA")
    expect(marina.page.get_by_role("region", name="Avisos")).to_contain_text("Diego Dias")
    no_findings_at_any_size(marina.page, "countdown and notice")
    stage.ring_for(600)
    conclude(marina)
    no_findings_at_any_size(marina.page, "notice")
    stage.ask("update desktop_profile set wrap_up_seconds = 9")
    talking(stage, marina, "Rita Moura")
    marina.end()
    expect(marina.page.locator(".countdown.urgent").first).to_be_visible()
    no_findings(marina.page, "countdown, last seconds")
    desk = marina.page.get_by_role("heading", name="Você está Disponível")
    expect(desk).to_be_visible(timeout=20_000)
    no_findings(marina.page, "countdown, over")
