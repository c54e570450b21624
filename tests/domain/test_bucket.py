"""How often something may happen, with bursts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from balcao.domain.bucket import PAIR, Level, Rate, of_number, take

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def taken(rate: Rate, moments: list[datetime]) -> list[datetime]:
    """When each of these went, if each waits for its token and for the one before it."""
    level, went = Level(), list[datetime]()
    for moment in moments:
        at = max(moment, went[-1]) if went else moment
        level, later = take(rate, level, at)
        if later is not None:
            at = later
            level, later = take(rate, level, at + timedelta(microseconds=1))
            assert later is None, "what waits for its token gets it"
        went.append(at)
    return went


def test_a_customer_gets_45_at_once_and_then_one_in_six_seconds() -> None:
    went = taken(PAIR, [AT] * 47)

    assert went[:45] == [AT] * 45
    assert [round((moment - AT) / SECOND) for moment in went[45:]] == [6, 12]


def test_a_number_sends_as_many_as_it_may_in_a_second() -> None:
    went = taken(of_number(80), [AT] * 240)

    assert round((went[-1] - AT) / SECOND) == 2


def test_who_was_quiet_for_long_has_no_more_than_a_full_bucket() -> None:
    level, _ = take(PAIR, Level(), AT)
    level, _ = take(PAIR, level, AT + timedelta(days=1))

    assert level.left == PAIR.burst - 1


def test_a_clock_that_was_set_back_takes_nothing_away() -> None:
    level, _ = take(PAIR, Level(), AT)

    assert take(PAIR, level, AT - SECOND)[0].left == level.left - 1


@given(st.lists(st.integers(0, 600), min_size=1, max_size=120))
def test_never_more_than_the_burst_and_what_came_back_meanwhile(seconds: list[int]) -> None:
    went = taken(PAIR, [AT + second * SECOND for second in sorted(seconds)])

    for first, begun in enumerate(went):
        for last, ended in enumerate(went[first:], first):
            slack = timedelta(milliseconds=1)
            assert last - first + 1 <= PAIR.burst + (ended - begun + slack) / PAIR.every + 1e-6
