"""The router: does what time has made due, and makes offers.

One router works at a time, whatever the number of processes: a step holds an
advisory lock or does nothing.  It decides from a glance at the floor, and each
decision is then made good in a transaction of its own that looks again under
locks, so a glance that was out of date costs nothing but a further step.  What
fails is logged and left for the next step, and holds up nothing else.
"""

from __future__ import annotations

from collections.abc import Coroutine
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeAlias

import structlog

from balcao.domain import routing, task
from balcao.domain.agent import SILENCE_MAX
from balcao.domain.routing import Match
from balcao.domain.values import AgentId, QueueId, Refused, State, ToQueue
from balcao.engine import absence, ringing
from balcao.engine.loop import Progress
from balcao.store import agents, due, floor, tasks
from balcao.store.database import Database
from balcao.store.due import Due
from balcao.store.postgres import UNREACHABLE
from balcao.telemetry import figures

log = structlog.get_logger()

Doing: TypeAlias = partial[Coroutine[Any, Any, None]]

#: A gap between two looks of any router that is longer than this was an outage.
OUTAGE_MIN = timedelta(seconds=5)
#: A look that comes so soon after another one is not written down.
PULSE_MIN = timedelta(seconds=1)
#: Offers made in one step, so that offers run out in time on a crowded floor.
MATCHES_MAX = 200


class Router:
    """Deadlines, absences and offers; `step` is called by a loop, or by a simulated day."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def step(self) -> Progress:
        """Do a bounded part of what is due; nothing while another process routes."""
        async with self._database.connection() as connection:
            if not await floor.try_lock(connection):
                return Progress(elsewhere=True)
            return await self._route()

    async def _route(self) -> Progress:
        async with self._database.transaction() as tx:
            at = await tx.now()
            away = at - await floor.pulse(tx)
            outage = away >= OUTAGE_MIN
            running = await due.running(tx) if outage else []
            if not running and away >= PULSE_MIN:
                await floor.beat_pulse(tx, at, resumed=outage)
            found = await due.find(tx, at)
        if running:
            await self._resume(running)
            return Progress(done=len(running))
        done = await self._do(found)
        matches, widening = await self._look()
        offers = [partial(self._offer, match) for match in matches[:MATCHES_MAX]]
        done += sum([await _attempt(doing) for doing in offers])
        moments = [moment for moment in (found.next_at, widening) if moment is not None]
        return Progress(done, min(moments) - at if moments else None)

    async def _resume(self, running: list[tuple[int, AgentId]]) -> None:
        """Give the time back before the outage is forgotten, should this process die meanwhile."""
        for one in running:
            await _attempt(partial(ringing.prolong, self._database, *one))
        async with self._database.transaction() as tx:
            await floor.beat_pulse(tx, await tx.now(), resumed=True)

    async def _do(self, found: Due) -> int:
        """Do all that is due; how much of it could be done."""
        own = self._database
        work: list[Doing] = [
            *(partial(ringing.ring_out, own, *one) for one in found.rung_out),
            *(partial(self._submit, *one) for one in found.wrap_ups),
            *(partial(self._expire, *one) for one in found.expired),
            *(partial(absence.disconnect, own, one) for one in found.silent),
            *(partial(absence.give_up, own, one) for one in found.lost),
        ]
        return sum([await _attempt(doing) for doing in work])

    async def _look(self) -> tuple[list[Match], datetime | None]:
        """The matches of this moment, and when there may be more by time alone."""
        async with self._database.transaction() as tx:
            at = await tx.now()
            waiting = await floor.waiting(tx, at)
            if not waiting:
                return [], None
            candidates = await floor.candidates(tx, at - SILENCE_MAX)
        matches = routing.route(waiting, candidates, at)
        return matches, routing.next_widening(waiting, candidates, at)

    async def _offer(self, match: Match) -> None:
        """Ring at the matched agent, if under locks it is still right."""
        async with self._database.transaction() as tx:
            held = await tasks.lock(tx, match.task)
            queue = _queue_of(held, match)
            agent, at = await agents.lock(tx, match.agent)
            if queue is None or not agent.may_be_offered(at):
                raise Refused("not-any-more")
            held.at = at  # the bell starts when both are held
            ring = await floor.ring_time(tx, queue)
            if match.invitation is None:
                await tasks.take(tx, held, task.offer, match.agent, ring)
            else:
                number = match.invitation
                await tasks.take(tx, held, task.offer_invitation, number, match.agent, ring)
            await agents.assigned(tx, match.agent, at)
        what = "task" if match.invitation is None else "invitation"
        figures.offered(what)
        conversation = held.conversation.id
        log.debug("offered", what=what, conversation=conversation, task=match.task, agent=agent.id)

    async def _submit(self, task_id: int, agent_id: AgentId) -> None:
        """A wrap-up has counted down, unless it was held or prolonged meanwhile."""
        async with self._database.transaction() as tx:
            held = await tasks.lock(tx, task_id)
            leg = held.task.leg_of(agent_id)
            if leg is None or leg.wrap_up_by is None or held.at < leg.wrap_up_by:
                raise Refused("not-any-more")
            await absence.submit(tx, held, agent_id)
        figures.acted_late("wrap-up", held.at - leg.wrap_up_by)

    async def _expire(self, task_id: int, number: int) -> None:
        """An invitation has waited in its queue for too long."""
        async with self._database.transaction() as tx:
            await tasks.move(tx, task_id, task.expire, number)


async def _attempt(doing: Doing) -> bool:
    """Whether it was done; what is not right any more, or fails, is looked at again later."""
    what = doing.func.__name__
    try:
        await doing()
    except Refused as refused:
        log.debug("not_done", what=what, code=refused.code)
    except UNREACHABLE:
        raise
    except Exception as error:
        log.warning("not_done", what=what, error=type(error).__name__, exc_info=True)
    else:
        return True
    return False


def _queue_of(held: tasks.Held, match: Match) -> QueueId | None:
    """The queue that the match was made in; None where nothing waits there any more."""
    if match.invitation is None:
        return held.task.queue if held.task.state is State.QUEUED else None
    asked = (one.to for one in held.task.asked if one.number == match.invitation)
    to = next(asked, None)
    return to.queue if isinstance(to, ToQueue) else None
