"""WhatsApp's 24-hour window."""

from datetime import UTC, datetime, timedelta

from balcao.domain.window import closes_at, is_open

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_it_closes_a_minute_before_whatsapp_closes_it() -> None:
    assert closes_at(NOON) == NOON + timedelta(hours=23, minutes=59)
    assert is_open(NOON, NOON + timedelta(hours=23, minutes=58, seconds=59))
    assert not is_open(NOON, NOON + timedelta(hours=23, minutes=59))


def test_a_customer_who_has_never_written_has_no_window() -> None:
    assert closes_at(None) is None
    assert not is_open(None, NOON)


def test_a_message_that_comes_a_day_late_finds_the_window_closed() -> None:
    assert not is_open(NOON - timedelta(days=1), NOON)
