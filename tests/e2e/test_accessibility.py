"""Every screen of the desk, in both themes, is without a finding of axe."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.stage import Desk, Stage

pytestmark = pytest.mark.slow

AXE = Path(__file__).parents[2] / "desktop" / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]
RUN = """tags => axe.run(document, {runOnly: {type: "tag", values: tags}}).then(({violations}) =>
    violations.flatMap(({id, nodes}) => nodes.map(node => `${id}: ${node.html.slice(0, 200)}
        ${node.failureSummary}`)))"""


def no_findings(page: Page, screen: str) -> None:
    """Looks at the screen in both themes."""
    page.evaluate(AXE.read_text())
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        expect(page.locator(f"html[data-theme={theme}]")).to_have_count(1)
        findings = page.evaluate(RUN, TAGS)
        assert findings == [], f"{screen}, {theme}:\n" + "\n".join(findings)
    page.emulate_media(color_scheme="light")


def test_no_screen_has_a_finding_in_either_theme(
    page: Page, stage: Stage, open_desk: Callable[..., Desk]
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
