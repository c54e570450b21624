"""What agents and customers go through, from the phone to the wrap-up, in a real browser."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from playwright.sync_api import expect

from tests.e2e.stage import Desk, Stage, command
from tests.setup.test_command_line import until

pytestmark = pytest.mark.slow

OpenDesk = Callable[..., Desk]


def conversation(stage: Stage, desk: Desk) -> None:
    """One conversation, from a customer's first words to the agent's reason for its end."""
    page = desk.page
    desk.is_in("Pausa")
    desk.become_available()
    phone = stage.phone("João Batista")
    phone.write("Oi! Meu pedido não chegou.")
    wrote = time.monotonic()
    card = desk.offer(phone)
    expect(card).to_be_visible()
    assert time.monotonic() - wrote < 2
    for field in (
        "João Batista",
        "+55 ",
        "Meu pedido não chegou",
        "Suporte N1",
        "+55 11 4000-1000",
    ):
        expect(card).to_contain_text(field)

    desk.accept(phone)
    expect(card).to_be_hidden()
    desk.is_in("Em atendimento – Disponível")
    page.keyboard.type("Olá, João! Vou verificar.")
    page.keyboard.press("Enter")
    until(lambda: phone.received() != [], 10)
    assert [line["text"] for line in phone.received()] == ["Olá, João! Vou verificar."]
    answer = page.get_by_role("article").filter(has_text="Vou verificar.")
    expect(answer.get_by_role("img", name="Lida")).to_be_visible(timeout=15_000)
    assert phone.received()[0]["status"] == "read"
    expect(desk.composer).to_be_empty()

    desk.wrap_up(desk.end(), "duvida", "Dúvida de pagamento")
    expect(page.get_by_role("heading", name="Você está Disponível há")).to_be_visible()
    desk.is_in("Disponível")
    assert len(phone.received()) == 1


def test_a_conversation_goes_from_the_phone_to_the_wrap_up(
    stage: Stage, open_desk: OpenDesk
) -> None:
    conversation(stage, open_desk("marina@demo"))


def test_two_servers_of_one_database_are_one_desk(stage: Stage, open_desk: OpenDesk) -> None:
    second = stage.second_server()
    desk = open_desk("marina@demo", second)
    conversation(stage, desk)

    phone = stage.phone("Rita Moura")
    phone.write("Alguém aí?")
    expect(desk.offer(phone)).to_be_visible()
    task = stage.ask("select max(id) from task")
    urls = [f"{server}/api/tasks/{task}/accept" for server in (stage.url, second)]
    cookies = desk.cookies()
    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(lambda url: command(url, cookies), urls))
    assert sorted(answers) == [200, 409]
    expect(desk.offer(phone)).to_be_hidden()
    expect(desk.page.get_by_role("link", name="Rita Moura")).to_be_visible()


def test_who_does_not_accept_in_time_rests_in_rona_and_the_other_agent_is_asked(
    stage: Stage, open_desk: OpenDesk
) -> None:
    stage.ring_for(4)
    marina = open_desk("marina@demo").become_available()
    camila = open_desk("camila@demo").become_available()
    first, second = stage.phone("João Batista"), stage.phone("Rita Moura")
    first.write("Oi! Meu pedido não chegou.")
    expect(marina.offer(first)).to_be_visible()
    expect(camila.offer(first)).to_be_hidden()

    expect(camila.offer(first)).to_be_visible(timeout=10_000)
    camila.accept(first)
    expect(marina.offer(first)).to_be_hidden()
    marina.is_in("RONA")
    card = marina.page.get_by_role("alert").filter(has_text="não foi atendida em 4 s")
    expect(card).to_contain_text("João Batista")
    expect(card).to_contain_text("Suporte N1")

    stage.ring_for(60)
    second.write("Boa tarde, quero trocar um produto.")
    expect(camila.offer(second)).to_be_visible()
    expect(marina.offer(second)).to_be_hidden()
    camila.accept(second)
    expect(marina.page.get_by_role("region", name="Solicitações", exact=True)).to_be_hidden()
    marina.is_in("RONA")

    marina.become_available()
    expect(card).to_be_hidden()
    third = stage.phone("Paulo Reis")
    third.write("Vocês abrem no sábado?")
    expect(marina.offer(third)).to_be_visible()
