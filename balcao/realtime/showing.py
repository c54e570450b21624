"""How rows of the store become what people see; who may see them is decided in `sight`."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from balcao.domain import window
from balcao.domain.agent import SILENCE_MAX
from balcao.domain.amendment import Act, Amended, Amendment, By, amended
from balcao.domain.values import State
from balcao.realtime import content
from balcao.realtime.sight import Row, Sight, state_of
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
    MediaView,
    MessageView,
    Named,
    NoticeView,
    Origin,
    Owner,
    Quoted,
    Reaction,
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
        referral=None if ringing else content.referral({"referral": row["referral"]}),
        explanation=None,
    )


def message_view(row: Row, seen: Sight | None = None) -> MessageView:
    """A message; the same for everyone who may see it, but for what it quotes.

    A quoted message is shown only where *seen* shows it; without that it is seen as this one is.
    """
    now = _amended(row["amendments"])
    gone = now.revoked is not None
    return MessageView(
        id=str(row["id"]),
        version=row["version"],
        conversation_id=str(row["conversation_id"]),
        task_id=_id(row["task_id"]),
        seq=row["seq"],
        direction=row["direction"],
        type=row["type"],
        text=None if gone else _text(row["text"], now),
        content=None if gone else content.content(row["type"], row["payload"]),
        media=None if gone else media_view(row["media"]),
        quoted=_quoted(row, seen),
        forwarded=content.forwarded(row["payload"]),
        reactions=[Reaction(emoji, _by(by)) for by, emoji in now.reactions],
        edited_at=None if now.edit is None else moment(now.edit.at),
        deleted_at=None if now.revoked is None else moment(now.revoked.at),
        author=_author(row),
        status=row["status"],
        error=_failure(row["error"]),
        system=None if row["system"] is None else Coded(**row["system"]),
        attempt=row["attempt"],
        dismissed=row["dismissed"],
        doubted=row["doubted"] and row["status"] == "unconfirmed",
        at=moment(row["at"]),
        client_id=row["client_id"],
    )


def media_view(found: Sequence[Any] | None) -> MediaView | None:
    """A file, in the order of the store's columns; none for none."""
    if found is None:
        return None
    id, name, mime_type, size, kind, state, voice, animated, error = found
    return MediaView(str(id), name, mime_type, size, kind, state, voice, animated, _failure(error))


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
    now = _amended(row["last_amendments"])
    text = None if now.revoked is not None else _text(row["last_text"], now)
    lines = (text or "").strip().splitlines()
    return LastMessage(
        id=str(row["last_id"]),
        direction=row["last_direction"],
        type=row["last_type"],
        preview=lines[0][:PREVIEW_MAX] if lines else "",
        deleted=now.revoked is not None,
        at=moment(row["last_at"]),
    )


def _author(row: Row) -> Author:
    return _by(By(row["author_kind"], row["author_id"], row["author_name"]))


def _by(by: By) -> Author:
    return Author(
        kind=cast("Any", by.kind),
        id=_id(by.id),
        name=by.name,
        initials=None if by.name is None else initials(by.name),
    )


def _quoted(row: Row, seen: Sight | None) -> Quoted | None:
    """What a message answers to, as it is shown now."""
    if row["quoted_wamid"] is None:
        return None
    found = row["quoted"]
    if found is None or (seen is not None and not seen.message(found[1], found[2])):
        return Quoted(None, None, None, None)
    id, _, _, type, text, *author, amendments = found
    now = _amended(amendments)
    gone = now.revoked is not None
    text = None if gone else _text(text, now)
    short = None if text is None else text[:PREVIEW_MAX]
    return Quoted(str(id), _by(By(*author)), type, short, gone)


def _text(text: str | None, now: Amended) -> str | None:
    return text if now.edit is None else now.edit.text


def _amended(rows: Sequence[Any] | None) -> Amended:
    """How a message is shown after its amendments, in the order of the store's columns."""
    return amended(
        Amendment(Act(act), By(kind, id, name), text, second, order, datetime.fromisoformat(at))
        for act, kind, id, name, text, second, order, at in rows or ()
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
