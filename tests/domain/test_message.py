"""A message's ladder, limits, and who may settle it."""

import itertools
from datetime import UTC, datetime, timedelta
from functools import reduce
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balcao.domain.message import (
    SETTLEABLE,
    TEXT_MAX,
    TOLD,
    TRY_FOR,
    Person,
    Status,
    advance,
    check_settle,
    checked_text,
    moment,
    next_try,
)
from balcao.domain.values import Refused, Role

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ANA = 7


def test_a_status_only_ever_moves_up() -> None:
    for current, told in itertools.product(Status, Status):
        assert advance(advance(current, told), current) is advance(current, told)


@given(st.lists(st.sampled_from(sorted(TOLD))), st.randoms())
def test_order_and_repeats_of_statuses_make_no_difference(told: list[Status], dice: Random) -> None:
    shuffled = sorted(told * 2, key=lambda _: dice.random())
    assert reduce(advance, told, Status.SENDING) is reduce(advance, shuffled, Status.SENDING)


def test_failed_wins_over_sent_and_never_over_delivered() -> None:
    assert advance(Status.SENT, Status.FAILED) is Status.FAILED
    assert advance(Status.FAILED, Status.SENT) is Status.FAILED
    assert advance(Status.DELIVERED, Status.FAILED) is Status.DELIVERED
    assert advance(Status.FAILED, Status.READ) is Status.READ


def test_any_word_of_whatsapps_settles_what_is_unconfirmed() -> None:
    assert {advance(Status.UNCONFIRMED, told) for told in TOLD} == TOLD
    assert advance(Status.ACCEPTED, Status.UNCONFIRMED) is Status.ACCEPTED


def test_4096_code_points_are_enough_and_one_more_is_too_long() -> None:
    assert checked_text("🎉" * TEXT_MAX) == "🎉" * TEXT_MAX
    with pytest.raises(Refused, match="too-long"):
        checked_text("a" * (TEXT_MAX + 1))


@pytest.mark.parametrize("text", ["", " ", "\n\t ", "\u00a0\u2003", "\0"])
def test_only_white_space_is_empty(text: str) -> None:
    with pytest.raises(Refused, match="empty"):
        checked_text(text)


def test_white_space_around_a_text_is_kept() -> None:
    assert checked_text("  a\n") == "  a\n"


def test_a_message_is_of_its_own_second_unless_that_is_too_far_ahead() -> None:
    second = int(NOON.timestamp())
    assert moment(second - 3600, NOON) == NOON - timedelta(hours=1)
    assert moment(second + 60, NOON) == NOON + timedelta(seconds=60)
    assert moment(second + 61, NOON) == NOON
    assert moment(253_402_300_799, NOON) == NOON


def test_automatic_tries_slow_down_and_end_within_a_minute() -> None:
    at, pauses = NOON, []
    for tries in itertools.count():
        due_at = next_try(tries, False, 0, NOON, at)
        if due_at is None:
            break
        pauses.append((due_at - at).total_seconds())
        at = due_at
    assert pauses[:4] == [1, 2, 4, 8]
    assert at <= NOON + TRY_FOR


def test_a_limit_per_customer_is_waited_out_in_powers_of_four() -> None:
    first = next_try(0, True, 0, NOON, NOON)
    assert first == NOON + timedelta(seconds=1)
    assert next_try(2, True, 0, NOON, NOON) == NOON + timedelta(seconds=16)
    assert next_try(3, True, 0, NOON, NOON) is None


def test_those_refused_together_do_not_all_come_back_together() -> None:
    assert len({next_try(0, False, id, NOON, NOON) for id in range(16)}) == 16


@pytest.mark.parametrize("status", sorted(SETTLEABLE))
@pytest.mark.parametrize(
    "person",
    [
        Person(ANA, Role.PRIMARY),
        Person(ANA, Role.GUEST),
        Person(8, Role.PRIMARY),
        Person(9, supervises=True),
    ],
)
def test_author_owner_and_supervisor_may_settle(status: Status, person: Person) -> None:
    check_settle(status, False, ANA, person)


@pytest.mark.parametrize(
    ("person", "code"),
    [
        (Person(ANA), "not-connected"),
        (Person(8), "not-connected"),
        (Person(8, Role.GUEST), "not-primary"),
    ],
)
def test_others_may_not_settle(person: Person, code: str) -> None:
    with pytest.raises(Refused, match=code):
        check_settle(Status.FAILED, False, ANA, person)


@pytest.mark.parametrize("status", sorted(set(Status) - SETTLEABLE))
def test_what_got_through_or_is_on_its_way_is_settled_already(status: Status) -> None:
    with pytest.raises(Refused, match="settled"):
        check_settle(status, False, ANA, Person(ANA, Role.PRIMARY))


def test_what_was_dismissed_is_not_asked_about_again() -> None:
    with pytest.raises(Refused, match="dismissed"):
        check_settle(Status.FAILED, True, ANA, Person(ANA, Role.PRIMARY))
