"""How many small changes to the rules would nobody notice?  For `make mutants`.

Every function of what `[tool.mutmut]` in pyproject.toml names is changed in every small way that
mutmut knows, one at a time, and the tests of the domain must fail for it.  The work is done in a
copy, which is removed in the end; what survived is printed.  Fails where fewer than the share
below were noticed.
"""

import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
SHARE_MIN = 0.95
COPIED = [
    "balcao",
    "docs/lifecycle.md",
    "pyproject.toml",
    "tests/__init__.py",
    "tests/conftest.py",
    "tests/domain",
]
NOTICED = {"killed", "timeout"}
MINUTES_MAX = 30


def copy(to: Path) -> None:
    """Put there what the tests of the domain need."""
    unneeded = shutil.ignore_patterns("__pycache__", "static")
    for name in COPIED:
        source, target = ROOT / name, to / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=unneeded)
        else:
            shutil.copy2(source, target)


def mutmut(where: Path, *args: str) -> str:
    """Run a command of mutmut's, and answer what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "mutmut", *args],
        cwd=where,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=60 * MINUTES_MAX,
    )
    if done.returncode:
        sys.exit(f"{done.stdout}\nmutmut {args[0]} failed")
    return done.stdout


def main() -> None:
    """Change, test, and tell."""
    with tempfile.TemporaryDirectory() as made:
        where = Path(made)
        copy(where)
        mutmut(where, "run")
        lines = mutmut(where, "results", "--all", "true").split("\n")
        results = dict(line.strip().split(": ") for line in lines if ": " in line)
        unnoticed = sorted(name for name, what in results.items() if what not in NOTICED)
        for name in unnoticed:
            print(f"{results[name]}: {mutmut(where, 'show', name)}")
    counts = Counter(results.values())
    share = (len(results) - len(unnoticed)) / len(results)
    print(f"{share:.1%} of {len(results)} mutants noticed ({dict(counts)})")
    sys.exit(share < SHARE_MIN)


if __name__ == "__main__":
    main()
