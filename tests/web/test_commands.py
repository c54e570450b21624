"""What an agent does at the desk, and the answers that the interface promises."""

from __future__ import annotations

import asyncio

import pytest

from balcao.domain.message import TEXT_MAX
from tests.web.house import Browser, House, Reply, house
from tests.world import sql


async def accepted(
    here: House, name: str = "Marina", wamid: str = "wamid.1"
) -> tuple[Browser, int]:
    """An agent who has accepted a customer's request."""
    browser = await here.agent(name)
    task = await here.written(wamid)
    assert (await browser.post(f"/api/tasks/{task}/accept")).status == 200
    return browser, task


async def write(
    browser: Browser, task: int, words: str, type: str = "text", id: str = "c1"
) -> Reply:
    body = {"client_id": id, "type": type, "text": words}
    return await browser.post(f"/api/tasks/{task}/messages", body)


async def test_accepting_answers_with_the_task_as_get_gives_it(here: House) -> None:
    marina = await here.agent("Marina")
    task = await here.written("wamid.1", "Meu pedido não chegou\nE agora?")
    card = (await marina.get(f"/api/tasks/{task}")).json
    assert card["state"] == card["leg"]["state"] == "offered"
    assert card["customer"]["name"] == "Ana"
    assert card["customer"]["phone"] == "+5511987654321"
    assert card["source_number"] == "+551140001000"
    assert card["queue"]["name"] == "Suporte N1"
    assert card["last_message"]["preview"] == "Meu pedido não chegou"
    reply = await marina.post(f"/api/tasks/{task}/accept")
    assert (reply.status, reply.json["state"], reply.json["unread"]) == (200, "connected", 1)
    assert reply.json == (await marina.get(f"/api/tasks/{task}")).json


async def test_an_offer_accepted_on_two_servers_at_once_has_one_winner(here: House) -> None:
    async with house(here.database, here.floor) as there:
        marina = await here.agent("Marina")
        task = await here.written("wamid.1")
        elsewhere = Browser(there.application, marina.cookie)
        both = [browser.post(f"/api/tasks/{task}/accept") for browser in (marina, elsewhere)]
        replies = sorted(await asyncio.gather(*both), key=lambda reply: reply.status)
    assert [reply.status for reply in replies] == [200, 409]
    assert replies[1].problem == (409, "offer-over")
    assert replies[1].json["winner"]["name"] == "Marina"
    assert replies[1].json["state"] == "connected"


async def test_whoever_comes_too_late_is_told_who_was_first(here: House) -> None:
    marina = await here.agent("Marina")
    task = await here.written("wamid.1")
    await sql(here.database, "update leg set closed_at = now(), outcome = 'withdrawn'")
    await sql(here.database, "update task set state = 'queued'")
    await marina.ask("PUT", "/api/agent/state", {"state": "idle"})
    camila = await here.agent("Camila")
    await here.written("wamid.2")
    winner = (await camila.post(f"/api/tasks/{task}/accept")).json["leg"]
    late = await marina.post(f"/api/tasks/{task}/accept")
    assert late.problem == (409, "offer-over")
    assert late.json["winner"]["name"] == "Camila"
    assert winner["state"] == "connected"


async def test_accepting_all_takes_every_offer_the_oldest_first(here: House) -> None:
    marina = await here.agent("Marina")
    tasks = [
        await here.written(
            f"wamid.{n}", **{"from": f"55119876543{n:02}", "from_user_id": f"BR.{n}"}
        )
        for n in range(3)
    ]
    reply = await marina.post("/api/offers/accept-all")
    assert [item["id"] for item in reply.json["items"]] == [str(task) for task in tasks]
    assert {item["state"] for item in reply.json["items"]} == {"connected"}
    assert (await marina.post("/api/offers/accept-all")).json == {"items": []}


async def test_a_reply_is_a_pending_message_under_the_agents_name(here: House) -> None:
    marina, task = await accepted(here)
    reply = await write(marina, task, "Olá, Ana!")
    assert reply.status == 202
    view = reply.json
    assert (view["kind"], view["direction"], view["status"]) == ("message", "out", "pending")
    assert (view["text"], view["client_id"], view["attempt"]) == ("Olá, Ana!", "c1", 1)
    assert view["author"]["name"] == "Marina"
    assert (await marina.get(f"/api/tasks/{task}")).json["waiting_since"] is None


async def test_a_client_id_that_came_before_answers_as_the_first_time(here: House) -> None:
    marina, task = await accepted(here)
    first = await write(marina, task, "Olá")
    assert (await write(marina, task, "Olá")).json == first.json
    other = await write(marina, task, "Outra coisa")
    assert other.problem == (422, "client-id-reused")
    rows = await sql(here.database, "select 1 from message where direction = 'out'")
    assert len(rows) == 1


@pytest.mark.parametrize("type", ["text", "note"])
async def test_text_has_its_limits(here: House, type: str) -> None:
    marina, task = await accepted(here)
    long = await write(marina, task, "😀" * (TEXT_MAX + 1), type)
    assert long.problem == (422, "too-long")
    assert long.json["field"] == "text"
    assert (await write(marina, task, " \n\t", type)).problem == (422, "empty")
    assert (await write(marina, task, "", type)).problem == (422, "empty")
    assert (await write(marina, task, "😀" * TEXT_MAX, type)).status == 202


async def test_outside_the_window_only_notes_can_be_written(here: House) -> None:
    marina, task = await accepted(here)
    await sql(
        here.database, "update conversation set last_inbound_at = now() - interval '24 hours'"
    )
    closed = await write(marina, task, "Olá")
    assert closed.problem == (409, "window-closed")
    assert closed.json["state"] == "connected"
    note = await write(marina, task, "Já saiu", "note")
    assert (note.status, note.json["direction"], note.json["status"]) == (202, "note", None)


async def test_nothing_can_be_written_before_accepting_or_after_the_end(here: House) -> None:
    marina = await here.agent("Marina")
    task = await here.written("wamid.1")
    assert (await write(marina, task, "Olá")).problem == (409, "not-connected")
    await marina.post(f"/api/tasks/{task}/accept")
    await marina.post(f"/api/tasks/{task}/end")
    assert (await write(marina, task, "Olá")).problem == (409, "not-connected")


async def test_reading_takes_the_number_away(here: House) -> None:
    marina, task = await accepted(here)
    await here.written("wamid.2")
    assert (await marina.get(f"/api/tasks/{task}")).json["unread"] == 2
    read = await marina.post(f"/api/tasks/{task}/read")
    assert (read.status, read.json["unread"]) == (200, 0)
    assert (await marina.post(f"/api/tasks/{task}/read")).json == read.json, "nothing changed"


async def test_an_offer_cannot_be_read_nor_answered_by_typing(here: House) -> None:
    marina = await here.agent("Marina")
    task = await here.written("wamid.1")
    for step in ("read", "typing", "end"):
        assert (await marina.post(f"/api/tasks/{task}/{step}")).problem == (409, "not-connected")


async def test_ending_and_wrapping_up(here: House) -> None:
    marina, task = await accepted(here)
    ended = await marina.post(f"/api/tasks/{task}/end")
    assert (ended.status, ended.json["state"]) == (200, "wrap-up")
    assert (ended.json["leg"]["state"], ended.json["leg"]["outcome"]) == ("wrap-up", "ended")
    codes = await sql(here.database, "select id from aux_code where name = 'Engano / spam'")
    code = str(codes[0]["id"])
    path = f"/api/tasks/{task}/wrap-up"
    for unfit in ("0", "nope", "9" * 30, "1"):
        problem = await marina.post(path, {"aux_code_id": unfit})
        assert problem.problem == (422, "unknown-code")
        assert problem.json["field"] == "aux_code_id"
    done = await marina.post(path, {"aux_code_id": code, "note": "número errado"})
    assert (done.status, done.body) == (204, b"")
    again = await marina.post(path, {"aux_code_id": code})
    assert (again.problem, again.json["state"]) == ((409, "not-in-wrap-up"), "ended")
    assert (await marina.get(f"/api/tasks/{task}")).problem == (404, "not-found")
    agent = (await marina.get("/api/session")).json["agent"]
    assert (agent["state"], agent["load"], agent["today"]["ended"]) == ("available", 0, 1)


async def test_the_timeline_and_the_earlier_tasks_tell_what_happened(here: House) -> None:
    marina, task = await accepted(here)
    conversation = (await marina.get(f"/api/tasks/{task}")).json["conversation_id"]
    await marina.post(f"/api/tasks/{task}/end")
    code = (await sql(here.database, "select id from aux_code where kind = 'wrap_up'"))[0]["id"]
    await marina.post(f"/api/tasks/{task}/wrap-up", {"aux_code_id": str(code), "note": "feito"})
    steps = (await marina.get(f"/api/tasks/{task}/timeline")).json
    assert [step["code"] for step in steps] == [
        *("queued", "offered", "accepted", "ended", "wrapped-up")
    ]
    assert steps[2]["by"]["name"] == "Marina"
    (earlier,) = (await marina.get(f"/api/conversations/{conversation}/tasks")).json["items"]
    assert (earlier["id"], earlier["state"]) == (str(task), "ended")
    assert earlier["wrap_ups"][0]["code"]["name"] == "Pedido resolvido"
    assert earlier["wrap_ups"][0]["note"] == "feito"


async def test_a_thread_is_read_page_by_page_from_the_newest(here: House) -> None:
    marina, task = await accepted(here)
    for n in range(2, 8):
        await here.written(f"wamid.{n}", f"linha {n}")
    conversation = (await marina.get(f"/api/tasks/{task}")).json["conversation_id"]
    path = f"/api/conversations/{conversation}/messages"
    whole = (await marina.get(path)).json
    assert whole["more"] is False
    seqs = [item["seq"] for item in whole["items"]]
    assert seqs == sorted(seqs, reverse=True)
    paged, before = list[object](), ""
    while True:
        page = (await marina.get(f"{path}?limit=2{before}")).json
        paged += page["items"]
        if not page["more"]:
            break
        before = f"&before={page['items'][-1]['id']}"
    assert paged == whole["items"]
    for limit in ("0", "201", "x"):
        assert (await marina.get(f"{path}?limit={limit}")).problem == (422, "invalid")
    assert (await marina.get(f"{path}?before=999")).problem == (404, "not-found")


@pytest.mark.parametrize("step", ["resend", "dismiss"])
async def test_what_did_not_get_through_is_settled_by_a_person(here: House, step: str) -> None:
    marina, task = await accepted(here)
    id = (await write(marina, task, "Olá")).json["id"]
    path = f"/api/messages/{id}/{step}"
    assert (await marina.post(path)).problem == (409, "settled")
    await sql(here.database, "update message set status = 'unconfirmed' where status = 'pending'")
    reply = await marina.post(path)
    assert reply.status == 200
    if step == "resend":
        assert (reply.json["status"], reply.json["attempt"]) == ("pending", 2)
    else:
        assert (reply.json["status"], reply.json["dismissed"]) == ("unconfirmed", True)
        assert (await marina.post(path)).problem == (409, "dismissed")


async def test_idle_without_a_reason_is_the_default_one(here: House) -> None:
    marina = await here.agent("Marina")
    idle = await marina.ask("PUT", "/api/agent/state", {"state": "idle"})
    assert (idle.status, idle.json["aux_code"]["name"]) == (200, "Pausa")
    lunch = (await sql(here.database, "select id from aux_code where name = 'Almoço'"))[0]["id"]
    body = {"state": "idle", "aux_code_id": str(lunch)}
    view = (await marina.ask("PUT", "/api/agent/state", body)).json
    assert view["aux_code"]["name"] == "Almoço"
    assert view["idle_since"] == idle.json["idle_since"] < view["since"]
    lost = await sql(here.database, "select id from aux_code where system_key is not null")
    body = {"state": "idle", "aux_code_id": str(lost[0]["id"])}
    assert (await marina.ask("PUT", "/api/agent/state", body)).problem == (422, "unknown-code")
    rona = await marina.ask("PUT", "/api/agent/state", {"state": "rona"})
    assert rona.problem == (422, "invalid"), "rona cannot be chosen"


async def test_settings_are_kept_for_the_person(here: House) -> None:
    marina = await here.agent("Marina")
    settings = (await marina.get("/api/me/settings")).json
    assert settings["theme"] == "system"
    changed = {**settings, "theme": "dark", "sound": {"muted": True, "volume": 10}}
    assert (await marina.ask("PUT", "/api/me/settings", changed)).json == changed
    assert (await marina.get("/api/me/settings")).json == changed
    bad = {"sound": {"volume": 101}}
    assert (await marina.ask("PUT", "/api/me/settings", bad)).json["field"] == "sound.volume"


async def test_a_notice_is_closed_by_whom_it_is_for(here: House) -> None:
    marina, camila = await here.agent("Marina"), await here.agent("Camila")
    rows = await sql(
        here.database,
        "insert into notice (agent_id, code, at) select id, 'message-failed', now() from person"
        " where name = 'Marina' returning id",
    )
    path = f"/api/notices/{rows[0]['id']}/dismiss"
    assert (await camila.post(path)).problem == (404, "not-found")
    assert (await marina.post(path)).status == 204
    assert (await marina.post(path)).status == 204
