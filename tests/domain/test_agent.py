"""An agent's state, told in examples."""

from datetime import UTC, datetime, timedelta

import pytest

from balcao.domain import agent as steps
from balcao.domain.agent import Agent, AgentState, Patience
from balcao.domain.values import AgentId, CodeId, Refused

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=5)
BREAK, LUNCH = CodeId(1), CodeId(2)


def signed_out() -> Agent:
    return Agent(AgentId(1), AgentState.IDLE, NOON, aux_code=BREAK)


def idle() -> Agent:
    return steps.sign_in(signed_out(), NOON, BREAK)


def available() -> Agent:
    return steps.become_available(idle(), NOON)


def test_signing_in_makes_idle_with_the_default_reason() -> None:
    agent = idle()
    assert (agent.state, agent.aux_code, agent.signed_in_at) == (AgentState.IDLE, BREAK, NOON)


def test_signing_out_is_refused_with_open_work() -> None:
    busy = Agent(AgentId(1), AgentState.IDLE, NOON, aux_code=BREAK, signed_in_at=NOON, load=1)
    with pytest.raises(Refused) as info:
        steps.sign_out(busy, LATER, BREAK)
    assert info.value.code == "has-work"


def test_signing_out_leaves_no_sign_of_a_desk() -> None:
    gone = steps.sign_out(available(), LATER, BREAK)
    assert (gone.signed_in_at, gone.beat_at, gone.state) == (None, None, AgentState.IDLE)


def test_rona_ends_only_by_hand() -> None:
    missed = steps.miss(available(), NOON)
    assert missed.state is AgentState.RONA
    assert steps.become_available(missed, LATER).state is AgentState.AVAILABLE
    assert steps.become_idle(missed, LATER, LUNCH).state is AgentState.IDLE


def test_a_second_rona_changes_nothing() -> None:
    missed = steps.miss(available(), NOON)
    assert steps.miss(missed, LATER) == missed


def test_choosing_the_present_state_again_keeps_its_time() -> None:
    assert steps.become_available(available(), LATER) == available()
    assert steps.become_idle(idle(), LATER, BREAK) == idle()


def test_another_reason_starts_its_own_time_and_keeps_the_whole_idle_time() -> None:
    lunch = steps.become_idle(idle(), LATER, LUNCH)
    assert (lunch.since, lunch.idle_since) == (LATER, NOON)


def test_a_signed_out_agent_has_no_state_to_choose() -> None:
    with pytest.raises(Refused) as info:
        steps.become_available(signed_out(), NOON)
    assert info.value.code == "signed-out"


@pytest.mark.parametrize(
    ("load", "silence", "fit"),
    [(4, 24, True), (5, 24, False), (4, 25, False)],
    ids=["free and heard", "full", "silent for 25 s"],
)
def test_offers_go_to_available_agents_with_a_slot_and_a_desk(
    load: int, silence: int, fit: bool
) -> None:
    heard = NOON - timedelta(seconds=silence)
    agent = Agent(
        AgentId(1), AgentState.AVAILABLE, NOON, signed_in_at=NOON, beat_at=heard, load=load
    )
    assert agent.may_be_offered(NOON) is fit


@pytest.mark.parametrize("state", [AgentState.IDLE, AgentState.RONA])
def test_nobody_else_is_offered_anything(state: AgentState) -> None:
    agent = Agent(AgentId(1), state, NOON, signed_in_at=NOON, beat_at=NOON)
    assert not agent.may_be_offered(NOON)


def test_losing_the_connection_makes_idle_but_never_ends_rona() -> None:
    away = steps.lose_connection(available(), LATER, LUNCH)
    assert (away.state, away.aux_code, away.since) == (AgentState.IDLE, LUNCH, LATER)
    missed = steps.miss(available(), NOON)
    assert steps.lose_connection(missed, LATER, LUNCH) == missed


@pytest.mark.parametrize(
    ("signed_in", "beat", "resumed", "silence"),
    [(0, 60, 0, 240), (90, 60, 0, 210), (0, 60, 200, 100), (0, None, 0, 300)],
    ids=["heard", "signed in since", "an outage since", "never heard"],
)
def test_silence_counts_from_the_last_answer_the_sign_in_or_the_end_of_an_outage(
    signed_in: int, beat: int | None, resumed: int, silence: int
) -> None:
    def after(seconds: int) -> datetime:
        return NOON + timedelta(seconds=seconds)

    agent = Agent(
        AgentId(1),
        AgentState.AVAILABLE,
        NOON,
        signed_in_at=after(signed_in),
        beat_at=None if beat is None else after(beat),
    )
    patience = Patience(timedelta(seconds=50), timedelta(minutes=10), after(resumed))
    assert agent.silent_for(LATER, patience) == timedelta(seconds=silence)
