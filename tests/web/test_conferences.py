"""Conferences by the API: who may do what, what is answered, and what each of them sees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from balcao.domain.values import AgentId
from tests.web.house import Browser, House, Reply
from tests.world import silence, sql

pytestmark = pytest.mark.slow


@dataclass
class Talk:
    """Marina, who talks with a customer; Camila and Diego, who are free."""

    here: House
    marina: Browser
    camila: Browser
    diego: Browser
    task: int
    ids: dict[str, str]

    async def invite(self, name: str) -> Reply:
        return await self.do(self.marina, "conference", {"to": {"agent_id": self.ids[name]}})

    async def invite_sales(self) -> Reply:
        to = {"queue_id": str(self.here.floor.other_queue)}
        return await self.do(self.marina, "conference", {"to": to})

    async def join(self) -> None:
        """Camila is asked in and accepts."""
        assert (await self.invite("Camila")).status == 200
        assert (await self.do(self.camila, "accept")).status == 200

    async def do(self, who: Browser, step: str, body: object = None, method: str = "POST") -> Reply:
        return await who.ask(method, f"/api/tasks/{self.task}/{step}", body)

    async def cancel(self, who: Browser, query: str = "") -> Reply:
        return await self.do(who, f"conference{query}", None, "DELETE")

    async def remove(self, who: Browser, agent: str) -> Reply:
        return await self.do(who, f"guests/{agent}", None, "DELETE")

    async def view(self, browser: Browser) -> Any:
        return (await browser.get(f"/api/tasks/{self.task}")).json


@pytest.fixture
async def talk(here: House) -> Talk:
    marina = await here.agent("Marina")
    task = await here.written("wamid.1", "Meu pedido não chegou")
    assert (await marina.post(f"/api/tasks/{task}/accept")).status == 200
    camila, diego = [await here.agent(name) for name in ("Camila", "Diego")]
    ids = {name: await here.id_of(name) for name in ("Marina", "Camila", "Diego")}
    return Talk(here, marina, camila, diego, task, ids)


async def test_the_owner_sees_who_is_asked_in_and_who_has_come(talk: Talk) -> None:
    reply = await talk.invite("Camila")
    assert (reply.status, reply.json) == (200, await talk.view(talk.marina))
    (guest,) = reply.json["guests"]
    card = await talk.view(talk.camila)
    to = {"kind": "agent", "id": talk.ids["Camila"], "name": "Camila"}
    assert guest == {
        "id": "1",
        "to": to,
        "agent_id": talk.ids["Camila"],
        "name": "Camila",
        "state": "offered",
        "since": guest["since"],
        "answer_by": card["leg"]["answer_by"],
    }
    await talk.do(talk.camila, "accept")
    view = await talk.view(talk.marina)
    (joined,) = view["guests"]
    assert joined == guest | {
        "state": "connected",
        "answer_by": None,
        "since": (await talk.view(talk.camila))["leg"]["connected_at"],
    }
    assert view["owner"] == {"agent_id": talk.ids["Marina"], "name": "Marina"}
    sales = await talk.invite_sales()
    waiting = sales.json["guests"][1]
    assert waiting == {
        "id": "2",
        "agent_id": None,
        "name": None,
        "state": "queued",
        "answer_by": None,
        "to": {"kind": "queue", "id": str(talk.here.floor.other_queue), "name": "Vendas"},
        "since": waiting["since"],
    }


async def test_a_ringing_guest_sees_a_card_and_no_more(talk: Talk) -> None:
    await talk.invite("Camila")
    card = await talk.view(talk.camila)
    assert (card["leg"]["role"], card["leg"]["state"]) == ("guest", "offered")
    assert card["leg"]["from"] == {
        "kind": "conference",
        "by": {"id": talk.ids["Marina"], "name": "Marina"},
        "note": None,
    }
    assert (card["owner"], card["guests"], card["waiting_since"]) == (None, [], None)
    assert card["last_message"]["preview"] == "Meu pedido não chegou"
    path = f"/api/conversations/{card['conversation_id']}"
    for more in ("messages", "tasks"):
        assert (await talk.camila.get(f"{path}/{more}")).problem == (404, "not-found")
    for step in ("transfer", "conference"):
        body = {"to": {"agent_id": talk.ids["Diego"]}}
        assert (await talk.do(talk.camila, step, body)).problem == (409, "not-connected")
    for step in ("leave", "end", "conference/end"):
        assert (await talk.do(talk.camila, step)).problem == (409, "not-connected")
    for step in ("wrap-up/hold",):
        assert (await talk.do(talk.camila, step)).problem == (409, "not-in-wrap-up")


async def test_a_guest_sees_the_conversation_and_who_is_in_it(talk: Talk) -> None:
    await talk.join()
    view, owners = await talk.view(talk.camila), await talk.view(talk.marina)
    assert (view["owner"], view["guests"]) == (owners["owner"], owners["guests"])
    assert view["leg"]["role"] == "guest"
    path = f"/api/conversations/{view['conversation_id']}/messages"
    assert (await talk.camila.get(path)).json == (await talk.marina.get(path)).json
    body = {"client_id": "1", "type": "text", "text": "Olá, sou a Camila"}
    reply = await talk.do(talk.camila, "messages", body)
    assert (reply.status, reply.json["author"]["name"]) == (202, "Camila")
    assert (await talk.do(talk.camila, "read")).json["unread"] == 0


async def test_a_guest_does_none_of_what_is_the_owners(talk: Talk) -> None:
    await talk.join()
    to = {"agent_id": talk.ids["Diego"]}
    replies = [
        await talk.do(talk.camila, "transfer", {"to": to}),
        await talk.do(talk.camila, "conference", {"to": to}),
        await talk.cancel(talk.camila),
        await talk.do(talk.camila, "conference/end"),
        await talk.do(talk.camila, "end"),
        await talk.do(talk.camila, "hand-over", {"agent_id": talk.ids["Marina"]}),
        await talk.remove(talk.camila, talk.ids["Marina"]),
    ]
    assert [reply.problem for reply in replies] == [(409, "not-primary")] * 7
    assert {reply.json["state"] for reply in replies} == {"connected"}
    assert (await talk.do(talk.marina, "leave")).problem == (409, "not-guest")


async def test_accepting_all_takes_what_one_is_asked_into_too(talk: Talk) -> None:
    await talk.invite("Camila")
    for other in (talk.marina, talk.diego):
        await other.ask("PUT", "/api/agent/state", {"state": "idle"})
    more = {"from": "5511900000002", "from_user_id": "BR.2"}
    task = await talk.here.written("wamid.2", **more)
    accepted = (await talk.camila.post("/api/offers/accept-all")).json["items"]
    assert [(item["id"], item["leg"]["role"]) for item in accepted] == [
        (str(talk.task), "guest"),
        (str(task), "primary"),
    ]


async def test_what_did_not_get_through_is_the_authors_and_the_owners_to_settle(
    talk: Talk,
) -> None:
    await talk.join()
    ids = {}
    for name, browser in (("Marina", talk.marina), ("Camila", talk.camila)):
        body = {"client_id": "1", "type": "text", "text": f"Olá, sou a {name}"}
        ids[name] = (await talk.do(browser, "messages", body)).json["id"]
    await sql(talk.here.database, "update message set status = 'failed' where direction = 'out'")
    path = f"/api/messages/{ids['Marina']}/resend"
    assert (await talk.camila.post(path)).problem == (409, "not-primary")
    assert (await talk.diego.post(path)).problem == (404, "not-found")
    assert (await talk.camila.post(f"/api/messages/{ids['Camila']}/resend")).status == 200
    await sql(talk.here.database, "update message set status = 'failed' where direction = 'out'")
    for id in ids.values():
        assert (await talk.marina.post(f"/api/messages/{id}/resend")).status == 200


async def test_cancelling_takes_one_invitation_or_all(talk: Talk) -> None:
    for name in ("Camila", "Diego"):
        await talk.invite(name)
    await talk.invite_sales()
    assert (await talk.cancel(talk.marina, "?guest=9")).problem == (409, "no-invitation")
    assert (await talk.cancel(talk.marina, "?guest=x")).problem == (404, "not-found")
    one = await talk.cancel(talk.marina, "?guest=2")
    assert (one.status, [guest["id"] for guest in one.json["guests"]]) == (200, ["1", "3"])
    assert one.json == await talk.view(talk.marina)
    assert (await talk.diego.get(f"/api/tasks/{talk.task}")).problem == (404, "not-found")
    every = await talk.cancel(talk.marina)
    assert (every.status, every.json["guests"]) == (200, [])
    late = await talk.do(talk.camila, "accept")
    assert (late.problem, "winner" in late.json) == ((409, "offer-over"), False)
    assert (await talk.cancel(talk.marina)).problem == (409, "no-invitation")


@pytest.mark.parametrize("guests_wrap_up", [False, True])
async def test_leaving_answers_with_nothing_or_with_the_wrap_up(
    talk: Talk, guests_wrap_up: bool
) -> None:
    await sql(talk.here.database, "update desktop_profile set guests_wrap_up = $1", guests_wrap_up)
    await talk.join()
    reply = await talk.do(talk.camila, "leave")
    if guests_wrap_up:
        assert (reply.status, reply.json["leg"]["state"]) == (200, "wrap-up")
        assert (reply.json["leg"]["outcome"], reply.json["guests"]) == ("left", [])
        codes = await sql(talk.here.database, "select id from aux_code where kind = 'wrap_up'")
        body = {"aux_code_id": str(codes[0]["id"])}
        assert (await talk.do(talk.camila, "wrap-up", body)).status == 204
    else:
        assert (reply.status, reply.body) == (204, b"")
    assert (await talk.do(talk.camila, "leave")).problem == (409, "not-connected")
    assert (await talk.view(talk.marina))["guests"] == []
    timeline = (await talk.camila.get(f"/api/tasks/{talk.task}/timeline")).json
    assert "left" in {step["code"] for step in timeline}


async def test_removing_a_guest(talk: Talk) -> None:
    await talk.join()
    assert (await talk.remove(talk.marina, "999")).problem == (409, "no-guest")
    assert (await talk.remove(talk.marina, talk.ids["Marina"])).problem == (409, "no-guest")
    assert (await talk.remove(talk.marina, "x")).problem == (404, "not-found")
    reply = await talk.remove(talk.marina, talk.ids["Camila"])
    assert (reply.status, reply.json["guests"]) == (200, [])
    assert reply.json == await talk.view(talk.marina)
    assert (await talk.camila.get(f"/api/tasks/{talk.task}")).problem == (404, "not-found")


async def test_handing_over(talk: Talk) -> None:
    await talk.join()
    for nobody in ("999", talk.ids["Diego"], talk.ids["Marina"]):
        reply = await talk.do(talk.marina, "hand-over", {"agent_id": nobody})
        assert reply.problem == (409, "no-guest")
    bad = await talk.do(talk.marina, "hand-over", {"agent_id": "x"})
    assert bad.problem == (422, "unknown-target")
    await silence(talk.here.database, AgentId(int(talk.ids["Camila"])))
    body = {"agent_id": talk.ids["Camila"]}
    away = await talk.do(talk.marina, "hand-over", body)
    assert (away.problem, away.json["state"]) == ((409, "guest-away"), "connected")
    await talk.camila.post("/api/desk/beat")

    reply = await talk.do(talk.marina, "hand-over", body)

    assert (reply.status, reply.json["leg"]["state"]) == (200, "wrap-up")
    assert reply.json["leg"]["outcome"] == "handed_over"
    view = await talk.view(talk.camila)
    assert (view["leg"]["role"], view["owner"]["name"], view["guests"]) == ("primary", "Camila", [])


@pytest.mark.parametrize("step", ["end", "conference/end"])
async def test_ending_the_conference_is_ending_the_task(talk: Talk, step: str) -> None:
    await talk.join()
    reply = await talk.do(talk.marina, step)
    assert (reply.status, reply.json["state"]) == (200, "wrap-up")
    assert (reply.json["owner"], reply.json["guests"]) == (None, [])
    assert (await talk.camila.get(f"/api/tasks/{talk.task}")).problem == (404, "not-found")
    assert (await talk.do(talk.marina, step)).problem == (409, "not-connected")


async def test_a_transfer_with_a_guest_is_refused(talk: Talk) -> None:
    await talk.join()
    body = {"to": {"agent_id": talk.ids["Diego"]}}
    reply = await talk.do(talk.marina, "transfer", body)
    assert (reply.problem, reply.json["state"]) == ((409, "has-guests"), "connected")


async def test_more_guests_than_the_setting_says_are_refused(talk: Talk) -> None:
    await sql(talk.here.database, "update organisation set guests_max = 1")
    await talk.invite_sales()
    reply = await talk.invite("Camila")
    assert (reply.problem, reply.json["max"]) == ((409, "guests-full"), 1)


@pytest.mark.parametrize("may_hold", [True, False])
async def test_a_countdown_is_shown_and_held(talk: Talk, may_hold: bool) -> None:
    await sql(
        talk.here.database,
        "update desktop_profile set wrap_up_seconds = 30, wrap_up_may_hold = $1",
        may_hold,
    )
    assert (await talk.do(talk.marina, "wrap-up/hold")).problem == (409, "not-in-wrap-up")
    ended = (await talk.do(talk.marina, "end")).json
    assert ended["leg"]["wrap_up_by"] > ended["leg"]["wrap_up_at"]
    assert ended["wrap_up_hold"] == ("allowed" if may_hold else "none")
    held = await talk.do(talk.marina, "wrap-up/hold")
    if may_hold:
        assert (held.status, held.json["wrap_up_hold"]) == (200, "held")
        assert held.json["leg"]["wrap_up_by"] is None
        held = await talk.do(talk.marina, "wrap-up/hold")
    assert (held.problem, held.json["state"]) == ((409, "no-hold"), "wrap-up")
    assert (await talk.do(talk.camila, "wrap-up/hold")).problem == (404, "not-found")


async def test_a_reason_that_the_profile_does_not_allow_is_an_unknown_one(talk: Talk) -> None:
    await talk.do(talk.marina, "end")
    codes = await sql(talk.here.database, "select id from aux_code where kind = 'wrap_up'")
    first, second = [int(str(row["id"])) for row in codes]
    await sql(talk.here.database, "update desktop_profile set wrap_up_code_ids = $1", [second])
    async with talk.here.desk(talk.marina) as desk:
        assert [code["id"] for code in desk.codes["wrap_up"]] == [str(second)]
    reply = await talk.do(talk.marina, "wrap-up", {"aux_code_id": str(first)})
    assert (reply.problem, reply.json["field"]) == ((422, "unknown-code"), "aux_code_id")
    reply = await talk.do(talk.marina, "wrap-up", {"aux_code_id": str(second)})
    assert reply.status == 204
