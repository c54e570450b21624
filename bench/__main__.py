"""The command line: `python -m bench [scenario …] [--short]`."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeAlias

import uvloop

from bench import machine, table
from bench.figures import Figure
from bench.office import SHORT, Bench, Size
from bench.rig import standing
from bench.scenarios.check import check
from bench.scenarios.desks import herd, memory, open_conversation
from bench.scenarios.receive import receive
from bench.scenarios.shift import shift
from bench.scenarios.sustained import ceiling, sustained

Scenario: TypeAlias = Callable[[Bench], Awaitable[list[Figure]]]

SCENARIOS: Mapping[str, Scenario] = {
    "receive": receive,
    "memory": memory,
    "open": open_conversation,
    "shift": shift,
    "sustained": sustained,
    "ceiling": ceiling,
    "herd": herd,
    "check": check,
}
SEED = 20261124


def main() -> int:
    """Measure what was asked for; 1 where something could not be, or misses its goal."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("scenarios", nargs="*", metavar="scenario", help=", ".join(SCENARIOS))
    parser.add_argument("--short", action="store_true", help="for trying: rough figures, not kept")
    parser.add_argument("--seed", type=int, default=SEED)
    said = parser.parse_args()
    unknown = set(said.scenarios) - SCENARIOS.keys()
    if unknown:
        parser.error(f"there is no scenario {', '.join(sorted(unknown))}")
    size = SHORT if said.short else Size()
    with standing() as rig, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        facts = machine.describe(rig.home)
        bench = Bench(rig, size, said.seed)
        figures, failed = runner.run(_run(bench, said.scenarios or list(SCENARIOS), facts))
    print(table.document(figures, facts, failed))
    if not said.short:
        page = table.write(figures, facts, failed, "bench")
        print(f"written to {page.relative_to(machine.ROOT)}")
    return 1 if failed or any(one.met is False for one in figures) else 0


async def _run(
    bench: Bench, names: Sequence[str], facts: dict[str, Any]
) -> tuple[list[Figure], dict[str, str]]:
    """The figures of the scenarios *names*, and why some could not be had."""
    me = asyncio.current_task()
    assert me is not None, "inside a task"
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, me.cancel)
    stolen = machine.stolen_seconds()
    facts.update(await machine.postgresql(await bench.plain()))
    facts["seconds_of_a_scenario"] = bench.size.seconds
    figures: list[Figure] = []
    failed: dict[str, str] = {}
    for name in names:
        print(f"{name} …", file=sys.stderr, flush=True)
        try:
            figures += await SCENARIOS[name](bench)
        except Exception as error:
            traceback.print_exc()
            print(bench.rig.last_words(), file=sys.stderr)
            failed[name] = f"{type(error).__name__}: {error}"
            figures.append(Figure(name, "failed", "", None, note=failed[name]))
    facts["cpu_seconds_stolen_meanwhile"] = round(machine.stolen_seconds() - stolen, 1)
    return figures, failed


if __name__ == "__main__":
    sys.exit(main())
