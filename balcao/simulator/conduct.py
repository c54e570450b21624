"""What a scripted colleague does next with a task: a plain function of what the desk shows.

Nothing is remembered between two looks but which steps were taken, so that a colleague who lost
the line goes on where the desk says things are. A step is known by what it is about: an answer by
the message answered, a farewell by the part it ends. The same step has the same key and the same
`client_id`, and is thus never taken twice.

An owner greets, answers, ends when it has been quiet, and wraps up. A guest greets once, answers
what nobody else has, and leaves when the owner has gone on talking, or when it is quiet. Whoever
is about to leave work gives back what was not begun, and concludes what was.
"""

import random
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from balcao.simulator import script
from balcao.simulator.desk import Desk, View
from balcao.simulator.script import Part, reply

Range = tuple[float, float]
Key = tuple[str, str, str]

_AT_ONCE: Range = (0.0, 0.0)


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Is how long things take, in seconds, from and to."""

    accept: Range = (2.0, 4.0)
    read: Range = (1.0, 2.5)
    write: Range = (1.0, 2.5)
    quiet: Range = (120.0, 150.0)
    """How long nobody writes before an owner ends."""
    guest_quiet: Range = (75.0, 120.0)
    """How long nobody writes before a guest leaves."""
    leave: Range = (25.0, 40.0)
    """How long after the owner spoke again a guest leaves."""
    wrap_up: Range = (3.0, 6.0)
    hurry: Range = (0.5, 1.5)
    """What is done at once, done by a person."""
    again: Range = (1.0, 15.0)
    """How soon somebody whom the server does not answer tries again: at first, and at most."""
    taken: Range = (60.0, 75.0)
    """How long a colleague waits before asking whether the place is free again."""
    refused: Range = (20.0, 30.0)
    """How long what was refused is left alone."""


@dataclass(frozen=True)
class Step:
    """Is a command to give after a while; the key is its task, its name, and what it is about."""

    key: Key
    wait: Range
    body: dict[str, Any] | None = None

    @property
    def path(self) -> str:
        """Is where the command goes."""
        return f"/api/tasks/{self.key[0]}/{self.key[1]}"


class Conduct:
    """Decides for one colleague; `seed` makes the choice of words repeatable."""

    def __init__(self, part: Part, pace: Pace, seed: int) -> None:
        self.part = part
        self.pace = pace
        self.seed = seed

    def next(self, desk: Desk, task: View, taken: Container[Key], *, leaving: bool) -> Step | None:
        """Is the first step that this task asks for and that was not taken, if there is one."""
        steps = _Look(self, desk, task).steps(leaving=leaving)
        return next((step for step in steps if step.key not in taken), None)


class _Look:
    """One look at a task: the steps that it asks for, the most urgent one first."""

    def __init__(self, conduct: Conduct, desk: Desk, task: View) -> None:
        assert desk.me is not None
        self._conduct = conduct
        self._pace = conduct.pace
        self._task, self._leg = task, task["leg"]
        self._codes = desk.codes["wrap_up"]
        self._me = desk.me["id"]
        self._lines = _lines(desk, task)

    def steps(self, *, leaving: bool) -> Iterator[Step]:
        state = None if self._leg is None else self._leg["state"]
        if state == "offered":
            yield self._step("accept", "", self._pace.hurry if leaving else self._pace.accept)
        elif state == "wrap-up":
            yield from self._wrap_up(self._pace.hurry if leaving else self._pace.wrap_up)
        elif state == "connected" and leaving:
            yield from self._go()
        elif state == "connected":
            yield from self._talk()

    def _talk(self) -> Iterator[Step]:
        """Reads, greets and answers; and where there is nothing to say, waits to be done."""
        if self._task["unread"]:
            yield self._step("read", self._newest("in"), self._pace.read)
        mine = self._mine()
        if not mine:
            yield from self._say("greet", "", self._conduct.part.greeting)
        if self._leg["role"] == "guest":
            since = self._lines[self._lines.index(mine[-1]) + 1 :] if mine else []
            yield from self._reply(since)
            yield self._leave(since)
        else:
            yield from self._reply([line for line in self._lines if line not in mine[:1]])
            yield self._step("end", self._newest(), self._pace.quiet)

    def _leave(self, since: Sequence[View]) -> Step:
        """Leaves some time after somebody else has gone on talking, else when it is quiet."""
        for line in since:
            if line["direction"] == "out":
                return self._step("leave", line["id"], self._pace.leave)
        return self._step("leave", self._newest(), self._pace.guest_quiet)

    def _go(self) -> Iterator[Step]:
        """Leaves as a guest; gives back what was not begun, else says goodbye and ends."""
        if self._leg["role"] == "guest":
            yield self._step("leave", "now", self._pace.hurry)
            return
        if not self._mine() and not any(g["state"] == "connected" for g in self._task["guests"]):
            to = {"queue_id": self._task["queue"]["id"]}
            note = {"to": to, "note": script.GIVEN_BACK}
            yield self._step("transfer", "", self._pace.hurry, note)
        yield from self._say("goodbye", "", script.GOODBYE)
        yield self._step("end", "now", self._pace.hurry)

    def _wrap_up(self, wait: Range) -> Iterator[Step]:
        """Submits the reason that fits, or the default one where there is no such reason."""
        mine = self._mine()
        since = self._lines[self._lines.index(mine[0]) :] if mine else []
        reason = script.SILENT
        if self._leg["outcome"] == "transferred":
            reason = script.PASSED_ON
        elif any(line["direction"] == "in" for line in since):
            reason = script.DONE
        codes = sorted(self._codes, key=lambda code: (code["name"] != reason, not code["default"]))
        for code in codes[:1]:
            yield self._step("wrap-up", code["id"], wait, {"aux_code_id": code["id"]})

    def _reply(self, lines: Sequence[View]) -> Iterator[Step]:
        """Answers the oldest of the customer's words that nobody has, and with it all newer."""
        waiting: View | None = None
        for line in lines:
            waiting = None if line["direction"] == "out" else waiting or line
        if waiting is not None:
            chance = random.Random(f"{self._conduct.seed} {self._me} {waiting['id']}")
            before = next((line["text"] for line in self._mine()[::-1]), None)
            yield from self._say("reply", waiting["id"], reply(lines[-1]["text"], before, chance))

    def _say(self, what: str, about: str, text: str) -> Iterator[Step]:
        """Writes a line once: the customer sees the typing, and then the words."""
        client_id = f"{what}-{self._leg['id']}-{about}"
        if any(line["client_id"] == client_id for line in self._mine()):
            return
        yield self._step("typing", client_id, _AT_ONCE)
        body = {"client_id": client_id, "type": "text", "text": text}
        yield self._step("messages", client_id, self._pace.write, body)

    def _mine(self) -> list[View]:
        """Is what this colleague has written since joining."""
        since = self._leg["connected_at"]
        return [
            line
            for line in self._lines
            if line["direction"] == "out" and line["author"]["id"] == self._me
            if line["at"] >= since
        ]

    def _newest(self, direction: str | None = None) -> str:
        """Is the id of the newest line, or nothing."""
        fit = (line["id"] for line in self._lines[::-1] if direction in (None, line["direction"]))
        return next(fit, "")

    def _step(self, act: str, about: str, wait: Range, body: dict[str, Any] | None = None) -> Step:
        return Step((self._task["id"], act, f"{self._leg['id']} {about}"), wait, body)


def _lines(desk: Desk, task: View) -> list[View]:
    """Is what the customer and the company have said in a task, in the order of arrival.

    A thread is shown by the time of writing; but what came late was not answered before.
    """
    said = [
        line
        for line in desk.of("message")
        if line["task_id"] == task["id"] and line["direction"] in ("in", "out")
    ]
    return sorted(said, key=lambda line: int(line["seq"]))
