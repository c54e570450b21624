"""Edges: the moments at which a step may die between two effects.

Whoever has an effect that the rest of the world sees (a commit, a call to WhatsApp, a process
that is started or ended) may be handed an edge, and tells it of the moment before and the moment
after.  On a real day nobody stands there.  A simulated day and the crash tests do, and end the
step or the whole process; they know an edge by the function that it belongs to, so no name of a
place to die at is scattered through the code.
"""

from collections.abc import Callable
from typing import Literal, TypeAlias

Side: TypeAlias = Literal["before", "after"]
Edge: TypeAlias = Callable[[Side], None]


def no_edge(_side: Side) -> None:
    """Nothing happens between the effects of a real day."""
