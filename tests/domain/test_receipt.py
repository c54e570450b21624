"""How often customers are shown that somebody writes, and how long that is tried."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from balcao.domain.receipt import TRIES_MAX, TYPING_EVERY, may_show_typing, next_try

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_writing_is_shown_at_once_and_then_every_twenty_seconds() -> None:
    assert may_show_typing(None, AT)
    assert not may_show_typing(AT, AT + TYPING_EVERY - timedelta(milliseconds=1))
    assert may_show_typing(AT, AT + timedelta(seconds=20))


def test_what_tells_nobody_is_tried_a_few_times_with_longer_and_longer_pauses() -> None:
    moments = [next_try(tries, AT) for tries in range(1, TRIES_MAX + 1)]

    *tried, given_up = moments
    assert given_up is None
    pauses = [moment - AT for moment in tried if moment is not None]
    assert pauses == [timedelta(seconds=5), timedelta(seconds=20), timedelta(seconds=80)]
