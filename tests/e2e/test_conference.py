"""Conferences in a real browser: asked, taken, refused by silence, left, handed over and ended."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.stage import Desk, Phone, Stage
from tests.e2e.test_handing_on import conclude, hears, is_wrapping, said, talking

pytestmark = pytest.mark.slow

OpenDesk = Callable[..., Desk]


def panel(desk: Desk) -> Locator:
    """The control panel of the open conversation."""
    return desk.page.get_by_role("region", name="Conferência", exact=True)


def button(desk: Desk, name: str) -> Locator:
    """A button of the open conversation."""
    return desk.page.get_by_role("main").get_by_role("button", name=name, exact=True)


def invite(desk: Desk, wanted: str, name: str, kind: str = "Agente") -> None:
    """Ask somebody in."""
    dialog = desk.ask("Conferência", "Solicitação de conferência")
    desk.choose(dialog, kind, wanted, name)
    dialog.get_by_role("button", name="Conferência", exact=True).click()
    expect(dialog).to_be_hidden()
    expect(panel(desk)).to_contain_text(f"Conferência solicitada – {name}")


def meeting(stage: Stage, open_desk: OpenDesk) -> tuple[Desk, Desk, Phone]:
    """Marina owns a conversation, and Diego is her guest."""
    marina = open_desk("marina@demo").become_available()
    diego = open_desk("diego@demo").become_available()
    joao = talking(stage, marina)
    invite(marina, "diego", "Diego Dias")
    expect(diego.offer(joao)).to_contain_text("Convite de conferência de Marina Alves")
    diego.accept(joao)
    expect(panel(marina)).to_contain_text("Conferência – você, Diego Dias")
    expect(said(marina, "Diego Dias entrou na conversa")).to_be_visible()
    return marina, diego, joao


def choose_for_guest(desk: Desk, doing: str) -> None:
    """Choose in the guest's menu, and confirm."""
    panel(desk).get_by_role("button", name="Diego Dias: opções").click()
    desk.page.get_by_role("menuitem", name=doing).click()
    asked = desk.page.get_by_role("alertdialog", name=doing)
    asked.get_by_role("button", name=doing, exact=True).click()


def test_an_accepted_invitation_makes_a_conference_in_which_all_see_who_wrote(
    stage: Stage, open_desk: OpenDesk
) -> None:
    marina, diego, joao = meeting(stage, open_desk)
    expect(button(marina, "Encerrar conferência")).to_be_visible()
    expect(button(marina, "Encerrar")).to_have_count(0)
    expect(button(marina, "Transferir")).to_be_disabled()
    expect(button(diego, "Encerrar conferência")).to_have_count(0)
    expect(button(diego, "Transferir")).to_have_count(0)

    diego.say("Aqui é o Diego, da Logística.")
    hears(joao, "Aqui é o Diego, da Logística.")
    bubble = marina.page.get_by_role("article").filter(has_text="da Logística.")
    expect(bubble).to_contain_text("Diego Dias")
    marina.say("Obrigada, Diego!")
    hears(joao, "Obrigada, Diego!")
    reply = diego.page.get_by_role("article").filter(has_text="Obrigada, Diego!")
    expect(reply).to_contain_text("Marina Alves")
    joao.write("Obrigado aos dois.")
    for desk in (marina, diego):
        expect(said(desk, "Obrigado aos dois.")).to_be_visible()


def test_a_cancelled_invitation_is_gone_by_keyboard_alone(
    stage: Stage, open_desk: OpenDesk
) -> None:
    marina = open_desk("marina@demo").become_available()
    diego = open_desk("diego@demo").become_available()
    joao = talking(stage, marina)
    keys = marina.page.keyboard
    keys.press("Alt+Shift+C")
    dialog = marina.page.get_by_role("dialog", name="Solicitação de conferência")
    expect(dialog.get_by_role("combobox", name="Pesquisar")).to_be_focused()
    keys.press("Shift+Tab")
    keys.press("ArrowRight")
    expect(dialog.get_by_role("radio", name="Agente")).to_be_checked()
    keys.press("Tab")
    keys.type("dias")
    expect(dialog.get_by_role("option")).to_have_count(1)
    keys.press("Enter")
    expect(dialog.get_by_text("Escolhido: Diego Dias")).to_be_visible()
    keys.press("Enter")
    expect(panel(marina)).to_contain_text("Conferência solicitada – Diego Dias")
    expect(diego.offer(joao)).to_be_visible()

    cancel = panel(marina).get_by_role("button", name="Cancelar")
    for _ in range(40):
        if cancel.evaluate("it => it === document.activeElement"):
            break
        keys.press("Shift+Tab")
    keys.press("Enter")
    expect(panel(marina)).to_be_hidden()
    expect(diego.offer(joao)).to_be_hidden()
    diego.is_in("Disponível")


def test_an_invitation_that_is_not_accepted_is_told_and_the_chat_goes_on(
    stage: Stage, open_desk: OpenDesk
) -> None:
    marina = open_desk("marina@demo").become_available()
    diego = open_desk("diego@demo").become_available()
    joao = talking(stage, marina)
    stage.ring_for(2)
    invite(marina, "diego", "Diego Dias")

    diego.is_in("RONA")
    expect(panel(marina)).to_be_hidden()
    expect(marina.page.get_by_role("region", name="Avisos")).to_contain_text("Diego Dias")
    marina.say("Continuamos.")
    hears(joao, "Continuamos.")


def test_an_invitation_to_a_queue_rings_at_its_next_free_agent(
    stage: Stage, open_desk: OpenDesk
) -> None:
    marina = open_desk("marina@demo").become_available()
    joao = talking(stage, marina)
    invite(marina, "vendas", "Vendas", "Fila")
    hugo = open_desk("hugo@demo").become_available()

    hugo.accept(joao)
    expect(panel(marina)).to_contain_text("Conferência – você, Hugo Lima")


def test_a_guest_leaves_and_the_chat_goes_on(stage: Stage, open_desk: OpenDesk) -> None:
    marina, diego, joao = meeting(stage, open_desk)

    button(diego, "Sair da conferência").click()
    expect(said(marina, "Diego Dias saiu da conversa")).to_be_visible()
    expect(panel(marina)).to_be_hidden()
    diego.is_in("Disponível")
    expect(diego.page.get_by_role("link", name="João Batista")).to_have_count(0)
    expect(button(marina, "Encerrar")).to_be_visible()
    marina.say("Voltamos a ser nós dois.")
    hears(joao, "Voltamos a ser nós dois.")


def test_a_removed_guest_sees_no_more(stage: Stage, open_desk: OpenDesk) -> None:
    marina, diego, joao = meeting(stage, open_desk)

    choose_for_guest(marina, "Retirar da conferência")
    expect(panel(marina)).to_be_hidden()
    expect(diego.page.get_by_role("link", name="João Batista")).to_have_count(0)
    joao.write("Só entre nós.")
    expect(said(marina, "Só entre nós.")).to_be_visible()
    expect(said(diego, "Só entre nós.")).to_have_count(0)


def test_a_hand_over_makes_the_guest_the_owner(stage: Stage, open_desk: OpenDesk) -> None:
    marina, diego, joao = meeting(stage, open_desk)

    choose_for_guest(marina, "Passar a conversa")
    is_wrapping(marina)
    expect(said(diego, "Marina Alves passou a conversa para Diego Dias")).to_be_visible()
    expect(button(diego, "Transferir")).to_be_enabled()
    conclude(marina)
    diego.say("Agora é comigo.")
    hears(joao, "Agora é comigo.")
    diego.wrap_up(diego.end(), "resolvido", "Pedido resolvido")


def test_ending_a_conference_ends_it_for_everyone(stage: Stage, open_desk: OpenDesk) -> None:
    marina, diego, joao = meeting(stage, open_desk)

    button(marina, "Encerrar conferência").click()
    conclude(marina)
    for desk in (marina, diego):
        desk.is_in("Disponível")
        expect(desk.page.get_by_role("link", name="João Batista")).to_have_count(0)
    joao.write("Mais uma coisa…")
    expect(marina.offer(joao)).to_contain_text("Mais uma coisa…")
