"""Writes docs/lifecycle.md: what the walk has found, for a person to read.

The document is not an account of the code but what came of trying all of it, so a change of the
rules shows in a review as a change of its tables.  To write it anew:

    .venv/bin/python -m tests.domain.lifecycle
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from balcao.domain.values import Leg, Role, State, Task
from tests.domain import promises, step_promises
from tests.domain.moves import DEEP, WIDE
from tests.domain.walk import Tried, Walk, walk

PAGE = Path(__file__).parents[2] / "docs" / "lifecycle.md"
WALKS = (WIDE, DEEP)

Cells = dict[tuple[str, str], set[str]]

CLASSES = {
    "queued": "Nobody has it: it waits in its queue for the next fit agent.",
    "offered": "It rings at one agent. Unanswered, it goes back to its queue.",
    "offered to one agent": "A transfer rings at the agent named, and at nobody else.",
    "connected": "Its owner talks with the customer, alone.",
    "connected, asking": "Its owner talks alone and has asked somebody in.",
    "connected, with guests": "Owner and guests talk with the customer.",
    "connected, with guests, asking": "Owner and guests talk, and somebody more is asked in.",
    "wrap-up": "It is over for the customer; somebody has yet to submit a reason.",
    "ended": "Nobody has anything left to do.",
}
PARTS = {
    "owner": "talks, and owns the task",
    "guest": "talks, asked in",
    "rings": "it rings at the agent",
    "time is up": "it rings, and the time to answer is over",
    "wraps up": "has yet to submit a reason",
    "no part": "has no open part in the task",
    "—": "the step concerns no agent",
}
HEAD = """\
# The life of a task

Written by `.venv/bin/python -m tests.domain.lifecycle`, and compared by the suite: change the rules
in `balcao/domain/task.py`, write it anew, and read what has changed.

The suite walks the whole life of a task: from a queued one it makes every move in every shape, by
every part that an agent can have, until nothing new comes. Shapes leave out what is closed and who
is who; they tell apart who rings, talks or wraps up, the order of guests and of deadlines, and
whether a time is far, near or up.
"""
KEY = """\
## Every move in every state

In **bold** what the journal says, and to which state it leads; else the code of the refusal, and
more than one where the details decide. The columns are the parts that the agent concerned can have:
the one who moves, or at whom it rings.
"""


def page(walks: Iterable[Walk]) -> str:
    """The whole document."""
    found = list(walks)
    tried = [one for walked in found for one in walked.tried]
    parts = [HEAD, _counts(found), _diagrams(tried), _promises(), _tables(tried)]
    return "\n".join(parts)


def _counts(walks: list[Walk]) -> str:
    head = ["agents", "ways to wrap up", "guests and invitations", "shapes", "moves", "refusals"]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for walked in walks:
        bounds = walked.bounds
        moves = sum(one.event is not None for one in walked.tried)
        refusals = sum(bool(one.refusal) for one in walked.tried)
        limits = f"{bounds.agents} | {len(bounds.plans)} | at most {bounds.most}"
        lines.append(f"| {limits} | {len(walked.stands):,} | {moves:,} | {refusals:,} |")
    return "\n".join(lines) + "\n"


def _diagrams(tried: list[Tried]) -> str:
    tasks: set[tuple[str, str, str]] = set()
    legs: set[tuple[str, str, str]] = set()
    for one in tried:
        if one.after is not None and one.event is not None:
            before, after, code = one.before.task, one.after.task, one.event.code
            if before.state is not after.state:
                tasks.add((before.state, after.state, code))
            for old, new in _changed(before, after):
                legs.add((_leg_state(old), _leg_state(new), code))
    return (
        "## A leg: one agent's part\n\n"
        + _diagram({*legs, ("closed", "[*]", "")})
        + "\n## A task: read off its legs\n\n"
        + _diagram({*tasks, ("[*]", "queued", ""), ("ended", "[*]", "")})
    )


def _changed(before: Task, after: Task) -> Iterator[tuple[Leg | None, Leg]]:
    was = [*before.legs, *[None] * (len(after.legs) - len(before.legs))]
    for old, new in zip(was, after.legs, strict=True):
        if old is None or (old.state, old.role) != (new.state, new.role):
            yield old, new


def _leg_state(leg: Leg | None) -> str:
    if leg is None:
        return "[*]"
    if leg.state is State.CONNECTED:
        return "owner" if leg.role is Role.PRIMARY else "guest"
    return leg.state


def _diagram(edges: Iterable[tuple[str, str, str]]) -> str:
    labels: dict[tuple[str, str], set[str]] = {}
    for start, to, code in edges:
        labels.setdefault((start, to), set()).add(code)
    lines = ["```mermaid", "stateDiagram-v2", '    state "wrap-up" as wrapup']
    for (start, to), codes in sorted(labels.items()):
        way = f"    {start.replace('-', '')} --> {to.replace('-', '')}"
        lines.append(": ".join(filter(None, [way, ", ".join(sorted(codes))])))
    return "\n".join([*lines, "```"]) + "\n"


def _promises() -> str:
    """What the walk has asked of all of them."""
    lines = ["## What holds everywhere", "", "Of every task:", ""]
    lines += [f"- {promise}" for promise in promises.OF_A_TASK]
    lines += ["", "Of every step:", ""]
    lines += [f"- {promise}" for promise in step_promises.OF_A_STEP]
    lines += ["", "And from every shape a way leads to an ended task with nothing left open."]
    return "\n".join(lines) + "\n"


def _tables(tried: list[Tried]) -> str:
    cells: dict[tuple[str, str, str], set[str]] = {}
    for one in tried:
        if one.move is not None:
            key = (_class(one.before.task), one.move.name, _part(one.part))
            cells.setdefault(key, set()).add(_outcome(one))
    parts = [KEY, *(f"- *{part}*: {means}" for part, means in PARTS.items()), ""]
    for name, means in CLASSES.items():
        mine = {(move, part): found for (of, move, part), found in cells.items() if of == name}
        parts += [f"### {name.capitalize()}\n", f"{means}\n"]
        parts += [text for text in (_table(mine), _refused(mine)) if text]
    return "\n".join(parts)


def _table(mine: Cells) -> str:
    """The moves that fit somebody, or are refused to one in another way than to the next."""
    moves = [move for move in dict.fromkeys(move for move, _ in mine) if not _refusal(mine, move)]
    columns = [part for part in PARTS if any((move, part) in mine for move in moves)]
    lines = ["| move | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for move in moves:
        row = [", ".join(sorted(mine.get((move, part), set()))) for part in columns]
        lines.append(f"| {move} | " + " | ".join(row) + " |")
    return "\n".join(lines) + "\n" if moves else ""


def _refused(mine: Cells) -> str:
    """The moves that are refused to all in one way."""
    codes: dict[str, list[str]] = {}
    for move in dict.fromkeys(move for move, _ in mine):
        code = _refusal(mine, move)
        if code:
            codes.setdefault(code, []).append(move)
    lines = [f"- {code}: {', '.join(moves)}" for code, moves in codes.items()]
    return "\n".join(["Refused to all:\n", *lines]) + "\n"


def _refusal(mine: Cells, move: str) -> str:
    found = set().union(*(some for (of, _), some in mine.items() if of == move))
    only = found.pop() if len(found) == 1 else ""
    return only if only.startswith("`") else ""


def _class(task: Task) -> str:
    if task.state is not State.CONNECTED:
        direct = task.owner is not None and task.owner.direct
        return "offered to one agent" if direct else task.state
    guests = ", with guests" if task.guests else ""
    return f"connected{guests}{', asking' if task.asked else ''}"


def _part(part: tuple[str, ...]) -> str:
    if not part:
        return "—"
    return "time is up" if part[0] == "rings" and "up" in part[3] else part[0]


def _outcome(tried: Tried) -> str:
    if tried.after is None or tried.event is None:
        return f"`{tried.refusal}`"
    return f"**{tried.event.code}** → {_class(tried.after.task)}"


if __name__ == "__main__":
    PAGE.write_text(page(map(walk, WALKS)))
