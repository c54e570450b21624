"""What every route may use: the process it runs in, and who asks."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from litestar import Request
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from balcao.realtime.beats import Beats
from balcao.realtime.hub import Hub
from balcao.store.database import Database
from balcao.store.sessions import Who
from balcao.web.bodies import DemoAccount
from balcao.web.figures import Figures
from balcao.web.problems import NotSeen, Problem

ID_DIGITS_MAX = 18
#: Checking a password costs 64 MiB and a core; more at once would only be slower.
CHECKS_AT_ONCE = 2


@dataclass(frozen=True)
class Node:
    """The process, as the web sees it."""

    database: Database
    hub: Hub
    beats: Beats
    figures: Figures
    version: str
    public_url: str | None
    demo_accounts: list[DemoAccount] | None
    password_checks: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(CHECKS_AT_ONCE)
    )

    @property
    def secure(self) -> bool:
        """Whether browsers reach it by HTTPS."""
        return (self.public_url or "").startswith("https://")


TheNode: TypeAlias = NamedDependency[SkipValidation[Node]]
Me: TypeAlias = NamedDependency[SkipValidation[Who]]


def me(request: Request[Any, Any, Any]) -> Who:
    """Who asks; the route's policy has made sure that somebody does."""
    who: Who | None = request.scope["state"]["who"]
    if who is None:
        raise Problem(401)
    return who


def number(id: str) -> int:
    """The id inside for one from outside; NotSeen where it can be nobody's."""
    if not (id.isascii() and id.isdigit() and len(id) <= ID_DIGITS_MAX):
        raise NotSeen(id)
    return int(id)
