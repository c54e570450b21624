"""What must hold in the end, as figures with goals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from balcao.server import CONNECTIONS
from bench.figures import Figure, at_most, quantile
from bench.soak.samples import GROWING, Sample, slope_per_hour

SLOPE_PERCENT_MAX = 5.0
DRAIN_SECONDS_MAX = 180.0
SERVERS = 2
OUTSIDE = 2  # of the pool of each server: the connection that listens, and the inbox's
#: What no work that is done may leave behind.
CONSTANT = ("sessions", "early statuses", "sign-in failures", "items set aside")
TOO_SHORT = "too little time to tell"


@dataclass(frozen=True)
class Incident:
    """A fault: when, what, and how many seconds until all was as before, or what never was."""

    at: float
    name: str
    healed_after: float | None
    left: str = ""


@dataclass(frozen=True)
class Ending:
    """What was found in the end."""

    drained_after: float | None
    missing: Mapping[str, int]
    second_effects: int
    untold: int
    violations: Sequence[str]
    exit_statuses: Sequence[int]


def figures(
    samples: Sequence[Sample],
    before: Sample,
    after: Sample,
    incidents: Sequence[Incident],
    ending: Ending,
) -> list[Figure]:
    """All of them; *before* and *after* are samples without load, with all desks connected."""
    return [
        *_nothing_lost(ending),
        *_recovery(incidents),
        *_leaks(samples, before, after),
        *_growth(before, after),
        *_answers(samples),
    ]


def _nothing_lost(ending: Ending) -> list[Figure]:
    none = at_most(0)
    shown = "; ".join(ending.violations[:5])
    return [
        *(
            Figure("soak", f"{kind} answered and not there", "", count, goal=none)
            for kind, count in ending.missing.items()
        ),
        Figure("soak", "attempts with two effects", "", ending.second_effects, goal=none),
        Figure("soak", "effects whose message does not show it", "", ending.untold, goal=none),
        Figure("soak", "violations", "", len(ending.violations), goal=none, note=shown),
        Figure(
            "soak",
            "drained after the load",
            "s",
            ending.drained_after,
            goal=at_most(DRAIN_SECONDS_MAX),
        ),
        Figure(
            "soak",
            "servers that did not end in order",
            "",
            sum(status != 0 for status in ending.exit_statuses),
            goal=none,
        ),
    ]


def _recovery(incidents: Sequence[Incident]) -> list[Figure]:
    took = [one.healed_after for one in incidents if one.healed_after is not None]
    never = [f"{one.name}: {one.left}" for one in incidents if one.healed_after is None]
    return [
        Figure("soak", "faults", "", len(incidents)),
        Figure(
            "soak",
            "faults not healed before the next",
            "",
            len(never),
            goal=at_most(0),
            note="; ".join(never),
        ),
        Figure("soak", "longest until all was as before", "s", max(took, default=None)),
    ]


def _leaks(samples: Sequence[Sample], before: Sample, after: Sample) -> list[Figure]:
    restarted = len({one["kept pid"] for one in samples if "kept pid" in one}) - 1
    pools = SERVERS * (CONNECTIONS + OUTSIDE)
    return [
        Figure("soak", "restarts of the server to be kept", "", restarted, goal=at_most(0)),
        *(_slope(samples, name) for name in ("kept RSS MB", "kept USS MB")),
        *(_slope(samples, f"{one} supervisor RSS MB") for one in ("kept", "victim")),
        _back(before, after, "kept descriptors but pool"),
        Figure(
            "soak",
            "database connections in the end",
            "",
            after.get("connections"),
            goal=at_most(pools),
            note=f"{before.get('connections', 0):.0f} before; {pools} is what the pools may hold",
        ),
    ]


def _slope(samples: Sequence[Sample], name: str) -> Figure:
    share, shown = slope_per_hour(samples, name), f"slope of {name.removesuffix(' MB')}"
    if share is None:
        return Figure("soak", shown, "%/h", None, note=TOO_SHORT)
    return Figure("soak", shown, "%/h", 100 * share, goal=at_most(SLOPE_PERCENT_MAX))


def _back(before: Sample, after: Sample, name: str) -> Figure:
    """What is to be at most what it was."""
    was = before.get(name)
    if was is None:
        return Figure("soak", f"{name} in the end", "", None, note="was not read beforehand")
    return Figure("soak", f"{name} in the end", "", after.get(name), goal=at_most(was))


def _growth(before: Sample, after: Sample) -> list[Figure]:
    hours = (after["at"] - before["at"]) / 3600
    grown = [
        Figure("soak", f"growth: {name}", "1/h", (after[name] - before[name]) / hours)
        for name in (*(f"{table} rows" for table in GROWING), "database MB")
    ]
    return [*(_back(before, after, name) for name in CONSTANT), *grown]


def _answers(samples: Sequence[Sample]) -> list[Figure]:
    """The load that was carried, and whether answers have become slower with time."""
    end = samples[-1]["at"] if samples else 0.0
    first = [one for one in samples if one["at"] <= end / 3]
    last = [one for one in samples if one["at"] > 2 * end / 3]
    answered = sum(one.get("answers", 0) for one in samples)
    return [
        Figure("soak", "webhooks answered", "1/s", answered / end if end else None),
        *(
            Figure("soak", f"answer p99, {when} third", "ms", _typical(some, "answer p99 ms"))
            for when, some in (("first", first), ("last", last))
        ),
        *(
            Figure("soak", f"CPU of {whose} for a webhook, {when} third", "ms", _cost(some, whose))
            for whose in ("kept", "PostgreSQL")
            for when, some in (("first", first), ("last", last))
        ),
        Figure("soak", "webhooks waiting at the most", "", _most(samples, "webhooks waiting")),
    ]


def _cost(samples: Sequence[Sample], whose: str) -> float | None:
    """CPU milliseconds for each webhook that was answered; restarts in between left out."""
    name, spent, answered = f"{whose} CPU s", 0.0, 0.0
    for before, after in pairwise(samples):
        if name in before and name in after and after[name] >= before[name]:
            spent += after[name] - before[name]
            answered += after.get("answers", 0)
    return 1e3 * spent / answered if answered else None


def _typical(samples: Sequence[Sample], name: str) -> float | None:
    values = [one[name] for one in samples if name in one]
    return quantile(values, 0.5) if values else None


def _most(samples: Sequence[Sample], name: str) -> float | None:
    return max((one[name] for one in samples if name in one), default=None)
