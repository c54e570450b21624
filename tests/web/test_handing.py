"""Giving a task away by the API: whom to, what is answered, and what is refused and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from balcao.domain.values import AgentId
from tests.web.house import Browser, House
from tests.world import route, silence, sql

pytestmark = pytest.mark.slow


@dataclass
class Floor:
    """Marina, who talks with a customer, and Camila, who is free."""

    here: House
    marina: Browser
    camila: Browser
    task: int
    ids: dict[str, str]

    async def transfer(self, to: object, **more: object) -> Any:
        return await self.marina.post(f"/api/tasks/{self.task}/transfer", {"to": to, **more})

    async def view(self, browser: Browser) -> Any:
        return (await browser.get(f"/api/tasks/{self.task}")).json


@pytest.fixture
async def floor(here: House) -> Floor:
    marina = await here.agent("Marina")
    task = await here.written("wamid.1", "Meu pedido não chegou")
    assert (await marina.post(f"/api/tasks/{task}/accept")).status == 200
    camila = await here.agent("Camila")
    ids = {name: await here.id_of(name) for name in ("Marina", "Camila")}
    return Floor(here, marina, camila, task, ids)


async def targets(browser: Browser, purpose: str = "transfer") -> Any:
    return (await browser.get(f"/api/targets?for={purpose}")).json


@pytest.mark.parametrize("purpose", ["transfer", "conference"])
async def test_the_targets_are_the_queues_and_the_free_colleagues(
    floor: Floor, purpose: str
) -> None:
    await floor.here.agent("alice")
    found = await targets(floor.marina, purpose)
    assert [queue["name"] for queue in found["queues"]] == ["Suporte N1", "Vendas"]
    assert found["queues"][0] == {
        "id": str(floor.here.floor.queue),
        "name": "Suporte N1",
        "open": True,
        "waiting": 0,
        "longest_wait_s": 0,
    }
    assert [agent["name"] for agent in found["agents"]] == ["alice", "Camila"]
    assert found["agents"][1] == {
        "id": floor.ids["Camila"],
        "name": "Camila",
        "team": "Suporte",
        "free_slots": 5,
    }


async def test_only_who_could_be_rung_now_is_a_target(floor: Floor) -> None:
    here = floor.here
    names = ("Idle", "Lost", "Full", "Gone", "Disabled")
    others = {name: await here.agent(name) for name in names}
    ids = {name: int(await here.id_of(name)) for name in names}
    assert len((await targets(floor.marina))["agents"]) == 6
    await others["Idle"].ask("PUT", "/api/agent/state", {"state": "idle"})
    await silence(here.database, AgentId(ids["Lost"]))
    await sql(here.database, "update agent set capacity = 0 where person_id = $1", ids["Full"])
    assert (await others["Gone"].ask("DELETE", "/api/session")).status == 204
    await sql(here.database, "update person set disabled_at = now() where name = 'Disabled'")

    assert [agent["name"] for agent in (await targets(floor.marina))["agents"]] == ["Camila"]


async def test_free_slots_count_every_part_that_is_open(floor: Floor) -> None:
    await floor.marina.ask("PUT", "/api/agent/state", {"state": "idle"})
    more = {"from": "5511900000002", "from_user_id": "BR.2"}
    await floor.here.written("wamid.2", **more)
    await floor.transfer({"agent_id": floor.ids["Camila"]})
    (camila,) = (await targets(floor.marina))["agents"]
    assert camila["free_slots"] == 3


async def test_the_wait_counts_tasks_and_invitations(floor: Floor) -> None:
    sales = str(floor.here.floor.other_queue)
    await floor.marina.post(f"/api/tasks/{floor.task}/conference", {"to": {"queue_id": sales}})
    await sql(
        floor.here.database, "update invitation set invited_at = now() - interval '90 seconds'"
    )
    found = {queue["name"]: queue for queue in (await targets(floor.marina))["queues"]}
    assert (found["Vendas"]["waiting"], found["Vendas"]["longest_wait_s"]) == (1, 90)
    await floor.transfer({"queue_id": sales})
    await sql(floor.here.database, "update task set queued_at = now() - interval '31 seconds'")
    found = {queue["name"]: queue for queue in (await targets(floor.marina))["queues"]}
    assert (found["Vendas"]["waiting"], found["Vendas"]["longest_wait_s"]) == (1, 31)
    assert found["Suporte N1"]["waiting"] == 0


async def test_the_profile_says_whom(floor: Floor) -> None:
    database, world = floor.here.database, floor.here.floor
    await sql(database, "update desktop_profile set queue_ids = '{}', team_ids = '{}'")
    assert await targets(floor.marina) == {"queues": [], "agents": []}
    for to in ({"agent_id": floor.ids["Camila"]}, {"queue_id": str(world.other_queue)}):
        assert (await floor.transfer(to)).problem == (422, "unknown-target")
    await sql(
        database,
        "update desktop_profile set queue_ids = array[$1::bigint], team_ids = array[$2::bigint]",
        world.other_queue,
        world.team,
    )
    found = await targets(floor.marina)
    assert [queue["name"] for queue in found["queues"]] == ["Vendas"]
    assert [agent["name"] for agent in found["agents"]] == ["Camila"]


async def test_a_retired_queue_is_no_target_any_more(floor: Floor) -> None:
    await sql(floor.here.database, "update queue set retired_at = now() where name = 'Vendas'")
    found = await targets(floor.marina)
    assert [queue["name"] for queue in found["queues"]] == ["Suporte N1"]
    closed = await floor.transfer({"queue_id": str(floor.here.floor.other_queue)})
    assert (closed.problem, closed.json["state"]) == ((409, "queue-closed"), "connected")


async def test_targets_are_for_agents_who_say_what_for(floor: Floor) -> None:
    for query in ("", "?for=", "?for=lunch"):
        reply = await floor.marina.get(f"/api/targets{query}")
        assert reply.problem == (422, "invalid")
    await floor.here.employ("Sofia", "supervisor")
    sofia = await floor.here.signed_in("Sofia")
    assert (await sofia.get("/api/targets?for=transfer")).problem == (403, "not-an-agent")


async def test_a_transfer_answers_with_the_wrap_up_that_begins(floor: Floor) -> None:
    reply = await floor.transfer({"agent_id": floor.ids["Camila"]}, note=" urgente\0 ")
    assert reply.status == 200
    leg = reply.json["leg"]
    assert (leg["state"], leg["outcome"], leg["role"]) == ("wrap-up", "transferred", "primary")
    assert reply.json == await floor.view(floor.marina)
    card = await floor.view(floor.camila)
    assert card["leg"]["from"] == {
        "kind": "transfer",
        "by": {"id": floor.ids["Marina"], "name": "Marina"},
        "note": "urgente",
    }
    assert (card["state"], card["leg"]["role"]) == ("offered", "primary")


async def test_a_transfer_to_a_queue_answers_the_same(floor: Floor) -> None:
    reply = await floor.transfer({"queue_id": str(floor.here.floor.other_queue)}, note=None)
    assert (reply.status, reply.json["leg"]["state"]) == (200, "wrap-up")
    assert (await floor.camila.get(f"/api/tasks/{floor.task}")).problem == (404, "not-found")


async def test_the_receiver_gets_the_whole_thread_and_the_giver_no_more_of_it(
    floor: Floor,
) -> None:
    for change in ("message set at = at", "conversation set last_inbound_at = last_inbound_at"):
        await sql(floor.here.database, f"update {change} - interval '1 hour'")
    conversation = (await floor.view(floor.marina))["conversation_id"]
    path = f"/api/conversations/{conversation}/messages"
    await floor.transfer({"agent_id": floor.ids["Camila"]}, note="veja o pedido")
    until = (await floor.marina.get(path)).json
    before = await floor.view(floor.marina)
    await floor.here.written("wamid.2", "alguém?")
    await floor.camila.post(f"/api/tasks/{floor.task}/accept")
    body = {"client_id": "1", "type": "text", "text": "Olá"}
    await floor.camila.post(f"/api/tasks/{floor.task}/messages", body)

    whole = (await floor.camila.get(path)).json["items"]
    assert [item["text"] or item["system"]["code"] for item in whole[::-1]] == [
        *("queued", "Meu pedido não chegou", "accepted", "transferred", "alguém?", "accepted"),
        "Olá",
    ]
    assert (await floor.marina.get(path)).json == until
    after = await floor.view(floor.marina)
    same = ("last_message", "unread", "owner", "guests", "waiting_since", "window_closes_at")
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    assert (after["owner"], after["guests"], after["waiting_since"]) == (None, [], None)


NO_TARGETS: list[tuple[object, str]] = [
    ({}, "choose-one"),
    ({"queue_id": "1", "agent_id": "1"}, "choose-one"),
    ({"queue_id": None, "agent_id": None}, "choose-one"),
    ({"queue_id": "999"}, "unknown-target"),
    ({"agent_id": "999"}, "unknown-target"),
    ({"queue_id": "x"}, "unknown-target"),
    ({"agent_id": "-1"}, "unknown-target"),
    ({"queue_id": "9" * 40}, "unknown-target"),
]


@pytest.mark.parametrize("step", ["transfer", "conference"])
async def test_a_target_that_is_none_is_named_as_the_field_that_is_wrong(
    floor: Floor, step: str
) -> None:
    for to, code in NO_TARGETS:
        reply = await floor.marina.post(f"/api/tasks/{floor.task}/{step}", {"to": to})
        assert (reply.problem, reply.json["field"]) == ((422, code), "to"), to
    assert (await floor.view(floor.marina))["state"] == "connected"


UNFIT: list[tuple[str, object]] = [
    ("transfer", {}),
    ("transfer", {"to": None}),
    ("transfer", {"to": "1"}),
    ("transfer", {"to": {"queue_id": 1}}),
    ("transfer", {"to": {"queue_id": ""}}),
    ("transfer", {"to": {"queue_id": "1"}, "note": "a" * 2001}),
    ("transfer", {"to": {"queue_id": "1"}, "priority": 1}),
    ("transfer", {"to": {"queue_id": "1", "team_id": "1"}}),
    ("conference", {"to": {"queue_id": "1"}, "note": "não há"}),
    ("conference", []),
    ("hand-over", {}),
    ("hand-over", {"agent_id": 1}),
    ("hand-over", {"agent_id": "1", "note": "não há"}),
    ("wrap-up", {}),
    ("wrap-up", {"aux_code_id": "1", "note": "a" * 2001}),
    ("wrap-up", {"aux_code_id": "1", "reason": "não há"}),
]


async def test_a_body_that_is_not_as_described_is_refused(floor: Floor) -> None:
    for step, body in UNFIT:
        reply = await floor.marina.post(f"/api/tasks/{floor.task}/{step}", body)
        assert reply.problem == (422, "invalid"), (step, body)
        broken = await floor.marina.post(f"/api/tasks/{floor.task}/{step}", b"{")
        assert broken.problem == (400, "malformed"), step
    assert (await floor.view(floor.marina))["state"] == "connected"


async def test_what_can_not_be_taken_leaves_the_giver_connected_and_says_why(
    floor: Floor,
) -> None:
    await floor.camila.ask("PUT", "/api/agent/state", {"state": "idle"})
    for step in ("transfer", "conference"):
        body = {"to": {"agent_id": floor.ids["Camila"]}}
        reply = await floor.marina.post(f"/api/tasks/{floor.task}/{step}", body)
        assert reply.problem == (409, "target-unavailable")
        assert reply.json["state"] == "connected"
        reply = await floor.marina.post(
            f"/api/tasks/{floor.task}/{step}", {"to": {"agent_id": floor.ids["Marina"]}}
        )
        assert reply.problem == (409, "has-leg")
    assert (await floor.view(floor.marina))["leg"]["state"] == "connected"


async def test_the_same_key_transfers_once(floor: Floor) -> None:
    path, body = f"/api/tasks/{floor.task}/transfer", {"to": {"agent_id": floor.ids["Camila"]}}
    first = await floor.marina.post(path, body, idempotency_key="k1")
    again = await floor.marina.post(path, body, idempotency_key="k1")
    assert (first.status, again.status, again.body) == (200, 200, first.body)
    other = await floor.marina.post(path, {"to": {"queue_id": "1"}}, idempotency_key="k1")
    assert other.problem == (422, "idempotency-key-reused")
    assert (await floor.marina.post(path, body)).problem == (409, "not-connected")
    rows = await sql(floor.here.database, "select 1 from event where code = 'transferred'")
    assert len(rows) == 1


async def test_the_timeline_names_everyone(floor: Floor) -> None:
    await floor.transfer({"agent_id": floor.ids["Camila"]}, note="veja")
    await floor.camila.post(f"/api/tasks/{floor.task}/accept")
    sales = str(floor.here.floor.other_queue)
    body = {"to": {"queue_id": sales}}
    await floor.camila.post(f"/api/tasks/{floor.task}/transfer", body)
    code = await sql(floor.here.database, "select id from aux_code where name = 'Engano / spam'")
    reason = {"aux_code_id": str(code[0]["id"])}
    assert (await floor.marina.post(f"/api/tasks/{floor.task}/wrap-up", reason)).status == 204
    await route(floor.here.database)

    told = (await floor.camila.get(f"/api/tasks/{floor.task}/timeline")).json
    assert [step["code"] for step in told] == [
        *("queued", "offered", "accepted", "transferred", "accepted", "transferred", "wrapped-up")
    ]
    assert told[0]["params"] == {"queue_id": str(floor.here.floor.queue), "queue": "Suporte N1"}
    marina = {"agent_id": floor.ids["Marina"], "agent": "Marina"}
    camila = {"to_agent_id": floor.ids["Camila"], "to_agent": "Camila"}
    assert told[3]["params"] == {**marina, **camila, "note": "veja"}
    assert told[3]["by"] == {"kind": "agent", "id": floor.ids["Marina"], "name": "Marina"}
    assert told[5]["params"]["to_queue"] == "Vendas"
    assert told[6]["params"] == marina | reason | {"aux_code": "Engano / spam"}
