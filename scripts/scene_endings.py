"""Pictures of the automatic wrap-up, of a connection that was lost, and of the colleagues."""

from playwright.sync_api import expect
from studio import Studio, shoot, shoot_narrow

from balcao.simulator.script import PARTS
from tests.e2e.stage import Desk
from tests.setup.test_command_line import until


def endings(studio: Studio) -> None:
    """One conversation after the other ends by itself; then the desk is gone for a while."""
    marina = studio.desk("marina")
    countdowns(studio, marina)
    lost(studio, marina)
    colleagues(studio)


def countdowns(studio: Studio, marina: Desk) -> None:
    """The countdown: with time, held, in its last seconds, and over."""
    page = marina.page
    studio.caller(marina, "João Batista", "Oi! Meu pedido 48213 ainda não chegou 😕")
    wrap_up_after(studio, 90)
    dialog = marina.end()
    hold = dialog.get_by_role("button", name="Parar contagem")
    expect(hold).to_be_visible()
    shoot(page, "countdown")
    shoot_narrow(page, "countdown")
    hold.click()
    expect(dialog).to_contain_text("Contagem parada")
    shoot(page, "countdown-held")
    marina.wrap_up(dialog, "resolvido", "Pedido resolvido")
    studio.caller(marina, "Rita Moura", "Boa tarde, quero trocar um tênis.")
    wrap_up_after(studio, 9)
    marina.end()
    expect(page.locator(".countdown.urgent").first).to_be_visible()
    shoot(page, "countdown-urgent")
    toast = page.get_by_text("A conclusão de Rita Moura foi enviada")
    expect(toast).to_be_visible(timeout=20_000)
    expect(page.get_by_role("heading", name="Você está Disponível")).to_be_visible()
    shoot(page, "countdown-over")


def wrap_up_after(studio: Studio, seconds: int) -> None:
    """From now on a wrap-up is sent by itself after so long."""
    studio.stage.ask("update desktop_profile set wrap_up_seconds = $1", seconds)


def lost(studio: Studio, marina: Desk) -> None:
    """The tab is closed for longer than the grace time, and opened again."""
    stage = studio.stage
    studio.caller(marina, "Paulo Reis", "Vocês abrem no sábado?")
    context = marina.page.context
    stage.ask("update organisation set grace_seconds = 12")
    marina.page.close()
    page = context.new_page()
    until(lambda: stage.ask("select count(*) from agent where state = 'available'") == 0, 60)
    page.goto(stage.url)
    expect(page.get_by_text("A conexão com a sua mesa caiu")).to_be_visible()
    shoot(page, "connection-lost")
    stage.ask("update organisation set grace_seconds = 50")


def colleagues(studio: Studio) -> None:
    """The phones, with the colleagues at work."""
    stage = studio.stage
    page = studio.page()
    page.goto(stage.phones_url)
    for name in ("João Batista", "Rita Moura"):
        expect(page.get_by_text(name).first).to_be_visible()
    page.get_by_role("switch", name="Colegas que atendem sozinhos").check()
    for part in PARTS:
        working = page.get_by_text(f"{part.name}: trabalhando")
        expect(working).to_be_visible(timeout=20_000)
    shoot(page, "phones")
    shoot_narrow(page, "phones")
