"""What an agent is told of what became of a transfer or an invitation: a notice for each code.

Each comes by the stream, names the customer and the people, and stays until it is closed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from balcao.domain.values import AgentId
from tests.engine.hall import Hall
from tests.engine.hall import hall as open_hall
from tests.web.house import Browser, House, house

pytestmark = pytest.mark.slow


@dataclass
class Told:
    """Marina at her desk, who talks with Ana; Camila, who is free."""

    hall: Hall
    here: House
    browser: Browser
    marina: AgentId
    camila: AgentId
    task: int


@pytest.fixture
async def told(dsn: str) -> AsyncIterator[Told]:
    async with open_hall(dsn) as hall, house(hall.database, hall.floor) as here:
        browser = await here.agent("Marina")
        marina = AgentId(int(await here.id_of("Marina")))
        hall.present.add(marina)
        task = await hall.talking(marina)
        camila = await hall.agent("Camila")
        await hall.pass_time(1)
        yield Told(hall, here, browser, marina, camila, task)


async def transfer_missed(it: Told) -> None:
    await it.hall.transfer(it.task, it.marina, it.camila)
    await it.hall.pass_time(60)


async def transfer_missed_and_ended(it: Told) -> None:
    await it.hall.set("queue", "transfer_unanswered = 'end'")
    await transfer_missed(it)


async def transfer_withdrawn(it: Told) -> None:
    await it.hall.transfer(it.task, it.marina, it.camila)
    it.hall.cut(it.camila)
    await it.hall.pass_time(50)


async def invitation_missed(it: Told) -> None:
    await it.hall.invite(it.task, it.marina, it.camila)
    await it.hall.pass_time(60)


async def invitation_withdrawn(it: Told) -> None:
    await it.hall.invite(it.task, it.marina, it.camila)
    await it.hall.disable(it.camila)


async def invitation_expired(it: Told) -> None:
    await it.hall.invite(it.task, it.marina, it.hall.sales)
    await it.hall.pass_time(600)


async def lost_with_a_guest(it: Told) -> None:
    await it.hall.joined(it.task, it.marina, it.camila)
    await lost_alone(it)


async def lost_alone(it: Told) -> None:
    it.hall.cut(it.marina)
    await it.hall.pass_time(600)


CAMILA = {"agent_id": "2", "agent": "Camila"}
MARINA = {"agent_id": "1", "agent": "Marina"}

NOTICES: list[tuple[Callable[[Told], Awaitable[None]], str, dict[str, Any]]] = [
    (
        transfer_missed,
        "transfer-unanswered",
        {**CAMILA, "source": "transfer", "policy": "requeue"},
    ),
    (
        transfer_missed_and_ended,
        "transfer-unanswered",
        {**CAMILA, "source": "transfer", "policy": "end"},
    ),
    (transfer_withdrawn, "transfer-withdrawn", {**CAMILA, "reason": "connection-lost"}),
    (invitation_missed, "conference-unanswered", {**CAMILA, "source": "conference"}),
    (invitation_withdrawn, "conference-withdrawn", {**CAMILA, "reason": "disabled"}),
    (invitation_expired, "conference-expired", {"to_queue_id": "2", "to_queue": "Vendas"}),
    (
        lost_with_a_guest,
        "task-lost",
        {**MARINA, "to_agent_id": "2", "to_agent": "Camila", "role": "primary"},
    ),
    (lost_alone, "task-lost", {**MARINA, "role": "primary"}),
]


@pytest.mark.parametrize(("happens", "code", "params"), NOTICES)
async def test_a_notice_names_the_customer_and_the_people(
    told: Told, happens: Callable[[Told], Awaitable[None]], code: str, params: dict[str, Any]
) -> None:
    await happens(told)

    browser = told.browser
    if code == "task-lost":  # and signed out with it: she is told when she is back
        browser = await told.here.signed_in("Marina")
    async with told.here.desk(browser) as desk:
        (notice,) = desk.of("notice")
        assert (notice["code"], notice["task_id"]) == (code, str(told.task))
        assert notice["params"] == {**params, "customer": "Ana"}
        path = f"/api/notices/{notice['id']}/dismiss"
        assert (await browser.post(path)).status == 204
        await desk.until(lambda it: not it.of("notice"))


async def test_a_notice_comes_while_the_desk_is_open(told: Told) -> None:
    async with told.here.desk(told.browser) as desk:
        await transfer_missed(told)
        (notice,) = await desk.until(lambda it: it.of("notice"))
        assert notice["code"] == "transfer-unanswered"


async def test_nobody_else_is_told(told: Told) -> None:
    await transfer_missed(told)
    assert await told.hall.told(told.camila) == []
