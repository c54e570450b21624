"""What an open desk is told: at first, from then on, and how it ends."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from balcao.domain.values import AgentId
from balcao.realtime import hub, watcher
from balcao.realtime.turn import NEWEST
from balcao.realtime.watcher import Watcher
from balcao.store import organisation
from balcao.store.database import Database
from balcao.web.stream import PING_SECONDS
from tests.web.house import PATIENCE, Browser, Desk, House, house, listening
from tests.world import let_offers_run_out, route, silence, sql, until_blocked


async def test_a_snapshot_has_all_that_the_desk_shows(here: House) -> None:
    marina = await here.agent("Marina")
    task = await here.written("wamid.1", "Meu pedido não chegou")
    await marina.post(f"/api/tasks/{task}/accept")
    async with here.desk(marina) as desk:
        assert desk.me is not None
        assert (desk.me["state"], desk.me["connected"], desk.me["load"]) == ("available", True, 1)
        assert [code["name"] for code in desk.codes["idle"]] == ["Pausa", "Almoço"]
        assert desk.codes["wrap_up"][0]["default"]
        assert desk.of("task") == [(await marina.get(f"/api/tasks/{task}")).json]
        conversation = desk.of("task")[0]["conversation_id"]
        page = (await marina.get(f"/api/conversations/{conversation}/messages")).json["items"]
        assert desk.of("message") == page[::-1]


async def test_an_offer_comes_as_a_card_without_its_messages(here: House) -> None:
    marina = await here.agent("Marina")
    async with here.desk(marina) as desk:
        task = await here.written("wamid.1")
        card = (await desk.until(lambda it: it.of("task")))[0]
        assert card == (await marina.get(f"/api/tasks/{task}")).json
        assert desk.of("message") == []
        await marina.post(f"/api/tasks/{task}/accept")
        await desk.until(lambda it: {m["direction"] for m in it.of("message")} == {"in", "system"})
        assert desk.of("task")[0]["state"] == "connected"


async def test_messages_and_their_ticks_come_as_they_happen(here: House) -> None:
    marina = await here.agent("Marina")
    task = await here.written("wamid.1")
    await marina.post(f"/api/tasks/{task}/accept")
    async with here.desk(marina) as desk:
        await here.written("wamid.2", "E agora?")
        await desk.until(lambda it: [m for m in it.of("message") if m["text"] == "E agora?"])
        await desk.until(lambda it: it.of("task")[0]["unread"] == 2)
        body = {"client_id": "c1", "type": "text", "text": "Já vejo"}
        reply = (await marina.post(f"/api/tasks/{task}/messages", body)).json
        await desk.until(lambda it: ("message", reply["id"]) in it.views)
        await sql(
            here.database, "update message set status = 'unconfirmed' where status is not null"
        )
        await marina.post(f"/api/messages/{reply['id']}/dismiss")
        await desk.until(lambda it: it.views["message", reply["id"]]["dismissed"])


async def test_what_rings_out_goes_and_the_state_is_rona(here: House) -> None:
    marina = await here.agent("Marina")
    async with here.desk(marina) as desk:
        await here.written("wamid.1")
        await desk.until(lambda it: it.of("task"))
        await let_offers_run_out(here.database)
        await route(here.database)
        await desk.until(lambda it: not it.of("task"))
        await desk.until(lambda it: it.me is not None and it.me["state"] == "rona")
        assert desk.me is not None
        assert desk.me["rona"] == {
            "queue": "Suporte N1",
            "customer": "Ana",
            "seconds": desk.me["rona"]["seconds"],
            "today": 1,
        }
        assert (await marina.get("/api/session")).json["agent"] == desk.me


async def test_a_part_that_is_over_is_shown_no_further(here: House) -> None:
    marina = await here.agent("Marina")
    task = await here.written("wamid.1")
    await marina.post(f"/api/tasks/{task}/accept")
    async with here.desk(marina) as desk:
        await marina.post(f"/api/tasks/{task}/end")
        await marina.ask("PUT", "/api/agent/state", {"state": "idle"})
        await desk.until(lambda it: it.of("task")[0]["state"] == "wrap-up")
        await here.written("wamid.2", "não para você")
        code = await sql(here.database, "select id from aux_code where kind = 'wrap_up'")
        body = {"aux_code_id": str(code[0]["id"])}
        await marina.post(f"/api/tasks/{task}/wrap-up", body)
        await desk.until(lambda it: not it.views)
        assert "não para você" not in str(desk.events)


@pytest.mark.slow
async def test_a_notice_stays_until_it_is_closed(here: House) -> None:
    marina = await here.agent("Marina")
    async with here.desk(marina) as desk:
        await sql(
            here.database,
            "insert into notice (agent_id, code, at) select person_id, 'message-failed', now()"
            " from agent",
        )
        notice = (await desk.until(lambda it: it.of("notice")))[0]
        await marina.post(f"/api/notices/{notice['id']}/dismiss")
        await desk.until(lambda it: not it.of("notice"))


@pytest.mark.slow
async def test_a_change_of_the_organisation_is_a_new_snapshot(here: House) -> None:
    marina = await here.agent("Marina")
    async with here.desk(marina) as desk:
        await sql(here.database, "update aux_code set name = 'Cafezinho' where name = 'Almoço'")
        await desk.until(lambda it: "Cafezinho" in str(it.codes))
        await sql(here.database, "update person set name = 'Marina Silva'")
        await desk.until(lambda it: it.me is not None and it.me["name"] == "Marina Silva")


@pytest.mark.slow
async def test_a_lost_nudge_costs_no_more_than_two_seconds(here: House) -> None:
    marina = await here.agent("Marina")
    async with here.desk(marina) as desk:
        await sql(
            here.database,
            "update agent set state = 'rona', aux_code_id = null, version = version + 1",
        )
        async with asyncio.timeout(4):
            await desk.until(lambda it: it.me is not None and it.me["state"] == "rona")


async def test_every_process_tells_its_desks(here: House, dsn: str) -> None:
    marina = await here.agent("Marina")
    other = await Database.open(dsn)
    try:
        async with (
            house(other, here.floor) as there,
            there.desk(Browser(there.application, marina.cookie)) as desk,
        ):
            task = await here.written("wamid.1")
            await desk.until(lambda it: it.of("task"))
            await marina.post(f"/api/tasks/{task}/accept")
            await desk.until(lambda it: it.of("message"))
    finally:
        await other.close()


async def test_a_takeover_closes_the_first_desk_and_says_so(here: House, dsn: str) -> None:
    first = await here.agent("Marina")
    other = await Database.open(dsn)
    try:
        async with house(other, here.floor) as there, here.desk(first) as desk:
            second = there.browser()
            assert (await second.sign_in("Marina", takeover=True)).status == 201
            await desk.until(lambda it: it.ended)
            assert desk.events[-1] == ("closed", {"code": "taken-over"})
            async with there.desk(second) as theirs:
                assert theirs.me is not None
                assert theirs.me["state"] == "available"
    finally:
        await other.close()


@pytest.mark.slow
async def test_each_end_of_a_session_has_its_reason(here: House) -> None:
    async def ended(desk: Desk) -> object:
        await desk.until(lambda it: it.ended)
        return desk.events[-1]

    marina = await here.agent("Marina")
    async with here.desk(marina) as desk:
        cookie = marina.cookie
        assert (await marina.ask("DELETE", "/api/session")).status == 204
        assert await ended(desk) == ("closed", {"code": "signed-out"})
    marina.cookie = cookie
    async with listening(here.application, marina) as refused:
        await refused.until(lambda it: it.ended)
        assert refused.status == 401
    marina = await here.signed_in("Marina")
    async with here.desk(marina) as desk:
        await sql(here.database, "update session set expires_at = clock_timestamp()")
        assert await ended(desk) == ("closed", {"code": "expired"})
    marina = await here.signed_in("Marina")
    async with here.desk(marina) as desk:
        async with here.database.transaction() as tx:
            await organisation.disable(tx, "marina@test")
        assert await ended(desk) == ("closed", {"code": "disabled"})


async def test_a_process_that_drains_lets_its_desks_go_without_a_word(here: House) -> None:
    marina = await here.agent("Marina")
    async with here.desk(marina) as desk:
        here.hub.drain()
        await desk.until(lambda it: it.ended)
        assert desk.events[-1][0] != "closed"
        async with listening(here.application, marina) as refused:
            await refused.until(lambda it: it.ended)
            assert refused.status == 503


async def test_opening_the_desk_counts_as_its_first_answer(here: House) -> None:
    id = await here.employ("Marina")
    marina = await here.signed_in("Marina")
    assert not (await marina.get("/api/session")).json["agent"]["connected"]
    async with here.desk(marina) as desk:
        assert desk.me is not None
        assert desk.me["connected"]
        await silence(here.database, AgentId(id))
        assert (await marina.post("/api/desk/beat")).status == 204
        view = (await marina.get("/api/session")).json["agent"]
        assert view["connected"]
        assert view["version"] > desk.events[0][1]["me"]["version"]


async def test_somebody_who_is_no_agent_has_a_desk_without_work(here: House) -> None:
    await here.employ("Sofia", "supervisor")
    sofia = await here.signed_in("Sofia")
    async with here.desk(sofia) as desk:
        assert (desk.me, desk.views) == (None, {})


async def test_a_long_thread_begins_with_its_newest_part(here: House) -> None:
    marina = await here.agent("Marina")
    task = await here.written("wamid.0")
    await sql(
        here.database,
        "with m as (insert into message (conversation_id, entry_point_id, task_id, seq, version,"
        " direction, type, text, at, second, author_kind, wamid) select c.id, c.entry_point_id, $1,"
        " c.last_seq + n, c.version + n, 'in', 'text', 'linha ' || n, now(), 1790000000 + n,"
        " 'customer', 'wamid.x' || n from conversation c, generate_series(1, 80) n)"
        " update conversation set last_seq = last_seq + 80, version = version + 80",
        task,
    )
    await marina.post(f"/api/tasks/{task}/accept")
    async with here.desk(marina) as desk:
        messages = desk.of("message")
        assert len(messages) == NEWEST
        order = [(message["at"][:19], message["seq"]) for message in messages]
        assert len(order) == NEWEST
        conversation = messages[0]["conversation_id"]
        path = f"/api/conversations/{conversation}/messages?limit={NEWEST}"
        assert (await marina.get(path)).json["items"] == messages[::-1]


@pytest.mark.slow
async def test_pings_tell_the_servers_time(here: House) -> None:
    marina = await here.agent("Marina")
    async with here.desk(marina) as desk:
        async with asyncio.timeout(PING_SECONDS + PATIENCE):
            while not [data for event, data in desk.events if event == "ping"]:
                desk.changed.clear()
                await desk.changed.wait()
        (ping,) = [data["at"] for event, data in desk.events if event == "ping"]
        assert ping > desk.events[0][1]["at"]
        assert ping.endswith("Z")


async def test_one_more_tab_than_anyone_needs_ends_the_oldest(here: House) -> None:
    marina = await here.agent("Marina")
    async with AsyncExitStack() as stack:
        desks = [
            await stack.enter_async_context(here.desk(marina)) for _ in range(hub.STREAMS_MAX + 1)
        ]
        await desks[0].until(lambda it: it.ended)
        assert [desk.ended for desk in desks[1:]] == [False] * hub.STREAMS_MAX
        assert here.hub.watching == hub.STREAMS_MAX


def test_a_slow_browser_costs_a_snapshot_and_no_more() -> None:
    slow = Watcher(1, b"")
    slow.due = False
    for id in range(watcher.MAILBOX_MAX + 1):
        slow.put("message", id, b"event: view\ndata: {}\n\n")
    assert slow.due
    assert slow.take() == b""
    slow.put("message", 1, b"lost")
    assert slow.take() == b"", "nothing counts before the snapshot"


def test_a_newer_view_takes_the_place_of_an_older_one() -> None:
    one = Watcher(1, b"")
    one.due = False
    one.put("task", 7, b"old")
    one.put("task", 8, b"other")
    one.put("task", 7, b"new")
    assert one.take() == b"newother"


async def test_who_comes_in_the_middle_of_a_turn_is_not_taken_for_signed_out(here: House) -> None:
    """The turn reads as of a moment before the session began."""
    marina = await here.agent("Marina")
    await here.employ("Hugo")
    async with here.desk(marina), AsyncExitStack() as stack:
        async with here.database.transaction() as tx:
            await tx.execute("lock table notice in access exclusive mode")
            await until_blocked(here.database)
            hugo = await here.signed_in("Hugo")
            desk = await stack.enter_async_context(listening(here.application, hugo))
            await desk.until(lambda it: it.status)
        told = await desk.until(lambda it: [event for event, _ in it.events if event != "ping"])
        assert told == ["snapshot"]
