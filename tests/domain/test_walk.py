"""The whole life of a task, walked: no promise is broken in any shape, by any move."""

from collections.abc import Callable
from functools import cache

import pytest

from tests.domain import lifecycle, promises, step_promises
from tests.domain.moves import Bounds
from tests.domain.walk import Tried, Walk, walk

Walking = Callable[[Bounds], Walk]

WALKS = pytest.mark.parametrize("bounds", lifecycle.WALKS, ids=["wide", "deep"])


@pytest.fixture(scope="module")
def walked() -> Walking:
    """The walk within some bounds, walked once."""
    return cache(walk)


def taken(tried: Tried) -> step_promises.Taken | None:
    """The step, if it was one."""
    if tried.move is None or tried.after is None or tried.event is None:
        return None
    before, after = tried.before, tried.after
    return step_promises.Taken(before.task, tried.move, before.now, after.task, tried.event)


@WALKS
def test_every_task_keeps_every_promise(walked: Walking, bounds: Bounds) -> None:
    for tried in walked(bounds).tried:
        if tried.after is not None and tried.move is not None:
            assert promises.broken(tried.after.task) == [], tried.after.path


@WALKS
def test_every_step_keeps_every_promise(walked: Walking, bounds: Bounds) -> None:
    for tried in walked(bounds).tried:
        step = taken(tried)
        assert step is None or step_promises.broken(step) == [], (tried.before.path, tried.move)


@WALKS
def test_a_refusal_says_in_which_state_the_task_is(walked: Walking, bounds: Bounds) -> None:
    for tried in walked(bounds).tried:
        if tried.refusal:
            details: dict[str, object] = {"state": tried.before.task.state}
            if tried.refusal == "guests-full":
                details |= {"max": bounds.most}
            assert tried.details == details, (tried.before.path, tried.move)


@WALKS
def test_every_task_can_be_brought_to_an_end(walked: Walking, bounds: Bounds) -> None:
    assert [stand.path for stand in walked(bounds).stuck()] == []


def test_the_page_tells_what_the_walk_finds(walked: Walking) -> None:
    """Written anew by `.venv/bin/python -m tests.domain.lifecycle`."""
    assert lifecycle.PAGE.read_text() == lifecycle.page(map(walked, lifecycle.WALKS))
