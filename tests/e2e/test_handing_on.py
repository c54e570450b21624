"""Giving a conversation away and asking colleagues in, in a real browser, as agents do it."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.stage import Desk, Phone, Stage
from tests.setup.test_command_line import until

pytestmark = pytest.mark.slow

OpenDesk = Callable[..., Desk]

FIRST = "Oi! Meu pedido não chegou."


def talking(stage: Stage, desk: Desk, name: str = "João Batista") -> Phone:
    """A customer whose request the desk has accepted."""
    phone = stage.phone(name)
    phone.write(FIRST)
    desk.accept(phone)
    return phone


def conclude(desk: Desk) -> None:
    """Send the wrap-up that is open."""
    dialog = desk.page.get_by_role("dialog", name="Motivos de conclusão")
    expect(dialog.get_by_role("combobox", name="Pesquisar")).to_be_focused()
    desk.wrap_up(dialog, "resolvido", "Pedido resolvido")


def is_wrapping(desk: Desk) -> None:
    """The dialogue asks for the reason."""
    dialog = desk.page.get_by_role("dialog", name="Motivos de conclusão")
    expect(dialog).to_be_visible()


def said(desk: Desk, text: str) -> Locator:
    """A line of the thread."""
    return desk.page.get_by_role("main").get_by_text(text)


def hears(phone: Phone, text: str) -> None:
    """The customer reads *text*, once."""
    until(lambda: [line["text"] for line in phone.received()].count(text) == 1, 15)


def test_a_transfer_to_an_agent_brings_the_thread_and_the_note(
    stage: Stage, open_desk: OpenDesk
) -> None:
    marina = open_desk("marina@demo").become_available()
    diego = open_desk("diego@demo").become_available()
    joao = talking(stage, marina)
    dialog = marina.ask("Transferir", "Transferir solicitação")
    marina.choose(dialog, "Agente", "dias", "Diego Dias")
    dialog.get_by_role("textbox", name="Observação").fill("Já confirmei o endereço.")
    dialog.get_by_role("button", name="Transferir", exact=True).click()

    is_wrapping(marina)
    joao.write("Alguém aí?")
    card = diego.offer(joao)
    expect(card).to_contain_text("Transferida por Marina Alves")
    expect(card).to_contain_text("Já confirmei o endereço.")
    diego.accept(joao)
    for line in (FIRST, "Alguém aí?", "Já confirmei o endereço."):
        expect(said(diego, line)).to_be_visible()
    expect(said(marina, "Alguém aí?")).to_have_count(0)
    conclude(marina)
    diego.say("Olá, João! Aqui é o Diego.")
    hears(joao, "Olá, João! Aqui é o Diego.")
    marina.is_in("Disponível")


def test_a_transfer_to_a_queue_by_keyboard_alone(stage: Stage, open_desk: OpenDesk) -> None:
    marina = open_desk("marina@demo").become_available()
    hugo = open_desk("hugo@demo").become_available()
    joao = talking(stage, marina)
    keys = marina.page.keyboard
    keys.press("Alt+Shift+T")
    dialog = marina.page.get_by_role("dialog", name="Transferir solicitação")
    expect(dialog).to_be_visible()
    keys.press("Escape")
    expect(dialog).to_be_hidden()
    expect(marina.page.get_by_role("button", name="Transferir", exact=True)).to_be_focused()

    keys.press("Enter")
    expect(dialog.get_by_role("combobox", name="Pesquisar")).to_be_focused()
    keys.type("VENDAS")
    expect(dialog.get_by_role("option")).to_have_count(1)
    keys.press("ArrowDown")
    keys.press("Enter")
    expect(dialog.get_by_role("option", name="Vendas")).to_have_attribute("aria-selected", "true")
    button = dialog.get_by_role("button", name="Transferir", exact=True)
    for _ in range(6):
        if button.evaluate("it => it === document.activeElement"):
            break
        keys.press("Tab")
    keys.press("Enter")

    is_wrapping(marina)
    expect(hugo.offer(joao)).to_contain_text("Vendas")
    expect(hugo.offer(joao)).to_contain_text("Transferida por Marina Alves")
    hugo.page.keyboard.press("Alt+Shift+A")
    expect(hugo.composer).to_be_focused()
    expect(said(hugo, FIRST)).to_be_visible()


def test_a_transfer_that_is_not_accepted_goes_back_to_its_queue_and_is_told(
    stage: Stage, open_desk: OpenDesk
) -> None:
    marina = open_desk("marina@demo").become_available()
    diego = open_desk("diego@demo").become_available()
    joao = talking(stage, marina)
    stage.ring_for(3)
    give_to_diego(marina, "volta para a fila")

    diego.is_in("RONA")
    notices = marina.page.get_by_role("region", name="Avisos")
    expect(notices).to_contain_text("Diego Dias")
    expect(notices).to_contain_text("João Batista")
    stage.ring_for(60)
    conclude(marina)
    expect(marina.offer(joao)).to_be_visible()
    marina.accept(joao)
    expect(said(marina, "Diego Dias não aceitou")).to_be_visible()


def test_a_transfer_that_is_not_accepted_ends_where_the_queue_says_so(
    stage: Stage, open_desk: OpenDesk
) -> None:
    stage.ask("update queue set transfer_unanswered = 'end' where name = 'Suporte N1'")
    marina = open_desk("marina@demo").become_available()
    diego = open_desk("diego@demo").become_available()
    joao = talking(stage, marina)
    stage.ring_for(3)
    give_to_diego(marina, "encerrada")

    diego.is_in("RONA")
    expect(marina.page.get_by_role("region", name="Avisos")).to_contain_text("Diego Dias")
    conclude(marina)
    until(lambda: stage.ask("select state from task") == "ended", 5)
    joao.write("Então?")
    expect(marina.offer(joao)).to_contain_text("Então?")
    assert stage.ask("select count(*) from task") == 2


def give_to_diego(desk: Desk, warning: str) -> None:
    """Transfer the open task to Diego; the dialogue warns of what may come."""
    dialog = desk.ask("Transferir", "Transferir solicitação")
    desk.choose(dialog, "Agente", "diego", "Diego Dias")
    expect(dialog).to_contain_text(warning)
    dialog.get_by_role("button", name="Transferir", exact=True).click()
    is_wrapping(desk)


def test_a_transfer_is_refused_where_the_agent_has_just_gone_idle(
    stage: Stage, open_desk: OpenDesk
) -> None:
    marina = open_desk("marina@demo").become_available()
    diego = open_desk("diego@demo").become_available()
    joao = talking(stage, marina)
    dialog = marina.ask("Transferir", "Transferir solicitação")
    marina.choose(dialog, "Agente", "diego", "Diego Dias")
    diego.become("Almoço")
    dialog.get_by_role("button", name="Transferir", exact=True).click()

    expect(dialog).to_be_visible()
    alert = dialog.get_by_role("alert")
    expect(alert).to_contain_text("não pode receber agora")
    marina.page.keyboard.press("Escape")
    marina.say("Continuo aqui.")
    hears(joao, "Continuo aqui.")
