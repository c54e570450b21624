"""An hour of a contact centre in which everything happens, for the checker to look at.

It goes through the real steps on a clock of its own.  At its end something stands in every
state that there is, so that a test can break any of it.
"""

from __future__ import annotations

from datetime import datetime

from balcao.domain import task as steps
from balcao.domain.message import Status
from balcao.domain.outgoing import in_words
from balcao.domain.values import AgentId
from balcao.store import handling, messages, outbox, tasks
from balcao.store.messages import Author
from balcao.whatsapp.opaque import seal
from tests.engine.hall import Hall, hall
from tests.engine.inbound import KEY, take_in
from tests.whatsapp import bodies

#: Writes to a number that nobody has set up, in halves of characters, and of nothing known.
ODD = [
    bodies.messages(bodies.text("wamid.unknown"), number="999"),
    bodies.messages(bodies.text("wamid.half")).replace(b"Ol", b"\\ud83d"),
    bodies.messages(bodies.text("wamid.nul\0")),
    bodies.messages(bodies.other("wamid.reaction", "reaction", {"emoji": "x"})),
    bodies.messages(bodies.other("wamid.on", "reaction", {"message_id": "wamid.half"})),
    bodies.messages(bodies.other("wamid.early", "reaction", {"message_id": "wamid.of-no-one"})),
    bodies.statuses(bodies.status("wamid.of-no-one", "read")),
    b"no JSON",
]


async def live_through(dsn: str) -> datetime:
    """Let an hour go by in the empty database at *dsn*; the time at its end."""
    async with hall(dsn) as here:
        people = [await here.agent(name) for name in ("Marina", "Diego", "Camila")]
        people.append(await here.agent("Bia", here.floor.other_team))
        await take_in(here.database, *ODD)
        for part in (_replies, _transfers, _conference, _absences, _open_work):
            await part(here)
            await here.pass_time(30)
        return here.clock.at


async def say(here: Hall, task: int, author: AgentId, words: str) -> int:
    """An agent's reply, pending; its id."""
    async with here.database.transaction() as tx:
        held = await tasks.lock(tx, task)
        said = in_words("text", words)
        return await messages.put_outbound(tx, held, Author(author, "A"), words, said)


async def send(here: Hall, wamid: str | None, *told: str) -> None:
    """Send what is next, under *wamid* or with nothing known of it; then these statuses come."""
    async with here.database.transaction() as tx:
        (claim, *_), _ = await outbox.claim(tx, 1)
    await here.pass_time(1)
    async with here.database.transaction() as tx:
        kept = Status.UNCONFIRMED if wamid is None else Status.ACCEPTED
        await outbox.settle(tx, claim.message_id, claim.attempt, kept, wamid=wamid)
    sealed = seal(KEY, claim.message_id, claim.attempt)
    for word in told:
        status = bodies.status(wamid or "wamid.late", word, biz_opaque_callback_data=sealed)
        await take_in(here.database, bodies.statuses(status), bodies.statuses(status))


async def _someone(here: Hall, task: int) -> AgentId:
    """Whoever the task rings at accepts it."""
    agent = await here.rings_at(task)
    assert agent is not None
    await here.accept(task, agent)
    return agent


async def _other(here: Hall, task: int) -> AgentId:
    """An agent with no open part in the task, who could be rung."""
    now = await here.read(task)
    busy = {leg.agent for leg in now.legs if leg.closed_at is None}
    for one in sorted(here.present - busy):
        if await here.stands(one) == "available":
            return one
    raise AssertionError("nobody is there to be rung")


async def _finish(here: Hall, task: int, agent: AgentId) -> None:
    await here.end(task, agent)
    await here.pass_time(1)
    for leg in (await here.read(task)).legs:
        if leg.wrap_up_at is not None and leg.closed_at is None:
            await here.wrap_up(task, leg.agent)


async def _replies(here: Hall) -> None:
    """Replies that arrive, that fail, and whose fate becomes known late; a resend."""
    task = await here.writes(1)
    agent = await _someone(here, task)
    await say(here, task, agent, "one")
    await send(here, "wamid.one", "read", "sent", "delivered")
    failed = await say(here, task, agent, "two")
    await send(here, "wamid.two", "failed")
    async with here.database.transaction() as tx:
        await messages.resend(tx, failed, agent)
    await send(here, "wamid.two-again", "sent")
    await say(here, task, agent, "three")
    await send(here, None, "delivered")
    await say(here, task, agent, "four")
    await send(here, None)
    await _finish(here, task, agent)


async def _transfers(here: Hall) -> None:
    """To an agent who accepts, to one who does not (both policies), to a queue; a RONA."""
    task = await here.writes(2)
    giver = await _someone(here, task)
    taker = await _other(here, task)
    await here.transfer(task, giver, taker, "a note")
    await here.accept(task, taker)
    await here.wrap_up(task, giver)
    await here.transfer(task, taker, here.sales)
    seller = await _someone(here, task)
    for policy in ("requeue", "end"):
        await here.set("queue", f"transfer_unanswered = '{policy}'")
        target = await _other(here, task)
        await here.transfer(task, seller, target)
        await here.pass_time(61)
        await here.wrap_up(task, seller)
        await here.become(target, "available")
        if policy == "requeue":
            seller = await _someone(here, task)
    task = await here.writes(2)
    missing = await here.rings_at(task)
    assert missing is not None
    await here.pass_time(61)
    await _finish(here, task, await _someone(here, task))
    await here.become(missing, "available")


async def _conference(here: Hall) -> None:
    """Guests by name and by queue: joined, left, removed, handed over, not accepted, expired."""
    task = await here.writes(3)
    owner = await _someone(here, task)
    guest = await _other(here, task)
    await here.invite(task, owner, guest)
    await here.pass_time(1)
    await here.accept(task, guest)
    await here.invite(task, owner, here.sales)
    await here.pass_time(1)
    (seller,) = [
        leg.agent
        for leg in (await here.read(task)).legs
        if leg.connected_at is None and leg.closed_at is None
    ]
    await here.accept(task, seller)
    await here.do(handling.remove, task, owner, seller)
    await here.do(handling.hand_over, task, owner, guest)
    await here.wrap_up(task, owner)
    await here.become(seller, "idle")
    await here.invite(task, guest, here.sales)
    await here.invite(task, guest, owner)
    await here.cancel(task, guest, 4)
    await here.invite(task, guest, owner)
    await here.pass_time(61)
    await here.become(owner, "available")
    await here.pass_time(600)
    await here.invite(task, guest, owner)
    await here.accept(task, owner)
    await here.do(handling.leave, task, owner)
    await here.invite(task, guest, here.sales)
    await _finish(here, task, guest)
    await here.become(seller, "available")


async def _absences(here: Hall) -> None:
    """Desks that fall silent, with an offer, with a guest beside them, and alone."""
    task = await here.writes(4)
    owner = await _someone(here, task)
    guest = await _other(here, task)
    await here.joined(task, owner, guest)
    ringing = await here.writes(5)
    rung = await here.rings_at(ringing)
    assert rung is not None
    here.cut(owner, rung)
    await here.pass_time(60)
    heir = await _someone(here, ringing)
    for gone in {owner, rung}:
        await here.beat(gone)
        await here.become(gone, "available")
    here.cut(owner)
    await here.pass_time(660)
    await _finish(here, task, guest)
    await _finish(here, ringing, heir)


async def _open_work(here: Hall) -> None:
    """What is left open at the end of the hour: something in each state."""
    await here.set("desktop_profile", "wrap_up_seconds = 600, guests_wrap_up = true")
    seller = max(here.present)
    await here.become(seller, "idle")
    await here.agent("Hugo")
    for customer in (6, 7):
        task = await here.writes(customer)
        agent = await _someone(here, task)
        await here.end(task, agent)
    await here.do(tasks.move, task, steps.hold, agent)
    task = await here.writes(8)
    owner = await _someone(here, task)
    await here.joined(task, owner, await _other(here, task))
    await here.invite(task, owner, await _other(here, task))
    await here.invite(task, owner, here.sales)
    for words in ("out", "waiting"):
        await say(here, task, owner, words)
    async with here.database.transaction() as tx:
        await outbox.claim(tx, 1)
    task = await here.writes(9)
    await here.transfer(task, await _someone(here, task), here.sales)
    await here.writes(10)
