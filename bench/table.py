"""The table: one line for each figure, for people as Markdown and for programs as JSON."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.figures import Figure
from bench.machine import ROOT

RESULTS = ROOT / "bench" / "results"
HEAD = ("scenario", "figure", "unit", "Balcão", "Python floor", "C floor", "ratio", "goal", "met")


def markdown(figures: Sequence[Figure]) -> str:
    """The table, its columns lined up so that it reads well as it is."""
    rows = [HEAD, *(_cells(one) for one in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
             + " |" for row in rows]  # fmt: skip
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    notes = [f"- *{one.scenario}, {one.name}*: {one.note}" for one in figures if one.note]
    return "\n".join([*lines, "", *notes, ""] if notes else [*lines, ""])


def document(
    figures: Sequence[Figure], machine: Mapping[str, Any], failed: Mapping[str, str]
) -> str:
    """The whole page: what was measured, on what, and what could not be."""
    facts = [f"- {name.replace('_', ' ')}: {value}" for name, value in machine.items()]
    lines = ["# What one machine carries", "", *facts, "", markdown(figures)]
    if failed:
        lines += ["## Not measured", "", *(f"- {one}: {why}" for one, why in failed.items()), ""]
    return "\n".join(lines)


def write(
    figures: Sequence[Figure],
    machine: Mapping[str, Any],
    failed: Mapping[str, str],
    name: str,
    folder: Path = RESULTS,
) -> Path:
    """Write both forms under a *name* with the moment in it; the path of the one for people."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{name}-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}"
    whole = {
        "machine": machine,
        "failed": failed,
        "figures": [_plain(one) for one in figures],
    }
    text = json.dumps(whole, indent=2, ensure_ascii=False, allow_nan=False)
    (folder / f"{stem}.json").write_text(text + "\n")
    page = folder / f"{stem}.md"
    page.write_text(document(figures, machine, failed))
    return page


def newest(name: str, scenario: str, folder: Path = RESULTS) -> list[dict[str, Any]]:
    """The figures of *scenario* in the newest run called *name* that has any; else none."""
    for path in sorted(folder.glob(f"{name}-*.json"), reverse=True):
        figures = json.loads(path.read_text())["figures"]
        if found := [one for one in figures if one["scenario"] == scenario]:
            return found
    return []


def number(value: float | None) -> str:
    """A number with three digits that count, as people write it."""
    if value is None or math.isnan(value):
        return ""
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _cells(one: Figure) -> tuple[str, ...]:
    goal = ""
    if one.goal is not None:
        sign = "≥" if one.goal.bound == "at least" else "≤"
        times = "×" if one.goal.of == "ratio" else ""
        goal = f"{sign} {one.goal.number:,g}{times}"
    met = {True: "yes", False: "NO", None: ""}[one.met]
    values = (one.value, one.python_floor, one.c_floor, one.ratio)
    return (one.scenario, one.name, one.unit, *(number(value) for value in values), goal, met)


def _plain(one: Figure) -> dict[str, Any]:
    goal = one.goal and {"bound": one.goal.bound, "number": one.goal.number, "of": one.goal.of}
    numbers = {
        "value": one.value,
        "python_floor": one.python_floor,
        "c_floor": one.c_floor,
        "ratio": one.ratio,
    }
    return {
        "scenario": one.scenario,
        "name": one.name,
        "unit": one.unit,
        **{name: _finite(value) for name, value in numbers.items()},
        "goal": goal,
        "met": one.met,
        "note": one.note,
    }


def _finite(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else value
