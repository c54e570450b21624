"""How many items are processed and shown for as long as one likes, and how many at the most.

*sustained* sends at a fixed rate, follows each item to its desk and counts the rows afterwards:
what was answered 200 and is nowhere is lost, and nothing may be.  *ceiling* lets items wait and
measures how quickly they are taken.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from bench.figures import Figure, at_least, milliseconds
from bench.office import Bench, Mix, Office, at_full_speed
from bench.proof import lost
from bench.scenarios.receive import AT_ONCE, idle_intake
from bench.schedule import batch_sizes
from bench.webhooks import Delivered, Item, deliver, saturate

ITEMS_MAX = 50  # in one webhook
GOAL = 3_300  # items per second
#: What is offered is a hundredth more, so that it can be seen whether the goal is reached.
RATE = Mix(inbound=1_010, statuses=2_323)
FILL_SECONDS_MAX = 60.0


async def sustained(bench: Bench) -> list[Figure]:
    """Messages and statuses at the rate that is to be carried."""
    seconds, mail = bench.size.seconds, (await bench.full()).mail
    items = mail.mixture(RATE.inbound * seconds, RATE.statuses * seconds)
    posts = mail.posts(items, batch_sizes(len(items), 1, ITEMS_MAX, bench.dice))
    async with bench.office() as office:
        await bench.warm_up(office, RATE, ITEMS_MAX)
        with at_full_speed():
            done = await deliver(office.pool, posts, seconds, bench.dice)
            waiting = await office.connection.fetchval(
                "select count(*) from webhook where done_at is null"
            )
            ended = time.perf_counter()
            await office.until_shown(items)
        return [
            *_rates(office, done, items, seconds),
            Figure("sustained", "webhooks waiting at the end", "", waiting),
            Figure("sustained", "drained after", "s", _drain(office, items, ended)),
            *_latencies(office, done, items),
            Figure("sustained", "RSS afterwards", "MB", office.running.usage().rss / 1e6),
            await lost("sustained", office, items, done),
        ]


async def ceiling(bench: Bench) -> list[Figure]:
    """How quickly items that wait are processed."""
    full, count = await bench.full(), bench.size.waiting_items
    inbound = RATE.inbound_of(count)
    items = full.mail.mixture(inbound, count - inbound)
    posts = full.mail.posts(items, batch_sizes(len(items), 1, ITEMS_MAX, bench.dice))
    async with bench.office() as office:
        with at_full_speed():
            async with idle_intake(full.dsn):
                waiting = [post.whole for post in posts[:-1]]
                await saturate(office.pool, waiting, AT_ONCE, FILL_SECONDS_MAX)
                began = await office.connection.fetchval("select clock_timestamp()")
            await office.pool.ask(posts[-1].whole)  # wakes the intake
            await office.until_shown(items)
        ended = await office.connection.fetchval(
            "select max(done_at) from webhook where done_at > $1", began
        )
        rate = len(items) / (ended - began).total_seconds()
        return [
            Figure("ceiling", "items processed of those that waited", "1/s", rate),
            await lost("ceiling", office, items, Delivered()),
        ]


def _rates(office: Office, done: Delivered, items: Sequence[Item], seconds: float) -> list[Figure]:
    seen = office.seen.at
    shown = sum(one.key in seen and seen[one.key] <= done.ended for one in items)
    name = "items processed and shown meanwhile"
    return [
        Figure("sustained", "items offered", "1/s", len(items) / seconds),
        Figure("sustained", name, "1/s", shown / seconds, goal=at_least(GOAL)),
    ]


def _latencies(office: Office, done: Delivered, items: Sequence[Item]) -> list[Figure]:
    seen = office.seen.at
    took = [seen[one.key] - done.due[one.key] for one in items if one.key in seen]
    three, two = dict.fromkeys((0.5, 0.99, 0.999)), dict.fromkeys((0.5, 0.99))
    return [
        *milliseconds("sustained", "answer", done.answers, three),
        *milliseconds("sustained", "item to desk", took, two),
        *milliseconds("sustained", "generator's own lateness", done.late, two),
    ]


def _drain(office: Office, items: Sequence[Item], ended: float) -> float:
    last = max((office.seen.at.get(one.key, ended) for one in items), default=ended)
    return max(0.0, last - ended)
