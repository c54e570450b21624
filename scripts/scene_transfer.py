"""Pictures of a transfer: what its giver sees, and what the agent who is asked sees."""

from playwright.sync_api import Locator, expect
from studio import Studio, hear, line, say, shoot, shoot_narrow

from tests.e2e.stage import SALES, Desk
from tests.e2e.test_handing_on import conclude, give_to_diego, is_wrapping

NOTE = "Já confirmei o endereço. Falta só liberar a entrega na transportadora."


def transfer(studio: Studio) -> None:
    """A conversation is offered to a queue, refused, given to Diego, and another not accepted."""
    stage = studio.stage
    marina, diego, camila = (studio.desk(who) for who in ("marina", "diego", "camila"))
    for name in ("Lívia Castro", "Otávio Prado"):
        stage.phone(name).write("Quero saber o preço do tênis.", SALES)
    joao = studio.caller(marina, "João Batista", "Oi! Meu pedido 48213 ainda não chegou 😕")
    say(marina, "Olá, João! Aqui é a Marina. Vou verificar para você.", 1)
    hear(marina, joao, "Obrigado! É um presente, preciso até sexta.")
    dialog = choose(marina, diego)
    dialog.get_by_role("button", name="Transferir", exact=True).click()
    is_wrapping(marina)
    card = diego.offer(joao)
    expect(card).to_contain_text("Já confirmei o endereço.")
    expect(marina.page.get_by_text("transferido há")).to_be_visible()
    shoot(marina.page, "transfer-wrap-up")
    shoot(diego.page, "transfer-offer")
    shoot_narrow(diego.page, "transfer-offer")
    diego.accept(joao)
    expect(line(diego, "transferiu a conversa para Diego Dias")).to_be_visible()
    shoot(diego.page, "transfer-received")
    conclude(marina)

    camila.become("Almoço")
    diego.become("Almoço")
    studio.caller(marina, "Rita Moura", "Boa tarde, quero trocar um tênis que ficou pequeno.")
    diego.become("Disponível")
    stage.ring_for(3)
    give_to_diego(marina, "volta para a fila")
    notices = marina.page.get_by_role("region", name="Avisos")
    expect(notices).to_contain_text("Diego Dias")
    shoot(marina.page, "transfer-unanswered")


def choose(marina: Desk, diego: Desk) -> Locator:
    """Go through the lists of the dialogue to Diego, who is away just when he is asked."""
    page = marina.page
    dialog = marina.ask("Transferir", "Transferir solicitação")
    expect(dialog.get_by_role("option", name="Vendas")).to_contain_text("2 esperando")
    shoot(page, "transfer-queues")
    dialog.get_by_role("radio", name="Agente", exact=True).check()
    expect(dialog.get_by_role("option")).to_have_count(2)
    shoot(page, "transfer-agents")
    marina.choose(dialog, "Agente", "dias", "Diego Dias")
    dialog.get_by_role("textbox", name="Observação").fill(NOTE)
    shoot(page, "transfer-chosen")
    shoot_narrow(page, "transfer-chosen")
    diego.become("Almoço")
    expect(dialog.get_by_role("option")).to_have_count(1)
    dialog.get_by_role("button", name="Transferir", exact=True).click()
    expect(dialog.get_by_role("alert")).to_be_visible()
    shoot(page, "transfer-refused")
    diego.become("Disponível")
    expect(dialog.get_by_role("option")).to_have_count(2)
    return dialog
