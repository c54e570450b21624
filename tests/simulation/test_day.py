"""Does it hold together for a day?  Seeded days on a real PostgreSQL, and days with a planted bug.

The days of many more seeds are run by `balcao simulated-days`.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import balcao.engine
from balcao.simulator.day.day import Day, Outcome
from balcao.simulator.day.ground import open_ground
from balcao.store.database import Database
from tests.world import sql

pytestmark = pytest.mark.slow

SEEDS = range(1, 6)
STEPS = 1_000
SHORT = 300

# What is planted: rows that are silently not written any more.
PLANTED = {
    "offers survive the RONA of their agent": (
        "before update on leg for each row when (new.outcome = 'withdrawn')"
    ),
    "an end is not in the journal": (
        "before insert on event for each row when (new.code = 'ended')"
    ),
    "what some customers write is lost": (
        "before insert on message for each row when (new.direction = 'in' and new.id % 7 = 0)"
    ),
    "an offer does not come to ring": (
        "before insert on leg for each row when (new.role = 'primary')"
    ),
    "an accepted task forgets its owner": (
        "before update on leg for each row when (new.connected_at is not null)"
    ),
    "a lost agent keeps the task": (
        "before update on leg for each row when (new.outcome = 'lost')"
    ),
    "a status is not kept": (
        "before insert on message_status for each row when (new.status = 'delivered')"
    ),
}


async def a_day(dsn: str, seed: int, steps: int) -> Outcome:
    async with open_ground(dsn) as ground:
        return await Day(ground, seed, steps).run()


async def first_broken(dsn: str) -> str:
    """What a planted bug broke, on one of the days that are without a fault else."""
    for seed in SEEDS:
        outcome = await a_day(dsn, seed, STEPS)
        if outcome.broken is not None:
            return outcome.broken
    pytest.fail("no day was broken")


def edges() -> set[str]:
    """Both sides of every transaction that the engine has, as the day names them."""
    found = set()
    for path in Path(balcao.engine.__path__[0]).glob("*.py"):
        for name, function in functions(ast.parse(path.read_text())):
            calls = [node for node in ast.walk(function) if isinstance(node, ast.Attribute)]
            if any(call.attr == "transaction" for call in calls):
                found |= {f"before {name}", f"after {name}"}
    return found


def functions(tree: ast.AST, within: str = "") -> list[tuple[str, ast.AsyncFunctionDef]]:
    found = []
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.AsyncFunctionDef):
            found.append((within + node.name, node))
        elif isinstance(node, ast.ClassDef):
            found += functions(node, f"{node.name}.")
    return found


async def test_days_keep_every_promise_and_are_killed_at_every_edge(dsn: str) -> None:
    killed: set[str] = set()
    async with open_ground(dsn) as ground:
        for seed in SEEDS:
            outcome = await Day(ground, seed, STEPS).run()
            assert outcome.broken is None, f"seed {seed}"
            assert outcome.steps >= STEPS
            killed |= {name.partition(": ")[2] for name in outcome.kills}

    assert edges() - killed == set()


async def test_the_same_seed_is_the_same_day(dsn: str) -> None:
    days = [await a_day(dsn, seed, SHORT) for seed in (11, 12, 11)]

    assert days[0] == days[2]
    assert days[0].digest != days[1].digest


@pytest.mark.parametrize("bug", PLANTED)
async def test_a_planted_bug_breaks_a_day(database: Database, dsn: str, bug: str) -> None:
    await sql(
        database,
        "create function leave_out() returns trigger language plpgsql as"
        " $$ begin return null; end $$",
    )
    await sql(database, f"create trigger bug {PLANTED[bug]} execute function leave_out()")

    assert await first_broken(dsn)


async def test_a_message_that_is_sent_twice_breaks_a_day(database: Database, dsn: str) -> None:
    await sql(
        database,
        "create function forget() returns trigger language plpgsql as $$ begin"
        " new.status := 'pending'; new.due_at := old.due_at;"
        " return new; end $$",
    )
    await sql(
        database,
        "create trigger bug before update on message for each row"
        " when (new.status = 'unconfirmed') execute function forget()",
    )

    assert "sent twice" in await first_broken(dsn)


def test_the_command_runs_days_and_says_how_fast() -> None:
    command = [sys.executable, "-m", "balcao", "simulated-days", "--seeds", "3"]
    command += ["--first", "21", "--steps", "60", "--processes", "2"]

    ran = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("3 days of ")
    assert " 0 broken; " in ran.stdout
