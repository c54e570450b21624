"""Messages that did not get through: sent again or dismissed by a person, never by themselves."""

from __future__ import annotations

import pytest

from balcao.domain.message import Status
from balcao.domain.task import end
from balcao.domain.values import Refused
from balcao.engine.sender import Sender
from balcao.store import messages, outbox, tasks
from balcao.store.messages import NoSuchMessage
from balcao.whatsapp.opaque import unseal
from tests.engine.outbound import KEY, Desk, send_all
from tests.whatsapp.graph import Graph
from tests.world import sql


async def test_a_resend_is_a_new_attempt_in_its_old_place(
    desk: Desk, sender: Sender, graph: Graph
) -> None:
    graph.answer = graph.says(500, "")
    id = await desk.say("first")
    await send_all(sender)
    seq = (await desk.row(id))["seq"]
    graph.answer = graph.accepts

    await desk.resend(id)
    assert await desk.status(id) == "pending"
    await send_all(sender)

    row = await desk.row(id)
    assert (row["status"], row["attempt"], row["seq"]) == ("accepted", 2, seq)
    assert [unseal(KEY, body["biz_opaque_callback_data"]) for body in graph.bodies] == [
        (id, 1),
        (id, 2),
    ]
    with pytest.raises(Refused, match="settled"):
        await desk.resend(id)


async def test_a_resend_waits_for_what_is_on_its_way(
    desk: Desk, sender: Sender, graph: Graph
) -> None:
    graph.answer = graph.says(500, "")
    first = await desk.say("first")
    await send_all(sender)
    second = await desk.say("second")
    async with desk.database.transaction() as tx:
        claims, _ = await outbox.claim(tx, 10)
    assert [claim.message_id for claim in claims] == [second]

    await desk.resend(first)
    async with desk.database.transaction() as tx:
        assert await outbox.claim(tx, 10) == ([], 0), "one goes out at a time"
    async with desk.database.transaction() as tx:
        await outbox.settle(tx, second, 1, Status.ACCEPTED, wamid="wamid.second")
    async with desk.database.transaction() as tx:
        claims, _ = await outbox.claim(tx, 10)
    assert [claim.message_id for claim in claims] == [first]


async def test_a_late_answer_of_an_earlier_attempt_changes_nothing(
    desk: Desk, sender: Sender, graph: Graph
) -> None:
    id = await desk.say("first")
    graph.answer = graph.says(500, "")
    await send_all(sender)
    await desk.resend(id)

    async with desk.database.transaction() as tx:
        await outbox.settle(tx, id, 1, Status.FAILED, error={"code": "refused"})

    assert await desk.status(id) == "pending"


async def test_a_dismissed_message_is_not_asked_about_again(
    desk: Desk, sender: Sender, graph: Graph
) -> None:
    graph.answer = graph.says(500, "")
    id = await desk.say("first")
    await send_all(sender)

    await desk.dismiss(id)

    row = await desk.row(id)
    assert (row["status"], row["dismissed"]) == ("unconfirmed", True)
    with pytest.raises(Refused, match="dismissed"):
        await desk.resend(id)


async def test_author_and_owner_may_still_resend_while_wrapping_up(
    desk: Desk, sender: Sender, graph: Graph
) -> None:
    graph.answer = graph.says(500, "")
    id = await desk.say("first")
    await send_all(sender)
    async with desk.database.transaction() as tx:
        await tasks.move(tx, desk.tasks[0], end, desk.marina)
    await desk.resend(id)

    await send_all(sender)
    await sql(desk.database, "update leg set closed_at = wrap_up_at")
    with pytest.raises(Refused, match="not-connected"):
        await desk.resend(id)
    async with desk.database.transaction() as tx:
        await messages.resend(tx, id, 999, supervises=True)


async def test_a_message_that_nobody_wrote_cannot_be_sent_again(desk: Desk) -> None:
    with pytest.raises(NoSuchMessage):
        await desk.resend(999_999)
