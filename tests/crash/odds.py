"""The odd parts of the walk: what rings out, runs out, is lost, stays unsure or cannot be read."""

from __future__ import annotations

import secrets

from balcao.simulator.envelope import message_update
from balcao.simulator.world import Customer, EntryPoint
from balcao.store import organisation as store
from tests.crash.house import House
from tests.crash.organisation import EMPTY, NUMBERS, TOGETHER
from tests.crash.people import Agent, View, eventually, until

#: An id so long that no index takes it: whatever is in one transaction with it fails.
POISON_BYTES = 5_000
#: Longer than a lease.
LATE_MS = 3_500


async def late_word(house: House) -> None:
    """Two replies of which WhatsApp tells late; of one, after its lease has run out."""
    ana, customer = house.agents["Ana"], house.newcomer()
    house.write(customer, "Ana", "Recebeu?")
    task = await ana.accept(customer)
    for graph in ("ok", "slow"):  # as slow as that, the answer comes when nobody waits any more
        house.set_faults(delay_ms=LATE_MS, graph=graph)
        await _say_without_lease(house, task, f"Recebi {graph} {customer.user_id}")
    house.set_faults()
    await ana.end(customer)


async def _say_without_lease(house: House, task: View, text: str) -> None:
    """Reply, while leases run out as if their holders had been gone for long."""
    ana = house.agents["Ana"]
    await ana.say(task, text)

    async def over() -> bool:
        await house.sql(
            "update message set lease_by = clock_timestamp() where status = 'sending'"
            " and text = $1",
            text,
        )
        return status(ana, text) in ("accepted", "unconfirmed")

    await eventually(over)


async def unsure(house: House) -> None:
    """Two replies of which nobody knows: one is sent again, the other left as it is."""
    ana, customer = house.agents["Ana"], house.newcomer()
    house.write(customer, "Ana", "Vocês me ouvem?")
    task = await ana.accept(customer)
    texts = [f"{word} {customer.user_id}" for word in ("Sim", "Ouvimos")]
    house.set_faults(graph="500")
    for text in texts:
        await ana.say(task, text)
    await until(lambda: all(status(ana, text) == "unconfirmed" for text in texts))
    house.set_faults()
    again, left = (_message(ana, text) for text in texts)
    ana.presses[texts[0]] = ana.presses.get(texts[0], 0) + 1
    path = f"/api/messages/{again}/resend"
    await ana.make(lambda: status(ana, texts[0]) != "unconfirmed", "POST", path)
    path = f"/api/messages/{left}/dismiss"
    await ana.make(lambda: _view(ana, texts[1])["dismissed"], "POST", path)
    await ana.end(customer)


async def ring_out(house: House) -> None:
    """An offer that nobody answers, and the next one, which somebody does."""
    rita, customer = house.agents["Rita"], house.newcomer()
    await until(lambda: rita.desk.me and rita.desk.me["state"] == "available")
    rita.wants = None
    house.write(customer, "Rita", "Tem alguém?")
    await until(lambda: rita.desk.me and rita.desk.me["state"] != "available")
    rita.wants = "available"
    await rita.accept(customer)
    await rita.end(customer)


async def count_down(house: House) -> None:
    """A wrap-up that ends by itself, and one that is held."""
    hilda, customer = house.agents["Hilda"], house.newcomer()
    for hold in (False, True):
        house.write(customer, "Hilda", "Obrigada!")
        task = await hilda.accept(customer)
        path = f"/api/tasks/{task['id']}"
        await hilda.make(lambda: not hilda.task(customer, "connected"), "POST", f"{path}/end")
        if hold:
            await hilda.make(
                lambda: _is_held_or_gone(hilda, customer), "POST", f"{path}/wrap-up/hold"
            )
        if hilda.task(customer, "wrap-up") and hold:
            await hilda.conclude(customer)
        await until(lambda: not hilda.task(customer))


def _is_held_or_gone(hilda: Agent, customer: Customer) -> bool:
    task = hilda.task(customer)
    return task is None or task["wrap_up_hold"] == "held"


async def expire(house: House) -> None:
    """Somebody is asked in of a queue that nobody serves; the owner is told that it was in vain."""
    ana, customer = house.agents["Ana"], house.newcomer()
    house.write(customer, "Ana", "Preciso do gerente")
    task = await ana.accept(customer)
    (queue,) = await house.sql("select id from queue where name = $1", EMPTY)
    to = {"to": {"queue_id": str(queue["id"])}}

    def told() -> str | None:
        ids = (one["id"] for one in ana.desk.of("notice") if one["task_id"] == task["id"])
        return next(ids, None)

    await ana.make(told, "POST", f"/api/tasks/{task['id']}/conference", to)
    while (notice := told()) is not None:
        await ana.make(lambda: told() != notice, "POST", f"/api/notices/{notice}/dismiss")
    await ana.end(customer)


async def outage(house: House) -> None:
    """No router could work for a while, as it seems to the next one, and something rings."""
    rita, customer = house.agents["Rita"], house.newcomer()
    house.write(customer, "Rita", "Estou esperando")
    await rita.has(customer, "offered")
    await house.sql("update pulse set resumed_at = 'epoch'")

    async def noticed() -> bool:
        """A router that is at work at just this moment has not seen it: once more, then."""
        await house.sql(
            "update pulse set at = at - interval '1 minute' where resumed_at = 'epoch'"
            " and at > clock_timestamp() - interval '30 seconds'"
        )
        return bool(await house.sql("select from pulse where resumed_at > 'epoch'"))

    await eventually(noticed)
    await rita.accept(customer)
    await rita.end(customer)


async def lose(house: House) -> None:
    """An agent with a conversation and an offer goes away for good, and later comes back."""
    lena, customers = house.agents["Lena"], [house.newcomer(), house.newcomer()]
    house.write(customers[0], "Lena", "Olá")
    await lena.accept(customers[0])
    house.write(customers[1], "Lena", "Olá também")
    await lena.has(customers[1], "offered")
    await lena.leave()
    await _signed_out(house, lena)
    await lena.sit_down()
    for customer in customers:
        await lena.accept(customer)
        await lena.end(customer)


async def poison(house: House) -> None:
    """Something comes that no transaction survives, together with what is as it should be."""
    ana, customer = house.agents["Ana"], house.newcomer()
    for wamid in (_wamid(), _poisonous(), _wamid()):
        _tell(house, customer, NUMBERS["Ana"], wamid)
    house.write(customer, "Ana", "Chegou?")
    await ana.heard(await ana.accept(customer), 3)
    await ana.end(customer)


async def late_number(house: House) -> None:
    """Customers write to a number that is set up only afterwards; one thing never finds a place."""
    digits = "".join(secrets.choice("123456789") for _ in range(10))
    number, customer = EntryPoint(f"2{digits}", f"55{digits}", "Tarde"), house.newcomer()
    for wamid in (_wamid(), _poisonous()):
        _tell(house, customer, number, wamid)
    await _rows(house, number, "true", 2)
    async with house.database() as database, database.transaction() as tx:
        queue = await tx.fetchval("select id from queue where name = $1", TOGETHER)
        await store.put_entry_point(tx, number.phone_number_id, number.display_number, queue)
    house.phones.world.numbers.append(number)
    await _rows(house, number, "settled_at is not null", 1)
    await _rows(house, number, "error <> 'unknown number'", 1)


async def _signed_out(house: House, agent: Agent) -> None:
    """Let the agent have been silent for long, until that has been noticed."""
    id = int(agent.id)

    async def noticed() -> bool:
        await house.sql("update pulse set resumed_at = 'epoch'")
        await house.sql(
            "update agent set beat_at = clock_timestamp() - interval '1 hour', signed_in_at ="
            " least(signed_in_at, clock_timestamp() - interval '1 hour')"
            " where person_id = $1 and signed_in_at is not null",
            id,
        )
        (row,) = await house.sql("select signed_in_at from agent where person_id = $1", id)
        return row["signed_in_at"] is None

    await eventually(noticed)


async def _rows(house: House, number: EntryPoint, which: str, count: int) -> None:
    """Wait until so many items of a *number* that were set aside are like that."""
    query = f"select from set_aside where phone_number_id = $1 and {which}"

    async def there() -> bool:
        return len(await house.sql(query, number.phone_number_id)) >= count

    await eventually(there)


def _tell(house: House, customer: Customer, number: EntryPoint, wamid: str) -> None:
    content = {"type": "text", "text": {"body": "Olá"}}
    at = house.phones.clock.now()
    house.tell(message_update(customer, number, wamid, at, content))


def _wamid() -> str:
    return f"wamid.{secrets.token_hex(12)}"


def _poisonous() -> str:
    return f"wamid.{secrets.token_hex(POISON_BYTES)}"


def _view(agent: Agent, text: str) -> dict[str, object]:
    """The message with this *text*, as the agent's desk shows it; empty while it does not."""
    return next((one for one in agent.desk.of("message") if one["text"] == text), {})


def status(agent: Agent, text: str) -> object:
    return _view(agent, text).get("status")


def _message(agent: Agent, text: str) -> object:
    return _view(agent, text)["id"]
