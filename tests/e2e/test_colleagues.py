"""The colleagues of the demo: switched on by keyboard, they take over what one person gives."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from balcao.simulator.script import PARTS
from tests.e2e.stage import Desk, Stage
from tests.e2e.test_accessibility import findings
from tests.e2e.test_handing_on import conclude, give_to_diego, hears, talking

pytestmark = pytest.mark.slow

DIEGO = next(part for part in PARTS if part.email == "diego@demo")


def switch(page: Page) -> Locator:
    """What lets the colleagues work."""
    return page.get_by_role("switch", name="Colegas que atendem sozinhos")


def toggle(page: Page) -> None:
    """Go to the switch by the Tab key, and press Space."""
    for _ in range(20):
        if switch(page).evaluate("it => it === document.activeElement"):
            break
        page.keyboard.press("Tab")
    expect(switch(page)).to_be_focused()
    page.keyboard.press("Space")


def test_one_person_alone_transfers_to_a_colleague_who_answers(
    page: Page, stage: Stage, open_desk: Callable[..., Desk]
) -> None:
    marina = open_desk("marina@demo").become_available()
    joao = talking(stage, marina)
    page.goto(stage.phones_url)
    expect(switch(page)).not_to_be_checked()
    toggle(page)
    expect(switch(page)).to_be_checked()
    expect(page.get_by_text("Diego Dias: trabalhando")).to_be_visible(timeout=20_000)
    for theme in ("light", "dark"):
        page.get_by_label("Tema").select_option(theme)
        assert findings(page) == [], theme

    give_to_diego(marina, "volta para a fila")
    conclude(marina)
    hears(joao, DIEGO.greeting)
    answer = page.get_by_role("article", name="João Batista").get_by_text(DIEGO.greeting)
    expect(answer).to_be_visible()


def test_switched_off_by_keyboard_they_go_home(page: Page, stage: Stage) -> None:
    page.goto(stage.phones_url)
    toggle(page)
    expect(page.get_by_text("Diego Dias: trabalhando")).to_be_visible(timeout=20_000)
    page.keyboard.press("Space")
    for name in ("Diego Dias", "Camila Rocha", "Hugo Lima"):
        expect(page.get_by_text(f"{name}: fora")).to_be_visible(timeout=20_000)
    expect(switch(page)).not_to_be_checked()
    assert stage.ask("select count(*) from agent where signed_in_at is not null") == 0
