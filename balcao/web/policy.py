"""Who may ask for what: one table for every route, and the guard that keeps to it.

A route that is not in the table is not served.  Which tasks and messages a person may touch
is decided by what that person sees, in `realtime.sight`, and not here.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler

from balcao.web.problems import Problem


class Policy(Enum):
    """Whom a route is for."""

    ANYONE = "anyone"
    PERSON = "a session"
    AGENT = "a session of an agent"


#: By operation, as the API's description names it.
POLICIES: Mapping[str, Policy] = {
    "signIn": Policy.ANYONE,
    "session": Policy.PERSON,
    "signOut": Policy.PERSON,
    "info": Policy.ANYONE,
    "description": Policy.ANYONE,
    "setState": Policy.AGENT,
    "settings": Policy.PERSON,
    "saveSettings": Policy.PERSON,
    "task": Policy.PERSON,
    "accept": Policy.PERSON,
    "acceptAll": Policy.AGENT,
    "messages": Policy.PERSON,
    "earlierTasks": Policy.PERSON,
    "write": Policy.PERSON,
    "read": Policy.PERSON,
    "typing": Policy.PERSON,
    "react": Policy.PERSON,
    "resend": Policy.PERSON,
    "dismiss": Policy.PERSON,
    "retryMedia": Policy.PERSON,
    "end": Policy.PERSON,
    "wrapUp": Policy.PERSON,
    "hold": Policy.PERSON,
    "targets": Policy.AGENT,
    "transfer": Policy.PERSON,
    "invite": Policy.PERSON,
    "cancelInvitations": Policy.PERSON,
    "endConference": Policy.PERSON,
    "leave": Policy.PERSON,
    "handOver": Policy.PERSON,
    "removeGuest": Policy.PERSON,
    "timeline": Policy.PERSON,
    "dismissNotice": Policy.PERSON,
    "health": Policy.ANYONE,
    "ready": Policy.ANYONE,
    "metrics": Policy.ANYONE,
}


def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Let a request through to its route, or refuse it."""
    assert isinstance(handler, HTTPRouteHandler)
    policy = POLICIES[str(handler.operation_id)]
    if policy is Policy.ANYONE:
        return
    who = connection.scope["state"]["who"]
    if who is None:
        raise Problem(401)
    if policy is Policy.AGENT and not who.is_agent:
        raise Problem(403, "not-an-agent")
