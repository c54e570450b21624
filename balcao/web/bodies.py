"""What may be asked for, and the answers that are no views of realtime.

Every body forbids fields that it does not name.  Words that people write, such as the text
of a message, are bounded where they are used, so that the answer can name its own code.
"""

from typing import Annotated, Any, Literal, TypeAlias

from msgspec import Meta, Struct

from balcao.realtime.views import AgentView, MessageView, Moment, Named, TaskView

Short = Annotated[str, Meta(min_length=1, max_length=200)]


class SignIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who wants in; the team is needed where there are several."""

    email: Short
    password: Annotated[str, Meta(min_length=1, max_length=1024)]
    team: Short | None = None
    takeover: bool = False


class StateChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Available, or idle with a reason; without one, the default reason."""

    state: Literal["available", "idle"]
    aux_code_id: Short | None = None


class Uploaded(Struct, frozen=True):
    """A file that was uploaded, to be sent with a message."""

    id: str
    name: str | None
    mime_type: str
    size: int
    kind: Literal["image", "video", "audio", "document", "sticker"]


class Sound(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How an offer sounds."""

    muted: bool = False
    volume: Annotated[int, Meta(ge=0, le=100)] = 70


class Notifications(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether the browser tells of offers, and whether it names names."""

    enabled: bool = False
    private: bool = False


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a person wants the desk; what is left out is the default."""

    sound: Sound = Sound()
    notifications: Notifications = Notifications()
    keys: Annotated[dict[Short, Short], Meta(max_length=100)] = {}
    theme: Literal["system", "light", "dark"] = "system"
    language: Literal["pt-BR", "en", "es"] | None = None


class _New(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"):
    """Something that is written in a task; the client names it, so that a repeat is none."""

    client_id: Annotated[str, Meta(min_length=1, max_length=64)]


class NewNote(_New, frozen=True, kw_only=True, tag="note"):
    """A note to colleagues, which is never sent."""

    text: str


class _NewReply(_New, frozen=True, kw_only=True):
    """Something for the customer, perhaps in answer to a message of the conversation."""

    quoted: Short | None = None


class NewText(_NewReply, frozen=True, kw_only=True, tag="text"):
    """A reply in words."""

    text: str


class _NewFile(_NewReply, frozen=True, kw_only=True):
    """A file that was uploaded; the text is its caption."""

    media_id: Short
    text: str | None = None


class NewImage(_NewFile, frozen=True, kw_only=True, tag="image"):
    """A picture."""


class NewVideo(_NewFile, frozen=True, kw_only=True, tag="video"):
    """A film."""


class NewAudio(_NewFile, frozen=True, kw_only=True, tag="audio"):
    """A sound, or a recorded note; it has no caption."""

    voice: bool = False


class NewDocument(_NewFile, frozen=True, kw_only=True, tag="document"):
    """Any other file."""


class NewSticker(_NewFile, frozen=True, kw_only=True, tag="sticker"):
    """A sticker; it has no caption."""


class Place(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where something is, in degrees."""

    latitude: float
    longitude: float
    name: str | None = None
    address: str | None = None


class NewLocation(_NewReply, frozen=True, kw_only=True, tag="location"):
    """A place."""

    location: Place


class NewButton(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One answer to tap on."""

    id: str
    title: str


class NewButtons(_NewReply, frozen=True, kw_only=True, tag="buttons"):
    """A question with up to three answers."""

    text: str
    buttons: Annotated[list[NewButton], Meta(max_length=100)]


class NewRow(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of a list."""

    id: str
    title: str
    description: str | None = None


class NewSection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Lines under one title, which a list of one section may do without."""

    title: str | None = None
    rows: Annotated[list[NewRow], Meta(max_length=100)]


class NewList(_NewReply, frozen=True, kw_only=True, tag="list"):
    """A question with a list of answers, which the button opens."""

    text: str
    button: str
    sections: Annotated[list[NewSection], Meta(max_length=100)]


NewFile: TypeAlias = NewImage | NewVideo | NewAudio | NewDocument | NewSticker
NewReply: TypeAlias = NewText | NewFile | NewLocation | NewButtons | NewList
NewMessage: TypeAlias = NewNote | NewReply


class NewReaction(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the business thinks of a customer's message; an empty text takes it away."""

    emoji: Annotated[str, Meta(max_length=100)]


class WrapUp(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why the request was concluded."""

    aux_code_id: Short
    note: Annotated[str, Meta(max_length=2000)] | None = None


class Destination(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom a transfer or an invitation is for: exactly one of the two."""

    queue_id: Short | None = None
    agent_id: Short | None = None


class Transfer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Give a task to a queue or an agent, with a note for whoever receives it."""

    to: Destination
    note: Annotated[str, Meta(max_length=2000)] | None = None


class Conference(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ask an agent, or the next fit agent of a queue, into a conference."""

    to: Destination


class HandOver(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The connected guest who is to own the task."""

    agent_id: Short


class QueueTarget(Struct, frozen=True):
    """A queue to transfer to or to invite from, with how many wait there and the longest."""

    id: str
    name: str
    open: bool
    waiting: int
    longest_wait_s: int


class AgentTarget(Struct, frozen=True):
    """An agent who is available and has a free slot."""

    id: str
    name: str
    team: str | None
    free_slots: int


class Targets(Struct, frozen=True):
    """Whom a task can be given to at this moment, by name."""

    queues: list[QueueTarget]
    agents: list[AgentTarget]


class SessionView(Struct, frozen=True):
    """Who is signed in; `agent` is null for a person without the agent's role."""

    id: str
    name: str
    initials: str
    email: str
    role: Literal["agent", "supervisor", "administrator"]
    team: Named | None
    agent: AgentView | None


class DemoAccount(Struct, frozen=True):
    """Somebody to sign in as, where this is the demo."""

    email: str
    name: str
    role: Literal["agent", "supervisor", "administrator"]
    team: str | None
    password: str


class Info(Struct, frozen=True):
    """What this is; the accounts are null but in the demo."""

    product: str
    version: str
    demo_accounts: list[DemoAccount] | None


class MessagePage(Struct, frozen=True):
    """A part of a thread, newest first."""

    items: list[MessageView]
    more: bool


class TaskList(Struct, frozen=True):
    """Several tasks, oldest offer first."""

    items: list[TaskView]


class WrapUpRecord(Struct, frozen=True):
    """How one agent concluded a task."""

    agent: Named
    code: Named
    note: str | None
    at: Moment


class EarlierTask(Struct, frozen=True):
    """A task of a conversation, and how it was concluded."""

    id: str
    state: Literal["queued", "offered", "connected", "wrap-up", "ended"]
    queue: Named
    opened_at: Moment
    ended_at: Moment | None
    wrap_ups: list[WrapUpRecord]


class EarlierTasks(Struct, frozen=True):
    """The tasks of a conversation, newest first."""

    items: list[EarlierTask]


class By(Struct, frozen=True):
    """Who took a step."""

    kind: Literal["agent", "supervisor", "administrator", "customer", "system"]
    id: str | None
    name: str | None


class Step(Struct, frozen=True):
    """A line of a task's timeline."""

    at: Moment
    code: str
    params: dict[str, Any]
    by: By
    reason: str | None


class Health(Struct, frozen=True):
    """One word on how things are."""

    status: Literal["ok", "unavailable"]


class Problem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """RFC 9457 problem details; `code` is stable, the other members depend on it."""

    type: str
    title: str
    status: int
    code: str
    detail: str | None = None
    field: str | None = None
    state: str | None = None
    winner: Named | None = None
    teams: list[Named] | None = None
    max: int | None = None
    length: int | None = None
