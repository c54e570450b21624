"""Who listens: the open desks, found by their person and by the conversations they are told of.

The hub asks "whose is this?" hundreds of times a second, so both ways are kept and none is
searched for.
"""

from __future__ import annotations

from collections.abc import Iterator, KeysView

from balcao.realtime.watcher import Watcher


class Audience:
    """The watchers of one process; a watcher's tasks change only through here."""

    def __init__(self) -> None:
        self._by_person: dict[int, list[Watcher]] = {}
        self._by_conversation: dict[int, set[Watcher]] = {}
        self.waiting: dict[Watcher, None] = {}
        """Those who wait for a snapshot, the first first."""

    def __len__(self) -> int:
        return sum(len(watchers) for watchers in self._by_person.values())

    def __iter__(self) -> Iterator[Watcher]:
        return (watcher for watchers in self._by_person.values() for watcher in watchers)

    @property
    def people(self) -> KeysView[int]:
        """Everybody who has a desk open."""
        return self._by_person.keys()

    def up_to_date(self) -> set[int]:
        """Those of them with a desk that has had its snapshot, and is told what is new."""
        if not self.waiting:
            return set(self.people)
        return {watcher.person for watcher in self if watcher not in self.waiting}

    def of(self, person: int) -> list[Watcher]:
        """The desks of *person*, the oldest first."""
        return list(self._by_person.get(person, ()))

    def told(self, conversation: int) -> frozenset[Watcher]:
        """The desks that are told of *conversation*."""
        return frozenset(self._by_conversation.get(conversation, ()))

    def add(self, watcher: Watcher) -> None:
        """Let *watcher* listen; it waits for its snapshot."""
        watcher.waiting = self.waiting
        self.waiting[watcher] = None
        self._by_person.setdefault(watcher.person, []).append(watcher)

    def remove(self, watcher: Watcher) -> list[int]:
        """Forget *watcher*, which is over; the conversations that it was told of."""
        watcher.end()
        watchers = self._by_person.get(watcher.person, [])
        if watcher in watchers:
            watchers.remove(watcher)
        if not watchers:
            self._by_person.pop(watcher.person, None)
        conversations = list(watcher.tasks)
        for conversation in conversations:
            self.keep(watcher, conversation, frozenset())
        return conversations

    def keep(self, watcher: Watcher, conversation: int, tasks: frozenset[int]) -> None:
        """Note which *tasks* of *conversation* the watcher is told of from now on."""
        if tasks and not watcher.over:
            watcher.tasks[conversation] = tasks
            self._by_conversation.setdefault(conversation, set()).add(watcher)
            return
        watcher.tasks.pop(conversation, None)
        watchers = self._by_conversation.get(conversation)
        if watchers is not None:
            watchers.discard(watcher)
            if not watchers:
                del self._by_conversation[conversation]
