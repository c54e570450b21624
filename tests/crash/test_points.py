"""The list of places is the code's own, and what is armed there happens once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from balcao.store.database import Database
from balcao.store.webhooks import Inbox
from tests.crash import sites
from tests.crash.failpoints import Arms, Failpoints
from tests.crash.points import ACTIONS, OUT_OF_THE_WAY, PLACES, cases
from tests.crash.walk import PARTS
from tests.world import sql

QUIET, LOUD = b"quiet", b"stored again, as nobody knew that it was stored"
PLACE = "store.webhooks.Inbox._write after"
DIES = "from tests.crash.failpoints import fail; fail('kill', 'here')"


def test_every_place_in_the_code_is_named_and_every_name_is_a_place() -> None:
    named = [place for some in PLACES.values() for place in some]

    assert len(named) == len(set(named))
    assert set(named) | OUT_OF_THE_WAY == sites.places()
    assert PLACES.keys() == PARTS.keys()
    assert len(cases()) == len(ACTIONS) * len(named)


async def test_an_armed_place_fails_once_and_after_its_commit(dsn: str, tmp_path: Path) -> None:
    arms = Arms(tmp_path)
    database = await Database.open(dsn, edge=Failpoints(tmp_path).edge)
    try:
        async with Inbox(database) as inbox:
            await inbox.put(QUIET)
            assert arms.taken(PLACE) is None
            assert PLACE in arms.passed()
            assert arms.up() == {os.getpid()}
            arms.arm(PLACE, "exception")
            await inbox.put(LOUD)
            assert arms.taken(PLACE) == os.getpid()
            arms.disarm(PLACE)
            await inbox.put(QUIET)
            assert arms.taken(PLACE) is None
        rows = await sql(database, "select body from webhook order by id")
        assert [row["body"] for row in rows] == [QUIET, LOUD, LOUD, QUIET]
    finally:
        await database.close()


def test_a_process_dies_at_once_where_it_is_told_to() -> None:
    died = subprocess.run([sys.executable, "-c", DIES], cwd=sites.ROOT.parent, check=False)

    assert died.returncode == -signal.SIGKILL
