"""What happens when: a test for each row of the table, named after it (product.md 3).

| when | test |
|---|---|
| the agent goes idle while it rings, and time runs out | test_the_agent_goes_idle_while_it_rings |
| several offers of one agent run out at the same instant | test_several_offers_run_out_at_once |
| a direct transfer is withdrawn | test_a_direct_transfer_is_withdrawn (and of each cause) |
| a task comes back while its giver is free | test_a_task_comes_back_while_its_giver_is_free |
| transfer while a guest is connected | test_transfer_while_a_guest_is_connected |
| transfer or End while an invitation is open | test_transfer_or_end_while_an_invitation_is_open |
| hand-over while an invitation is open | test_hand_over_while_an_invitation_is_open |
| the primary is lost for good | test_the_primary_is_lost_for_good |
| a guest is lost for good | test_a_guest_is_lost_for_good |
| a wrapping agent is lost for good | test_a_wrapping_agent_is_lost_for_good |
| a lost agent has nothing left open | test_a_lost_agent_has_nothing_left_open |
| a lost agent returns after the grace time | test_a_lost_agent_returns_after_the_grace_time |
| sign-in elsewhere (takeover) | test_sign_in_elsewhere, in tests/web/test_lost_desks.py |
| the session expires | test_the_session_expires, in tests/web/test_lost_desks.py |
| the agent is disabled | test_the_agent_is_disabled |
| a queue in use is removed | test_a_queue_in_use_is_removed |
| a webhook for a retired or unknown number | in tests/engine/test_intake.py |
| End or transfer with messages not yet sent | test_end_or_transfer_with_messages_not_yet_sent |
| a reply fails after its task has ended | test_a_reply_fails_after_its_task_has_ended |
"""

from __future__ import annotations

import pytest

from balcao.domain.message import Status
from balcao.domain.outgoing import in_words
from balcao.domain.values import AgentId, Outcome, Refused, State
from balcao.store import handling, messages, outbox, tasks
from balcao.store.messages import Author
from tests.engine.hall import Hall
from tests.world import sql

GRACE = 50
LOST = 10 * 60


async def test_the_agent_goes_idle_while_it_rings(hall: Hall) -> None:
    marina = await hall.agent("Marina")
    task = await hall.ringing(marina)
    await hall.become(marina, "idle")

    await hall.pass_time(59)
    assert await hall.rings_at(task) == marina, "it goes on ringing"
    await hall.pass_time(1)

    assert await hall.stands(marina) == "rona"
    assert await hall.state(task) is State.QUEUED


async def test_several_offers_run_out_at_once(hall: Hall) -> None:
    marina = await hall.agent("Marina")
    first, second, third = [await hall.ringing(marina, customer) for customer in (1, 2, 3)]

    await hall.pass_time(60)

    outcomes = [(await hall.leg(task, marina)).outcome for task in (first, second, third)]
    assert outcomes == [Outcome.RONA, Outcome.WITHDRAWN, Outcome.WITHDRAWN]
    assert await hall.stands(marina) == "rona"
    rows = await sql(hall.database, "select 1 from agent_event where params->>'to' = 'rona'")
    assert len(rows) == 1


async def given_to_camila(hall: Hall) -> tuple[AgentId, AgentId, int]:
    """Marina, Camila, and a task that Marina has given to Camila, at whom it rings."""
    marina = await hall.agent("Marina")
    task = await hall.talking(marina)
    camila = await hall.agent("Camila")
    await hall.pass_time(5)
    await hall.transfer(task, marina, camila, "é com você")
    assert await hall.rings_at(task) == camila
    return marina, camila, task


async def withdrawn(hall: Hall, marina: AgentId, camila: AgentId, task: int, why: str) -> None:
    """The transfer has come to nothing without anybody having missed it."""
    after = await hall.read(task)
    assert (await hall.leg(task, camila)).outcome is Outcome.WITHDRAWN
    assert (after.state, after.queue) == (State.QUEUED, hall.floor.queue)
    assert "abandoned" not in await hall.journal(task)
    ((code, params),) = await hall.told(marina)
    assert (code, params["agent"], params["reason"]) == ("transfer-withdrawn", "Camila", why)
    assert params["customer"] == "Ana"


async def test_a_direct_transfer_is_withdrawn(hall: Hall) -> None:
    """The policy of the queue has no say in it: nobody has failed to accept."""
    await hall.set("queue", "transfer_unanswered = 'end'")
    marina, camila, task = await given_to_camila(hall)
    place = (await hall.read(task)).queued_at
    hall.cut(camila)

    await hall.pass_time(GRACE)

    await withdrawn(hall, marina, camila, task, "connection-lost")
    assert (await hall.read(task)).queued_at == place
    assert await hall.stands(camila) == "Conexão perdida"


async def test_a_direct_transfer_is_withdrawn_as_the_target_is_disabled(hall: Hall) -> None:
    await hall.set("queue", "transfer_unanswered = 'end'")
    marina, camila, task = await given_to_camila(hall)

    await hall.disable(camila)

    await withdrawn(hall, marina, camila, task, "disabled")


async def test_a_direct_transfer_is_withdrawn_as_the_target_missed_another(hall: Hall) -> None:
    await hall.set("queue", "transfer_unanswered = 'end'")
    marina = await hall.agent("Marina")
    task = await hall.talking(marina)
    camila = await hall.agent("Camila")
    await hall.become(marina, "idle")
    other = await hall.ringing(camila, 2)
    await hall.pass_time(30)
    await hall.transfer(task, marina, camila)

    await hall.pass_time(30)

    assert (await hall.leg(other, camila)).outcome is Outcome.RONA
    await withdrawn(hall, marina, camila, task, "rona")


async def test_a_task_comes_back_while_its_giver_is_free(hall: Hall) -> None:
    """Never while wrapping up that very task; then last."""
    marina, camila, task = await given_to_camila(hall)

    await hall.pass_time(60)
    assert await hall.stands(camila) == "rona"
    assert await hall.state(task) is State.QUEUED, "Marina still wraps it up"

    await hall.pass_time(10)
    diego = await hall.agent("Diego")
    await hall.wrap_up(task, marina)
    assert await hall.rings_at(task) == diego, "there is another one"

    await hall.pass_time(60)
    assert await hall.rings_at(task) == marina, "nobody else is free"


async def test_transfer_while_a_guest_is_connected(hall: Hall) -> None:
    marina = await hall.agent("Marina")
    task = await hall.talking(marina)
    camila = await hall.agent("Camila")
    await hall.joined(task, marina, camila)

    with pytest.raises(Refused, match="has-guests"):
        await hall.transfer(task, marina, hall.sales)

    assert await hall.owner(task) == marina
    assert await hall.guests(task) == [camila]


@pytest.mark.parametrize("how", ["transfer", "end"])
@pytest.mark.parametrize("to", ["agent", "queue", "ringing queue"])
async def test_transfer_or_end_while_an_invitation_is_open(hall: Hall, how: str, to: str) -> None:
    marina = await hall.agent("Marina")
    task = await hall.talking(marina)
    if to == "queue":
        await hall.invite(task, marina, hall.sales)
    else:
        camila = await hall.agent("Camila")
        await hall.invite(task, marina, camila if to == "agent" else hall.support)
        assert (await hall.leg(task, camila)).state is State.OFFERED

    if how == "end":
        await hall.end(task, marina)
    else:
        await hall.transfer(task, marina, hall.sales)

    after = await hall.read(task)
    assert [one.answer for one in after.invitations] == ["withdrawn"]
    if to != "queue":
        assert (await hall.leg(task, camila)).outcome is Outcome.WITHDRAWN
        assert await hall.stands(camila) == "available"
    assert (await hall.leg(task, marina)).state is State.WRAP_UP
    assert after.state is (State.WRAP_UP if how == "end" else State.QUEUED)


async def test_hand_over_while_an_invitation_is_open(hall: Hall) -> None:
    marina = await hall.agent("Marina")
    task = await hall.talking(marina)
    camila = await hall.agent("Camila")
    await hall.joined(task, marina, camila)
    await hall.invite(task, marina, hall.sales)
    hall.cut(camila)
    await hall.pass_time(25)
    with pytest.raises(Refused, match="guest-away"):
        await hall.do(handling.hand_over, task, marina, camila)
    await hall.beat(camila)

    await hall.do(handling.hand_over, task, marina, camila)

    assert await hall.owner(task) == camila
    assert (await hall.leg(task, marina)).state is State.WRAP_UP
    (open_,) = (await hall.read(task)).asked
    assert open_.by == camila
    await hall.pass_time(10 * 60)
    assert [code for code, _ in await hall.told(camila)] == ["conference-expired"]
    assert await hall.told(marina) == []


async def test_the_primary_is_lost_for_good(hall: Hall) -> None:
    """The longest-connected guest whose desk is connected; tests/engine/test_lost_agents.py."""
    marina = await hall.agent("Marina")
    task = await hall.talking(marina)
    away, camila, diego = [await hall.agent(name) for name in ("Hugo", "Camila", "Diego")]
    for guest in (away, camila, diego):
        await hall.joined(task, marina, guest)
        await hall.pass_time(1)
    hall.cut(marina, away)

    await hall.pass_time(LOST - 1)
    assert await hall.owner(task) == marina
    await hall.pass_time(1)

    assert await hall.owner(task) == camila
    assert (await hall.leg(task, marina)).outcome is Outcome.LOST
    assert await hall.guests(task) == [diego], "Hugo is lost for good as well"
    lost = [params for code, params in await hall.lines(task) if code == "lost"]
    assert (lost[0]["agent"], lost[0]["to_agent"]) == ("Marina", "Camila")


async def test_a_guest_is_lost_for_good(hall: Hall) -> None:
    marina = await hall.agent("Marina")
    task = await hall.talking(marina)
    camila = await hall.agent("Camila")
    await hall.joined(task, marina, camila)
    hall.cut(camila)

    await hall.pass_time(LOST)

    assert (await hall.leg(task, camila)).outcome is Outcome.LOST
    assert await hall.owner(task) == marina
    assert await hall.guests(task) == []


async def test_a_wrapping_agent_is_lost_for_good(hall: Hall) -> None:
    marina = await hall.agent("Marina")
    task = await hall.talking(marina)
    await hall.end(task, marina)
    hall.cut(marina)

    await hall.pass_time(LOST - 1)
    assert await hall.state(task) is State.WRAP_UP
    await hall.pass_time(1)

    leg = await hall.leg(task, marina)
    assert leg.state is State.CLOSED
    assert leg.wrap_up_code == await hall.wrap_up_code("Pedido resolvido")
    rows = await sql(hall.database, "select by_kind from event where code = 'wrapped-up'")
    assert rows == [{"by_kind": "system"}]


async def test_a_lost_agent_has_nothing_left_open(hall: Hall) -> None:
    marina = await hall.agent("Marina")
    hall.cut(marina)

    await hall.pass_time(LOST - 1)
    assert await hall.stands(marina) == "Conexão perdida"
    await hall.pass_time(1)

    assert await hall.stands(marina) == "signed out"


async def test_a_lost_agent_returns_after_the_grace_time(hall: Hall) -> None:
    marina = await hall.agent("Marina")
    task = await hall.talking(marina)
    hall.cut(marina)
    await hall.pass_time(GRACE)
    await hall.beat(marina)
    other = await hall.writes(2)

    await hall.pass_time(LOST)

    assert await hall.stands(marina) == "Conexão perdida", "until she chooses"
    assert await hall.owner(task) == marina
    assert await hall.state(other) is State.QUEUED
    await hall.become(marina, "available")
    assert await hall.rings_at(other) == marina


async def test_the_agent_is_disabled(hall: Hall) -> None:
    """As lost for good, at once: ringing, talking, wrapping up, and what passes to a guest."""
    marina = await hall.agent("Marina")
    wrapping = await hall.talking(marina)
    await hall.end(wrapping, marina)
    shared, talking = [await hall.talking(marina, customer) for customer in (2, 3)]
    ringing = await hall.ringing(marina, 4)
    camila = await hall.agent("Camila")
    await hall.joined(shared, marina, camila)
    await hall.become(camila, "idle")

    await hall.disable(marina)

    assert await hall.owner(shared) == camila
    assert [await hall.state(task) for task in (talking, ringing)] == [State.QUEUED] * 2
    assert await hall.state(wrapping) is State.ENDED
    outcomes = [(await hall.leg(task, marina)).outcome for task in (talking, ringing)]
    assert outcomes == [Outcome.LOST, Outcome.WITHDRAWN]
    assert await hall.stands(marina) == "signed out"


async def test_a_queue_in_use_is_removed(hall: Hall) -> None:
    """Only retired: nothing new enters, what is in it is finished."""
    marina = await hall.agent("Marina")
    talking = await hall.talking(marina)
    hugo = await hall.agent("Hugo", hall.floor.other_team)
    waiting = await hall.talking(marina, 2)
    await hall.become(hugo, "idle")
    await hall.transfer(waiting, marina, hall.sales)
    await hall.set("queue", "retired_at = now() where name = 'Vendas'")

    with pytest.raises(Refused, match="queue-closed"):
        await hall.transfer(talking, marina, hall.sales)
    with pytest.raises(Refused, match="queue-closed"):
        await hall.invite(talking, marina, hall.sales)
    assert await hall.owner(talking) == marina

    await hall.become(hugo, "available")
    assert await hall.rings_at(waiting) == hugo


async def reply(hall: Hall, task: int, author: AgentId) -> int:
    async with hall.database.transaction() as tx:
        held = await tasks.lock(tx, task)
        said = in_words("text", "Até já")
        return await messages.put_outbound(tx, held, Author(author, "Marina"), "c", said)


@pytest.mark.parametrize("how", ["transfer", "end"])
async def test_end_or_transfer_with_messages_not_yet_sent(hall: Hall, how: str) -> None:
    marina = await hall.agent("Marina")
    task = await hall.talking(marina)
    message = await reply(hall, task, marina)

    if how == "end":
        await hall.end(task, marina)
    else:
        await hall.transfer(task, marina, hall.sales)

    async with hall.database.transaction() as tx:
        (claim,), _ = await outbox.claim(tx, 10)
    assert (claim.message_id, claim.said.text) == (message, "Até já")


async def test_a_reply_fails_after_its_task_has_ended(hall: Hall) -> None:
    marina = await hall.agent("Marina")
    task = await hall.talking(marina)
    message = await reply(hall, task, marina)
    await hall.end(task, marina)
    await hall.become(marina, "idle")
    camila = await hall.agent("Camila")
    assert await hall.talking(camila) != task, "the customer wrote again, and Camila has it"

    async with hall.database.transaction() as tx:
        await outbox.claim(tx, 1)
        await outbox.settle(tx, message, 1, Status.FAILED, error={"code": "refused"})

    for agent in (marina, camila):
        assert await hall.told(agent) == [
            ("message-failed", {"customer": "Ana", "error": "refused"})
        ]
