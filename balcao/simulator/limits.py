"""Token buckets: how often something may happen, with bursts."""

from collections.abc import Hashable

_MOST_KEYS = 10_000


class Buckets:
    """Keeps one bucket per key, full at first, refilled as time passes."""

    def __init__(self, capacity: float, per_second: float) -> None:
        self._capacity = capacity
        self._per_second = per_second
        self._levels: dict[Hashable, tuple[float, float]] = {}

    def has(self, key: Hashable, now: float) -> bool:
        """Says whether one more may happen now."""
        return self._level(key, now) >= 1.0

    def take(self, key: Hashable, now: float) -> None:
        """Notes that one more has happened now."""
        level = self._level(key, now) - 1.0
        if key not in self._levels and len(self._levels) >= _MOST_KEYS:
            del self._levels[next(iter(self._levels))]
        self._levels[key] = (level, now)

    def _level(self, key: Hashable, now: float) -> float:
        level, at = self._levels.get(key, (self._capacity, now))
        # The clock may have been set back meanwhile: that takes nothing away.
        return min(self._capacity, level + max(0.0, now - at) * self._per_second)
