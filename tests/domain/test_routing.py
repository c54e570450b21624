"""Who is offered what: examples, and what holds whatever the floor looks like."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from balcao.domain.routing import Candidate, Match, Waiting, next_widening, route
from balcao.domain.task import AgentId, QueueId

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SUPPORT, SALES = QueueId(1), QueueId(2)
ANA, BIA = AgentId(1), AgentId(2)


def ago(seconds: float) -> datetime:
    return NOON - timedelta(seconds=seconds)


def waits(task: int, seconds: float = 1, queue: QueueId = SUPPORT, priority: int = 5) -> Waiting:
    return Waiting(task, queue, priority, ago(seconds))


def serves(
    agent: AgentId,
    *queues: QueueId,
    free: int = 1,
    idle_for: float | None = 10,
    after: float = 0,
) -> Candidate:
    delays = {queue: timedelta(seconds=after) for queue in queues or (SUPPORT,)}
    return Candidate(agent, delays, free, None if idle_for is None else ago(idle_for))


def test_the_longest_waiting_task_goes_to_the_longest_available_agent() -> None:
    matches = route([waits(1, 5), waits(2, 9)], [serves(ANA, idle_for=3), serves(BIA)], NOON)
    assert matches == [Match(2, BIA), Match(1, ANA)]


def test_priority_goes_before_waiting() -> None:
    assert route([waits(1, 99), waits(2, 1, priority=1)], [serves(ANA)], NOON) == [Match(2, ANA)]


def test_an_agent_who_was_never_assigned_is_asked_first() -> None:
    assert route([waits(1)], [serves(ANA), serves(BIA, idle_for=None)], NOON) == [Match(1, BIA)]


def test_several_tasks_are_spread_over_free_agents() -> None:
    tasks = [waits(1, 4), waits(2, 3), waits(3, 2)]
    matches = route(tasks, [serves(ANA, free=5), serves(BIA, free=5, idle_for=5)], NOON)
    assert [match.agent for match in matches] == [ANA, BIA, ANA]


def test_nobody_is_offered_a_queue_that_the_team_does_not_serve() -> None:
    assert route([waits(1, queue=SALES)], [serves(ANA)], NOON) == []


def test_a_further_team_joins_in_after_its_delay() -> None:
    late = serves(ANA, after=120)
    assert route([waits(1, 119)], [late], NOON) == []
    assert route([waits(1, 120)], [late], NOON) == [Match(1, ANA)]
    assert next_widening([waits(1, 119)], [late], NOON) == NOON + timedelta(seconds=1)


def test_who_missed_a_task_is_asked_last_but_is_asked() -> None:
    missed = Waiting(1, SUPPORT, 5, ago(9), missed_by=frozenset({ANA}))
    both = [serves(ANA, idle_for=99), serves(BIA)]
    assert route([missed], both, NOON) == [Match(1, BIA)]
    assert route([missed], both[:1], NOON) == [Match(1, ANA)]


def test_who_still_has_a_part_in_a_task_is_not_offered_it() -> None:
    barred = Waiting(1, SUPPORT, 5, ago(9), barred=frozenset({ANA}))
    assert route([barred], [serves(ANA)], NOON) == []


def test_an_agent_assigned_just_now_comes_after_all_others() -> None:
    """A tie between this pass and the last assignment once let the lists' order decide."""
    floor = [serves(ANA, free=3), serves(BIA, free=3, idle_for=0), serves(AgentId(3), idle_for=0)]
    tasks = [waits(number, 9 - number) for number in (1, 2, 3, 4)]
    expected = [ANA, BIA, AgentId(3), ANA]
    assert [match.agent for match in route(tasks, floor, NOON)] == expected
    assert [match.agent for match in route(tasks, floor[::-1], NOON)] == expected


agents = st.builds(
    Candidate,
    agent=st.integers(1, 8).map(AgentId),
    queues=st.dictionaries(
        st.sampled_from([SUPPORT, SALES]), st.integers(0, 200).map(lambda s: timedelta(seconds=s))
    ),
    free_slots=st.integers(1, 3),
    last_assigned_at=st.none() | st.integers(0, 500).map(ago),
)
floors = st.lists(agents, max_size=6, unique_by=lambda c: c.agent)
lines = st.lists(
    st.builds(
        Waiting,
        task=st.integers(1, 99),
        queue=st.sampled_from([SUPPORT, SALES]),
        priority=st.integers(1, 9),
        queued_at=st.integers(0, 300).map(ago),
        missed_by=st.frozensets(st.integers(1, 8).map(AgentId), max_size=2),
        barred=st.frozensets(st.integers(1, 8).map(AgentId), max_size=2),
    ),
    max_size=12,
    unique_by=lambda w: w.task,
)


@given(lines, floors, st.randoms(use_true_random=False))
def test_a_match_does_not_depend_on_the_order_of_the_lists(
    tasks: list[Waiting], floor: list[Candidate], random: Random
) -> None:
    expected = route(tasks, floor, NOON)
    random.shuffle(tasks)
    random.shuffle(floor)
    assert route(tasks, floor, NOON) == expected


@given(lines, floors)
def test_capacity_and_fitness_are_never_exceeded(
    tasks: list[Waiting], floor: list[Candidate]
) -> None:
    by_id, by_agent = {w.task: w for w in tasks}, {c.agent: c for c in floor}
    matches = route(tasks, floor, NOON)
    assert len({match.task for match in matches}) == len(matches)
    for agent, taken in Counter(match.agent for match in matches).items():
        assert taken <= by_agent[agent].free_slots
    for match in matches:
        task, agent_queues = by_id[match.task], by_agent[match.agent].queues
        assert NOON - task.queued_at >= agent_queues[task.queue]
        assert match.agent not in task.barred


@given(lines, floors)
def test_no_task_waits_while_a_fit_agent_is_free(
    tasks: list[Waiting], floor: list[Candidate]
) -> None:
    matches = route(tasks, floor, NOON)
    left = Counter({c.agent: c.free_slots for c in floor})
    left.subtract(match.agent for match in matches)
    matched = {match.task for match in matches}
    for task in (w for w in tasks if w.task not in matched):
        for candidate in floor:
            fit = task.queue in candidate.queues and candidate.agent not in task.barred
            fit = fit and NOON - task.queued_at >= candidate.queues[task.queue]
            assert not (fit and left[candidate.agent] > 0)
