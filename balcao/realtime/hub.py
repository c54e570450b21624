"""Who is watching, and what they have yet to be told.

One task per process does all the reading, in turns.  Nudges mark conversations and agents as
changed; a turn reads what changed, for all desks at once and as of one moment, and leaves the
views in the watchers' mailboxes.  A desk is registered before its snapshot is read, so nothing
can happen in between.  Every two seconds the hub compares versions by itself, and so a lost
nudge costs time and nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

import structlog

from balcao.realtime import showing
from balcao.realtime.audience import Audience
from balcao.realtime.turn import Turn
from balcao.realtime.watcher import Watcher
from balcao.store import sessions, views
from balcao.store.bus import Kind, Nudge
from balcao.store.database import Database, Tx
from balcao.telemetry import figures, traces

log = structlog.get_logger()

LOOK_SECONDS = 2.0
#: The hub rests half as long as it has worked, at most this: busy it gathers, quiet it is prompt.
REST_SECONDS_MAX = 0.02
RETRY_SECONDS = 0.5
UNKNOWN = -1
SNAPSHOTS_MAX = 10  # in one turn, so that a crowd coming back does not hold up the others
STREAMS_MAX = 8  # of one person; a further one ends the oldest


class Hub:
    """The open desks of this process."""

    def __init__(self, database: Database) -> None:
        self.draining = False
        self._database = database
        self._audience = Audience()
        self._known: dict[int, tuple[int, int]] = {}
        self._organisation = UNKNOWN
        self._conversations: set[int] = set()
        self._agents: set[int] = set()
        self._sessions: set[int] = set()
        self._woken = asyncio.Event()
        self._look_at = 0.0
        self._clock: tuple[datetime, float] | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._unsubscribe = self._database.subscribe(self._hear)
        self._task = asyncio.create_task(self._keep_told(), name="hub")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._unsubscribe()
        self.drain()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    @property
    def watching(self) -> int:
        """How many streams are open."""
        return len(self._audience)

    def watch(self, person: int, token: bytes) -> Watcher:
        """A new stream for *person*; its snapshot comes by itself."""
        watcher = Watcher(person, token)
        self._audience.add(watcher)
        for oldest in self._audience.of(person)[:-STREAMS_MAX]:
            oldest.end()
        self._woken.set()
        return watcher

    def leave(self, watcher: Watcher) -> None:
        """Forget a stream."""
        for conversation in self._audience.remove(watcher):
            self._forget(conversation)

    def drain(self) -> None:
        """End every stream cleanly; the desks come back to another process."""
        self.draining = True
        for watcher in self._audience:
            watcher.end()

    async def now(self) -> datetime:
        """The time by the database's clock, as far as it can be told without asking it."""
        if self._clock is None:
            async with self._database.transaction() as tx:
                await self._set_clock(tx)
        assert self._clock is not None
        at, then = self._clock
        return at + timedelta(seconds=asyncio.get_running_loop().time() - then)

    def _hear(self, nudges: frozenset[Nudge]) -> None:
        for kind, id in nudges:
            if kind is Kind.CONVERSATION:
                self._conversations.add(id)
            elif kind is Kind.AGENT:
                self._agents.add(id)
            elif kind is Kind.SESSION:
                self._sessions.add(id)
            elif kind is Kind.ORGANISATION:
                self._look_at = 0.0
            else:
                continue
            self._woken.set()

    async def _keep_told(self) -> None:
        time = asyncio.get_running_loop().time
        while True:
            began = time()
            try:
                await self._turn()
                pause = min((time() - began) / 2, REST_SECONDS_MAX)
            except Exception as error:
                log.warning("hub_turn_failed", error=type(error).__name__, exc_info=True)
                self._look_at, pause = 0.0, RETRY_SECONDS
            await asyncio.sleep(pause)
            left = self._look_at - time()
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, left)):
                    await self._woken.wait()

    async def _turn(self) -> None:
        """Tell what changed since the last turn."""
        self._woken.clear()
        conversations, self._conversations = self._conversations, set()
        agents, self._agents = self._agents, set()
        people, self._sessions = self._sessions, set()
        time = asyncio.get_running_loop().time()
        if not self._audience.people:
            self._look_at, self._organisation = time + LOOK_SECONDS, UNKNOWN
            return
        looks = time >= self._look_at or self._organisation == UNKNOWN
        # Whoever comes after this moment may be newer than what is read.
        present = list(self._audience) if looks or people else []
        with traces.span("hub turn"), figures.turning():
            async with self._database.transaction(frozen=True) as tx:
                if looks:
                    await self._look(tx, conversations, agents)
                    people |= self._audience.people
                await self._end_sessions(tx, [w for w in present if w.person in people])
                await self._tell(tx, conversations, agents)
        if looks:
            self._look_at = time + LOOK_SECONDS

    async def _tell(self, tx: Tx, conversations: set[int], agents: set[int]) -> None:
        turn = Turn(tx, self._audience, self._known)
        await turn.tell_agents(agents & self._audience.people)
        await turn.tell_conversations(conversations)
        due = list(self._audience.waiting)
        if due:
            with figures.taking_snapshots():
                await turn.tell_all(due[:SNAPSHOTS_MAX])
        for conversation in conversations:
            self._forget(conversation)
        if self._audience.waiting:
            self._woken.set()

    async def _look(self, tx: Tx, conversations: set[int], agents: set[int]) -> None:
        """Find by their versions what changed without our being told."""
        await self._set_clock(tx)
        organisation = await views.organisation_version(tx)
        if organisation != self._organisation:
            self._organisation = organisation
            for watcher in self._audience:
                watcher.start_over()
        people = self._audience.up_to_date()
        for row in await views.versions_of_agents(tx, people):
            for watcher in self._audience.of(row["id"]):
                version = showing.agent_number(row)
                if watcher.agent_version < version or watcher.notices != set(row["notices"]):
                    agents.add(row["id"])
        seen = await views.versions_of_conversations(tx, people)
        known = {id: shown for id, (_, shown) in self._known.items()}
        conversations |= {id for id in seen.keys() | known.keys() if seen.get(id) != known.get(id)}

    async def _set_clock(self, tx: Tx) -> None:
        self._clock = await tx.now(), asyncio.get_running_loop().time()

    async def _end_sessions(self, tx: Tx, watchers: Iterable[Watcher]) -> None:
        """Close the streams whose session is over, and say why."""
        watchers = [watcher for watcher in watchers if not watcher.over]
        if not watchers:
            return
        ended = await sessions.ended(tx, {(w.token, w.person) for w in watchers})
        for watcher in watchers:
            if watcher.token in ended:
                watcher.close(ended[watcher.token])

    def _forget(self, conversation: int) -> None:
        """Keep the version of a conversation only while somebody is told of it."""
        if not self._audience.told(conversation):
            self._known.pop(conversation, None)
