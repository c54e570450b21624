"""What is measured: figures with their goals, and the arithmetic behind them.

A figure that could not be measured has no value and says why; it meets no goal.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

ABSENT = "not there yet"


def quantile(values: Iterable[float], share: float) -> float:
    """The smallest of *values* that at least *share* of them do not exceed.

    Nothing is interpolated, so the answer is a value that was measured.  NaN for no values.
    """
    ordered = sorted(values)
    if not ordered:
        return math.nan
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def median(values: Sequence[float]) -> float:
    """The middle of *values*."""
    return quantile(values, 0.5)


@dataclass(frozen=True, slots=True)
class Goal:
    """What a figure, or its ratio to the Python floor's, is to be."""

    bound: Literal["at least", "at most"]
    number: float
    of: Literal["value", "ratio"] = "value"

    def met_by(self, measured: float | None) -> bool:
        """Whether *measured* is good enough; what was not measured is not."""
        if measured is None or math.isnan(measured):
            return False
        return measured >= self.number if self.bound == "at least" else measured <= self.number


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table: ours, the floors' where they have such a figure, and the goal."""

    scenario: str
    name: str
    unit: str
    value: float | None
    python_floor: float | None = None
    c_floor: float | None = None
    goal: Goal | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Ours by the Python floor's; None where one of them is missing."""
        if self.value is None or not self.python_floor:
            return None
        return self.value / self.python_floor

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None where there is none, or nothing to measure yet."""
        if self.goal is None or self.note == ABSENT:
            return None
        return self.goal.met_by(self.value if self.goal.of == "value" else self.ratio)

    def noted(self, note: str) -> Figure:
        """The same with something to know about it."""
        return replace(self, note=note)


def at_most(number: float) -> Goal:
    """The value is to be *number* or less."""
    return Goal("at most", number)


def at_least(number: float) -> Goal:
    """The value is to be *number* or more."""
    return Goal("at least", number)


def milliseconds(
    scenario: str,
    name: str,
    seconds: Sequence[float],
    goals: Mapping[float, float | None],
    python_floor: Sequence[float] = (),
    c_floor: Sequence[float] = (),
) -> list[Figure]:
    """A figure in ms for each share in *goals*; its goal is at most so much, if there is one."""

    def at(share: float, some: Sequence[float]) -> float | None:
        return quantile(some, share) * 1e3 if some else None

    return [
        Figure(
            scenario,
            f"{name} p{share * 100:g}",
            "ms",
            at(share, seconds),
            at(share, python_floor),
            at(share, c_floor),
            None if most is None else at_most(most),
            f"of {len(seconds):,}",
        )
        for share, most in goals.items()
    ]
