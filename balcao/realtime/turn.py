"""One turn of the hub: reads of one moment, turned into events for those who may see them."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from balcao.realtime import showing, sight
from balcao.realtime.audience import Audience
from balcao.realtime.sight import Row, Sight
from balcao.realtime.views import MessageView, NoticeView, Snapshot, TaskView
from balcao.realtime.watcher import Watcher, view_event
from balcao.store import profiles, views
from balcao.store.database import Tx

#: What a desk gets of a thread by itself; the rest it asks for as one scrolls up.
NEWEST = 50
#: Changed messages that one turn tells one by one; beyond it a snapshot is cheaper.
CHANGES_MAX = 2_000

#: By conversation: up to which version its messages were told, and the version last shown.
Known: TypeAlias = dict[int, tuple[int, int]]


class Turn:
    """The reads of one transaction, and whom they are for."""

    def __init__(self, tx: Tx, audience: Audience, known: Known) -> None:
        self._tx = tx
        self._audience = audience
        self._known = known

    async def tell_agents(self, ids: Iterable[int]) -> None:
        """Tell these agents how they stand, and what they should know."""
        wanted = {id for id in ids if any(not w.due for w in self._audience.of(id))}
        if not wanted:
            return
        at = await self._tx.now()
        for row in await views.agents(self._tx, wanted):
            event = view_event(showing.agent_view(row, at))
            for watcher in self._audience.of(row["id"]):
                watcher.agent_version = showing.agent_number(row)
                watcher.put("agent", row["id"], event)
        notices: dict[int, list[Row]] = defaultdict(list)
        for notice in await views.notices(self._tx, wanted):
            notices[notice["agent_id"]].append(notice)
        for id in wanted:
            for watcher in self._audience.of(id):
                _tell_notices(watcher, notices[id])

    async def tell_conversations(self, ids: set[int]) -> None:
        """Tell what changed in these conversations, each desk as far as it sees."""
        if not ids:
            return
        rows = await views.tasks_in(self._tx, ids, self._audience.people)
        parts: dict[tuple[int, int], list[Row]] = defaultdict(list)
        for row in rows:
            parts[row["viewer_id"], row["conversation_id"]].append(row)
        opened: list[tuple[Watcher, int, Sight]] = []
        readers: dict[int, list[tuple[Watcher, Sight]]] = defaultdict(list)
        for watcher, id in self._concerned(ids, parts):
            seen = self._tell_tasks(watcher, id, parts.get((watcher.person, id), []))
            if seen is not None and seen.present:
                readers[id].append((watcher, seen))
                if _widened(watcher, id, seen):
                    opened.append((watcher, id, seen))
            _keep_cut(watcher, id, seen)
        await self._tell_opened(opened)
        await self._tell_changes(readers)
        for row in rows:
            self._known[row["conversation_id"]] = row["conversation_version"], row["version"]

    async def tell_all(self, watchers: Sequence[Watcher]) -> None:
        """Give each of *watchers* a whole new snapshot."""
        at = await self._tx.now()
        people = {watcher.person for watcher in watchers}
        agents = {row["id"]: row for row in await views.agents(self._tx, people)}
        parts: dict[int, list[Row]] = defaultdict(list)
        for row in await views.tasks_of(self._tx, people):
            parts[row["viewer_id"]].append(row)
            versions = row["conversation_version"], row["version"]
            self._known.setdefault(row["conversation_id"], versions)
        notices: dict[int, list[Row]] = defaultdict(list)
        for row in await views.notices(self._tx, people):
            notices[row["agent_id"]].append(row)
        codes = await views.codes(self._tx)
        allowed = await profiles.wrap_up_codes(self._tx, people)
        for watcher in watchers:
            me = agents.get(watcher.person)
            mine = parts[watcher.person]
            self._remember(watcher, me, mine, notices[watcher.person])
            shown: list[TaskView | MessageView | NoticeView] = [showing.task_view(x) for x in mine]
            shown += await self._messages(watcher.cuts)
            shown += [showing.notice_view(row) for row in notices[watcher.person]]
            view = None if me is None else showing.agent_view(me, at)
            mine_to_choose = showing.codes_view(codes, allowed.get(watcher.person))
            watcher.show(Snapshot(showing.moment(at), view, shown, mine_to_choose))
            await asyncio.sleep(0)  # a snapshot is long: let others have their turn

    def _concerned(
        self, ids: set[int], parts: Iterable[tuple[int, int]]
    ) -> set[tuple[Watcher, int]]:
        """The desks that have a part in one of these conversations, or had one until now.

        One that waits for its snapshot is told everything there.
        """
        now = {(watcher, id) for person, id in parts for watcher in self._audience.of(person)}
        had = {(watcher, id) for id in ids for watcher in self._audience.told(id)}
        return {(watcher, id) for watcher, id in now | had if not watcher.due}

    async def _messages(self, cuts: Mapping[int, int | None]) -> list[MessageView]:
        """The newest messages of each conversation, up to its cut.

        For one desk at a time: those of several at once are megabytes, and leave holes behind.
        """
        found = await views.newest_messages(self._tx, list(cuts.items()), NEWEST)
        return [showing.message_view(row) for rows in found for row in rows]

    async def _tell_opened(self, opened: Sequence[tuple[Watcher, int, Sight]]) -> None:
        """Give the newest messages to those who see a conversation from now on."""
        if not opened:
            return
        cuts = list({(id, seen.cut) for _, id, seen in opened})
        found = dict(zip(cuts, await views.newest_messages(self._tx, cuts, NEWEST), strict=True))
        for watcher, id, seen in opened:
            for row in found[id, seen.cut]:
                watcher.put("message", row["id"], view_event(showing.message_view(row)))

    async def _tell_changes(self, readers: Mapping[int, Sequence[tuple[Watcher, Sight]]]) -> None:
        """Tell each message that changed, made into bytes once for all who may see it."""
        since = {id: self._known[id][0] for id in readers if id in self._known}
        if not since:
            return
        rows = await views.changed_messages(self._tx, since, CHANGES_MAX + 1)
        if len(rows) > CHANGES_MAX:
            for id in since:
                for watcher, _ in readers[id]:
                    watcher.start_over()
            return
        for row in rows:
            event = view_event(showing.message_view(row))
            for watcher, seen in readers[row["conversation_id"]]:
                if seen.message(row["seq"], row["task_id"]):
                    watcher.put("message", row["id"], event)

    def _tell_tasks(self, watcher: Watcher, conversation: int, rows: Sequence[Row]) -> Sight | None:
        """Tell one desk of its tasks in one conversation; what it sees there, None for nothing."""
        told = watcher.tasks.get(conversation, frozenset())
        now = frozenset(row["id"] for row in rows)
        for row in rows:
            watcher.put("task", row["id"], view_event(showing.task_view(row)))
        for id in told - now:
            watcher.gone("task", id)
        self._audience.keep(watcher, conversation, now)
        return sight.sight(rows) if now else None

    def _remember(
        self, watcher: Watcher, me: Row | None, mine: Sequence[Row], notices: Sequence[Row]
    ) -> None:
        """Note what a snapshot tells."""
        watcher.agent_version = -1 if me is None else showing.agent_number(me)
        tasks = defaultdict(set)
        for row in mine:
            tasks[row["conversation_id"]].add(row["id"])
        for conversation in watcher.tasks.keys() | tasks.keys():
            self._audience.keep(watcher, conversation, frozenset(tasks[conversation]))
        watcher.cuts = _cuts(mine)
        watcher.notices = {row["id"] for row in notices}


def _widened(watcher: Watcher, conversation: int, seen: Sight) -> bool:
    """Whether more of the conversation is seen than before."""
    if conversation not in watcher.cuts:
        return True
    before = watcher.cuts[conversation]
    return before is not None and (seen.whole or seen.until > before)


def _keep_cut(watcher: Watcher, conversation: int, seen: Sight | None) -> None:
    """Note how far the desk sees; where that is less than before, it starts over."""
    had = conversation in watcher.cuts
    before = watcher.cuts.pop(conversation, None)
    if seen is None:
        return  # the desk lets the thread go with its last task
    if seen.present:
        watcher.cuts[conversation] = seen.cut
        narrowed = seen.cut is not None and before is not None and seen.cut < before
    else:
        narrowed = had
    if narrowed:
        watcher.start_over()


def _tell_notices(watcher: Watcher, rows: Sequence[Row]) -> None:
    now = {row["id"] for row in rows}
    for row in rows:
        if row["id"] not in watcher.notices:
            watcher.put("notice", row["id"], view_event(showing.notice_view(row)))
    for id in watcher.notices - now:
        watcher.gone("notice", id)
    watcher.notices = now


def _cuts(mine: Iterable[Row]) -> dict[int, int | None]:
    """The conversations that one agent sees, and how far."""
    parts: dict[int, list[Row]] = defaultdict(list)
    for row in mine:
        parts[row["conversation_id"]].append(row)
    seen = {id: sight.sight(rows) for id, rows in parts.items()}
    return {id: one.cut for id, one in seen.items() if one.present}
