"""The command line: `python -m bench.soak --minutes 30 --rate 1000`."""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
from pathlib import Path

import uvloop

from balcao.store.migrate import migrate
from bench import machine, table
from bench.fill import Filled, Shape, fill
from bench.soak.faults import BAD_SECONDS, FAULTS
from bench.soak.house import database_of, folder
from bench.soak.picture import draw
from bench.soak.run import STEADY_SECONDS, Plan, Record, soak
from bench.soak.traffic import INBOUND_SHARE

SEED = 20261124
OPEN_TASKS = 4  # of each agent, who may have one more: whoever writes again finds a free one
CAPACITY = 5
STORED_MESSAGES = 100_000
OUTBOUND_MAX = 300_000  # messages that statuses are told of; after that they are told again
SHARE_OF_CEILING = 0.6
EVERY_SECONDS_MIN = BAD_SECONDS + 2 * STEADY_SECONDS


def main() -> int:
    """Soak as was asked; 1 where anything does not hold."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rate", type=float, help="items per second (60 % of the ceiling)")
    parser.add_argument("--agents", type=int, default=200)
    parser.add_argument("--every", type=float, default=60, help="seconds between two faults")
    parser.add_argument(
        "--fault", action="append", choices=list(FAULTS), help="only this, and others so named"
    )
    parser.add_argument("--seed", type=int, default=SEED)
    said = parser.parse_args()
    if said.every < EVERY_SECONDS_MIN:
        parser.error(f"a fault lasts {BAD_SECONDS:.0f} s: leave {EVERY_SECONDS_MIN:.0f} s for each")
    rate = said.rate or _sixty_percent()
    if rate is None:
        parser.error("no ceiling is known: run `make bench`, or say --rate")
    plan = Plan(said.minutes, rate, said.seed, said.every, said.fault or list(FAULTS))
    with folder() as home:
        facts = machine.describe(home)
        facts |= {"minutes": plan.minutes, "items per second": rate, "seed": plan.seed}
        with database_of(home) as dsn:
            filled = asyncio.run(_filled(dsn, plan, said.agents))
            facts |= asyncio.run(machine.postgresql(dsn))
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            record = runner.run(soak(home, filled, plan))
        page = _write(record, facts)
        failed = any(one.met is False for one in record.figures)
        if failed:
            _keep_logs(home, page.with_suffix(""))
    print(page.read_text())
    print(f"written to {page.relative_to(machine.ROOT)}")
    return 1 if failed else 0


async def _filled(dsn: str, plan: Plan, agents: int) -> Filled:
    await migrate(dsn)
    statuses = (1 - INBOUND_SHARE) * plan.rate * plan.minutes * 60
    outbound = min(statuses / 3, OUTBOUND_MAX) / (agents * OPEN_TASKS)
    return await fill(
        dsn,
        Shape(
            agents=agents,
            open_tasks_per_agent=OPEN_TASKS,
            capacity=CAPACITY,
            stored_messages=STORED_MESSAGES,
            outbound_with_wamid=int(outbound) + 1,
        ),
    )


def _sixty_percent() -> float | None:
    """That share of the ceiling that the newest bench of it found; None where none did."""
    for one in table.newest("bench", "ceiling"):
        if one["unit"] == "1/s" and one["value"]:
            return SHARE_OF_CEILING * float(one["value"])
    return None


def _write(record: Record, facts: dict[str, object]) -> Path:
    page = table.write(record.figures, facts, {}, "soak")
    picture = page.with_suffix(".svg")
    incidents = [(one.at, one.name) for one in record.incidents]
    draw(picture, record.samples, incidents, f"Soak of {facts['minutes']} minutes")
    lines = ["## Faults", "", "| second | what | all as before after |", "|---:|---|---:|"]
    for one in record.incidents:
        healed = one.left if one.healed_after is None else f"{one.healed_after:.1f} s"
        lines.append(f"| {one.at:.0f} | {one.name} | {healed} |")
    page.write_text(f"{page.read_text()}\n" + "\n".join([*lines, "", f"![]({picture.name})", ""]))
    return page


def _keep_logs(home: Path, folder: Path) -> None:
    """What the processes had to say, for whoever looks for the reason."""
    folder.mkdir()
    for log in home.glob("*.log"):
        shutil.copy(log, folder)


if __name__ == "__main__":
    sys.exit(main())
