"""What an agent may see: rows of the store become views, whole and versioned.

A view is all that a viewer may know of one object.  Newer versions replace older ones, and
equal versions are equal in content, so that order, repeats and overlap do not matter.  Who
sees what is decided here and nowhere else; nothing here does I/O or reads a clock.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from balcao.realtime.content import Content, Referral

#: RFC 3339, UTC, milliseconds.
Moment = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]


LegState = Literal["offered", "connected", "wrap-up", "closed"]


class Named(Struct, frozen=True):
    """Something that is shown by its name."""

    id: str
    name: str


class Coded(Struct, frozen=True):
    """A text for people: a code with parameters, made into a sentence by the desk."""

    code: str
    params: dict[str, Any]


class Code(Struct, frozen=True):
    """An auxiliary code that an agent may choose."""

    id: str
    name: str
    default: bool


class Codes(Struct, frozen=True):
    """The reasons to choose from."""

    idle: list[Code]
    wrap_up: list[Code]


class CustomerView(Struct, frozen=True):
    """The person on WhatsApp; the phone is `+` and digits."""

    id: str
    name: str | None
    initials: str
    phone: str | None
    user_id: str | None
    language: str | None
    tags: list[str]
    fields: dict[str, str]


class Origin(Struct, frozen=True):
    """Where an offer came from."""

    kind: Literal["queue", "transfer", "conference"]
    by: Named | None
    note: str | None


class LegView(Struct, frozen=True, rename={"origin": "from"}):
    """The caller's own part in a task."""

    id: str
    role: Literal["primary", "guest"]
    state: LegState
    offered_at: Moment
    answer_by: Moment | None
    connected_at: Moment | None
    wrap_up_at: Moment | None
    wrap_up_by: Moment | None
    outcome: (
        Literal[
            "ended",
            "transferred",
            "handed_over",
            "left",
            "removed",
            "rona",
            "abandoned",
            "withdrawn",
            "customer_left",
            "lost",
            "merged",
        ]
        | None
    )
    origin: Origin


class Owner(Struct, frozen=True):
    """The agent with the primary part."""

    agent_id: str
    name: str


class Target(Struct, frozen=True):
    """Whom an invitation is for."""

    kind: Literal["agent", "queue"]
    id: str
    name: str


class Guest(Struct, frozen=True):
    """One invitation, or the colleague who took it."""

    id: str
    to: Target
    agent_id: str | None
    name: str | None
    state: Literal["queued", "offered", "connected"]
    since: Moment
    answer_by: Moment | None


class LastMessage(Struct, frozen=True):
    """The newest message that the viewer may see; its first line."""

    id: str
    direction: Literal["in", "out", "note", "system"]
    type: str
    preview: str
    deleted: bool
    at: Moment


class TaskView(Struct, frozen=True, tag_field="kind", tag="task"):
    """One request of a customer, as the viewer may see it."""

    id: str
    version: int
    conversation_id: str
    state: Literal["queued", "offered", "connected", "wrap-up", "ended"]
    customer: CustomerView
    source_number: str
    queue: Named
    priority: int
    queued_at: Moment
    leg: LegView | None
    owner: Owner | None
    guests: list[Guest]
    unread: int
    last_message: LastMessage | None
    waiting_since: Moment | None
    window_closes_at: Moment | None
    wrap_up_hold: Literal["none", "allowed", "held"]
    transfer_unanswered: Literal["requeue", "end"]
    referral: Referral | None
    explanation: Coded | None


class Failure(Struct, frozen=True):
    """Why a message failed, and what to do."""

    code: str
    params: dict[str, Any]
    action: str | None


class MediaView(Struct, frozen=True):
    """The file of a message; its content is at `/api/media/{id}` once it is ready."""

    id: str
    name: str | None
    mime_type: str
    size: int | None
    kind: Literal["image", "video", "audio", "document", "sticker"]
    state: Literal["waiting", "ready", "failed"]
    voice: bool
    animated: bool
    error: Failure | None


class Author(Struct, frozen=True):
    """Who wrote a message."""

    kind: Literal["customer", "agent", "system"]
    id: str | None
    name: str | None
    initials: str | None


class Quoted(Struct, frozen=True):
    """The message that a message answers to; all null where we do not have it."""

    id: str | None
    author: Author | None
    type: str | None
    text: str | None
    deleted: bool = False


class Reaction(Struct, frozen=True):
    """An emoji on a message."""

    emoji: str
    author: Author


class MessageView(Struct, frozen=True, tag_field="kind", tag="message"):
    """One line of a conversation; a thread is ordered by the whole second of `at`, then `seq`."""

    id: str
    version: int
    conversation_id: str
    task_id: str | None
    seq: int
    direction: Literal["in", "out", "note", "system"]
    type: str
    text: str | None
    content: Content | None
    """What there is beyond the text."""
    media: MediaView | None
    quoted: Quoted | None
    forwarded: Literal["once", "often"] | None
    reactions: list[Reaction]
    edited_at: Moment | None
    """When the customer changed the text, which is the new one."""
    deleted_at: Moment | None
    """When the customer took the message back; then it has neither text nor content."""
    author: Author
    status: (
        Literal[
            "pending",
            "sending",
            "accepted",
            "sent",
            "delivered",
            "read",
            "played",
            "failed",
            "unconfirmed",
        ]
        | None
    )
    error: Failure | None
    system: Coded | None
    attempt: int
    dismissed: bool
    doubted: bool
    """Unconfirmed, and probably not delivered."""
    at: Moment
    client_id: str | None


class Rona(Struct, frozen=True):
    """The offer that was missed, and how many were today."""

    queue: str
    customer: str | None
    seconds: int
    today: int


class Today(Struct, frozen=True):
    """An agent's day so far."""

    ended: int
    aht_s: int | None


class AgentView(Struct, frozen=True, tag_field="kind", tag="agent"):
    """An agent: state, load and day."""

    id: str
    version: int
    name: str
    state: Literal["available", "idle", "rona"]
    aux_code: Named | None
    since: Moment
    idle_since: Moment | None
    engaged: bool
    capacity: int
    load: int
    signed_in: bool
    connected: bool
    team: Named | None
    rona: Rona | None
    today: Today


class NoticeView(Struct, frozen=True, tag_field="kind", tag="notice"):
    """Something that an agent should know, until dismissed."""

    id: str
    version: int
    code: str
    params: dict[str, Any]
    task_id: str | None
    message_id: str | None
    at: Moment


View = TaskView | MessageView | AgentView | NoticeView


class Snapshot(Struct, frozen=True):
    """All that a desk shows, at once; later views replace what is in it."""

    at: Moment
    me: AgentView | None
    views: list[TaskView | MessageView | NoticeView]
    codes: Codes


class Gone(Struct, frozen=True):
    """An object that the viewer sees no longer.

    With the last connected or wrapping task of a conversation its messages go too.
    """

    kind: Literal["task", "message", "agent", "notice"]
    id: str


class Ping(Struct, frozen=True):
    """The server's time, each ten seconds."""

    at: Moment


class Closed(Struct, frozen=True):
    """Why the stream has ended for good: the desk does not reconnect."""

    code: Literal["taken-over", "signed-out", "disabled", "expired"]
