"""How a figure grows with something, in one word.

A figure y over x is fitted by y = a·xᵇ, by least squares in log-log: b = 0 is flat and b = 1 is
linear.  A rate is taken as the time for one, so that more is always worse.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.figures import Figure, Goal
from bench.table import number

#: Up to which exponent a figure counts as what.
VERDICTS = ((0.15, "flat"), (0.85, "less than linear"), (1.15, "linear"))
HEAD = ("figure", "unit", "goal")


@dataclass
class Curve:
    """A figure at each x."""

    name: str
    unit: str
    goal: Goal | None
    points: dict[float, float] = field(default_factory=dict)

    @property
    def exponent(self) -> float | None:
        """The b of y = a·xᵇ; None where fewer than two points say something."""
        sign = -1 if self.unit == "1/s" else 1
        logs = [(math.log(x), sign * math.log(y)) for x, y in self.points.items() if y > 0]
        if len(logs) < 2:
            return None
        middle_x = sum(x for x, _ in logs) / len(logs)
        middle_y = sum(y for _, y in logs) / len(logs)
        spread = sum((x - middle_x) ** 2 for x, _ in logs)
        return sum((x - middle_x) * (y - middle_y) for x, y in logs) / spread

    @property
    def verdict(self) -> str:
        """How it grows; nothing where that cannot be told."""
        exponent = self.exponent
        if exponent is None:
            return ""
        return next((word for most, word in VERDICTS if exponent <= most), "worse")

    @property
    def met(self) -> bool | None:
        """Whether the goal is met at every x; None where there is none."""
        if self.goal is None:
            return None
        return all(self.goal.met_by(y) for y in self.points.values())


class Curves:
    """All figures over one quantity."""

    def __init__(self, over: str) -> None:
        self.over = over
        self._by_name: dict[str, Curve] = {}

    @property
    def all(self) -> Sequence[Curve]:
        """The curves, in the order in which their figures first came."""
        return list(self._by_name.values())

    def add(self, x: float, figures: Sequence[Figure]) -> None:
        """Put down what was measured at *x*."""
        for one in figures:
            if one.value is not None and not math.isnan(one.value):
                curve = self._by_name.setdefault(one.name, Curve(one.name, one.unit, one.goal))
                curve.points[x] = one.value

    def markdown(self) -> str:
        """A table with a column for each x, the exponent and the verdict."""
        places = sorted({x for curve in self.all for x in curve.points})
        head = [*HEAD, *(f"{x:,g}" for x in places), "exponent", "verdict", "met"]
        rows = [head, ["-" * max(len(word), 3) for word in head]]
        for curve in self.all:
            exponent = curve.exponent
            rows.append(
                [
                    curve.name,
                    curve.unit,
                    _goal(curve.goal),
                    *(number(curve.points.get(x)) for x in places),
                    "" if exponent is None else f"{exponent:.2f}",
                    curve.verdict,
                    {True: "yes", False: "NO", None: ""}[curve.met],
                ]
            )
        return "\n".join("| " + " | ".join(row) + " |" for row in rows)

    def plain(self) -> Mapping[str, Any]:
        """The same for programs."""
        return {
            "over": self.over,
            "curves": [
                {
                    "name": curve.name,
                    "unit": curve.unit,
                    "points": sorted(curve.points.items()),
                    "exponent": curve.exponent,
                    "verdict": curve.verdict,
                    "met": curve.met,
                }
                for curve in self.all
            ],
        }


def _goal(goal: Goal | None) -> str:
    if goal is None:
        return ""
    return f"{'≥' if goal.bound == 'at least' else '≤'} {goal.number:,g}"
