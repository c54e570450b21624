"""Every shape that a task can take, and every move in each of them.

Leaving out what is closed, a task has few shapes: who rings, talks or wraps up, in which order
the guests came, whose time is up, and what is asked.  Agents are interchangeable, so two tasks
that differ only in who is who have one shape.  From a queued task the walk makes every move of
`moves.py` in every shape, by every part that an agent can have in it, and goes on from what
follows until nothing new comes.  Of each shape the first task found stands for all; it carries
its whole past with it.

The clock is a part of the shape.  A move takes one tick; letting time pass is a move too, and
goes on to the next deadline.  A tick is far shorter than what `prolong` leaves, and that is half
of the time for which an offer rings: so a deadline is far, near or up, and of those which are
asked for at once either may come first.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from balcao.domain.values import AgentId, Event, Refused, Role, State, Task
from tests.domain.moves import LEAST, SUPPORT, TICK, Bounds, Move, moves, open_leg

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
# Far more than there are: without a limit, a broken rule could make the walk endless.
SHAPES_MAX = 3000


@dataclass(frozen=True, slots=True)
class Stand:
    """A task, the time it is, and what has been done to come here."""

    task: Task
    now: datetime
    path: tuple[str, ...] = field(default=(), compare=False)

    def left(self, deadline: datetime | None) -> str:
        """How far a deadline is."""
        if deadline is None:
            return "never"
        if deadline <= self.now:
            return "up"
        return "near" if deadline < self.now + LEAST else "far"

    def part(self, agent: AgentId) -> tuple[str, ...]:
        """All that matters of an agent's part in the task."""
        leg = open_leg(self.task, agent)
        if leg is None:
            return ("no part",)
        if leg.state is State.WRAP_UP:
            return ("wraps up", leg.hold, self.left(leg.wrap_up_by))
        if leg.state is State.OFFERED:
            origin, turn = leg.origin.source, self._turn(leg.answer_by)
            until = (self.left(leg.answer_by), turn, self._expiry(leg.invitation))
            return ("rings", "direct" if leg.direct else "queued", origin, *until)
        if leg.role is Role.PRIMARY:
            return ("owner",)
        moments = sorted(str(guest.connected_at) for guest in self.task.guests)
        return ("guest", str(moments.index(str(leg.connected_at))))

    def shape(self, everyone: list[AgentId]) -> tuple[object, ...]:
        """What this has in common with all that can go on in the same way."""
        task = self.task
        asked = (one.number for one in task.asked if task.ringing_for(one.number) is None)
        waiting = sorted(self._expiry(number) for number in asked)
        parts = sorted(self.part(agent) for agent in everyone)
        return (task.ended_at is None, task.origin.source, *parts, *waiting)

    @property
    def next(self) -> datetime | None:
        """The next moment at which a time is up."""
        wraps = [leg.wrap_up_by for leg in self.task.legs if leg.state is State.WRAP_UP]
        later = [at for at in wraps if at is not None and at > self.now]
        return min([*self._ahead, *later], default=None)

    @property
    def _ahead(self) -> list[datetime]:
        """What the clock has yet to reach of all that is asked, in order."""
        every = [leg.answer_by for leg in self.task.legs if leg.state is State.OFFERED]
        every += [one.expires_at for one in self.task.asked]
        return sorted(at for at in every if at is not None and at > self.now)

    def _turn(self, at: datetime | None) -> str:
        ahead = self._ahead
        return str(ahead.index(at)) if at in ahead else ""

    def _expiry(self, number: int | None) -> str:
        """Of an invitation that waits in a queue: in which turn its time is up, or that it is."""
        at = next((one.expires_at for one in self.task.asked if one.number == number), None)
        return "" if at is None else self._turn(at) or "up"


@dataclass(frozen=True, slots=True)
class Tried:
    """A move that was tried, and what follows or why it was refused; without one time passes."""

    before: Stand
    move: Move | None
    after: Stand | None
    event: Event | None = None
    refusal: str = ""
    details: object = None
    part: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Walk:
    """All that came of it: what stands for each shape, what was tried, and what leads where."""

    bounds: Bounds
    stands: dict[tuple[object, ...], Stand]
    tried: list[Tried]
    ways: dict[tuple[object, ...], set[tuple[object, ...]]]

    def stuck(self) -> list[Stand]:
        """From where no way leads to an ended task in which nobody has anything left to do."""
        back: dict[tuple[object, ...], list[tuple[object, ...]]] = {}
        for shape, ways in self.ways.items():
            for way in ways:
                back.setdefault(way, []).append(shape)
        good = {shape for shape, one in self.stands.items() if one.task.state is State.ENDED}
        todo = list(good)
        while todo:
            new = set(back.get(todo.pop(), ())) - good
            good |= new
            todo += new
        return [one for shape, one in self.stands.items() if shape not in good]


def walk(bounds: Bounds) -> Walk:
    """Walk as far as the *bounds* let."""
    first = Stand(Task(1, SUPPORT, 5, NOON), NOON + TICK)
    shape = first.shape(bounds.everyone)
    found = Walk(bounds, {shape: first}, [], {shape: set()})
    todo = deque([shape])
    while todo:
        shape = todo.popleft()
        for tried in _tries(found.stands[shape], bounds):
            found.tried.append(tried)
            if tried.after is not None:
                to = tried.after.shape(bounds.everyone)
                found.ways[shape].add(to)
                if to not in found.stands:
                    assert len(found.stands) < SHAPES_MAX, tried.after.path
                    found.stands[to], found.ways[to] = tried.after, set()
                    todo.append(to)
    return found


def _tries(stand: Stand, bounds: Bounds) -> Iterator[Tried]:
    parts = {agent: stand.part(agent) for agent in bounds.everyone}

    def unlike(agents: list[AgentId]) -> list[AgentId]:
        """One of all the agents who have the same part."""
        return list({parts[agent]: agent for agent in reversed(agents)}.values())

    for move in moves(stand.task, bounds, unlike):
        part = () if move.agent is None else parts[move.agent]
        try:
            task, event = move.step(stand.task, stand.now, *move.args)
        except Refused as refused:
            yield Tried(stand, move, None, None, refused.code, refused.details, part)
        else:
            after = Stand(task, stand.now + TICK, (*stand.path, str(move)))
            yield Tried(stand, move, after, event, part=part)
    if stand.next is not None:
        yield Tried(stand, None, Stand(stand.task, stand.next, (*stand.path, "time passes")))
