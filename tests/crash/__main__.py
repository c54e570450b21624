"""`python -m tests.crash`: every place, every way to go wrong, and the special cases.

Several houses are at work at once, each with its own processes, and each is built anew after a
few cases.  A case that fails is told at once, with the end of its house's log; in the end stands
how often what was armed, reached and survived.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import signal
import sys
import time
from collections import Counter, deque

from tests.crash import matrix, specials
from tests.crash.house import House, open_house
from tests.crash.points import ACTIONS, Case, cases

HOUSES = 2
CASES_PER_HOUSE = 40


class Tally:
    """How it stands, by action."""

    def __init__(self) -> None:
        self.cases: Counter[str] = Counter()
        self.reached: Counter[str] = Counter()
        self.passed: Counter[str] = Counter()

    def count(self, action: str, error: BaseException | None) -> None:
        """Take note of one case."""
        self.cases[action] += 1
        self.reached[action] += not isinstance(error, matrix.NotReached)
        self.passed[action] += error is None

    def table(self) -> str:
        """The counts, as people read them."""
        rows = [f"{'':12}{'cases':>8}{'reached':>9}{'passed':>8}"]
        for action in [*ACTIONS, "special"]:
            counts = self.cases[action], self.reached[action], self.passed[action]
            rows.append("{:12}{:8}{:9}{:8}".format(action, *counts))
        return "\n".join(rows)

    @property
    def whole(self) -> bool:
        """Whether every case was reached and survived."""
        return self.cases == self.reached == self.passed


async def run_all(chosen: list[Case], names: list[str], houses: int, tally: Tally) -> None:
    """Work through the cases in so many houses, and beside them through the special ones."""
    waiting = deque(chosen)
    beside = [_run_some(waiting, tally) for _ in range(houses)]
    await asyncio.gather(*beside, _run_specials(names, tally))


async def _run_some(waiting: deque[Case], tally: Tally) -> None:
    while waiting:
        async with open_house() as house:
            for _ in range(min(CASES_PER_HOUSE, len(waiting))):
                case = waiting.popleft()
                began = time.monotonic()
                error = await _outcome(house, case)
                tally.count(case.action, error)
                _tell(str(case), began, error, house)
                if error is not None or not waiting:
                    break


async def _outcome(house: House, case: Case) -> BaseException | None:
    try:
        await matrix.run(house, case)
    except Exception as error:
        return error
    return None


def _tell(name: str, began: float, error: BaseException | None, house: House | None) -> None:
    took = f"{time.monotonic() - began:5.1f} s"
    if error is None:
        print(f"{took}  {name}", flush=True)
        return
    print(f"{took}  {name}: FAILED: {type(error).__name__}: {error}", flush=True)
    if house is not None:
        print(house.last_words(), flush=True)


async def _run_specials(names: list[str], tally: Tally) -> None:
    for name in names:
        began, error = time.monotonic(), None
        try:
            await specials.SPECIALS[name]()
        except specials.NotHere as why:
            print(f"left out: {name}: {why}", flush=True)
            continue
        except Exception as failed:
            error = failed
        tally.count("special", error)
        _tell(name, began, error, None)


def main() -> int:
    """Run what is asked for; 0 where all of it was reached and survived."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash")
    parser.add_argument("--only", default="", help="cases with these words in their names")
    parser.add_argument("--houses", type=int, default=HOUSES, help="how many at once")
    parser.add_argument("--seed", type=int, default=1, help="of the order of the cases")
    said = parser.parse_args()
    chosen = [case for case in cases() if said.only in str(case)]
    random.Random(said.seed).shuffle(chosen)
    names = [name for name in specials.SPECIALS if said.only in name]
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    tally, began = Tally(), time.monotonic()
    asyncio.run(run_all(chosen, names, said.houses, tally))
    print(f"\n{tally.table()}\n{time.monotonic() - began:.0f} s, seed {said.seed}")
    return 0 if tally.whole else 1


if __name__ == "__main__":
    sys.exit(main())
