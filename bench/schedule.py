"""Open loop: when each request is due is decided beforehand, and nothing moves it.

A generator that waits for answers before it asks again measures a slow server seldom.  Here the
moments are fixed, latency is counted from them, and whatever held a request up is part of it.
The waiting is done by a thread, as an event loop's own timers are a millisecond coarse.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Callable, Sequence

#: Between asking for the first request and its moment.
LEAD_SECONDS = 0.05


def arrivals(count: int, seconds: float, dice: random.Random) -> list[float]:
    """*count* moments in the next *seconds*, each as likely as any other, in order.

    That is how independent customers come: a Poisson stream of which the number is known.
    """
    return sorted(dice.uniform(0, seconds) for _ in range(count))


def batch_sizes(items: int, smallest: int, largest: int, dice: random.Random) -> list[int]:
    """Sizes between *smallest* and *largest* that add up to *items*; the last may be smaller."""
    sizes: list[int] = []
    while items > 0:
        sizes.append(min(items, dice.randint(smallest, largest)))
        items -= sizes[-1]
    return sizes


async def play(moments: Sequence[float], fire: Callable[[int, float], None]) -> float:
    """Call `fire(i, due)` at each of *moments* (seconds from now, in order); when it all began.

    *due* and the result are `time.perf_counter` seconds.  What is late is fired at once, and is
    told its own moment.
    """
    loop = asyncio.get_running_loop()
    finished = asyncio.Event()
    given_up = threading.Event()
    began = time.perf_counter() + LEAD_SECONDS

    def fire_some(first: int, end: int) -> None:
        for i in range(first, end):
            fire(i, began + moments[i])
        if end == len(moments):
            finished.set()

    def keep_time() -> None:
        first = 0
        while first < len(moments):
            left = began + moments[first] - time.perf_counter()
            if left > 0 and given_up.wait(left):
                return
            now, end = time.perf_counter() - began, first + 1
            while end < len(moments) and moments[end] <= now:
                end += 1
            loop.call_soon_threadsafe(fire_some, first, end)
            first = end

    if not moments:
        return began
    keeper = threading.Thread(target=keep_time, name="schedule", daemon=True)
    keeper.start()
    try:
        await finished.wait()
    finally:
        given_up.set()
    return began
