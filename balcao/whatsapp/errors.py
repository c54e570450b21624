"""What WhatsApp's error codes mean for us, as data.

Graph's codes are many and their titles change; a desk needs to know two things: what
went wrong in a word it can translate (`code`), and what a person can do (`action`).
The sender needs a third: whether trying again by itself makes sense.  The HTTP status
is not reliable and the code is, so this table goes by the code alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Retry(StrEnum):
    """What the sender may do about an error that surely had no effect."""

    SOON = "soon"
    PAIR = "pair"  # too much to one customer: 4^x seconds, for that customer alone
    PAUSE = "pause"  # nothing goes out from this number until somebody has mended it
    NEVER = "never"


class Action(StrEnum):
    """What a person can do about it."""

    RESEND = "resend"
    TEMPLATE = "template"
    OTHER_WAY = "other-way"
    ADMINISTRATOR = "administrator"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Rule:
    """How one error is treated and told."""

    retry: Retry
    code: str
    action: Action


_DOWN = Rule(Retry.SOON, "whatsapp-down", Action.RESEND)
_BUSY = Rule(Retry.SOON, "too-fast", Action.RESEND)
_ACCOUNT = Rule(Retry.NEVER, "account", Action.ADMINISTRATOR)
_WINDOW = Rule(Retry.NEVER, "window-closed", Action.TEMPLATE)
_UNREACHABLE = Rule(Retry.NEVER, "not-reachable", Action.OTHER_WAY)
_MEDIA = Rule(Retry.NEVER, "media", Action.NOTHING)
_REFUSED = Rule(Retry.NEVER, "refused", Action.NOTHING)

RULES: dict[int, Rule] = {
    **dict.fromkeys((1, 2, 131000, 131016, 131057, 133004, 2494100), _DOWN),
    **dict.fromkeys((4, 80007, 130429), _BUSY),
    131056: Rule(Retry.PAIR, "too-fast", Action.RESEND),
    **dict.fromkeys((0, 190, 200), Rule(Retry.PAUSE, "account", Action.ADMINISTRATOR)),
    **dict.fromkeys((3, 10, 33, 368, *range(201, 300)), _ACCOUNT),
    **dict.fromkeys((131005, 131031, 131037, 131042, 131045, 131048, 131063, 131064), _ACCOUNT),
    **dict.fromkeys((133000, 133005, 133006, 133008, 133009, 133010, 133015, 133016), _ACCOUNT),
    **dict.fromkeys((130497, 134011), _ACCOUNT),
    131047: _WINDOW,
    **dict.fromkeys((131021, 131026, 131030, 131062), _UNREACHABLE),
    130403: Rule(Retry.NEVER, "blocked", Action.ADMINISTRATOR),
    **dict.fromkeys((131052, 131053), _MEDIA),
}


@dataclass(frozen=True, slots=True)
class Failure:
    """An error as WhatsApp told it; *code* is None where it gave none."""

    code: int | None
    title: str = ""
    details: str = ""

    @property
    def rule(self) -> Rule:
        """How it is treated; a code that is not in the table is not tried again."""
        return _REFUSED if self.code is None else RULES.get(self.code, _REFUSED)

    def told(self) -> dict[str, object]:
        """The error as messages keep it and the desk shows it."""
        params = {"number": self.code, "title": self.title, "details": self.details}
        return {"code": self.rule.code, "params": params, "action": self.rule.action.value}
