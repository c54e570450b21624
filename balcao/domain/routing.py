"""Who is offered what: waiting tasks and free agents in, matches out.

Tasks, and invitations into tasks, come in the order of priority, then place in the
queue.  Each is offered to the fit agent whose last assignment is longest ago; one who
has missed or given away this very task before is asked only when no other fit agent is
free.  A pure function, so that "why this agent?" and "why is this waiting?" have one answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from balcao.domain.values import AgentId, QueueId


@dataclass(frozen=True, slots=True)
class Waiting:
    """A task, or its *invitation*, in a queue; *missed_by* are asked last, *barred* not at all."""

    task: int
    queue: QueueId
    priority: int
    queued_at: datetime
    missed_by: frozenset[AgentId] = frozenset()
    barred: frozenset[AgentId] = frozenset()
    invitation: int | None = None

    @property
    def place(self) -> tuple[int, datetime, int, int]:
        """What the order of waiting goes by; the task itself before its invitations."""
        return self.priority, self.queued_at, self.task, self.invitation or 0


@dataclass(frozen=True, slots=True)
class Candidate:
    """An agent with free slots; each queue served after the task has waited so long."""

    agent: AgentId
    queues: Mapping[QueueId, timedelta]
    free_slots: int
    last_assigned_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """This task, or its invitation, is to ring at this agent."""

    task: int
    agent: AgentId
    invitation: int | None = None


@dataclass(slots=True)
class _Slot:
    """What changes of a candidate while matches are made."""

    candidate: Candidate
    free: int
    turn: tuple[int, float, int]
    tasks: set[int] = field(default_factory=set)


def route(waiting: Iterable[Waiting], candidates: Iterable[Candidate], at: datetime) -> list[Match]:
    """Match tasks with agents; the answer does not depend on the order given."""
    by_queue = _slots_by_queue(candidates)
    matches: list[Match] = []
    for task in sorted(waiting, key=lambda w: w.place):
        slots = by_queue.get(task.queue)
        if slots and (slot := _best(task, slots, at)) is not None:
            matches.append(Match(task.task, slot.candidate.agent, task.invitation))
            slot.free -= 1
            slot.tasks.add(task.task)
            slot.turn = (2, len(matches), slot.candidate.agent)  # after all not asked yet
    return matches


def next_widening(
    waiting: Iterable[Waiting], candidates: Iterable[Candidate], at: datetime
) -> datetime | None:
    """When the next candidate becomes fit for a task by its waiting alone; None: never."""
    queues: dict[QueueId, set[timedelta]] = {}
    for candidate in candidates:
        for queue, delay in candidate.queues.items():
            queues.setdefault(queue, set()).add(delay)
    moments = (w.queued_at + delay for w in waiting for delay in queues.get(w.queue, ()))
    return min((moment for moment in moments if moment > at), default=None)


def _slots_by_queue(candidates: Iterable[Candidate]) -> dict[QueueId, list[_Slot]]:
    by_queue: dict[QueueId, list[_Slot]] = {}
    for candidate in candidates:
        last = candidate.last_assigned_at
        turn = (0, 0.0, candidate.agent) if last is None else (1, last.timestamp(), candidate.agent)
        slot = _Slot(candidate, candidate.free_slots, turn)
        for queue in candidate.queues:
            by_queue.setdefault(queue, []).append(slot)
    return by_queue


def _best(task: Waiting, slots: list[_Slot], at: datetime) -> _Slot | None:
    waited = at - task.queued_at
    fit = (
        slot
        for slot in slots
        if slot.free > 0
        and slot.candidate.agent not in task.barred
        and task.task not in slot.tasks
        and waited >= slot.candidate.queues[task.queue]
    )
    return min(fit, key=lambda s: (s.candidate.agent in task.missed_by, s.turn), default=None)
