"""How webhooks go out: at least once, signed, in some order, with everything that may go wrong.

Updates of one customer are first delivered in the order in which they arose, one POST at a time;
different customers' go out side by side. A POST that is not answered 200 is repeated, the same
bytes, at once and then ever more rarely for seven days, and holds nobody up. The faults change
what they say they change: held-back and repeated updates leave their customer's order.
"""

import asyncio
import heapq
import itertools
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

from balcao.simulator.clock import rfc3339
from balcao.simulator.envelope import Update, compose, encode
from balcao.simulator.receiver import NoAnswerError
from balcao.simulator.world import World

_MOST_AT_ONCE = 64
_LINGER_S = 0.05
_HELD_BACK_S = (0.1, 1.5)
_REPEATED_S = (0.0, 1.0)
_LONGEST_WAIT_S = 60.0
_GIVE_UP_S = 7 * 86_400.0
_LOG_SIZE = 200
_MOST_BODY_SHOWN = 64_000


@dataclass(frozen=True)
class _Waiting:
    update: Update
    due: float
    again: bool


class Deliveries:
    """Delivers updates; `time_factor` scales the waits between attempts."""

    def __init__(
        self, world: World, post: Callable[[bytes], Awaitable[int]], time_factor: float
    ) -> None:
        self.log: deque[dict[str, Any]] = deque(maxlen=_LOG_SIZE)
        self._world = world
        self._post = post
        self._time_factor = time_factor
        self._streams: dict[str, deque[_Waiting]] = {}
        self._ready: list[tuple[float, int, str]] = []
        self._serial = itertools.count(1)
        self._posts: set[asyncio.Task[None]] = set()
        self._first_attempts = 0
        self._alarm: asyncio.TimerHandle | None = None
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._settled = asyncio.Event()
        self._settled.set()
        self._expected = self._pending = self._retrying = self._delivered = self._dropped = 0

    def put(self, update: Update) -> None:
        """Takes an update for delivery."""
        faults, dice = self._world.faults, self._world.dice
        wait, stream = faults.delay_ms / 1000, update.customer_id
        if dice.random() < faults.reorder:
            wait += dice.uniform(*_HELD_BACK_S)
            stream = f"held:{next(self._serial)}"
        self._count(pending=1)
        self._line_up(update, stream, wait, again=False)

    def expect(self, more: int) -> None:
        """Counts updates that will arise later as not yet delivered (or no more, if negative)."""
        self._count(expected=more)

    def counts(self) -> dict[str, int]:
        """Is how many updates are where; pending includes those that are retried."""
        return {
            "pending": self._pending + self._expected,
            "retrying": self._retrying,
            "delivered": self._delivered,
            "dropped": self._dropped,
        }

    async def settled(self) -> None:
        """Returns when every update has been delivered."""
        await self._settled.wait()

    def faults_changed(self) -> None:
        """Takes up a change of the faults: an outage that began or ended."""
        if self._world.faults.outage:
            self._flowing.clear()
        else:
            self._flowing.set()
        self._pump()

    async def close(self) -> None:
        """Stops delivering; what is not delivered by now never is."""
        self._flowing.clear()
        if self._alarm is not None:
            self._alarm.cancel()
        posts = list(self._posts)
        for post in posts:
            post.cancel()
        await asyncio.gather(*posts, return_exceptions=True)

    def _line_up(self, update: Update, stream: str, wait: float, *, again: bool) -> None:
        due = asyncio.get_running_loop().time() + wait
        waiting = self._streams.get(stream)
        if waiting is None:
            self._streams[stream] = waiting = deque()
            heapq.heappush(self._ready, (due, next(self._serial), stream))
        waiting.append(_Waiting(update, due, again))
        self._pump()

    def _pump(self) -> None:
        """Starts every POST that may start now, and an alarm for the next one."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        loop = asyncio.get_running_loop()
        while self._ready and self._flowing.is_set() and self._first_attempts < _MOST_AT_ONCE:
            start = self._ready[0][0] + self._linger()
            if start > loop.time():
                self._alarm = loop.call_at(start, self._pump)
                return
            streams, batch = self._take(loop.time())
            self._first_attempts += 1
            post = asyncio.create_task(self._deliver(streams, batch))
            self._posts.add(post)
            post.add_done_callback(self._posts.discard)

    def _linger(self) -> float:
        # A batch waits a moment for company, unless there is enough already.
        most = self._world.faults.batch
        return 0.0 if most == 1 or len(self._ready) >= most else _LINGER_S

    def _take(self, now: float) -> tuple[list[str], list[_Waiting]]:
        """Takes the oldest due updates, up to a batch; their streams are busy until let go."""
        streams: list[str] = []
        batch: list[_Waiting] = []
        most = self._world.faults.batch
        while self._ready and self._ready[0][0] <= now and len(batch) < most:
            _, _, stream = heapq.heappop(self._ready)
            streams.append(stream)
            waiting = self._streams[stream]
            while waiting and waiting[0].due <= now and len(batch) < most:
                batch.append(waiting.popleft())
        return streams, batch

    def _let_go(self, streams: list[str]) -> None:
        for stream in streams:
            waiting = self._streams[stream]
            if waiting:
                heapq.heappush(self._ready, (waiting[0].due, next(self._serial), stream))
            else:
                del self._streams[stream]
        self._first_attempts -= 1

    async def _deliver(self, streams: list[str], batch: list[_Waiting]) -> None:
        faults, dice = self._world.faults, self._world.dice
        updates = [waiting.update for waiting in batch]
        spoilt = dice.random() < faults.malformed
        body = encode(compose(updates, dice, malformed=spoilt))
        arrived = await self._attempt(body, len(batch), 1)
        self._let_go(streams)
        self._repeat(batch)
        self._pump()
        if not arrived:
            self._retrying += len(batch)
            arrived = await self._retry(body, len(batch))
            self._retrying -= len(batch)
        self._done(updates, arrived=arrived)

    async def _retry(self, body: bytes, items: int) -> bool:
        for attempt, wait in enumerate(self._waits(), start=2):
            await asyncio.sleep(wait)
            await self._flowing.wait()
            if await self._attempt(body, items, attempt):
                return True
        return False

    def _waits(self) -> Iterator[float]:
        yield 0.0
        waited, wait = 0.0, 1.0
        while waited < _GIVE_UP_S:
            yield wait * self._time_factor
            waited += wait
            wait = min(wait * 2, _LONGEST_WAIT_S)

    def _repeat(self, batch: list[_Waiting]) -> None:
        faults, dice = self._world.faults, self._world.dice
        for waiting in batch:
            if not waiting.again and dice.random() < faults.duplicate:
                self._count(pending=1)
                stream = f"again:{next(self._serial)}"
                self._line_up(waiting.update, stream, dice.uniform(*_REPEATED_S), again=True)

    def _done(self, updates: list[Update], *, arrived: bool) -> None:
        if arrived:
            self._delivered += len(updates)
            for update in updates:
                if update.kind == "messages":
                    self._world.tick(update.item["id"], "delivered")
        else:
            self._dropped += len(updates)
        self._count(pending=-len(updates))

    async def _attempt(self, body: bytes, items: int, attempt: int) -> bool:
        status: int | None = None
        problem: str | None = None
        try:
            status = await self._post(body)
        except NoAnswerError as none:
            problem = str(none)
        entry = {
            "id": next(self._serial),
            "at": rfc3339(self._world.clock.now()),
            "items": items,
            "attempt": attempt,
            "status": status,
            "problem": problem,
            "body": body[:_MOST_BODY_SHOWN].decode("ascii"),
        }
        self.log.append(entry)
        self._world.feed.publish("webhook", entry)
        return status == 200

    def _count(self, *, pending: int = 0, expected: int = 0) -> None:
        self._pending += pending
        self._expected += expected
        if self._pending + self._expected == 0:
            self._settled.set()
        else:
            self._settled.clear()
