"""A soak finds what is lost, sees what leaks, and tells a leak from chance."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import asyncpg
import pytest
from aiohttp import web

from balcao.store.migrate import migrate
from bench.client import Address, Pool
from bench.fill import OpenConversation, Shape, fill
from bench.rig import SECRET
from bench.soak import graph
from bench.soak.faults import FAULTS, drawn
from bench.soak.graph import Graph, Mood
from bench.soak.house import database_of, folder
from bench.soak.ledger import MESSAGE, REPLY, Ledger
from bench.soak.run import Plan, soak
from bench.soak.samples import Sample, slope_per_hour
from bench.soak.traffic import Traffic
from tests.faults.day import until

THREAD = OpenConversation(1, 1, 1, "5511000000001", "BR.0000000000000001", "100000000000001", ())


def memory(minutes: int, growth_per_hour: float) -> list[Sample]:
    """Samples of something that is 100 at a third of the time and grows by so much."""
    seconds = range(0, 60 * minutes, 5)
    third = 60 * minutes / 3
    return [{"at": s, "RSS": 100 * (1 + growth_per_hour * (s - third) / 3600)} for s in seconds]


@pytest.mark.parametrize("growth", [0.0, 0.05, -0.02])
def test_a_slope_is_the_share_of_itself_that_is_added_in_an_hour(growth: float) -> None:
    slope = slope_per_hour(memory(30, growth), "RSS")
    assert slope == pytest.approx(growth, abs=1e-9)


def test_what_grows_before_things_have_settled_is_no_slope() -> None:
    samples = memory(30, 0.0)
    for one in samples:
        if one["at"] < 590:
            one["RSS"] /= 2
    assert slope_per_hour(samples, "RSS") == pytest.approx(0, abs=1e-9)


def test_a_few_minutes_have_no_slope() -> None:
    assert slope_per_hour(memory(10, 0.5), "RSS") is None


def test_every_fault_comes_once_before_any_comes_again() -> None:
    names = drawn(list(FAULTS), random.Random(1))
    for _ in range(3):
        assert {next(names) for _ in FAULTS} == set(FAULTS)


async def test_what_was_answered_and_is_not_there_is_missed(dsn: str) -> None:
    filled = await fill(dsn, Shape(agents=1, open_tasks_per_agent=1, outbound_with_wamid=3))
    outbound = filled.conversations[0].outbound
    ledger = Ledger(outbound)
    for _ in range(3):
        ledger.take_message(ledger.new_message())
    ledger.new_message()  # never answered, so nobody misses it
    ledger.take_reply(ledger.new_reply())
    for rank in (0, 1):
        ledger.take_status(2, rank)
    connection = await asyncpg.connect(dsn)
    try:
        assert await ledger.missing(connection) == {"messages": 3, "replies": 1, "statuses": 2}
        await connection.execute(
            "insert into message_status values ($1, 1, 'delivered', now())", outbound[2].id
        )
        await connection.execute(
            "update message set wamid = $2, client_id = $3 where id = $1",
            *(outbound[0].id, f"{MESSAGE}1", f"{REPLY}0"),
        )
        assert await ledger.missing(connection) == {"messages": 2, "replies": 0, "statuses": 1}
    finally:
        await connection.close()


@asynccontextmanager
async def reluctant_server(refusals: int) -> AsyncIterator[tuple[Address, list[bytes]]]:
    """A server that answers 503 a few times before it answers 200, and what it was told."""
    told: list[bytes] = []

    async def answer(request: web.Request) -> web.Response:
        told.append(await request.read())
        return web.Response(status=503 if len(told) <= refusals else 200)

    application = web.Application()
    application.router.add_post("/webhooks/whatsapp", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield Address(*runner.addresses[0][:2]), told
    finally:
        await runner.cleanup()


async def until_answered(traffic: Traffic) -> None:
    """Return once every webhook was answered 200."""

    async def all_answered() -> bool:
        return traffic.unanswered == 0

    await until(all_answered, 10)


async def test_a_webhook_that_is_refused_comes_again_as_it_was() -> None:
    async with reluctant_server(1) as (address, told), Pool(address, 1) as pool:
        traffic = Traffic([pool], [THREAD], SECRET, lambda: 1e9, random.Random(1))
        await traffic.flow(1000, lambda: traffic.unanswered > 0)
        sent = traffic.unanswered
        await until_answered(traffic)
        assert len(told) == sent + 1
        assert told.count(told[0]) == 2
        assert traffic.refused == {503: 1}


async def test_in_a_bad_time_a_webhook_comes_more_than_once() -> None:
    async with reluctant_server(0) as (address, told), Pool(address, 1) as pool:
        traffic = Traffic([pool, pool], [THREAD], SECRET, lambda: 1e9, random.Random(1))
        traffic.troubled = True
        await traffic.flow(1000, lambda: traffic.unanswered > 0)
        await until_answered(traffic)
        assert {told.count(body) for body in told} == {3}


async def send(url: str, opaque: str) -> int | None:
    """The status with which Graph answers a message; None where it hangs up."""
    body = {"to": "+5511000000001", "biz_opaque_callback_data": opaque}
    try:
        async with (
            aiohttp.ClientSession() as http,
            http.post(f"{url}/v26.0/100000000000001/messages", data=json.dumps(body)) as answer,
        ):
            return answer.status
    except aiohttp.ClientError:
        return None


async def test_a_call_that_was_hung_up_on_may_have_had_its_effect() -> None:
    async with graph.listening() as (the_graph, url):
        the_graph.mood = Mood.HANGS_UP
        answers = [await send(url, f"v1.7.{attempt}.mark") for attempt in (1, 2)]
        assert answers == [None, None]
        assert effects(the_graph) == [1]
        the_graph.mood = Mood.FAILS
        assert await send(url, "v1.7.3.mark") == 500
        assert effects(the_graph) == [1]


async def test_a_second_effect_of_an_attempt_is_counted() -> None:
    async with graph.listening() as (the_graph, url):
        assert [await send(url, "v1.7.1.mark") for _ in range(2)] == [200, 200]
        assert effects(the_graph) == [2]


def effects(the_graph: Graph) -> list[int]:
    """How many effects each attempt that had one has had."""
    return list(the_graph.effects.values())


@pytest.mark.slow
def test_a_soak_of_some_seconds_loses_nothing() -> None:
    faults = ["server killed", "backend killed", "desks reconnect"]
    with folder() as home:
        with database_of(home) as dsn:
            asyncio.run(migrate(dsn))
            shape = Shape(agents=6, open_tasks_per_agent=3, outbound_with_wamid=100, capacity=4)
            filled = asyncio.run(fill(dsn, shape))
        plan = Plan(minutes=0.37, rate=60, seed=4, every_seconds=6, faults=faults)
        record = asyncio.run(soak(home, filled, plan))
    assert {one.name for one in record.incidents} == set(faults)
    broken = {one.name for one in record.figures if one.met is False}
    # How soon is for a quiet machine to say, and not for a test.
    assert broken - {"faults not healed before the next"} == set()
