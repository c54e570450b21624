"""What goes wrong at will: the faults of the network, of Graph, and of people.

A set of faults is one value. Putting a new one replaces all of it; a missing key is its default.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from balcao.simulator.problems import Problem

GRAPH_MODES = ("ok", "500", "429", "slow", "timeout", "reset_after_accept", "html")
MEDIA_MODES = ("ok", "404", "slow", "truncated", "wrong_hash")


@dataclass(frozen=True, kw_only=True)
class Faults:
    """Is one set of faults; the default one has none."""

    duplicate: float = 0.0
    """Share of items that are delivered a second time, later and perhaps batched otherwise."""
    reorder: float = 0.0
    """Share of items that are held back, so that later ones overtake them."""
    batch: int = 1
    """Most items in one POST."""
    delay_ms: int = 0
    """How long each item waits before its first delivery."""
    outage: bool = False
    """While true no webhook goes out; afterwards the waiting ones do, in order."""
    malformed: float = 0.0
    """Share of POSTs that carry one more item, which cannot be read."""
    graph: str = "ok"
    """How Graph answers: see `GRAPH_MODES`."""
    media: str = "ok"
    """How the host of media answers: see `MEDIA_MODES`."""
    window: str = "async"
    """Whether a closed 24-hour window shows in a later status or in the answer."""
    receipts: str = "on"
    """on: delivered and read by themselves; off: delivered, never read."""
    seed: int | None = None
    """Makes the choices above repeatable."""

    def view(self) -> dict[str, Any]:
        """Is this set as the control API shows it."""
        return asdict(self)


def parse(given: Mapping[str, Any]) -> Faults:
    """Reads a set of faults; refuses unknown keys and values out of range."""
    unknown = sorted(set(given) - set(_RULES))
    if unknown:
        raise Problem(422, "unknown-fault", f"there is no fault named {unknown[0][:40]}")
    numbers = {key: str(given[key]) for key in ("graph", "media") if type(given.get(key)) is int}
    given = {**given, **numbers}
    for key, value in given.items():
        fits, words = _RULES[key]
        if not fits(value):
            raise Problem(422, "bad-value", f"{key} must be {words}")
    return Faults(**given)


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _is_whole(lowest: int, highest: int) -> Callable[[object], bool]:
    return lambda value: type(value) is int and lowest <= value <= highest


def _one_of(*choices: str) -> tuple[Callable[[object], bool], str]:
    return (lambda value: value in choices), f"one of {', '.join(choices)}"


_SHARE = (_is_share, "a share from 0 to 1")
_RULES: dict[str, tuple[Callable[[object], bool], str]] = {
    "duplicate": _SHARE,
    "reorder": _SHARE,
    "malformed": _SHARE,
    "batch": (_is_whole(1, 1000), "a whole number from 1 to 1000"),
    "delay_ms": (_is_whole(0, 600_000), "a whole number from 0 to 600000"),
    "outage": (lambda value: isinstance(value, bool), "true or false"),
    "graph": _one_of(*GRAPH_MODES),
    "media": _one_of(*MEDIA_MODES),
    "window": _one_of("async", "sync"),
    "receipts": _one_of("on", "off"),
    "seed": (
        lambda value: value is None or type(value) is int,
        "a whole number or null",
    ),
}
