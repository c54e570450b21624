"""What people do at their desks, each as the web's handlers do it: one transaction, one step.

What does not fit is refused and changes nothing; people try a good deal that does not fit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from balcao.domain import agent as agent_steps
from balcao.domain import outgoing
from balcao.domain import task as steps
from balcao.domain.media import Format
from balcao.domain.values import Actor, ActorKind, AgentId, CodeId, Target
from balcao.simulator.day.organisation import Employee
from balcao.store import agents, handling, media, messages, organisation, parts, sessions, tasks
from balcao.store.database import Database
from balcao.store.files import Files, spool

Deed = Callable[[], Awaitable[None]]

PHOTO = b"\xff\xd8\xff the photo of a simulated day"
PHOTO_SHA256 = hashlib.sha256(PHOTO).hexdigest()
JPEG = Format("image", "image/jpeg")


@dataclass(frozen=True)
class Desk:
    """The desk of one agent."""

    database: Database
    employee: Employee

    @property
    def id(self) -> AgentId:
        """Whose desk it is."""
        return self.employee.id

    @property
    def _by(self) -> Actor:
        return Actor(ActorKind.AGENT, self.id)

    async def sign_in(self, team: int, token: bytes) -> None:
        """Begin work, or take over from another desk, where everything is kept."""
        async with self.database.transaction() as tx:
            agent, _ = await agents.lock(tx, self.id)
            if await agents.is_disabled(tx, self.id):
                return
            elsewhere = await sessions.others(tx, self.id)
            await sessions.end_all(tx, self.id)
            if not elsewhere or agent.signed_in_at is None:
                code = await agents.default_idle_code(tx)
                await agents.move(tx, self.id, self._by, agent_steps.sign_in, code)
            await agents.join_team(tx, self.id, team)
            await sessions.begin(tx, token, self.id, team)
            await agents.beat(tx, [self.id], await tx.now())

    async def sign_out(self) -> None:
        """End work."""
        async with self.database.transaction() as tx:
            code = await agents.default_idle_code(tx)
            await agents.move(tx, self.id, self._by, agent_steps.sign_out, code)
            await sessions.end_all(tx, self.id)

    async def become_available(self) -> None:
        """Be ready for offers."""
        async with self.database.transaction() as tx:
            await agents.move(tx, self.id, self._by, agent_steps.become_available)

    async def become_idle(self, code: int) -> None:
        """Take no more offers."""
        async with self.database.transaction() as tx:
            await agents.move(tx, self.id, self._by, agent_steps.become_idle, CodeId(code))

    async def accept(self, task: int) -> None:
        """Answer an offer."""
        async with self.database.transaction() as tx:
            await tasks.move(tx, task, steps.accept, self.id)

    async def read(self, task: int) -> None:
        """Have read all that there is."""
        async with self.database.transaction() as tx:
            await parts.mark_read(tx, task, self.id)

    async def write(self, task: int, client_id: str, type: str) -> None:
        """Write to the customer, or a note; the same *client_id* again is the same message."""
        async with self.database.transaction() as tx:
            held = await tasks.lock(tx, task)
            author = messages.Author(self.id, self.employee.name)
            said = outgoing.in_words(type, f"resposta {client_id}")
            await messages.put_outbound(tx, held, author, client_id, said)

    async def show(self, task: int, client_id: str) -> None:
        """Send the photo."""
        async with self.database.transaction() as tx:
            held = await tasks.lock(tx, task)
            author = messages.Author(self.id, self.employee.name)
            kept = await media.put_upload(tx, self.id, JPEG, "foto.jpg", len(PHOTO), PHOTO_SHA256)
            said = outgoing.file("image", kept, f"foto {client_id}")
            await messages.put_outbound(tx, held, author, client_id, said)

    async def react(self, task: int, emoji: str | None) -> None:
        """Think something of what the customer wrote last, or nothing any more."""
        async with self.database.transaction() as tx:
            held = await tasks.lock(tx, task)
            about = await tx.fetchval(
                "select id from message where conversation_id = $1 and direction = 'in'"
                " order by seq desc limit 1",
                held.conversation.id,
            )
            author = messages.Author(self.id, self.employee.name)
            await messages.react(tx, about, author, emoji)

    async def settle(self, message: int, *, resend: bool) -> None:
        """Send a message once more that did not get through, or leave it."""
        how = messages.resend if resend else messages.dismiss
        async with self.database.transaction() as tx:
            await how(tx, message, self.id)

    async def transfer(self, task: int, to: Target, note: str | None) -> None:
        """Give a task away."""
        async with self.database.transaction() as tx:
            await handling.transfer(tx, task, self.id, to, note)

    async def invite(self, task: int, to: Target) -> None:
        """Ask somebody in."""
        async with self.database.transaction() as tx:
            await handling.invite(tx, task, self.id, to)

    async def cancel(self, task: int, number: int | None) -> None:
        """Take back one invitation, or all."""
        async with self.database.transaction() as tx:
            await tasks.move(tx, task, steps.cancel, self.id, number)

    async def leave(self, task: int) -> None:
        """Go out of a conference."""
        async with self.database.transaction() as tx:
            await handling.leave(tx, task, self.id)

    async def remove(self, task: int, guest: int) -> None:
        """Put a guest out."""
        async with self.database.transaction() as tx:
            await handling.remove(tx, task, self.id, AgentId(guest))

    async def hand_over(self, task: int, guest: int) -> None:
        """Make a guest the owner."""
        async with self.database.transaction() as tx:
            await handling.hand_over(tx, task, self.id, AgentId(guest))

    async def end(self, task: int) -> None:
        """End a task for everyone."""
        async with self.database.transaction() as tx:
            await handling.end(tx, task, self.id)

    async def wrap_up(self, task: int, code: int) -> None:
        """Submit the reason."""
        async with self.database.transaction() as tx:
            await handling.wrap_up(tx, task, self.id, CodeId(code), None)

    async def hold(self, task: int) -> None:
        """Stop the countdown of a wrap-up."""
        async with self.database.transaction() as tx:
            await tasks.move(tx, task, steps.hold, self.id)


async def have_photo(files: Files) -> None:
    """Keep the photo that everybody sends."""
    with spool() as spooled:
        await spooled.add(PHOTO)
        await files.keep(spooled, await spooled.close())


async def beat(database: Database, ids: list[AgentId]) -> None:
    """These desks answer the ping of this moment."""
    async with database.transaction() as tx:
        await agents.beat(tx, ids, await tx.now())


async def disable(database: Database, employee: Employee) -> None:
    """Somebody may not sign in any more."""
    async with database.transaction() as tx:
        await organisation.disable(tx, employee.email)


async def change_capacity(database: Database, id: AgentId, capacity: int) -> None:
    """An agent may have so many parts at once from now on."""
    async with database.transaction() as tx:
        await agents.lock(tx, id)
        await tx.execute(
            "update agent set capacity = $2, version = version + 1 where person_id = $1",
            id,
            capacity,
        )


async def unsettled(database: Database) -> list[int]:
    """Messages that a person has to decide about."""
    async with database.transaction() as tx:
        rows = await tx.fetch(
            "select id from message where status in ('failed', 'unconfirmed') and not dismissed"
            " order by id desc limit 5"
        )
    return [row["id"] for row in rows]
