"""One soak from its beginning to its end."""

from __future__ import annotations

import asyncio
import random
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from balcao import checker
from balcao.store.database import Database
from bench.client import Pool
from bench.figures import Figure
from bench.fill import Filled
from bench.office import unix_time
from bench.rig import SECRET
from bench.soak import faults, graph, samples
from bench.soak.faults import Stage, connected
from bench.soak.house import House, Serve
from bench.soak.samples import Sample
from bench.soak.staff import Staff, Worker
from bench.soak.traffic import Traffic
from bench.soak.verdict import DRAIN_SECONDS_MAX, Ending, Incident, figures

WEBHOOK_CONNECTIONS = 16  # to each server
COMMAND_CONNECTIONS = 16  # to each server
LIVE_SECONDS_MAX = 60.0
LOOK_SECONDS = 0.25
BACK_SECONDS_MAX = 60.0
STEADY_SECONDS = 2.0  # for so long all has to be as before
#: All is as before when no webhook waits longer than a moment and all desks are connected.
WAITING_SECONDS = 1.0


@dataclass(frozen=True)
class Plan:
    """What is to be done: items per second for so long, with one of *faults* every so often."""

    minutes: float
    rate: float
    seed: int
    every_seconds: float
    faults: Sequence[str]


@dataclass
class Record:
    """What was seen on the way."""

    samples: list[Sample] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)


async def soak(home: Path, filled: Filled, plan: Plan) -> Record:
    """Run the *plan* over the data folder *home*, which is *filled*; what was seen."""
    me = asyncio.current_task()
    assert me is not None, "inside a task"
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, me.cancel)
    async with graph.listening() as (the_graph, graph_url):
        house = House(home, graph_url)
        try:
            await house.start()
            return await _lived_through(house, the_graph, filled, plan)
        finally:
            house.end()


async def _lived_through(
    house: House, the_graph: graph.Graph, filled: Filled, plan: Plan
) -> Record:
    record = Record()
    async with AsyncExitStack() as stack:
        stage = await _stage(stack, house, the_graph, filled, plan)
        began = time.perf_counter()
        if not await _until(lambda: _all_there(stage), LIVE_SECONDS_MAX):
            raise TimeoutError("the desks did not become live")
        before = await samples.take_all(stage, began)
        await _under_load(stage, plan, record, began)
        drained_after = await _drained(stage)
        after = await _quiet_sample(stage, began, before)
        missing, second_effects, untold = await _account(stage)
        violations = await _violations(house.dsn)
    await asyncio.to_thread(house.end)
    ending = Ending(drained_after, missing, second_effects, untold, violations, house.end_statuses)
    record.figures = figures(record.samples, before, after, record.incidents, ending)
    return record


async def _stage(
    stack: AsyncExitStack, house: House, the_graph: graph.Graph, filled: Filled, plan: Plan
) -> Stage:
    dice = random.Random(plan.seed)
    webhooks = [await _pool(stack, one, WEBHOOK_CONNECTIONS) for one in house.serves]
    commands = [await _pool(stack, one, COMMAND_CONNECTIONS) for one in house.serves]
    ahead = await unix_time(house.dsn) - time.perf_counter()
    traffic = Traffic(
        webhooks, filled.conversations, SECRET, lambda: ahead + time.perf_counter(), dice
    )
    the_graph.on_taken = traffic.tell_of
    workers = [
        Worker(
            person,
            house.serves[n % len(house.serves)].address,
            commands[n % len(house.serves)],
            traffic.ledger,
            filled.wrap_up_code_id,
            random.Random(dice.random()),
        )
        for n, person in enumerate(filled.agents)
    ]
    staff = await stack.enter_async_context(Staff(workers))
    return Stage(house, the_graph, traffic, staff, filled.agents, dice)


async def _pool(stack: AsyncExitStack, serve: Serve, size: int) -> Pool:
    return await stack.enter_async_context(Pool(serve.address, size))


async def _under_load(stage: Stage, plan: Plan, record: Record, began: float) -> None:
    """Send at the rate of the plan, with a sample every few seconds and a fault every so often."""
    over = time.perf_counter() + 60 * plan.minutes
    flow = asyncio.create_task(stage.traffic.flow(plan.rate, lambda: time.perf_counter() >= over))
    watch = asyncio.create_task(_watch(stage, record, began))
    names = faults.drawn(plan.faults, random.Random(plan.seed))
    try:
        due = time.perf_counter() + plan.every_seconds
        while due + plan.every_seconds / 2 < over:
            await asyncio.sleep(due - time.perf_counter())
            due += plan.every_seconds
            record.incidents.append(await _incident(stage, next(names), due, plan.rate, began))
        await flow
    finally:
        for one in (flow, watch):
            one.cancel()
        await asyncio.gather(flow, watch, return_exceptions=True)


async def _watch(stage: Stage, record: Record, began: float) -> None:
    while True:
        record.samples.append(await samples.take(stage, began))
        await asyncio.sleep(samples.EVERY_SECONDS)


async def _incident(stage: Stage, name: str, until: float, rate: float, began: float) -> Incident:
    """Let one thing happen, and see when all is as before; at the latest *until* the next."""
    at = time.perf_counter()
    with suppress(*UNREACHABLE):  # an earlier fault may still have the database away
        await faults.FAULTS[name](stage)
    over = time.perf_counter()
    healed_after: float | None = None
    left = "not looked at"
    while (now := time.perf_counter()) < until:
        left = await _left(stage, rate)
        if left:
            healed_after = None
        elif healed_after is None:
            healed_after = now - over
        elif now - over - healed_after >= STEADY_SECONDS:
            break
        await asyncio.sleep(LOOK_SECONDS)
    told = left if healed_after is None else f"as before after {healed_after:.1f} s"
    print(f"{at - began:7.0f} s  {name}: {told}", file=sys.stderr, flush=True)
    return Incident(at - began, name, healed_after, left)


UNREACHABLE = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)


async def _left(stage: Stage, rate: float) -> str:
    """What is not as it was before, in words; nothing where all is."""
    few, left = rate * WAITING_SECONDS, []
    if stage.staff.live < len(stage.people):
        left.append(f"{len(stage.people) - stage.staff.live} desks not connected")
    if stage.traffic.unanswered > few:
        left.append(f"{stage.traffic.unanswered} webhooks not answered")
    try:
        async with connected(stage.house.dsn) as connection:
            waiting = await connection.fetchval(samples.COUNTED["webhooks waiting"])
    except UNREACHABLE as error:
        return ", ".join([*left, f"the database: {type(error).__name__}"])
    if waiting > few:
        left.append(f"{waiting} webhooks not read")
    return ", ".join(left)


async def _all_there(stage: Stage) -> bool:
    return stage.staff.live == len(stage.people)


async def _drained(stage: Stage) -> float | None:
    """Seconds until all that was sent is answered, read, offered and out; None for never."""
    began = time.perf_counter()
    stage.staff.be_quiet()
    done = await _until(lambda: _nothing_left(stage), DRAIN_SECONDS_MAX)
    return time.perf_counter() - began if done else None


async def _nothing_left(stage: Stage) -> bool:
    if stage.traffic.unanswered or stage.traffic.untold:
        return False
    async with connected(stage.house.dsn) as connection:
        queries = ("webhooks waiting", "messages unsettled", "tasks queued")
        left = [await connection.fetchval(samples.COUNTED[name]) for name in queries]
    return not any(left)


async def _quiet_sample(stage: Stage, began: float, before: Sample) -> Sample:
    """A sample once the descriptors are as few as they were, or have had the time to be."""
    name = "kept descriptors but pool"
    deadline = time.perf_counter() + BACK_SECONDS_MAX
    while True:
        sample = await samples.take(stage, began)
        if sample.get(name, 0) <= before.get(name, 0) or time.perf_counter() > deadline:
            return await samples.take_all(stage, began)
        await asyncio.sleep(samples.EVERY_SECONDS)


async def _account(stage: Stage) -> tuple[dict[str, int], int, int]:
    """What was answered and is not there; second effects; effects that the message denies."""
    effects = stage.graph.effects
    async with connected(stage.house.dsn) as connection:
        missing = await stage.traffic.ledger.missing(connection)
        untold = await connection.fetchval(
            "select count(*) from unnest($1::bigint[], $2::int[]) e (id, attempt) join message m"
            " on m.id = e.id and m.attempt = e.attempt where m.status <> 'read'",
            [id for id, _ in effects],
            [attempt for _, attempt in effects],
        )
    return missing, sum(count > 1 for count in effects.values()), untold


async def _violations(dsn: str) -> list[str]:
    database = await Database.open(dsn, size=2)
    try:
        return [str(one) for one in await checker.check(database)]
    finally:
        await database.close()


async def _until(what: Callable[[], Awaitable[bool]], seconds: float) -> bool:
    """Whether *what* says yes within *seconds*."""
    deadline = time.perf_counter() + seconds
    while time.perf_counter() < deadline:
        if await _says_yes(what):
            return True
        await asyncio.sleep(LOOK_SECONDS)
    return False


async def _says_yes(what: Callable[[], Awaitable[bool]]) -> bool:
    """The answer of *what*; no where it cannot be asked."""
    with suppress(*UNREACHABLE):
        return await what()
    return False
