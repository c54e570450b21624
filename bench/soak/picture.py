"""The soak in one picture: memory, backlog and answers over time, with the faults marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

#: What each of the panels shows: its axis, whether that is logarithmic, and the lines by name.
PANELS: Sequence[tuple[str, bool, Mapping[str, str]]] = (
    (
        "memory, MB",
        False,
        {
            "server that is never restarted": "kept RSS MB",
            "server that is killed": "victim RSS MB",
            "PostgreSQL (PSS)": "PostgreSQL PSS MB",
        },
    ),
    (
        "backlog",
        True,
        {
            "webhooks stored, not read": "webhooks waiting",
            "webhooks not answered 200 yet": "unanswered",
            "messages not out yet": "messages unsettled",
        },
    ),
    ("answer, ms", True, {"p50": "answer p50 ms", "p99": "answer p99 ms"}),
)
COLOURS = ("#1b6ca8", "#c8553d", "#6b8f3c")
MINUTE = 60


def draw(
    path: Path,
    samples: Sequence[Mapping[str, float]],
    faults: Sequence[tuple[float, str]],
    title: str,
) -> None:
    """Write the picture to *path*; its ending says in which form."""
    mpl.rcParams["svg.fonttype"] = "none"
    figure = Figure(figsize=(12, 9), layout="constrained")
    axes = figure.subplots(len(PANELS), 1, sharex=True)
    for (label, logarithmic, lines), one in zip(PANELS, axes, strict=True):
        _panel(one, label, logarithmic, lines, samples)
        for at, _ in faults:
            one.axvline(at / MINUTE, color="#999999", linewidth=0.6, linestyle=":")
    for at, name in faults:
        axes[0].text(
            at / MINUTE, 1.02, name, rotation=60, fontsize=7, color="#555555",
            transform=axes[0].get_xaxis_transform(), ha="left", va="bottom",
        )  # fmt: skip
    axes[-1].set_xlabel("minutes")
    figure.suptitle(title)
    figure.savefig(path)


def _panel(
    axes: Axes,
    label: str,
    logarithmic: bool,
    lines: Mapping[str, str],
    samples: Sequence[Mapping[str, float]],
) -> None:
    for (name, key), colour in zip(lines.items(), COLOURS, strict=False):
        points = [(one["at"] / MINUTE, one[key]) for one in samples if key in one]
        axes.plot(*zip(*points, strict=True) if points else ([], []), label=name, color=colour)
    axes.set_ylabel(label)
    if logarithmic:
        axes.set_yscale("symlog", linthresh=1)
    axes.set_ylim(bottom=0)
    axes.legend(loc="upper left", fontsize=8, frameon=False)
    axes.grid(visible=True, linewidth=0.3)
