"""Who sees what, and how rows of the store become what they see.

An agent sees, of a task that rings, the card's fields only; with a connected part, the whole
conversation; in wrap-up, the same up to the moment that the part ended; later, the tasks in
which the agent had a connected part, up to that moment.  All else does not exist for them.
This is the one place that decides it, for the stream and for every request alike.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from balcao.domain import window
from balcao.domain.agent import SILENCE_MAX
from balcao.domain.values import State
from balcao.realtime.views import (
    AgentView,
    Author,
    Code,
    Coded,
    Codes,
    CustomerView,
    Failure,
    Guest,
    LastMessage,
    LegState,
    LegView,
    MessageView,
    Named,
    NoticeView,
    Origin,
    Owner,
    Rona,
    Target,
    TaskView,
    Today,
)

PREVIEW_MAX = 160

_LEG_STATES: Mapping[State, LegState] = {
    State.OFFERED: "offered",
    State.CONNECTED: "connected",
    State.WRAP_UP: "wrap-up",
    State.CLOSED: "closed",
}


class Row(Protocol):
    """A row of the store, read by the names of its columns."""

    def __getitem__(self, key: str) -> Any:
        """The value of one column."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What one agent may read of one conversation."""

    whole: bool = False
    """A part is connected: everything, as it happens."""
    until: int = 0
    """A part is in wrap-up: everything up to this arrival number."""
    parts: Mapping[int, int] | None = None
    """Parts that are over: of each of these tasks, up to that arrival number."""

    @property
    def present(self) -> bool:
        """Whether an open part shows the conversation, and the stream carries it."""
        return self.whole or self.until > 0

    @property
    def any(self) -> bool:
        """Whether there is anything to read at all."""
        return self.present or bool(self.parts)

    @property
    def cut(self) -> int | None:
        """The last arrival number of the open parts; None where there is no limit."""
        return None if self.whole else self.until

    def message(self, seq: int, task_id: int | None) -> bool:
        """Whether this message is seen."""
        if self.whole or seq <= self.until:
            return True
        return task_id is not None and seq <= (self.parts or {}).get(task_id, 0)

    def task(self, task_id: int, opened_seq: int) -> bool:
        """Whether the steps and conclusions of a task, begun after that number, are seen."""
        return self.whole or opened_seq < self.until or task_id in (self.parts or {})


def state_of(leg: Row) -> State:
    """Where a part stands, by its moments."""
    if leg["closed_at"] is not None:
        return State.CLOSED
    if leg["wrap_up_at"] is not None:
        return State.WRAP_UP
    return State.OFFERED if leg["connected_at"] is None else State.CONNECTED


def sight(legs: Iterable[Row]) -> Sight:
    """What the parts *legs* of one agent in one conversation let that agent read."""
    whole, until = False, 0
    parts: dict[int, int] = {}
    for leg in legs:
        state = state_of(leg)
        if state is State.CONNECTED:
            whole = True
        elif state is State.WRAP_UP:
            until = max(until, leg["until_seq"])
        elif state is State.CLOSED and leg["connected_at"] is not None:
            parts[leg["task_id"]] = max(parts.get(leg["task_id"], 0), leg["until_seq"] or 0)
    return Sight(whole, until, parts)


def moment(at: datetime) -> str:
    """RFC 3339, UTC, milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def initials(name: str | None) -> str:
    """The first letters of the first and the last word; ``?`` for nobody."""
    words = [word for word in (name or "").split() if word[0].isalnum()]
    letters = words[0][0] + (words[-1][0] if len(words) > 1 else "") if words else "?"
    return letters.upper()


def task_view(row: Row) -> TaskView:
    """A task as the agent of the row's leg sees it."""
    ringing = state_of(row) is State.OFFERED
    talking = state_of(row) is State.CONNECTED
    return TaskView(
        id=str(row["id"]),
        version=row["version"],
        conversation_id=str(row["conversation_id"]),
        state=row["state"],
        customer=_card_customer(row) if ringing else _customer(row),
        source_number="+" + row["display_number"],
        queue=Named(str(row["queue_id"]), row["queue_name"]),
        priority=row["priority"],
        queued_at=moment(row["queued_at"]),
        leg=_leg(row),
        owner=_owner(row) if talking and row["owner_id"] is not None else None,
        guests=_guests(row) if talking else [],
        unread=0 if ringing else row["unread"],
        last_message=_last_message(row),
        waiting_since=_maybe(row["waiting_since"]) if talking else None,
        window_closes_at=None if ringing else _maybe(window.closes_at(row["last_inbound_at"])),
        wrap_up_hold=row["wrap_up_hold"],
        transfer_unanswered=row["transfer_unanswered"],
        referral=None,
        explanation=None,
    )


def message_view(row: Row) -> MessageView:
    """A message; the same for everyone who may see it."""
    return MessageView(
        id=str(row["id"]),
        version=row["version"],
        conversation_id=str(row["conversation_id"]),
        task_id=_id(row["task_id"]),
        seq=row["seq"],
        direction=row["direction"],
        type=row["type"],
        text=row["text"],
        media=None,
        quoted=None,
        reactions=[],
        author=_author(row),
        status=row["status"],
        error=_failure(row["error"]),
        system=None if row["system"] is None else Coded(**row["system"]),
        attempt=row["attempt"],
        dismissed=row["dismissed"],
        at=moment(row["at"]),
        client_id=row["client_id"],
    )


def agent_view(row: Row, at: datetime) -> AgentView:
    """An agent at the time *at*."""
    beat_at = row["beat_at"]
    connected = beat_at is not None and at - beat_at < SILENCE_MAX
    return AgentView(
        id=str(row["id"]),
        version=agent_version(row, connected),
        name=row["name"],
        state=row["state"],
        aux_code=_named(row["aux_code_id"], row["aux_code_name"]),
        since=moment(row["since"]),
        idle_since=_maybe(row["idle_since"]),
        engaged=row["engaged"],
        capacity=row["capacity"],
        load=row["load"],
        signed_in=row["signed_in_at"] is not None,
        connected=connected,
        team=_named(row["team_id"], row["team_name"]),
        rona=_rona(row) if row["state"] == "rona" else None,
        today=Today(row["ended"], row["aht_s"]),
    )


def agent_version(row: Row, connected: bool) -> int:
    """A number that grows with all that an agent view shows.

    The row's version is raised when a desk is heard again, but not by the mere silence of
    one: that is half a step, which the next whole one passes.  The day counts because the
    figures of today start anew at midnight.
    """
    return 2 * agent_number(row) + (not connected)


def agent_number(row: Row) -> int:
    """The number of the last change of an agent that somebody made."""
    number: int = row["version"] + row["day"]
    return number


def notice_view(row: Row) -> NoticeView:
    """A notice; it never changes."""
    return NoticeView(
        id=str(row["id"]),
        version=1,
        code=row["code"],
        params=row["params"],
        task_id=_id(row["task_id"]),
        message_id=_id(row["message_id"]),
        at=moment(row["at"]),
    )


def codes_view(rows: Iterable[Row], wrap_ups: Container[int] | None) -> Codes:
    """The reasons to choose from, by kind; of those for wrap-up what the profile allows."""
    codes = Codes(idle=[], wrap_up=[])
    for row in rows:
        code = Code(str(row["id"]), row["name"], row["is_default"])
        if row["kind"] == "idle":
            codes.idle.append(code)
        elif wrap_ups is None or row["id"] in wrap_ups:
            codes.wrap_up.append(code)
    return codes


def _customer(row: Row) -> CustomerView:
    return CustomerView(
        id=str(row["customer_id"]),
        name=row["customer_name"],
        initials=initials(row["customer_name"]),
        phone=_phone(row["wa_id"]),
        user_id=row["user_id"],
        language=row["language"],
        tags=row["tags"],
        fields=row["fields"],
    )


def _card_customer(row: Row) -> CustomerView:
    return CustomerView(
        id=str(row["customer_id"]),
        name=row["customer_name"],
        initials=initials(row["customer_name"]),
        phone=_phone(row["wa_id"]),
        user_id=None,
        language=None,
        tags=[],
        fields={},
    )


def _leg(row: Row) -> LegView:
    by = None if row["from_by"] is None else Named(str(row["from_by"]), row["from_name"])
    return LegView(
        id=str(row["leg_id"]),
        role=row["role"],
        state=_LEG_STATES[state_of(row)],
        offered_at=moment(row["offered_at"]),
        answer_by=_maybe(row["answer_by"]),
        connected_at=_maybe(row["connected_at"]),
        wrap_up_at=_maybe(row["wrap_up_at"]),
        wrap_up_by=_maybe(row["wrap_up_by"]),
        outcome=row["outcome"],
        origin=Origin(row["from_kind"], by, row["from_note"]),
    )


def _owner(row: Row) -> Owner:
    return Owner(str(row["owner_id"]), row["owner_name"])


def _guests(row: Row) -> list[Guest]:
    """Every invitation that is open, and every colleague who took one."""
    who = ("numbers", "to_ids", "to_names", "directs", "agents", "names")
    columns = (*who, "sinces", "connected", "answer_bys")
    guests = zip(*(row[f"guest_{column}"] or [] for column in columns), strict=True)
    return [
        Guest(
            id=str(number),
            to=Target("agent" if direct else "queue", str(to_id), to_name),
            agent_id=_id(agent),
            name=name,
            state="connected" if connected else "queued" if agent is None else "offered",
            since=moment(since),
            answer_by=None if connected else _maybe(answer_by),
        )
        for number, to_id, to_name, direct, agent, name, since, connected, answer_by in guests
    ]


def _last_message(row: Row) -> LastMessage | None:
    if row["last_id"] is None:
        return None
    lines = (row["last_text"] or "").strip().splitlines()
    return LastMessage(
        id=str(row["last_id"]),
        direction=row["last_direction"],
        type=row["last_type"],
        preview=lines[0][:PREVIEW_MAX] if lines else "",
        at=moment(row["last_at"]),
    )


def _author(row: Row) -> Author:
    name = row["author_name"]
    return Author(
        kind=row["author_kind"],
        id=_id(row["author_id"]),
        name=name,
        initials=None if name is None else initials(name),
    )


def _failure(error: Mapping[str, Any] | None) -> Failure | None:
    if error is None:
        return None
    return Failure(error["code"], error.get("params") or {}, error.get("action"))


def _rona(row: Row) -> Rona | None:
    if row["rona_queue"] is None:
        return None
    return Rona(row["rona_queue"], row["rona_customer"], row["rona_seconds"], row["ronas"])


def _phone(wa_id: str | None) -> str | None:
    if wa_id is None:
        return None
    return "+" + wa_id.removeprefix("+")


def _named(id: int | None, name: str | None) -> Named | None:
    return None if id is None or name is None else Named(str(id), name)


def _id(id: int | None) -> str | None:
    return None if id is None else str(id)


def _maybe(at: datetime | None) -> str | None:
    return None if at is None else moment(at)
