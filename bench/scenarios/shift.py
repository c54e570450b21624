"""A whole shift at the load of a large floor: how long people wait for what.

Most of the load is customers and statuses in conversations that go on.  Beside it new customers
write, and some agents take them, answer, end and wrap up; a few offers are let ring out.  The
floors get the same webhooks at the same rate, with as many streams open.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from balcao.simulator.world import Customer
from bench.agents import Agents
from bench.client import Pool
from bench.desks import Desks, Seen
from bench.figures import Figure, Goal, at_most, milliseconds
from bench.office import (
    CONNECTIONS,
    ENTRY_POINTS,
    Bench,
    Mix,
    Office,
    at_full_speed,
    cookies_of,
)
from bench.proof import lost
from bench.rig import CannotMeasure, Running
from bench.webhooks import Delivered, Item, Mail, Post, deliver

RATE = Mix(inbound=106, statuses=244)
NEW_CUSTOMERS = 5  # per second
WORKING = 40  # agents who take them
RING_SECONDS = 3
FLOOR_SECONDS_MAX = 20
FLOOR_LAST_SECONDS = 2.0
FINISH_SECONDS_MAX = 40.0


class Reached(NamedTuple):
    """How long a floor took to answer and to reach a stream, in seconds."""

    answers: list[float]
    streams: list[float]


@dataclass(frozen=True, slots=True)
class Load:
    """What is sent: webhooks in the order in which they are due, and what is in them."""

    posts: list[Post]
    going_on: list[Item]
    new: list[Item]


class Used(NamedTuple):
    """CPU seconds of the server and of PostgreSQL."""

    server: float
    postgres: float


async def shift(bench: Bench) -> list[Figure]:
    """All that agents and customers notice."""
    full = await bench.full()
    load = _load(bench, full.mail)
    python = await _floor(bench, bench.rig.python_floor(await bench.plain()), load.posts)
    try:
        c = await _floor(bench, bench.rig.c_floor(), load.posts)
    except CannotMeasure:
        c = Reached([], [])
    agents = Agents(bench.dice)
    async with bench.office(seen=agents) as office:
        await office.connection.execute("update organisation set rona_seconds = $1", RING_SECONDS)
        cookies = cookies_of(full.filled)[:WORKING]
        await bench.warm_up(office, RATE, 1)
        await agents.begin(office.pool, cookies, str(full.filled.wrap_up_code_id))
        began = await office.connection.fetchval("select clock_timestamp()")
        with at_full_speed():
            before = _used(bench, office)
            done = await deliver(office.pool, load.posts, bench.size.seconds, bench.dice)
            after = _used(bench, office)
            await office.until_shown(load.going_on)
            await agents.finish(len(load.new), FINISH_SECONDS_MAX)
        return [
            *_noticed(load, done, agents, python, c),
            *_handled(load, done, agents, office.graph.began),
            *await _routed(office, began),
            *_costs(len(load.posts), before, after),
            Figure("shift", "RSS afterwards", "MB", office.running.usage().rss / 1e6),
            await lost("shift", office, load.going_on, done),
        ]


def _load(bench: Bench, mail: Mail) -> Load:
    seconds = bench.size.seconds
    going_on = mail.mixture(RATE.inbound * seconds, RATE.statuses * seconds)
    posts = mail.posts(going_on, [1] * len(going_on))
    new = [_newcomer(mail, n) for n in range(NEW_CUSTOMERS * seconds)]
    for item in new:
        posts.insert(bench.dice.randrange(len(posts) + 1), mail.post([item]))
    return Load(posts, going_on, new)


def _newcomer(mail: Mail, n: int) -> Item:
    numbers = list(ENTRY_POINTS.values())
    customer = Customer(f"BR.9{n:019d}", f"Novo cliente {n}", f"5521{n:09d}")
    return mail.message(customer, numbers[n % len(numbers)], -1)


async def _floor(
    bench: Bench, server: AbstractAsyncContextManager[Running], posts: Sequence[Post]
) -> Reached:
    """The same webhooks, at the same rate, to a floor with as many streams."""
    seconds = min(bench.size.seconds, FLOOR_SECONDS_MAX)
    some = posts[: len(posts) * seconds // bench.size.seconds]
    messages = [item for post in some for item in post.items if item.update.kind == "messages"]
    seen = Seen()
    async with server as running, Pool(running.address, CONNECTIONS) as pool:
        desks = Desks(running.address, pool, seen)
        await desks.connect_to_floor(bench.size.desks)
        try:
            with at_full_speed():
                done = await deliver(pool, some, seconds, bench.dice)
                await asyncio.sleep(FLOOR_LAST_SECONDS)
        finally:
            desks.close()
    took = [seen.at[one.key] - done.due[one.key] for one in messages if one.key in seen.at]
    if len(took) < len(messages) or done.refused:
        raise ConnectionError(f"a floor lost {len(messages) - len(took)} messages")
    return Reached(done.answers, took)


def _noticed(
    load: Load, done: Delivered, agents: Agents, python: Reached, c: Reached
) -> list[Figure]:
    """Answers to WhatsApp, and messages and statuses on desks."""
    at, due, median_and_most = agents.at, done.due, dict.fromkeys((0.5, 0.99))
    shown: dict[str, list[float]] = {"messages": [], "statuses": []}
    for one in load.going_on:
        if one.key in at:
            shown[one.update.kind].append(at[one.key] - due[one.key])
    answers = {0.5: None, 0.99: 25, 0.999: None}
    goals = {0.5: 15, 0.99: 60}
    first, *rest = milliseconds(
        "shift", "message to desk", shown["messages"], goals, python.streams, c.streams
    )
    beside = Figure(
        "shift",
        "message to desk p50, beside the floor",
        "ms",
        first.value,
        first.python_floor,
        first.c_floor,
        Goal("at most", 8, "ratio"),
    )
    return [
        *milliseconds("shift", "answer", done.answers, answers, python.answers, c.answers),
        first,
        beside,
        *rest,
        *milliseconds("shift", "status to desk", shown["statuses"], median_and_most),
        *milliseconds("shift", "generator's own lateness", done.late, median_and_most),
    ]


def _handled(
    load: Load, done: Delivered, agents: Agents, calls: Mapping[str, float]
) -> list[Figure]:
    """Offers as the agents saw them, and their answers on the way to the customer."""
    offered = agents.offered
    seen = [offered[one.key] - done.due[one.key] for one in load.new if one.key in offered]
    sends = [calls[mark] - at for mark, at in agents.sent.items() if mark in calls]
    refused = ", ".join(f"{count} {what}" for what, count in agents.refused.items())
    unserved = _none("new customers not served to the end", len(load.new) - agents.wrapped_up)
    return [
        *milliseconds("shift", "webhook to offer on desk", seen, {0.5: None, 0.99: 100}),
        *milliseconds("shift", "send to Graph call", sends, {0.5: None, 0.99: 50}),
        _none("answers that never went out", len(agents.sent) - len(sends)),
        unserved.noted(f"commands refused: {refused or 'none'}"),
    ]


async def _routed(office: Office, began: datetime) -> list[Figure]:
    """Offers and missed offers, as the rows have them."""
    tasks = await office.connection.fetch(
        "select extract(epoch from min(l.offered_at) - t.queued_at)::float8 as waited from task t"
        " left join leg l on l.task_id = t.id where t.opened_at >= $1 group by t.id",
        began,
    )
    legs = await office.connection.fetch(
        "select coalesce(outcome, 'open') as outcome,"
        " extract(epoch from closed_at - answer_by)::float8 as late from leg"
        " where offered_at >= $1",
        began,
    )
    outcomes = Counter(row["outcome"] for row in legs)
    said = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common())
    waited = [row["waited"] for row in tasks if row["waited"] is not None]
    late = [row["late"] for row in legs if row["outcome"] == "rona"]
    missed = milliseconds("shift", "missed offers closed late by", late, {0.99: 100})
    return [
        *milliseconds("shift", "enqueue to offer, in rows", waited, {0.5: None, 0.99: 100}),
        _none("new tasks never offered", len(tasks) - len(waited)),
        *(one.noted(f"legs: {said}") for one in missed),
    ]


def _none(name: str, count: int) -> Figure:
    return Figure("shift", name, "", count, goal=at_most(0))


def _costs(items: int, before: Used, after: Used) -> list[Figure]:
    server, postgres = after.server - before.server, after.postgres - before.postgres
    return [
        Figure("shift", "CPU of the server for an item", "ms", server / items * 1e3),
        Figure("shift", "CPU of PostgreSQL for an item", "ms", postgres / items * 1e3),
    ]


def _used(bench: Bench, office: Office) -> Used:
    server = office.running.usage().cpu_seconds
    return Used(server, bench.rig.postgres_usage().cpu_seconds)
