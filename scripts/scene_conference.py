"""Pictures of a conference: asked, joined, as its owner and its guest see it, and handed over."""

from playwright.sync_api import expect
from studio import Studio, hear, line, say, shoot, shoot_narrow

from tests.e2e.stage import Desk, Phone
from tests.e2e.test_conference import invite, panel
from tests.e2e.test_handing_on import is_wrapping


def conference(studio: Studio) -> None:
    """Marina asks Diego in, talks with him and the customer, and hands over."""
    marina, diego, _ = (studio.desk(who) for who in ("marina", "diego", "camila"))
    joao = studio.caller(marina, "João Batista", "Oi! Meu pedido 48213 ainda não chegou 😕")
    say(marina, "Olá, João! Aqui é a Marina. Vou verificar com a Logística.", 1)
    ask_in(marina, diego, joao)
    talk(marina, diego, joao)
    invite(marina, "vendas", "Vendas", "Fila")
    shoot(marina.page, "conference-owner")
    shoot_narrow(marina.page, "conference-owner")
    shoot(diego.page, "conference-guest")
    shoot_narrow(diego.page, "conference-guest")
    panel(marina).get_by_role("button", name="Cancelar").click()
    expect(panel(marina)).not_to_contain_text("Conferência solicitada")
    hand_over(marina, diego)


def ask_in(marina: Desk, diego: Desk, joao: Phone) -> None:
    """First the queue of Vendas, where nobody is; then Diego, who comes."""
    page = marina.page
    dialog = marina.ask("Conferência", "Solicitação de conferência")
    marina.choose(dialog, "Agente", "dias", "Diego Dias")
    shoot(page, "conference-dialog")
    shoot_narrow(page, "conference-dialog")
    page.keyboard.press("Escape")
    invite(marina, "vendas", "Vendas", "Fila")
    shoot(page, "conference-asked-queue")
    panel(marina).get_by_role("button", name="Cancelar").click()
    expect(panel(marina)).to_be_hidden()
    invite(marina, "diego", "Diego Dias")
    shoot(page, "conference-asked-agent")
    expect(diego.offer(joao)).to_be_visible()
    shoot(diego.page, "conference-offer")
    diego.accept(joao)
    expect(panel(marina)).to_contain_text("você, Diego Dias")


def talk(marina: Desk, diego: Desk, joao: Phone) -> None:
    """All three say something."""
    diego.say("Oi João, sou da Logística. Já liberei a entrega expressa para hoje.")
    peer = marina.page.get_by_role("article").filter(has_text="entrega expressa")
    expect(peer).to_contain_text("Diego Dias")
    hear(marina, joao, "Quero sim, por favor!")
    diego.say("Você recebe o código novo em instantes.")
    expect(line(marina, "código novo")).to_be_visible()
    say(marina, "Obrigada, Diego! João, posso ajudar em mais alguma coisa?", 4)
    hear(marina, joao, "Não, era só isso 🙌")
    expect(line(diego, "era só isso")).to_be_visible()


def hand_over(marina: Desk, diego: Desk) -> None:
    """The menu of a guest, what is asked before anything happens, and what comes of it."""
    page = marina.page
    menu = panel(marina).get_by_role("button", name="Diego Dias: opções")
    menu.click()
    expect(page.get_by_role("menuitem", name="Passar a conversa")).to_be_visible()
    shoot(page, "conference-menu")
    page.get_by_role("menuitem", name="Retirar da conferência").click()
    expect(page.get_by_role("alertdialog")).to_be_visible()
    shoot(page, "conference-remove")
    page.keyboard.press("Escape")
    menu.click()
    page.get_by_role("menuitem", name="Passar a conversa").click()
    asked = page.get_by_role("alertdialog", name="Passar a conversa")
    shoot(page, "conference-hand-over")
    asked.get_by_role("button", name="Passar a conversa", exact=True).click()
    is_wrapping(marina)
    expect(page.get_by_text("passado adiante há")).to_be_visible()
    shoot(page, "conference-handed-over")
    expect(line(diego, "passou a conversa para Diego Dias")).to_be_visible()
    shoot(diego.page, "conference-new-owner")
    diego.page.get_by_role("button", name="Linha do tempo").click()
    expect(diego.page.get_by_role("listitem").filter(has_text="passou a conversa")).to_be_visible()
    shoot(diego.page, "timeline")
