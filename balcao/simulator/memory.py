"""Remembers the pretend world over a restart: people, their phones and windows, and media.

Without it, an answer to yesterday's customer of a demo would find nobody, and a colleague who was
cut off would be kept out by their own session. Faults, the clock, whether colleagues are switched
on, and webhooks under way are not kept: they belong to one run.
"""

import asyncio
import json
import logging
from dataclasses import asdict
from pathlib import Path
from typing import Any

from balcao.simulator.media import Media
from balcao.simulator.world import Customer, Line, World

_SAVE_EVERY_S = 2.0
_MOST_LINES_KEPT = 500
_VERSION = 1
_log = logging.getLogger(__name__)


class Memory:
    """Keeps a world in one file."""

    def __init__(self, world: World, media: Media, path: Path) -> None:
        self._world = world
        self._media = media
        self._path = path
        self._saver: asyncio.Task[None] | None = None

    def recall(self) -> None:
        """Lets everybody in whom the file knows; a file that cannot be read is set aside."""
        try:
            kept = json.loads(self._path.read_text("utf-8"))
            people = [_person(one) for one in kept["customers"]]
            self._media.recall(kept.get("media", ()))
            sessions = {str(k): str(v) for k, v in kept.get("sessions", {}).items()}
        except FileNotFoundError:
            return
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as problem:
            _log.warning("the simulator's memory cannot be read: %s", type(problem).__name__)
            self._path.rename(self._path.with_suffix(".unreadable"))
            return
        self._world.sessions.update(sessions)
        for person in people:
            lines, person.lines = person.lines, {}
            self._world.add(person)
            for line in lines.values():
                self._world.show(person, line)

    def start(self) -> None:
        """Saves from now on whenever something has changed, every other second at most."""
        self._saver = asyncio.create_task(self._save_changes())

    async def stop(self) -> None:
        """Saves for the last time."""
        if self._saver is not None:
            self._saver.cancel()
            await asyncio.gather(self._saver, return_exceptions=True)
            self._save()

    async def _save_changes(self) -> None:
        while True:
            with self._world.feed.watch() as changes:
                await changes.get()
            await asyncio.sleep(_SAVE_EVERY_S)
            self._save()

    def _save(self) -> None:
        kept = {
            "version": _VERSION,
            "customers": [_kept(person) for person in self._world.customers.values()],
            "media": self._media.kept(),
            "sessions": self._world.sessions,
        }
        draft = self._path.with_suffix(".draft")
        try:
            draft.write_text(json.dumps(kept), "utf-8")
            draft.replace(self._path)
        except OSError as problem:
            _log.warning("the simulator's memory cannot be written: %s", problem.strerror)


def _kept(person: Customer) -> dict[str, Any]:
    lines = list(person.lines.values())[-_MOST_LINES_KEPT:]
    own = {key: value for key, value in vars(person).items() if key != "lines"}
    return {**own, "lines": [asdict(line) for line in lines]}


def _person(kept: dict[str, Any]) -> Customer:
    lines = [Line(**line) for line in kept["lines"]]
    return Customer(**{**kept, "lines": {line.wamid: line for line in lines}})
