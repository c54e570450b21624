"""The walk: parts of a day, each of which leads by the places that it is listed with.

A part speaks of one agent or two, with whom nothing else happens, and of customers of its own.
It presses until the desks show what it wants, so it comes through whatever happens meanwhile, and
brings what it began to its end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from balcao.simulator.world import Customer
from tests.crash import odds, upheaval
from tests.crash.house import House
from tests.crash.people import PATIENCE_SECONDS, Agent, NeverShown, View, until

#: A picture that is its first bytes and nothing more.
PNG = b"\x89PNG\r\n\x1a\n of the crash tests"

Part = Callable[[House], Awaitable[None]]


async def talk(house: House) -> None:
    """A request from its beginning to its end, and all that one looks at meanwhile."""
    ana, customer = house.agents["Ana"], house.newcomer()
    house.write(customer, "Ana", "Bom dia")
    house.write(customer, "Ana", "Onde está o meu pedido?")
    task = await ana.accept(customer)
    path, thread = f"/api/tasks/{task['id']}", f"/api/conversations/{task['conversation_id']}"
    await ana.heard(task, 2)
    await ana.press("POST", f"{path}/read")
    await ana.press("POST", f"{path}/typing")
    await ana.say(task, f"Um momento {customer.user_id}")
    await ana.say(task, f"A caminho {customer.user_id}")
    for look in (path, f"{path}/timeline", f"{thread}/messages", f"{thread}/tasks"):
        status, _ = await ana.press("GET", look)
        assert status == 200, look
    await ana.end(customer)


async def show(house: House) -> None:
    """A picture for the customer, and what is thought of the customer's words."""
    ana, customer = house.agents["Ana"], house.newcomer()
    house.write(customer, "Ana", "Como é o azul?")
    task = await ana.accept(customer)
    await ana.heard(task, 1)
    await ana.show(task, PNG, f"Assim {customer.user_id}")
    asked = next(
        one
        for one in ana.desk.of("message")
        if one["task_id"] == task["id"] and one["direction"] == "in"
    )
    key = asked["kind"], asked["id"]
    path, thumb = f"/api/messages/{asked['id']}/reaction", {"emoji": "👍"}
    await ana.make(lambda: ana.desk.views[key]["reactions"], "POST", path, thumb)
    await ana.end(customer)


async def picture(house: House) -> None:
    """A customer's photo, which is looked at, and one that is not to be had, asked for twice."""
    ana, customer = house.agents["Ana"], house.newcomer()
    house.write(customer, "Ana", "Chegou assim")
    house.photo(customer, "Ana")
    house.photo(customer, "Ana", id="404")
    task = await ana.accept(customer)

    def file(state: str) -> View | None:
        lines = [one for one in ana.desk.of("message") if one["task_id"] == task["id"]]
        files = (one["media"] for one in lines if one["media"] is not None)
        return next((one for one in files if one["state"] == state), None)

    ready = await until(lambda: file("ready"))
    status, _ = await ana.press("GET", f"/api/media/{ready['id']}")
    assert status == 200
    failed = await until(lambda: file("failed"))
    await ana.press("POST", f"/api/media/{failed['id']}/retry")
    await until(lambda: file("failed"))
    await ana.end(customer)


async def confer(house: House) -> None:
    """Guests who are asked in, asked in vain, leave, are put out and take over."""
    ana, bia, customer = house.agents["Ana"], house.agents["Bia"], house.newcomer()
    house.write(customer, "Ana", "Posso falar com alguém?")
    task = await ana.accept(customer)
    path, to_bia = f"/api/tasks/{task['id']}", {"to": {"agent_id": bia.id}}
    await ana.press("GET", "/api/targets?for=conference")
    await ana.make(lambda: bia.task(customer, "offered"), "POST", f"{path}/conference", to_bia)
    await ana.make(lambda: not bia.task(customer), "DELETE", f"{path}/conference")
    await _join(ana, bia, customer)
    await bia.make(lambda: not bia.task(customer), "POST", f"{path}/leave")
    await _join(ana, bia, customer)
    await ana.make(lambda: not bia.task(customer), "DELETE", f"{path}/guests/{bia.id}")
    await _join(ana, bia, customer)
    hand_over = f"{path}/hand-over", {"agent_id": bia.id}
    await ana.make(lambda: ana.task(customer, "wrap-up"), "POST", *hand_over)
    await ana.conclude(customer)
    await _join(bia, ana, customer)
    await bia.make(lambda: bia.task(customer, "wrap-up"), "POST", f"{path}/conference/end")
    await bia.conclude(customer)
    await _transfer(house, customer)


async def _transfer(house: House, customer: Customer) -> None:
    """The customer comes back, and is given away."""
    ana, bia = house.agents["Ana"], house.agents["Bia"]
    house.write(customer, "Ana", "Mais uma coisa")
    task = await ana.accept(customer)
    given = {"to": {"agent_id": bia.id}, "note": "é com você"}
    path = f"/api/tasks/{task['id']}/transfer"
    await ana.make(lambda: ana.task(customer, "wrap-up"), "POST", path, given)
    await ana.conclude(customer)
    await bia.accept(customer)
    await bia.end(customer)


async def _join(owner: Agent, guest: Agent, customer: Customer) -> None:
    """Have *guest* in the owner's conference, as often as it takes."""
    task = await owner.has(customer, "connected")
    path, to = f"/api/tasks/{task['id']}", {"to": {"agent_id": guest.id}}
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not guest.task(customer, "connected"):
            if guest.task(customer, "offered"):
                await guest.press("POST", f"{path}/accept")
            else:
                await owner.press("POST", f"{path}/conference", to)
            with suppress(NeverShown):
                await until(lambda: guest.task(customer, "connected", "offered"), 1.0)


async def come_and_go(house: House) -> None:
    """Sign out and in, set things, and take everything that rings at once."""
    bia, customer = house.agents["Bia"], house.newcomer()
    await bia.press("GET", "/api/me/settings")
    await bia.press("PUT", "/api/me/settings", {"theme": "dark"})
    await bia.press("GET", "/api/session")
    await bia.press("GET", "/metrics")
    await bia.leave()
    await bia.press("DELETE", "/api/session")
    await bia.sit_down()
    house.write(customer, "Bia", "Alguém aí?")
    await bia.has(customer, "offered", "connected")
    all_of_them = "POST", "/api/offers/accept-all"
    await bia.make(lambda: bia.task(customer, "connected"), *all_of_them)
    await bia.end(customer)


PARTS: Mapping[str, Part] = {
    "talk": talk,
    "show": show,
    "picture": picture,
    "confer": confer,
    "come_and_go": come_and_go,
    "late_word": odds.late_word,
    "unsure": odds.unsure,
    "ring_out": odds.ring_out,
    "count_down": odds.count_down,
    "expire": odds.expire,
    "outage": odds.outage,
    "lose": odds.lose,
    "poison": odds.poison,
    "late_number": odds.late_number,
    "kill_server": upheaval.kill_server,
    "kill_database": upheaval.kill_database,
    "end": upheaval.end,
    "begin": upheaval.begin,
}
