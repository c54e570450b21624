"""Who is offered what: examples, and what holds whatever the floor looks like."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from balcao.domain.routing import Candidate, Match, Waiting, next_widening, route
from balcao.domain.values import AgentId, QueueId

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SUPPORT, SALES = QueueId(1), QueueId(2)
ANA, BIA = AgentId(1), AgentId(2)


def ago(seconds: float) -> datetime:
    return NOON - timedelta(seconds=seconds)


def waits(task: int, seconds: float = 1, queue: QueueId = SUPPORT, priority: int = 5) -> Waiting:
    return Waiting(task, queue, priority, ago(seconds))


def waits_in(task: int, invitation: int, seconds: float = 9, queue: QueueId = SUPPORT) -> Waiting:
    return Waiting(task, queue, 5, ago(seconds), invitation=invitation)


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


def test_of_tasks_that_came_at_once_the_lower_number_is_first_and_its_invitations_follow() -> None:
    line = [Waiting(2, SUPPORT, 5, ago(9)), waits_in(1, 2), waits_in(1, 1), waits(1, 9)]
    matches = route(line, [serves(AgentId(n), idle_for=99 - n) for n in (1, 2, 3, 4)], NOON)
    expected = [Match(1, ANA), Match(1, BIA, 1), Match(1, AgentId(3), 2), Match(2, AgentId(4))]
    assert matches == expected


def test_an_invitation_is_in_the_queue_it_was_sent_to_from_the_moment_of_inviting() -> None:
    invitation = waits_in(1, 1, seconds=5, queue=SALES)
    floor = [serves(ANA, SUPPORT), serves(BIA, SALES)]
    assert route([invitation], floor, NOON) == [Match(1, BIA, 1)]
    later, earlier = waits(2, 4, queue=SALES), waits(3, 6, queue=SALES)
    assert route([later, earlier, invitation], floor[1:], NOON) == [Match(3, BIA)]
    assert route([later, invitation], floor[1:], NOON) == [Match(1, BIA, 1)]


def test_two_invitations_of_one_task_never_ring_at_one_agent() -> None:
    both = [waits_in(1, 1), waits_in(1, 2)]
    assert route(both, [serves(ANA, free=5)], NOON) == [Match(1, ANA, 1)]
    assert route([*both, waits_in(2, 1)], [serves(ANA, free=5)], NOON) == [
        Match(1, ANA, 1),
        Match(2, ANA, 1),
    ]


def test_agents_free_for_equally_long_are_asked_by_number() -> None:
    floor = [serves(BIA), serves(ANA)]
    assert route([waits(1)], floor, NOON) == [Match(1, ANA)]
    unused = [serves(BIA, idle_for=None), serves(ANA, idle_for=None)]
    assert route([waits(1)], unused, NOON) == [Match(1, ANA)]


def test_a_long_idle_agent_still_comes_after_who_was_never_assigned() -> None:
    ancient = Candidate(ANA, {SUPPORT: timedelta()}, 1, datetime(1969, 7, 20, tzinfo=UTC))
    assert route([waits(1)], [ancient, serves(BIA, idle_for=None)], NOON) == [Match(1, BIA)]


def test_among_those_who_missed_it_the_longest_available_is_asked() -> None:
    missed = Waiting(1, SUPPORT, 5, ago(9), missed_by=frozenset({ANA, BIA}))
    assert route([missed], [serves(ANA, idle_for=3), serves(BIA)], NOON) == [Match(1, BIA)]


def test_the_next_widening_is_the_first_yet_to_come() -> None:
    floor = [
        Candidate(ANA, {SUPPORT: timedelta(seconds=30), SALES: timedelta(seconds=5)}, 1),
        serves(BIA, after=60),
    ]
    assert next_widening([waits(1, 10), waits(2, 20)], floor, NOON) == ago(-10)
    assert next_widening([waits(1, 30)], floor, NOON) == ago(-30), "the first has come just now"
    assert next_widening([waits(1, 4, queue=SALES)], floor, NOON) == ago(-1)


def test_nothing_widens_any_more_once_all_are_in() -> None:
    assert next_widening([waits(1, 60)], [serves(ANA, after=60)], NOON) is None
    assert next_widening([waits(1, queue=SALES)], [serves(ANA, after=60)], NOON) is None
    assert next_widening([], [serves(ANA, after=60)], NOON) is None


def fits(one: Waiting, candidate: Candidate) -> bool:
    """Whether the agent may take it, as far as both alone decide."""
    if one.queue not in candidate.queues or candidate.agent in one.barred:
        return False
    return NOON - one.queued_at >= candidate.queues[one.queue]


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
        task=st.integers(1, 6),
        invitation=st.none() | st.integers(1, 3),
        queue=st.sampled_from([SUPPORT, SALES]),
        priority=st.integers(1, 9),
        queued_at=st.integers(0, 300).map(ago),
        missed_by=st.frozensets(st.integers(1, 8).map(AgentId), max_size=2),
        barred=st.frozensets(st.integers(1, 8).map(AgentId), max_size=2),
    ),
    max_size=12,
    unique_by=lambda w: (w.task, w.invitation),
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
def test_capacity_is_never_exceeded_and_no_task_twice_at_one_agent(
    line: list[Waiting], floor: list[Candidate]
) -> None:
    slots = {candidate.agent: candidate.free_slots for candidate in floor}
    matches = route(line, floor, NOON)
    assert len({(match.task, match.invitation) for match in matches}) == len(matches)
    assert len({(match.task, match.agent) for match in matches}) == len(matches)
    for agent, taken in Counter(match.agent for match in matches).items():
        assert taken <= slots[agent]


@given(lines, floors)
def test_nobody_is_offered_what_they_may_not_take(
    line: list[Waiting], floor: list[Candidate]
) -> None:
    waiting = {(one.task, one.invitation): one for one in line}
    candidates = {candidate.agent: candidate for candidate in floor}
    for match in route(line, floor, NOON):
        assert fits(waiting[match.task, match.invitation], candidates[match.agent])


@given(lines, floors)
def test_nothing_waits_while_a_fit_agent_is_free(
    line: list[Waiting], floor: list[Candidate]
) -> None:
    matches = route(line, floor, NOON)
    left = Counter({candidate.agent: candidate.free_slots for candidate in floor})
    left.subtract(match.agent for match in matches)
    matched = {(match.task, match.invitation) for match in matches}
    rings = {(match.task, match.agent) for match in matches}
    for one in (one for one in line if (one.task, one.invitation) not in matched):
        for candidate in floor:
            free = left[candidate.agent] > 0 and (one.task, candidate.agent) not in rings
            assert not (free and fits(one, candidate))


@given(lines, floors)
def test_first_come_is_first_served_among_equals(
    line: list[Waiting], floor: list[Candidate]
) -> None:
    """Whoever got an agent that another could have had too came before that other."""
    matches = {(match.task, match.invitation): match for match in route(line, floor, NOON)}
    candidates = {candidate.agent: candidate for candidate in floor}
    rings = {(match.task, match.agent) for match in matches.values()}
    for served in (one for one in line if (one.task, one.invitation) in matches):
        agent = candidates[matches[served.task, served.invitation].agent]
        for one in (one for one in line if (one.task, one.invitation) not in matches):
            if fits(one, agent) and (one.task, agent.agent) not in rings:
                assert served.place < one.place


@given(lines, floors)
def test_who_missed_it_is_asked_only_when_nobody_else_is_free(
    line: list[Waiting], floor: list[Candidate]
) -> None:
    waiting = {(one.task, one.invitation): one for one in line}
    left = Counter({candidate.agent: candidate.free_slots for candidate in floor})
    rings: set[tuple[int, AgentId]] = set()
    for match in route(line, floor, NOON):
        one = waiting[match.task, match.invitation]
        others = [
            candidate.agent
            for candidate in floor
            if left[candidate.agent] > 0 and (one.task, candidate.agent) not in rings
            if fits(one, candidate) and candidate.agent not in one.missed_by
        ]
        assert match.agent not in one.missed_by or others == []
        left[match.agent] -= 1
        rings.add((match.task, match.agent))


@given(lines, floors)
def test_at_the_next_widening_somebody_more_is_fit_and_not_before(
    line: list[Waiting], floor: list[Candidate]
) -> None:
    def fit(at: datetime) -> int:
        return sum(
            at - one.queued_at >= candidate.queues[one.queue]
            for one in line
            for candidate in floor
            if one.queue in candidate.queues
        )

    moment = next_widening(line, floor, NOON)
    if moment is None:
        assert fit(NOON) == fit(NOON + timedelta(days=1))
    else:
        just_before = moment - timedelta(microseconds=1)
        assert fit(NOON) == fit(just_before) < fit(moment)
