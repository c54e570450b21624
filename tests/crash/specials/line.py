"""The line to WhatsApp is half open: a message is on its way, and nothing ever comes back."""

from __future__ import annotations

from tests.crash.house import open_house
from tests.crash.odds import status
from tests.crash.people import until
from tests.crash.proof import calm, prove


async def half_open() -> None:
    """What went into the dead line is unconfirmed, and never sent again by itself."""
    async with open_house(over_a_line=True) as house:
        line, ana, customer = house.line, house.agents["Ana"], house.newcomer()
        assert line is not None
        house.write(customer, "Ana", "Alô?")
        task = await ana.accept(customer)
        line.back_is_dead = True
        await ana.say(task, "Chega sem resposta")
        await until(lambda: status(ana, "Chega sem resposta") == "read")
        line.back_is_dead, line.forth_is_dead = False, True
        await ana.say(task, "Não chega")
        await until(lambda: status(ana, "Não chega") == "unconfirmed")
        line.forth_is_dead = False
        await ana.say(task, "Voltou")
        await until(lambda: status(ana, "Voltou") == "read")
        assert status(ana, "Não chega") == "unconfirmed"
        heard = [one.text for one in customer.lines.values() if one.direction == "received"]
        assert heard == ["Chega sem resposta", "Voltou"]
        await calm(house)
        await prove(house)
