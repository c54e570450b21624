"""What must be true when everything has calmed down, whatever went wrong before.

Nothing that was answered with 200 is lost, nothing had an effect that nobody asked for, no work is
left, every desk holds what a fresh snapshot would tell it, and every promise is kept.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

from balcao import checker
from balcao.store.postgres import UNREACHABLE
from balcao.whatsapp.opaque import unseal
from tests.crash.house import SECRET_KEY, House
from tests.crash.people import Agent, NeverShown, eventually
from tests.web.house import Desk

CALM_SECONDS = 40.0
SHOWN = 5
DESK_SECONDS = 15.0
LEFT = """
select 'webhooks' as what, count(*) from webhook where done_at is null
union all select 'messages', count(*) from message where status in ('pending', 'sending')
union all select 'tasks', count(*) from task where ended_at is null
union all select 'legs', count(*) from leg where closed_at is null
union all select 'invitations', count(*) from invitation where closed_at is null
union all select 'reactions', count(*) from reaction where due_at is not null
"""


async def calm(house: House) -> None:
    """Return once nothing is left to do, with everybody helping; fails where that never comes."""
    await house.whole()
    house.set_faults()
    left: dict[str, int] = {}

    async def nothing_is_left() -> bool:
        nonlocal left
        await asyncio.gather(*(agent.clear() for agent in house.agents.values()))
        left = await _left(house)
        return not left

    try:
        await eventually(nothing_is_left, CALM_SECONDS)
    except NeverShown:
        raise AssertionError(f"this is left for ever: {left}") from None


async def prove(house: House) -> None:
    """Everything that must be true in a calm house."""
    house.sane()
    await nothing_is_lost(house)
    await nothing_was_done_twice(house)
    await asyncio.gather(*(_equals_a_snapshot(one) for one in house.agents.values()))
    async with house.database() as database:
        _none([str(one) for one in await checker.check(database)], "promises are broken")


async def nothing_is_lost(house: House) -> None:
    """What was answered 200 is stored, and every reply that was taken is there once."""
    answered, house.answered = house.answered, []
    lost = await house.sql(
        "select octet_length(b) as bytes from unnest($1::bytea[]) as answered(b)"
        " where not exists (select from webhook where body = b)",
        answered,
    )
    _none(lost, f"of {len(answered)} webhooks that were answered these are gone")
    written = [text for agent in house.agents.values() for text in agent.written]
    rows = await house.sql(
        "select w.text, count(m.id) as count from unnest($1::text[]) as w(text)"
        " left join message m on m.text = w.text and m.direction = 'out' group by 1",
        written,
    )
    _none([dict(row) for row in rows if row["count"] != 1], "replies that are not there once")
    arrived = [
        line.wamid
        for customer in house.phones.world.customers.values()
        for line in customer.lines.values()
        if line.direction == "sent"
    ]
    rows = await house.sql(
        "select w.wamid from unnest($1::text[]) as w(wamid) left join message m"
        " on m.wamid = w.wamid group by 1 having count(m.id) <> 1",
        arrived,
    )
    _none(rows, "messages that are not there once")


async def nothing_was_done_twice(house: House) -> None:
    """Each attempt to send had one effect at most, and one that is said to have had one did."""
    effects = Counter(
        unseal(SECRET_KEY.encode(), one["body"]["biz_opaque_callback_data"])
        for one in house.phones.graph.requests
        if one["status"] == 200
        and one["path"].endswith("/messages")
        and one["body"].get("status") != "read"
        and one["body"].get("type") != "reaction"
    )
    _none([one for one, count in effects.items() if count > 1], "attempts with two effects")
    rows = await house.sql("select id, attempt, text, status from message where direction = 'out'")
    presses = Counter[str]()
    for agent in house.agents.values():
        presses.update(agent.presses)
    for row in rows:
        told = f"{dict(row)}"
        had = effects[row["id"], row["attempt"]]
        assert row["attempt"] <= 1 + presses[row["text"]], f"sent again unasked: {told}"
        assert had or row["status"] in ("unconfirmed", "failed"), f"never sent: {told}"
        assert not had or row["status"] != "unconfirmed", f"sent, and not known to be: {told}"


async def _left(house: House) -> dict[str, int]:
    """What is still to come to its end, by kind."""
    counts = house.phones.deliveries.counts()
    found = {"deliveries": counts["pending"]}
    try:
        for row in await house.look(LEFT):
            found[row["what"]] = row["count"]
    except UNREACHABLE:
        return {"a database": 1}
    return {what: count for what, count in found.items() if count}


async def _equals_a_snapshot(agent: Agent) -> None:
    """Wait until the desk holds what a fresh snapshot tells; fails where it never does."""
    differing: dict[object, object] = {}

    async def same() -> bool:
        nonlocal differing
        fresh = await agent.look_anew()
        differing = _differing(agent.desk, fresh)
        return bool(fresh.events) and not differing

    try:
        await eventually(same, DESK_SECONDS)
    except NeverShown:
        raise AssertionError(f"{agent.name}'s desk stays different: {differing}") from None


def _differing(desk: Desk, fresh: Desk) -> dict[object, object]:
    held, told = _store(desk), _store(fresh)
    keys = held.keys() | told.keys()
    return {key: (held.get(key), told.get(key)) for key in keys if held.get(key) != told.get(key)}


def _store(desk: Desk) -> dict[object, object]:
    """All that the desk holds."""
    held: dict[object, object] = dict(desk.views)
    return held | {"me": desk.me, "codes": desk.codes}


def _none(wrong: Sequence[object], what: str) -> None:
    """Fail with the first few of what is *wrong*."""
    assert len(wrong) == 0, f"{what}: {', '.join(map(str, wrong[:SHOWN]))}"
