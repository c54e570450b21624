"""Who sees what.

An agent sees, of a task that rings, the card's fields only; with a connected part, the whole
conversation; in wrap-up, the same up to the moment that the part ended; later, the tasks in
which the agent had a connected part, up to that moment.  All else does not exist for them.
This is the one place that decides it, for the stream and for every request alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from balcao.domain.values import State


class Row(Protocol):
    """A row of the store, read by the names of its columns."""

    def __getitem__(self, key: str) -> Any:
        """The value of one column."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What one agent may read of one conversation."""

    whole: bool = False
    """A part is connected: everything, as it happens."""
    until: int = 0
    """A part is in wrap-up: everything up to this arrival number."""
    parts: Mapping[int, int] | None = None
    """Parts that are over: of each of these tasks, up to that arrival number."""

    @property
    def present(self) -> bool:
        """Whether an open part shows the conversation, and the stream carries it."""
        return self.whole or self.until > 0

    @property
    def any(self) -> bool:
        """Whether there is anything to read at all."""
        return self.present or bool(self.parts)

    @property
    def cut(self) -> int | None:
        """The last arrival number of the open parts; None where there is no limit."""
        return None if self.whole else self.until

    def message(self, seq: int, task_id: int | None) -> bool:
        """Whether this message is seen."""
        if self.whole or seq <= self.until:
            return True
        return task_id is not None and seq <= (self.parts or {}).get(task_id, 0)

    def task(self, task_id: int, opened_seq: int) -> bool:
        """Whether the steps and conclusions of a task, begun after that number, are seen."""
        return self.whole or opened_seq < self.until or task_id in (self.parts or {})


def state_of(leg: Row) -> State:
    """Where a part stands, by its moments."""
    if leg["closed_at"] is not None:
        return State.CLOSED
    if leg["wrap_up_at"] is not None:
        return State.WRAP_UP
    return State.OFFERED if leg["connected_at"] is None else State.CONNECTED


def sight(legs: Iterable[Row]) -> Sight:
    """What the parts *legs* of one agent in one conversation let that agent read."""
    whole, until = False, 0
    parts: dict[int, int] = {}
    for leg in legs:
        state = state_of(leg)
        if state is State.CONNECTED:
            whole = True
        elif state is State.WRAP_UP:
            until = max(until, leg["until_seq"])
        elif state is State.CLOSED and leg["connected_at"] is not None:
            parts[leg["task_id"]] = max(parts.get(leg["task_id"], 0), leg["until_seq"] or 0)
    return Sight(whole, until, parts)
