"""The places where a process may die between two effects, by name, and what leads there.

A name is the function that has the effect (with a number, where it has several) and the side of
it.  Of a transaction it is the moment after the commit: before it nothing has happened yet that
the effect before did not leave behind.  Of a call to WhatsApp, and of what the supervisor does to
a process, there are both sides.  The code is asked whether it has places that are not named here;
the matrix, whether there is one here that nothing leads to.
"""

from __future__ import annotations

from typing import NamedTuple

ACTIONS = ("kill", "exception", "hang")
#: Longer than any patience that the armed servers have.
HANG_SECONDS = 3.0

#: By the part of the walk that passes there.
PLACES: dict[str, tuple[str, ...]] = {
    "talk": (
        "store.webhooks.Inbox._write after",
        "engine.intake.Intake._take after",
        "engine.intake.Intake._take_left_over after",
        "engine.router.Router._route after",
        "engine.router.Router._look after",
        "engine.router.Router._offer after",
        "realtime.hub.Hub._turn after",
        "web.gate.who_asks after",
        "web.gate._claim after",
        "web.gate._run after",
        "realtime.beats.Beats._write after",
        "web.tasks.accept after",
        "web.tasks.task after",
        "web.tasks.read after",
        "web.tasks.typing after",
        "engine.sender.Sender.doubt after",
        "engine.receipts.Receipts.step 1 after",
        "engine.receipts.Receipts.step 2 after",
        "engine.receipts.Receipts._tell after",
        "whatsapp.client.Client.mark_read 1 before",
        "whatsapp.client.Client.mark_read 2 after",
        "web.tasks.end after",
        "web.tasks.wrap_up after",
        "web.tasks.timeline after",
        "web.messages.messages after",
        "web.messages.earlier_tasks after",
        "web.messages.write after",
    ),
    "show": (
        "engine.reactions.Reactions.begin 1 after",
        "engine.reactions.Reactions.begin 2 after",
        "engine.uploads.Uploads.begin after",
        "web.messages.react after",
        "web.media._upload after",
    ),
    "picture": (
        "engine.media.Downloads.step after",
        "web.media._serve after",
        "web.media.retry after",
    ),
    "confer": (
        "web.handing.list_targets after",
        "web.handing.invite after",
        "web.handing.cancel after",
        "web.handing.leave after",
        "web.handing.remove after",
        "web.handing.hand_over after",
        "web.handing.end_conference after",
        "web.handing.transfer after",
    ),
    "come_and_go": (
        "web.tasks.accept_all after",
        "web.tasks._accept_one after",
        "web.session._checked after",
        "web.session.sign_in after",
        "web.session.session after",
        "web.session.sign_out after",
        "web.desk.set_state after",
        "web.desk.settings after",
        "web.desk.save_settings after",
        "web.figures.Figures._of_the_database after",
    ),
    "late_word": (
        "engine.sender.Sender.step 1 after",
        "engine.sender.Sender.step 2 after",
        "engine.sender.Sender._begin after",
        "engine.calls.settle after",
        "whatsapp.client.Client.send 1 before",
        "whatsapp.client.Client.send 2 after",
    ),
    "unsure": (
        "web.messages.resend after",
        "web.messages.dismiss after",
    ),
    "ring_out": ("engine.ringing._try_ring_out after",),
    "count_down": (
        "engine.router.Router._submit after",
        "web.tasks.hold after",
    ),
    "expire": (
        "engine.router.Router._expire after",
        "web.desk.dismiss_notice after",
    ),
    "outage": (
        "engine.router.Router._resume after",
        "engine.ringing.prolong after",
    ),
    "lose": (
        "engine.absence._try_disconnect after",
        "engine.absence.give_up 1 after",
        "engine.absence.give_up 2 after",
        "engine.absence.give_up 3 after",
    ),
    "poison": (
        "engine.intake.Intake._take_items 1 after",
        "engine.intake.Intake._take_items 2 after",
        "engine.intake.Intake._take_item after",
        "engine.intake.Intake._place after",
    ),
    "late_number": (
        "engine.intake.Intake._take_stranded 1 after",
        "engine.intake.Intake._take_stranded 2 after",
    ),
    "kill_server": (
        "processes.Supervisor._look 1 after",
        "processes.Supervisor._look 2 after",
    ),
    "kill_database": (
        "processes.Supervisor._tend 1 before",
        "processes.Supervisor._tend 2 after",
    ),
    "end": (
        "processes.Supervisor._end 1 before",
        "processes.Supervisor._end 2 after",
    ),
    "begin": (
        "main.serve 1 before",
        "main.serve 2 after",
    ),
}

#: Only for a desk that pings before the first turn of its process has read the time: chance leads
#: there, and nothing else.
OUT_OF_THE_WAY = {"realtime.hub.Hub.now after"}


class Case(NamedTuple):
    """One way to go wrong at one place."""

    place: str
    action: str
    part: str

    def __str__(self) -> str:
        return f"{self.action} at {self.place}"


def cases() -> list[Case]:
    """The whole matrix."""
    return [
        Case(place, action, part)
        for part, places in PLACES.items()
        for place in places
        for action in ACTIONS
    ]
