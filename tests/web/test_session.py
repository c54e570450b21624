"""Signing in and out: who gets in, as what, and what happens to the desk that was there."""

from __future__ import annotations

import asyncio

import pytest

from balcao.store import organisation
from balcao.store.database import Database
from balcao.store.sessions import ATTEMPTS_MAX
from tests.web.house import PASSWORD, House, house
from tests.world import sql


async def test_signing_in_puts_an_agent_in_idle_with_the_default_reason(here: House) -> None:
    await here.employ("Marina")
    browser = here.browser()
    reply = await browser.sign_in("Marina")
    assert reply.status == 201
    view = reply.json
    assert (view["name"], view["email"], view["role"]) == ("Marina", "marina@test", "agent")
    assert view["team"]["name"] == "Suporte"
    assert (view["agent"]["state"], view["agent"]["aux_code"]["name"]) == ("idle", "Pausa")
    assert view["agent"]["signed_in"]
    assert (await browser.get("/api/session")).json == view


async def test_the_cookie_is_kept_from_scripts_and_other_sites(here: House) -> None:
    await here.employ("Marina")
    cookie = (await here.browser().sign_in("Marina")).headers["set-cookie"]
    assert cookie.startswith("balcao=")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie
    assert "Secure" not in cookie


async def test_where_there_is_https_the_cookie_is_bound_to_the_host(database: Database) -> None:
    async with house(database, public_url="https://desk.example.com") as here:
        await here.employ("Marina")
        reply = await here.browser().sign_in("Marina")
        assert reply.headers["set-cookie"].startswith("__Host-balcao=")
        assert "Secure" in reply.headers["set-cookie"]
        assert "strict-transport-security" in reply.headers
        marina = here.browser()
        assert (await marina.sign_in("Marina", takeover=True)).status == 201
        assert (await marina.get("/api/session")).status == 200


async def test_a_wrong_password_and_an_unknown_address_are_one_answer(here: House) -> None:
    await here.employ("Marina")
    wrong = await here.browser().sign_in("Marina", password="wrong")
    unknown = await here.browser().sign_in("Nobody")
    assert wrong.problem == unknown.problem == (401, "bad-credentials")
    assert wrong.body == unknown.body
    assert "set-cookie" not in wrong.headers


async def test_many_guesses_at_once_are_counted_as_many(here: House) -> None:
    await here.employ("Marina")
    replies = await asyncio.gather(
        *(here.browser().sign_in("Marina", password=f"guess {n}") for n in range(25))
    )
    tried = [reply for reply in replies if reply.status == 401]
    assert len(tried) == ATTEMPTS_MAX
    refused = next(reply for reply in replies if reply.status == 429)
    assert refused.problem == (429, "too-many-attempts")
    assert refused.headers["retry-after"]
    assert (await here.browser().sign_in("Marina")).status == 429, "the right one too"


async def test_the_right_password_forgets_the_wrong_ones(here: House) -> None:
    await here.employ("Sofia", "supervisor")
    for _ in range(ATTEMPTS_MAX + 5):
        assert (await here.browser().sign_in("Sofia", password="wrong")).status == 401
        assert (await here.browser().sign_in("Sofia")).status == 201


async def test_an_agent_of_several_teams_chooses_one(here: House) -> None:
    id = await here.employ("Marina")
    await sql(
        here.database,
        "insert into team_member (team_id, person_id) values ($1, $2)",
        here.floor.other_team,
        id,
    )
    browser = here.browser()
    asked = await browser.sign_in("Marina")
    assert asked.problem == (422, "choose-team")
    teams = asked.json["teams"]
    assert [team["name"] for team in teams] == ["Suporte", "Vendas"]
    assert (await browser.sign_in("Marina", team="Limpeza")).problem == (422, "choose-team")
    assert (await browser.sign_in("Marina", team=teams[1]["id"])).json["team"] == teams[1]
    assert (await browser.get("/api/session")).json["agent"]["team"] == teams[1]


async def test_a_second_sign_in_asks_and_then_takes_over_everything(here: House) -> None:
    first = await here.agent("Marina")
    task = await here.written("wamid.1")
    assert (await first.post(f"/api/tasks/{task}/accept")).status == 200
    second = here.browser()
    assert (await second.sign_in("Marina")).problem == (409, "signed-in-elsewhere")
    assert (await first.get("/api/session")).status == 200
    reply = await second.sign_in("Marina", takeover=True)
    assert (reply.status, reply.json["agent"]["state"]) == (201, "available")
    assert (await first.get("/api/session")).problem == (401, "no-session")
    assert (await second.get(f"/api/tasks/{task}")).json["leg"]["state"] == "connected"


async def test_two_at_once_have_one_desk_between_them(here: House) -> None:
    await here.employ("Marina")
    browsers = [here.browser() for _ in range(5)]
    replies = await asyncio.gather(*(browser.sign_in("Marina") for browser in browsers))
    assert sorted(reply.status for reply in replies) == [201, 409, 409, 409, 409]


async def test_the_same_browser_signs_in_again_without_being_asked(here: House) -> None:
    await here.employ("Marina")
    browser = await here.signed_in("Marina")
    assert (await browser.sign_in("Marina")).status == 201
    assert len(await sql(here.database, "select 1 from session")) == 1


async def test_signing_out_is_refused_with_open_work(here: House) -> None:
    marina = await here.agent("Marina")
    task = await here.written("wamid.1")
    assert (await marina.ask("DELETE", "/api/session")).problem == (409, "has-work")
    await marina.post(f"/api/tasks/{task}/accept")
    assert (await marina.ask("DELETE", "/api/session")).problem == (409, "has-work")
    await marina.post(f"/api/tasks/{task}/end")
    assert (await marina.ask("DELETE", "/api/session")).problem == (409, "has-work")


async def test_signing_out_ends_the_session(here: House) -> None:
    marina = await here.agent("Marina")
    cookie = marina.cookie
    assert (await marina.ask("DELETE", "/api/session")).status == 204
    marina.cookie = cookie
    assert (await marina.get("/api/session")).problem == (401, "no-session")
    rows = await sql(here.database, "select state, signed_in_at from agent")
    assert rows == [{"state": "idle", "signed_in_at": None}]


async def test_somebody_who_is_no_agent_signs_in_too(here: House) -> None:
    await here.employ("Sofia", "supervisor")
    sofia = here.browser()
    reply = await sofia.sign_in("Sofia")
    assert (reply.status, reply.json["agent"], reply.json["role"]) == (201, None, "supervisor")
    state = await sofia.ask("PUT", "/api/agent/state", {"state": "available"})
    assert state.problem == (403, "not-an-agent")
    assert (await sofia.ask("DELETE", "/api/session")).status == 204


async def test_a_session_ends_by_itself_when_it_is_not_used(here: House) -> None:
    marina = await here.agent("Marina")
    await sql(here.database, "update session set expires_at = clock_timestamp()")
    assert (await marina.get("/api/session")).problem == (401, "no-session")


@pytest.mark.parametrize(("method", "path"), [("GET", "/api/session"), ("POST", "/api/desk/beat")])
async def test_a_session_in_use_is_prolonged(here: House, method: str, path: str) -> None:
    marina = await here.agent("Marina")
    await sql(
        here.database, "update session set expires_at = clock_timestamp() + interval '1 hour'"
    )
    assert (await marina.ask(method, path)).status in {200, 204}
    rows = await sql(
        here.database,
        "select expires_at > clock_timestamp() + interval '11 hours' as long from session",
    )
    assert rows == [{"long": True}]


async def test_somebody_disabled_is_out_at_once(here: House) -> None:
    marina = await here.agent("Marina")
    async with here.database.transaction() as tx:
        await organisation.disable(tx, "marina@test")
    assert (await marina.get("/api/session")).problem == (401, "no-session")
    assert (await marina.post("/api/desk/beat")).problem == (401, "no-session")
    assert (await here.browser().sign_in("Marina")).problem == (401, "bad-credentials")


async def test_the_token_itself_is_kept_nowhere(here: House) -> None:
    marina = await here.agent("Marina")
    assert marina.cookie is not None
    token = marina.cookie.partition("=")[2]
    rows = await sql(here.database, "select encode(token_hash, 'escape') as kept from session")
    assert token not in str(rows)
    assert PASSWORD not in str(await sql(here.database, "select * from person"))


async def test_a_ping_is_answered_by_a_desk_of_this_site_only(here: House) -> None:
    marina = await here.agent("Marina")
    assert (await here.browser().post("/api/desk/beat")).problem == (401, "no-session")
    assert (await marina.get("/api/desk/beat")).status == 405
    foreign = {"sec-fetch-site": "cross-site"}
    assert (await marina.post("/api/desk/beat", **foreign)).problem == (403, "other-site")


async def test_pings_answered_together_are_each_their_own_desks(here: House) -> None:
    marina, camila = await here.agent("Marina"), await here.agent("Camila")
    await sql(here.database, "update agent set beat_at = null")
    await sql(
        here.database,
        "update session set expires_at = clock_timestamp() where person_id ="
        " (select id from person where email = 'camila@test')",
    )
    browsers = [marina, camila, here.browser(), marina]
    replies = await asyncio.gather(*(one.post("/api/desk/beat") for one in browsers))
    assert [reply.status for reply in replies] == [204, 401, 401, 204]
    rows = await sql(
        here.database,
        "select p.email from agent a join person p on p.id = a.person_id"
        " where a.beat_at is not null",
    )
    assert rows == [{"email": "marina@test"}]
