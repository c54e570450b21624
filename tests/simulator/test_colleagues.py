"""Scripted colleagues against a real Balcão: they work like people, and get out of people's way."""

from __future__ import annotations

import json
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from balcao.demo import ENTRY_POINTS
from balcao.simulator.script import GOODBYE, PARTS
from balcao.store.database import Database
from tests.faults.day import open_shop as open_demo
from tests.simulator.shop import AT_ONCE, HASTE, NEVER, Person, Shop, open_shop, until
from tests.world import sql

pytestmark = pytest.mark.slow  # each has a server of its own

SUPPORT, SALES = (point.display_number for point in ENTRY_POINTS)
DIEGO, _, HUGO = (part.greeting for part in PARTS)
ALL = [part.name for part in PARTS]
OPEN = "select 1 from leg where closed_at is null"
SIGNED_IN = "select 1 from agent where signed_in_at is not null"
SESSIONS = "select 1 from session"
CONCLUDED = (
    "select l.outcome, c.name from leg l join aux_code c on c.id = l.wrap_up_code_id order by l.id"
)


@pytest.fixture
async def shop(database: Database) -> AsyncIterator[Shop]:
    async with open_shop(database) as shop:
        yield shop


async def test_they_are_off_until_switched_on_and_then_available(shop: Shop) -> None:
    await shop.are(others="off")
    await shop.available()
    await shop.switch(on=True)

    await shop.are(others="on")
    await shop.available(*ALL)


async def test_a_customer_is_greeted_answered_and_let_go_when_it_is_quiet(shop: Shop) -> None:
    await shop.open_phones(replace(HASTE, quiet=(1.0, 1.0)))
    await shop.switch(on=True)
    rita = await shop.customer(SALES, "Qual o prazo?")
    assert (await shop.hears(rita, lines=2))[0] == HUGO
    await shop.write(rita, SALES, "Obrigada!")
    await shop.hears(rita, lines=3)

    await shop.finds("select 1 from task where ended_at is not null")
    await shop.finds(OPEN, rows=0)
    assert await concluded(shop) == [("ended", "Pedido resolvido")]
    assert len(await shop.heard(rita)) == 3


async def test_a_customer_who_says_no_more_did_not_answer(shop: Shop) -> None:
    await shop.open_phones(replace(HASTE, quiet=AT_ONCE))
    await shop.switch(on=True)
    await shop.customer(SALES, "Oi")

    await shop.finds(CONCLUDED)
    assert await concluded(shop) == [("ended", "Cliente não respondeu")]


async def test_each_message_of_a_customer_is_answered_once(shop: Shop) -> None:
    await shop.switch(on=True)
    rita = await shop.customer(SALES, "1")
    for count in range(2, 6):
        await shop.hears(rita, lines=count)
        await shop.write(rita, SALES, f"{count}")
    heard = await shop.hears(rita, lines=6)

    assert heard[0] == HUGO
    assert all(line != after for line, after in pairwise(heard))
    written = await sql(shop.database, "select client_id from message where direction = 'out'")
    assert len({row["client_id"] for row in written}) == len(written) == 6


async def test_a_transfer_to_a_colleague_is_accepted_and_answered(shop: Shop) -> None:
    async with Person(shop, "marina@demo") as marina:
        rita = await shop.customer(SUPPORT, "Minha entrega atrasou")
        task = await marina.accept()
        await marina.say(task, "Um momento.")
        body = {"to": {"agent_id": await diego(shop)}, "note": "é com você"}
        status, _ = await marina.ask("POST", f"/api/tasks/{task['id']}/transfer", body)
        assert status == 200

        assert (await shop.hears(rita, lines=2))[1] == DIEGO
        await shop.write(rita, SUPPORT, "Tem previsão?")
        await shop.hears(rita, lines=3)


async def test_a_guest_greets_answers_and_leaves_when_the_owner_goes_on(shop: Shop) -> None:
    await shop.open_phones(replace(HASTE, leave=AT_ONCE))
    async with Person(shop, "marina@demo") as marina:
        rita = await shop.customer(SUPPORT, "Preciso de ajuda")
        task = await marina.accept()
        body = {"to": {"agent_id": await diego(shop)}}
        status, _ = await marina.ask("POST", f"/api/tasks/{task['id']}/conference", body)
        assert status == 200
        assert await shop.hears(rita, lines=1) == [DIEGO]
        await shop.write(rita, SUPPORT, "E o prazo?")
        await shop.hears(rita, lines=2)
        await marina.say(task, "Obrigada, Diego. Sigo daqui.")

        await shop.finds("select 1 from leg where outcome = 'left'")
        _, still = await marina.ask("GET", f"/api/tasks/{task['id']}")
        assert (still["state"], still["guests"]) == ("connected", [])
        assert len(await shop.hears(rita, lines=3)) == 3


async def test_where_a_person_is_signed_in_the_colleague_is_taken_until_they_go(
    shop: Shop,
) -> None:
    async with Person(shop, "camila@demo") as camila:
        await shop.switch(on=True)
        await shop.are(Camila="taken", others="on")
        _, session = await camila.ask("GET", "/api/session")
        assert session["agent"]["state"] == "idle", "nobody has touched it"
        assert (await camila.ask("DELETE", "/api/session"))[0] == 204

        await shop.are(others="on")


async def test_a_person_who_takes_over_stops_the_colleague_in_the_middle(shop: Shop) -> None:
    await shop.switch(on=True)
    rita = await shop.customer(SALES, "Oi")
    await shop.hears(rita, lines=2)

    async with Person(shop, "hugo@demo") as hugo:
        await shop.are(Hugo="taken", others="on")
        task = await hugo.task("connected")
        await shop.write(rita, SALES, "Agora é uma pessoa?")
        await hugo.desk.until(
            lambda desk: any(one["text"] == "Agora é uma pessoa?" for one in desk.of("message"))
        )
        await hugo.say(task, "Sim, agora é.")

        assert (await shop.hears(rita, lines=3))[2] == "Sim, agora é."
        assert (await hugo.ask("GET", "/api/session"))[0] == 200
        await shop.switch(on=False)
        await shop.are(others="off")
        assert (await hugo.ask("GET", f"/api/tasks/{task['id']}"))[1]["state"] == "connected"


async def test_switched_off_they_finish_what_is_open_and_sign_out(shop: Shop) -> None:
    await shop.switch(on=True)
    rita = await shop.customer(SALES, "Oi")
    await shop.hears(rita, lines=2)
    await shop.switch(on=False)
    await shop.are(others="off")

    assert (await shop.hears(rita, lines=3))[2] == GOODBYE
    for what in (OPEN, SESSIONS, SIGNED_IN):
        assert await sql(shop.database, what) == []
    await shop.switch(on=True)
    await shop.are(others="on")


async def test_switched_off_they_give_back_what_was_not_begun(shop: Shop) -> None:
    await shop.open_phones(replace(HASTE, read=NEVER))
    await shop.switch(on=True)
    rita = await shop.customer(SALES, "Oi")
    await shop.finds(OPEN)
    await shop.switch(on=False)
    await shop.are(others="off")

    for what in (OPEN, SESSIONS, SIGNED_IN):
        assert await sql(shop.database, what) == []
    assert await concluded(shop) == [("transferred", "Transferido ao N2")]
    await shop.finds("select 1 from task where ended_at is null")
    assert await shop.heard(rita) == []


async def test_a_guest_who_is_switched_off_leaves(shop: Shop) -> None:
    async with Person(shop, "marina@demo") as marina:
        rita = await shop.customer(SUPPORT, "Preciso de ajuda")
        task = await marina.accept()
        body = {"to": {"agent_id": await diego(shop)}}
        await marina.ask("POST", f"/api/tasks/{task['id']}/conference", body)
        await shop.hears(rita, lines=1)
        await shop.switch(on=False)
        await shop.are(others="off")

        await shop.finds("select 1 from leg where outcome = 'left'")
        assert (await marina.ask("GET", f"/api/tasks/{task['id']}"))[1]["state"] == "connected"


async def test_a_restart_of_the_server_costs_a_while_and_nothing_else(shop: Shop) -> None:
    await shop.switch(on=True)
    rita = await shop.customer(SALES, "Oi")
    await shop.hears(rita, lines=2)
    await shop.server.stop()
    await shop.are(others="unreachable")
    await shop.server.start()
    await shop.are(others="on")

    await shop.write(rita, SALES, "Ainda aí?")
    assert len(await shop.hears(rita, lines=3)) == 3


async def test_switched_off_while_nobody_answers_they_sign_out_later(shop: Shop) -> None:
    await shop.switch(on=True)
    await shop.are(others="on")
    await shop.server.stop()
    await shop.are(others="unreachable")
    await shop.switch(on=False)
    await shop.are(others="leaving")
    await shop.server.start()
    await shop.are(others="off")

    assert await sql(shop.database, SESSIONS) == []


async def test_a_session_that_is_over_is_begun_anew(shop: Shop) -> None:
    await shop.switch(on=True)
    await shop.available(*ALL)
    await sql(shop.database, "delete from session returning 1")
    await shop.customer(SALES, "Oi")

    await shop.finds(SESSIONS, rows=3)
    await shop.are(others="on")


async def test_a_flick_of_the_switch_asks_for_a_taken_place_no_sooner(shop: Shop) -> None:
    await shop.open_phones(replace(HASTE, taken=NEVER))
    async with Person(shop, "camila@demo"):
        for _ in range(12):
            await shop.switch(on=True)
            await shop.are(Camila="taken")
            await shop.switch(on=False)
            assert set((await shop.states()).values()) <= {"leaving", "off"}
            await shop.are(others="off")
        guesses = "select 1 from sign_in_failure where email = 'camila@demo'"
        assert len(await sql(shop.database, guesses)) == 1


async def test_their_sessions_outlive_the_simulator_and_the_switch_does_not(
    shop: Shop, tmp_path: Path
) -> None:
    await shop.open_phones(memory=tmp_path / "phones.json")
    await shop.switch(on=True)
    await shop.are(others="on")  # whoever is cut off while signing in leaves a session behind
    rita = await shop.customer(SALES, "Oi")
    await shop.hears(rita, lines=2)
    await shop.open_phones(memory=tmp_path / "phones.json")
    await shop.are(others="off")
    assert len(await sql(shop.database, SESSIONS)) == 1, "whoever had nothing open signed out"

    await shop.switch(on=True)
    await shop.are(others="on")
    await shop.write(rita, SALES, "Voltou?")
    await shop.hears(rita, lines=3)


async def test_of_several_teams_a_colleague_works_in_the_first(shop: Shop) -> None:
    await sql(
        shop.database,
        "insert into team_member (person_id, team_id) select p.id, t.id from person p, team t"
        " where p.email = 'diego@demo' and t.name = 'Vendas' returning 1",
    )
    await shop.switch(on=True)

    await shop.are(others="on")


@pytest.fixture
def home() -> Iterator[Path]:
    """A place for a data folder that PostgreSQL's user can pass."""
    with tempfile.TemporaryDirectory(prefix="balcao-test-") as path:
        Path(path).chmod(0o711)
        yield Path(path) / "data"


async def test_the_demo_has_the_switch(home: Path) -> None:
    async with open_demo(home) as demo:
        await demo.sim("PUT", "colleagues", {"on": True})

        async def at_work() -> bool:
            colleagues = await demo.sim("GET", "colleagues")
            return [one["state"] for one in colleagues] == ["on", "on", "on"]

        await until(at_work)


async def test_the_page_is_told_how_it_stands(shop: Shop) -> None:
    url = f"{shop.simulator.url}/sim/events"
    async with shop.http.get(url, timeout=aiohttp.ClientTimeout(None)) as stream:
        assert await told(stream) == ["off", "off", "off"]
        await shop.switch(on=True)
        while await told(stream) != ["on", "on", "on"]:
            pass


async def told(stream: aiohttp.ClientResponse) -> list[str]:
    """What the next event says of the colleagues; nothing where it speaks of other things."""
    _, data = (await stream.content.readuntil(b"\n\n")).decode().split("\n", 1)
    said: dict[str, Any] = json.loads(data.removeprefix("data: "))
    return [one["state"] for one in said.get("colleagues", ())]


async def diego(shop: Shop) -> str:
    """Diego's id, once he is at work."""
    await shop.switch(on=True)
    await shop.are(Diego="on")
    await shop.finds(
        "select 1 from agent a join person p on p.id = a.person_id"
        " where p.name = 'Diego Dias' and a.state = 'available'"
    )
    [row] = await sql(shop.database, "select id from person where name = 'Diego Dias'")
    return str(row["id"])


async def concluded(shop: Shop) -> list[tuple[str, str]]:
    """How each part ended, and with which reason."""
    rows = await sql(shop.database, CONCLUDED)
    return [(str(row["outcome"]), str(row["name"])) for row in rows]
