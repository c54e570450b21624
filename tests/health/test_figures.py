"""/metrics: one server as a whole, whichever worker answers, with what an operator needs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from balcao.domain.task import accept
from balcao.engine.loop import Progress, keep_done
from balcao.engine.media import Downloads
from balcao.engine.sender import Sender
from balcao.realtime.hub import Hub
from balcao.store import tasks
from balcao.store.database import Database
from balcao.store.files import Files
from balcao.telemetry.figures import FETCH_RESULTS
from balcao.web.figures import ANSWER_SECONDS_MAX, Figures
from balcao.whatsapp.client import Client
from balcao.whatsapp.media import MediaClient
from tests import world
from tests.engine.inbound import store, take_in
from tests.engine.outbound import KEY, send_all, sit_down
from tests.health.scrape import Scrape
from tests.web.house import House, house
from tests.whatsapp.bodies import messages, other
from tests.whatsapp.graph import Graph, refusal
from tests.whatsapp.lookaside import TOKEN, Lookaside
from tests.world import sql


@pytest.fixture
def sockets() -> Iterator[list[str]]:
    """Places for two workers to meet."""
    with TemporaryDirectory() as folder:
        yield [f"{folder}/0", f"{folder}/1"]


async def scrape(here: House) -> Scrape:
    """What anyone sees."""
    return Scrape((await here.browser().get("/metrics")).body.decode())


async def now(database: Database, hub: Hub) -> Scrape:
    """What one worker alone would say."""
    return Scrape((await Figures(database, hub).text()).decode())


async def test_whichever_worker_is_asked_tells_of_all_of_them(
    database: Database, sockets: list[str]
) -> None:
    async with AsyncExitStack() as stack:
        hub = await stack.enter_async_context(Hub(database))
        told = [Figures(database, hub, worker=n, sockets=sockets) for n in range(2)]
        for one in told:
            await stack.enter_async_context(one)
        for one in told:
            found = Scrape((await one.text()).decode())
            assert found.labels("balcao_worker_up", "worker") == {"0", "1"}
            assert found.value("balcao_worker_up") == 2
            assert found.labels("process_resident_memory_bytes", "worker") == {"0", "1"}
            assert found.labels("balcao_steps_total", "worker") == {"0", "1"}
            assert found.value("balcao_database_up") == 1, "what is the same for all is told once"


async def test_a_worker_that_is_gone_is_down_and_has_no_old_figures(
    database: Database, sockets: list[str]
) -> None:
    async with Hub(database) as hub:
        async with Figures(database, hub, worker=1, sockets=sockets):
            pass
        async with Figures(database, hub, worker=0, sockets=sockets) as left:
            found = Scrape((await left.text()).decode())
    assert found.value("balcao_worker_up", worker="1") == 0
    assert found.value("balcao_worker_up", worker="0") == 1
    assert found.labels("balcao_steps_total", "worker") == {"0"}


async def test_a_worker_that_does_not_answer_holds_up_nobody_for_long(
    database: Database, sockets: list[str]
) -> None:
    async def read_and_say_nothing(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.read()
        writer.close()

    stuck = await asyncio.start_unix_server(read_and_say_nothing, sockets[1])
    async with (
        stuck,
        Hub(database) as hub,
        Figures(database, hub, worker=0, sockets=sockets) as left,
        asyncio.timeout(5 * ANSWER_SECONDS_MAX),
    ):
        found = Scrape((await left.text()).decode())
    assert found.value("balcao_worker_up", worker="1") == 0


async def test_without_the_database_there_are_still_the_figures_of_the_process(dsn: str) -> None:
    database = await Database.open(dsn)
    async with house(database) as here:
        await database.close()
        found = await scrape(here)
    assert found.value("balcao_database_up") == 0
    assert found.value("process_open_fds") > 0
    assert not found.labels("balcao_floor", "what")


async def test_a_queue_shows_how_many_wait_and_since_when(database: Database) -> None:
    floor = await world.build(database)
    for _ in range(3):
        await world.queued(database, floor)
    await sql(database, "update task set queued_at = queued_at - interval '90 seconds'")
    async with Hub(database) as hub:
        found = await now(database, hub)
    assert found.value("balcao_queue_tasks", queue="Suporte N1") == 3
    assert found.value("balcao_queue_tasks", queue="Vendas") == 0
    assert 90 <= found.value("balcao_queue_oldest_seconds", queue="Suporte N1") < 120
    assert found.value("balcao_queue_oldest_seconds", queue="Vendas") == 0


async def test_webhooks_that_nobody_has_read_yet_show_as_lag(database: Database) -> None:
    await store(database, b"{}", b"{}")
    await sql(database, "update webhook set received_at = received_at - interval '1 minute'")
    async with Hub(database) as hub:
        found = await now(database, hub)
        assert found.value("balcao_floor", what="webhooks_waiting") == 2
        assert 60 <= found.value("balcao_webhook_oldest_seconds") < 90
        await sql(database, "update webhook set done_at = received_at")
        assert (await now(database, hub)).value("balcao_webhook_oldest_seconds") == 0


async def test_what_became_of_calls_to_whatsapp_is_counted(
    database: Database, graph: Graph
) -> None:
    desk = await sit_down(database)
    client = await Client.open(graph.url, "v26.0")
    sender = Sender(database, client, seal_key=KEY, access_token="a token")
    async with Hub(database) as hub:
        before = await now(database, hub)
        for answer in (graph.accepts, graph.says(400, refusal(131047)), graph.says(500, "")):
            graph.answer = answer
            await desk.say(f"reply {len(graph.bodies)}")
            await send_all(sender)
        after = await now(database, hub)
        unconfirmed = after.value("balcao_floor", what="messages_unconfirmed")
    await client.close()

    def grew(name: str, **labels: str) -> float:
        return after.value(name, **labels) - before.value(name, **labels)

    for result in ("accepted", "rejected", "unsure"):
        assert grew("balcao_sends_total", result=result) == 1
    assert grew("balcao_sends_total", result="postponed") == 0
    assert grew("balcao_graph_seconds_count") == 3
    assert grew("balcao_send_wait_seconds_count") == 3
    assert unconfirmed == 1


async def test_what_became_of_files_is_counted_and_how_long_one_waits(
    database: Database, tmp_path: Path
) -> None:
    await world.build(database)
    second = int((await world.clock(database)).timestamp())
    async with Hub(database) as hub, Lookaside() as whatsapp:
        client = await MediaClient.open(whatsapp.url, "v26.0", hosts=[whatsapp.host])
        downloads = Downloads(database, client, Files(str(tmp_path)), access_token=TOKEN)
        before = await now(database, hub)
        assert before.value("balcao_media_oldest_seconds") == 0
        for wamid, sha256 in (("wamid.1", whatsapp.sha256), ("wamid.2", "00" * 32)):
            photo = {"id": "900", "mime_type": "image/jpeg", "sha256": sha256}
            await take_in(database, messages(other(wamid, "image", photo, second=second)))
        await sql(database, "update media set created_at = created_at - interval '1 minute'")
        assert 60 <= (await now(database, hub)).value("balcao_media_oldest_seconds") < 90
        await downloads.step()
        await downloads.finish()
        again = "update media set tries = 9, due_at = created_at where state = 'waiting'"
        await sql(database, again)
        await downloads.step()
        await downloads.finish()
        after = await now(database, hub)
        await client.close()

    def grew(result: str) -> float:
        name = "balcao_media_fetches_total"
        return after.value(name, result=result) - before.value(name, result=result)

    assert {result: grew(result) for result in FETCH_RESULTS if grew(result)} == {
        "ready": 1,
        "mismatch": 2,
    }
    assert after.value("balcao_floor", what="media_failed") == 1
    assert after.value("balcao_media_oldest_seconds") == 0


async def test_offers_and_those_that_nobody_answered_are_counted(database: Database) -> None:
    floor = await world.build(database)
    agent = await world.available(database, floor, "Marina")
    async with Hub(database) as hub:
        before = await now(database, hub)
        task = await world.offered(database, floor, agent)
        await world.let_offers_run_out(database)
        await world.route(database)
        after = await now(database, hub)
    async with database.transaction() as tx:
        assert (await tasks.read(tx, task)).state == "queued"
    for name, labels in (
        ("balcao_offers_total", {"what": "task"}),
        ("balcao_rona_total", {}),
        ("balcao_late_seconds_count", {"deadline": "offer"}),
    ):
        assert after.value(name, **labels) - before.value(name, **labels) == 1, name


async def test_an_offer_that_is_accepted_is_no_rona(database: Database) -> None:
    floor = await world.build(database)
    agent = await world.available(database, floor, "Marina")
    async with Hub(database) as hub:
        before = await now(database, hub)
        task = await world.offered(database, floor, agent)
        async with database.transaction() as tx:
            await tasks.move(tx, task, accept, agent)
        await world.route(database)
        after = await now(database, hub)
    assert after.value("balcao_rona_total") == before.value("balcao_rona_total")


async def test_turns_of_a_loop_are_told_apart_by_how_they_ended(database: Database) -> None:
    ends = iter((Progress(3), RuntimeError("poison"), Progress(0)))
    over = asyncio.Event()

    async def step() -> Progress:
        end = next(ends, None)
        if end is None:
            over.set()
            return Progress(0)
        if isinstance(end, Exception):
            raise end
        return end

    async with Hub(database) as hub:
        before = await now(database, hub)
        woken = asyncio.Event()
        loop = asyncio.create_task(keep_done("intake", step, woken))
        async with asyncio.timeout(10):
            while not over.is_set():
                woken.set()
                await asyncio.sleep(0.01)
        loop.cancel()
        after = await now(database, hub)
    for outcome in ("done", "failed"):
        labels = {"loop": "intake", "outcome": outcome}
        grew = [one.value("balcao_steps_total", **labels) for one in (before, after)]
        assert grew[1] - grew[0] == 1, outcome
    done = [one.value("balcao_step_done_total", loop="intake") for one in (before, after)]
    assert done[1] - done[0] == 3


async def test_webhooks_are_counted_by_the_batch_that_stored_them(database: Database) -> None:
    async with Hub(database) as hub:
        before = await now(database, hub)
        await store(database, *[b"{}"] * 5)
        after = await now(database, hub)
    name = "balcao_webhooks_stored_total"
    assert after.value(name) - before.value(name) == 5
    waits = "balcao_pool_wait_seconds_count"
    assert after.value(waits) > before.value(waits)


async def test_every_answer_is_counted_at_its_door(database: Database) -> None:
    async with house(database) as here:
        before = await scrape(here)
        assert (await here.browser().post("/webhooks/whatsapp", b"unsigned")).status == 401
        assert (await here.browser().get("/api/tasks/1")).status == 401
        after = await scrape(here)
    for door in ("webhook", "api"):
        labels = {"door": door, "status": "401"}
        found = f'balcao_requests_total{{door="{door}",status="401",worker="0"}}'
        had = before.value("balcao_requests_total", **labels) if found in before.text else 0
        assert after.value("balcao_requests_total", **labels) - had == 1


async def test_open_desks_and_connections_are_shown_as_they_are(database: Database) -> None:
    async with house(database) as here:
        marina = await here.agent("Marina")
        async with here.desk(marina):
            found = await scrape(here)
            assert found.value("balcao_streams") == 1
        assert (await scrape(here)).value("balcao_streams") == 0
    assert found.value("balcao_pool_connections_max") == 8
    assert 1 <= found.value("balcao_pool_connections") <= 8
    assert found.value("balcao_stream_events_total") > 0
