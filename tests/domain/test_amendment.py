"""What reactions, edits and revocations come to, in whatever order they arrive."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from balcao.domain.amendment import Act, Amendment, By, amended

ANA = By("customer", None, "Ana")
MARINA = By("agent", 1, "Marina")
AT = datetime(2026, 11, 24, tzinfo=UTC)


def done(
    act: Act, second: int, text: str | None = None, *, by: By = ANA, order: int = 0
) -> Amendment:
    return Amendment(act, by, text, second, order or second, AT)


def test_a_message_to_which_nothing_was_done_is_as_it_came() -> None:
    now = amended([])

    assert (now.reactions, now.edit, now.revoked) == ((), None, None)


def test_of_each_side_the_latest_reaction_counts() -> None:
    first, second = done(Act.REACTION, 1, "👍"), done(Act.REACTION, 2, "❤️")
    other = done(Act.REACTION, 1, "😂", by=MARINA, order=9)

    assert set(amended([second, other, first]).reactions) == {(ANA, "❤️"), (MARINA, "😂")}


def test_whichever_agent_reacts_it_is_the_reaction_of_the_business() -> None:
    diego = By("agent", 2, "Diego")
    first, second = done(Act.REACTION, 1, "👍", by=MARINA), done(Act.REACTION, 2, "😂", by=diego)

    assert amended([second, first]).reactions == ((diego, "😂"),)


def test_a_reaction_that_is_taken_back_is_gone_also_where_it_comes_late() -> None:
    on, off = done(Act.REACTION, 1, "👍"), done(Act.REACTION, 2)

    assert amended([off, on]).reactions == ()


def test_of_two_in_one_second_that_which_came_last_counts() -> None:
    first = done(Act.REACTION, 1, "👍", order=1)
    last = done(Act.REACTION, 1, "❤️", order=2)

    assert amended([last, first]).reactions == ((ANA, "❤️"),)


def test_the_latest_edit_is_the_text_and_a_revocation_stays() -> None:
    edits = [done(Act.EDIT, 3, "às 16h"), done(Act.EDIT, 2, "às 15h")]
    now = amended([*edits, done(Act.REVOKE, 1)])

    assert now.edit == edits[0]
    assert now.revoked is not None


amendments = st.lists(
    st.builds(
        Amendment,
        act=st.sampled_from(Act),
        by=st.sampled_from([ANA, MARINA]),
        text=st.one_of(st.none(), st.sampled_from(["👍", "❤️"])),
        second=st.integers(1, 3),
        order=st.integers(1, 1000),
        at=st.just(AT),
    ),
    max_size=8,
    unique_by=lambda one: one.order,
)


@given(amendments, st.randoms(use_true_random=False))
def test_the_order_in_which_they_are_given_changes_nothing(
    given_: list[Amendment], chance: Random
) -> None:
    shuffled = list(given_)
    chance.shuffle(shuffled)

    now, again = amended(given_), amended(shuffled)

    assert set(now.reactions) == set(again.reactions)
    assert (now.edit, now.revoked) == (again.edit, again.revoked)
    assert all(emoji for _, emoji in now.reactions)
    assert len({(by.kind, by.id) for by, _ in now.reactions}) == len(now.reactions)
