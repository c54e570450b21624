"""What a scripted colleague does next, as sentences about what the desk shows."""

from __future__ import annotations

import random
from typing import Any

import aiohttp
import pytest

from balcao.simulator import script
from balcao.simulator.conduct import Conduct, Pace, Step
from balcao.simulator.desk import Desk, View
from balcao.simulator.script import PARTS

PACE = Pace()
CONDUCT = Conduct(PARTS[0], PACE, seed=3)
ME, OTHER = "7", "8"
JOINED = "2026-03-02T12:00:10.000Z"


class Scene:
    """A task with the colleague in it, and what was said there."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self.desk = Desk(http, "http://127.0.0.1:9")
        self.desk.me = {"kind": "agent", "id": ME, "version": 1}
        self.desk.codes["wrap_up"] = [
            {"id": "1", "name": "Engano / spam", "default": False},
            {"id": "2", "name": "Outra", "default": True},
        ]
        self.leg: View = {
            "id": "50",
            "role": "primary",
            "state": "connected",
            "connected_at": JOINED,
            "outcome": None,
        }
        self.guests: list[View] = []
        self.unread = 0

    def say(self, who: str | None, text: str | None, at: str = JOINED, **more: Any) -> str:
        """Somebody says something, nobody being the customer; gives the line's id."""
        seq = len(self.desk.views) + 1
        line = {
            "kind": "message",
            "version": seq,
            "id": f"m{seq}",
            "seq": seq,
            "task_id": "40",
            "direction": "in" if who is None else "out",
            "author": {"id": who},
            "client_id": None,
            "text": text,
            "at": at,
            **more,
        }
        self.desk.keep(line)
        return f"m{seq}"

    def steps(self, *, leaving: bool = False) -> list[Step]:
        """All that there is to do, each step as if those before it were taken."""
        steps: list[Step] = []
        taken: set[tuple[str, str, str]] = set()
        task = {
            "id": "40",
            "leg": self.leg,
            "guests": self.guests,
            "unread": self.unread,
            "queue": {"id": "3"},
        }
        while (step := CONDUCT.next(self.desk, task, taken, leaving=leaving)) is not None:
            steps.append(step)
            taken.add(step.key)
        return steps

    def acts(self, *, leaving: bool = False) -> list[str]:
        """The names of all that there is to do."""
        return [step.key[1] for step in self.steps(leaving=leaving)]

    def greeted(self) -> None:
        """The colleague has said hello."""
        self.say(ME, PARTS[0].greeting, client_id="greet-50-")


@pytest.fixture
async def scene() -> Any:
    async with aiohttp.ClientSession() as http:
        yield Scene(http)


def test_an_offer_is_accepted_after_a_while_and_sooner_by_who_is_leaving(scene: Scene) -> None:
    scene.leg["state"] = "offered"
    [step] = scene.steps()
    assert (step.path, step.wait) == ("/api/tasks/40/accept", PACE.accept)
    [step] = scene.steps(leaving=True)
    assert step.wait == PACE.hurry


def test_an_owner_reads_greets_and_then_answers_what_was_waiting(scene: Scene) -> None:
    scene.unread = 1
    scene.say(None, "Cadê meu pedido?")
    assert scene.acts() == ["read", "typing", "messages", "typing", "messages", "end"]
    greeting = scene.steps()[2].body
    assert greeting is not None
    assert greeting["text"] == PARTS[0].greeting
    scene.unread = 0
    scene.greeted()
    assert scene.acts() == ["typing", "messages", "end"]


def test_what_somebody_has_answered_is_answered(scene: Scene) -> None:
    scene.greeted()
    scene.say(None, "Oi")
    scene.say(OTHER, "Olá")
    assert scene.acts() == ["end"]


def test_what_came_late_is_answered_whenever_it_was_written(scene: Scene) -> None:
    scene.greeted()
    scene.say(ME, "Certo.")
    scene.say(None, "Escrevi isto antes", at="2026-03-02T12:00:01.000Z")
    assert scene.acts() == ["typing", "messages", "end"]


def test_one_answer_is_for_all_that_waits_and_has_one_name(scene: Scene) -> None:
    scene.greeted()
    first = scene.say(None, "Oi")
    [_, before, _] = scene.steps()
    scene.say(None, "Tem alguém?")
    [_, after, _] = scene.steps()
    assert before.key == after.key
    assert before.body is not None
    assert before.body["client_id"] == f"reply-50-{first}"


def test_an_owner_ends_when_nobody_has_written_for_so_long(scene: Scene) -> None:
    scene.greeted()
    [end] = scene.steps()
    assert (end.key[1], end.wait) == ("end", PACE.quiet)
    scene.say(OTHER, "Mais uma coisa")
    [later] = scene.steps()
    assert later.key != end.key, "the time begins again"


def test_a_guest_leaves_to_others_what_was_said_before(scene: Scene) -> None:
    scene.leg["role"] = "guest"
    scene.say(None, "Oi", at="2026-03-02T11:59:00.000Z")
    assert scene.acts() == ["typing", "messages", "leave"]
    scene.greeted()
    [leave] = scene.steps()
    assert (leave.key[1], leave.wait) == ("leave", PACE.guest_quiet)


def test_a_guest_answers_and_leaves_some_time_after_the_owner_went_on(scene: Scene) -> None:
    scene.leg["role"] = "guest"
    scene.greeted()
    scene.say(None, "E o prazo?")
    assert scene.acts() == ["typing", "messages", "leave"]
    scene.say(OTHER, "Eu respondo.")
    [leave] = scene.steps()
    assert (leave.key[1], leave.wait) == ("leave", PACE.leave)
    scene.say(OTHER, "São três dias.")
    assert [step.key for step in scene.steps()] == [leave.key], "more words do not put it off"


def test_who_leaves_gives_back_what_was_not_begun(scene: Scene) -> None:
    scene.say(None, "Oi")
    assert scene.acts(leaving=True) == ["transfer", "typing", "messages", "end"]
    back = scene.steps(leaving=True)[0].body
    assert back is not None
    assert back["to"] == {"queue_id": "3"}


def test_who_leaves_says_goodbye_once_and_ends(scene: Scene) -> None:
    scene.greeted()
    assert scene.acts(leaving=True) == ["typing", "messages", "end"]
    scene.say(ME, script.GOODBYE, client_id="goodbye-50-")
    assert scene.acts(leaving=True) == ["end"]


def test_with_a_guest_nothing_is_given_back(scene: Scene) -> None:
    scene.guests = [{"state": "connected"}]
    assert scene.acts(leaving=True) == ["typing", "messages", "end"]


def test_a_guest_who_leaves_work_leaves(scene: Scene) -> None:
    scene.leg["role"] = "guest"
    scene.say(None, "Oi")
    assert scene.acts(leaving=True) == ["leave"]


@pytest.mark.parametrize("name", [script.DONE, script.SILENT, script.PASSED_ON])
def test_the_reason_is_the_one_that_fits(scene: Scene, name: str) -> None:
    scene.desk.codes["wrap_up"].append({"id": "9", "name": name, "default": False})
    scene.leg |= {"state": "wrap-up", "outcome": "ended"}
    scene.say(None, "Oi")
    scene.greeted()
    if name == script.DONE:
        scene.say(None, "Obrigada!")
    if name == script.PASSED_ON:
        scene.leg["outcome"] = "transferred"
    [step] = scene.steps()
    assert step.body == {"aux_code_id": "9"}


def test_where_no_reason_fits_it_is_the_default_one(scene: Scene) -> None:
    scene.leg |= {"state": "wrap-up", "outcome": "ended"}
    [step] = scene.steps()
    assert step.body == {"aux_code_id": "2"}


@pytest.mark.parametrize("said", ["Muito obrigada!", "Qual o prazo?", "Paguei ontem", None])
def test_a_line_is_never_the_one_just_said(said: str | None) -> None:
    chance, before = random.Random(1), None
    for _ in range(50):
        line = script.reply(said, before, chance)
        assert line != before
        before = line
