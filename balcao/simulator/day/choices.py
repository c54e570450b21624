"""What the people of a day might do next, drawn from what there is.

Each choice has a weight.  Most of them fit; some are tried by whoever has no business to, and are
refused.  Agents whose desk is away do nothing, however loudly it rings there.
"""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from random import Random
from typing import TypeAlias

from balcao.domain.values import AgentId, Target, ToAgent, ToQueue
from balcao.simulator.day import deeds
from balcao.simulator.day.deeds import Desk
from balcao.simulator.day.organisation import Organisation
from balcao.simulator.day.scene import Agent, Part, Scene
from balcao.store.database import Database

Deed: TypeAlias = Callable[[], Awaitable[None]]
Choice: TypeAlias = tuple[float, Deed]


class People:
    """The agents of a day, and which of their desks are there."""

    def __init__(
        self,
        database: Database,
        organisation: Organisation,
        chance: Random,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._organisation = organisation
        self._chance = chance
        self._now = now
        self._numbers = itertools.count(1)
        self._away_until: dict[AgentId, datetime] = {}
        self.desks = {one.id: Desk(database, one) for one in organisation.people}
        self.whom_to_disable = chance.choice((None, *self.desks))

    def there(self, scene: Scene) -> list[AgentId]:
        """Whose desk answers pings now."""
        return [id for id in self._present(scene) if scene.agents[id].signed_in]

    def come_back(self) -> None:
        """Let nobody be away any more."""
        self._away_until.clear()

    def choices(self, scene: Scene) -> Iterator[Choice]:
        """All that anybody might do now."""
        present = self._present(scene)
        for id in present:
            yield from self._of_agent(self.desks[id], scene.agents[id], scene.loads[id])
        parts = [part for part in scene.parts if part.agent in present]
        for part in parts:
            yield from self._of_part(self.desks[AgentId(part.agent)], part, scene)
        if parts:
            meddler = self.desks[self._chance.choice(present)]
            yield 0.7, self._meddle(meddler, self._chance.choice(scene.parts))
            yield 0.7, self._settle(self._chance.choice(parts))
        yield 0.1, self._change_capacity

    def sign_in(self, desk: Desk) -> Deed:
        """Begin work in any team of one's own."""
        team = self._chance.choice(desk.employee.teams)
        token = next(self._numbers).to_bytes(8)
        return lambda: desk.sign_in(team, token)

    def evening(self, scene: Scene) -> Iterator[Deed]:
        """What everybody does who wants to go home."""
        present = self._present(scene)
        for id in present:
            if not scene.agents[id].signed_in:
                yield self.sign_in(self.desks[id])
            elif scene.agents[id].state != "available":
                yield self.desks[id].become_available
        for part in scene.parts:
            if part.agent in present:
                yield self._finish(self.desks[AgentId(part.agent)], part)

    def _finish(self, desk: Desk, part: Part) -> Deed:
        if part.state == "offered":
            return lambda: desk.accept(part.task)
        if part.state == "wrap-up":
            return lambda: desk.wrap_up(part.task, self._organisation.wrap_up_codes[0])
        if part.role == "guest":
            return lambda: desk.leave(part.task)

        async def answer_and_end() -> None:
            await desk.write(part.task, f"c{next(self._numbers)}", "text")
            await desk.end(part.task)

        return answer_and_end

    def _present(self, scene: Scene) -> list[AgentId]:
        """Who can do anything now; who may not sign in any more can not."""
        now = self._now()
        return [
            id
            for id in self.desks
            if now >= self._away_until.get(id, now) and not scene.agents[id].disabled
        ]

    def _of_agent(self, desk: Desk, agent: Agent, load: int) -> Iterator[Choice]:
        if not agent.signed_in:
            yield 3, self.sign_in(desk)
            return
        if agent.state == "available":
            idle_code = self._chance.choice(self._organisation.idle_codes)
            yield 0.15, lambda: desk.become_idle(idle_code)
        else:
            yield 2.5, desk.become_available
        yield 0.1 if load else 0.05, desk.sign_out
        yield 0.05, self.sign_in(desk)
        yield 0.12, self._vanish(desk.id)
        if desk.id == self.whom_to_disable:
            yield 0.05, lambda: deeds.disable(self._database, desk.employee)

    def _of_part(self, desk: Desk, part: Part, scene: Scene) -> Iterator[Choice]:
        task = part.task
        if part.state == "offered":
            yield 2.5, lambda: desk.accept(task)
        elif part.state == "wrap-up":
            code = self._chance.choice(self._organisation.wrap_up_codes)
            yield 0.5, lambda: desk.wrap_up(task, code)
            yield 0.15, lambda: desk.hold(task)
            yield 0.05, lambda: desk.read(task)
        else:
            yield 0.6, self._write(desk, task, "text")
            yield 0.1, self._write(desk, task, "note")
            yield 0.1, self._react(desk, task)
            yield 0.1, self._show(desk, task)
            yield 0.2, lambda: desk.read(task)
            if part.role == "guest":
                yield 0.15, lambda: desk.leave(task)
            else:
                yield from self._of_owner(desk, task, scene)

    def _of_owner(self, desk: Desk, task: int, scene: Scene) -> Iterator[Choice]:
        guests = scene.guests(task)
        asked = [one.number for one in scene.invitations if one.task == task]
        haste = 0.2 if guests or asked else 1
        yield 0.25 * haste, lambda: desk.end(task)
        yield 0.4 * haste, self._transfer(desk, task)
        yield 0.5, self._invite(desk, task)
        for number in asked:
            yield 0.05, self._cancel(desk, task, self._chance.choice((None, number)))
        for guest in guests:
            yield 0.1, self._about_guest(desk.remove, task, guest)
            yield 0.2, self._about_guest(desk.hand_over, task, guest)

    def _about_guest(
        self, deed: Callable[[int, int], Awaitable[None]], task: int, guest: int
    ) -> Deed:
        return lambda: deed(task, guest)

    def _cancel(self, desk: Desk, task: int, number: int | None) -> Deed:
        return lambda: desk.cancel(task, number)

    def _write(self, desk: Desk, task: int, type: str) -> Deed:
        client_id = f"c{next(self._numbers)}"
        return lambda: desk.write(task, client_id, type)

    def _show(self, desk: Desk, task: int) -> Deed:
        client_id = f"c{next(self._numbers)}"
        return lambda: desk.show(task, client_id)

    def _react(self, desk: Desk, task: int) -> Deed:
        emoji = self._chance.choice(("👍", "❤️", None))
        return lambda: desk.react(task, emoji)

    def _transfer(self, desk: Desk, task: int) -> Deed:
        to, note = self._target(), self._chance.choice((None, "segue"))
        return lambda: desk.transfer(task, to, note)

    def _invite(self, desk: Desk, task: int) -> Deed:
        to = self._target()
        return lambda: desk.invite(task, to)

    def _target(self) -> Target:
        if self._chance.random() < 0.4:
            return ToQueue(self._chance.choice(self._organisation.queues))
        return ToAgent(self._chance.choice(list(self.desks)))

    def _vanish(self, id: AgentId) -> Deed:
        seconds = self._chance.choice((10, 30, 60, 150))

        async def vanish() -> None:
            self._away_until[id] = self._now() + timedelta(seconds=seconds)

        return vanish

    def _meddle(self, desk: Desk, part: Part) -> Deed:
        """Somebody tries what is most likely not theirs to do."""
        task = part.task
        code = self._organisation.wrap_up_codes[0]
        return self._chance.choice(
            (
                lambda: desk.accept(task),
                lambda: desk.end(task),
                lambda: desk.leave(task),
                lambda: desk.wrap_up(task, code),
                lambda: desk.hold(task),
                lambda: desk.cancel(task, 1),
                lambda: desk.hand_over(task, part.agent),
                lambda: desk.remove(task, part.agent),
                self._transfer(desk, task),
                self._invite(desk, task),
                self._write(desk, task, "text"),
            )
        )

    def _settle(self, part: Part) -> Deed:
        """A message that did not get through is sent again, or left."""
        desk, resend = self.desks[AgentId(part.agent)], self._chance.random() < 0.6
        which = self._chance.random()

        async def settle() -> None:
            ids = await deeds.unsettled(self._database)
            if ids:
                await desk.settle(ids[int(which * len(ids))], resend=resend)

        return settle

    async def _change_capacity(self) -> None:
        """Somebody may have more or less at once; what is there already is left alone."""
        employee = self._chance.choice(self._organisation.people)
        await deeds.change_capacity(self._database, employee.id, self._chance.randint(1, 5))
