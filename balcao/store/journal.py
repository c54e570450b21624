"""What a step leaves behind besides its rows: a line of the journal, one in the thread, notices.

Exactly one line of the journal for each step.  Nothing decides from it.  An event speaks in
ids; what people are shown gets the names of that moment, as it is never changed again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import structlog

from balcao.domain.values import Event, Source
from balcao.store import lines
from balcao.store.bus import Kind
from balcao.store.conversations import Conversation
from balcao.store.database import Tx

log = structlog.get_logger()

#: Steps that people see in the thread.  The others are in the journal alone.
SHOWN = frozenset(
    {
        "accepted",
        "transferred",
        "joined",
        "left",
        "removed",
        "handed-over",
        "lost",
        "ended",
    }
)

_TABLES = {
    "agent_id": "person",
    "to_agent_id": "person",
    "by_id": "person",
    "queue_id": "queue",
    "to_queue_id": "queue",
    "aux_code_id": "aux_code",
}


async def put(tx: Tx, conversation: Conversation, task_id: int, version: int, event: Event) -> None:
    """Write all that *event* leaves behind; the caller saves the conversation."""
    log.debug(
        "stepped", conversation=conversation.id, task=task_id, step=event.code, by=event.by.id
    )
    await tx.execute(
        "insert into event (task_id, version, at, code, params, by_kind, by_id, reason)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8)",
        task_id,
        version,
        event.at,
        event.code,
        dict(event.params),
        event.by.kind,
        event.by.id,
        event.params.get("reason"),
    )
    if is_shown(event):
        (params,) = await named(tx, [event.params])
        await lines.put(tx, [lines.Line(conversation, task_id, event.at, event.code, params)])
    for notice in event.notices:
        (params,) = await named(tx, [notice.params])
        params["customer"] = await _customer(tx, conversation)
        await tx.execute(
            "insert into notice (agent_id, code, params, task_id, at) values ($1, $2, $3, $4, $5)",
            notice.agent,
            notice.code,
            params,
            task_id,
            event.at,
        )
        tx.nudge(Kind.AGENT, notice.agent)


def is_shown(event: Event) -> bool:
    """Whether the thread tells of *event*."""
    transferred = event.params.get("source") == Source.TRANSFER
    return event.code in SHOWN or (event.code == "abandoned" and transferred)


async def named(tx: Tx, all_params: Sequence[Mapping[str, object]]) -> list[dict[str, object]]:
    """Parameters for people: ids as strings, each with the name of what it is the id of."""
    wanted: dict[str, set[object]] = {table: set() for table in _TABLES.values()}
    for params in all_params:
        for key in params.keys() & _TABLES.keys():
            wanted[_TABLES[key]].add(params[key])
    names = {
        table: {
            row["id"]: row["name"]
            for row in await tx.fetch(
                f"select id, name from {table} where id = any($1::bigint[])", list(ids - {None})
            )
        }
        for table, ids in wanted.items()
        if ids
    }
    return [_named(params, names) for params in all_params]


def _named(
    params: Mapping[str, object], names: Mapping[str, Mapping[object, str]]
) -> dict[str, object]:
    shown = dict(params)
    for key in params.keys() & _TABLES.keys():
        id = params[key]
        if id is not None:
            shown[key] = str(id)
            shown[key.removesuffix("_id")] = names[_TABLES[key]].get(id)
    return shown


async def _customer(tx: Tx, conversation: Conversation) -> str | None:
    name: str | None = await tx.fetchval(
        "select coalesce(name, profile_name, username) from customer where id = $1",
        conversation.customer_id,
    )
    return name
