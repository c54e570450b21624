"""Where the sources have effects: every transaction that is opened, every edge that is told.

A place is named by its function, and numbered where the function has several.  The same names
are given to what a running process passes by, and so the code, the list of places and what was
reached can be compared.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import balcao
from balcao.edges import Side
from balcao.simulator.day.kills import opener

ROOT = Path(balcao.__file__).parent
#: What opens a transaction.
OPENED = re.compile(r"(database|dedicated)\.(transaction|statement)\(")
#: Where edges are made, and what runs in no server: its commands, and the pretend world.
ELSEWHERE = {"store/database.py", "store/migrate.py", "checker.py", "commands.py", "demo.py"}


class Site(NamedTuple):
    """One effect in the sources: its function, the lines that open it, and the sides told of."""

    function: str
    first: int
    last: int
    side: str


@cache
def sites(path: Path) -> dict[str, Site]:
    """The effects of one file, by name."""
    found = list(_walk(ast.parse(path.read_text()), _module(path)))
    count = Counter(site.function for site in found)
    passed: Counter[str] = Counter()
    named = {}
    for site in sorted(found, key=lambda site: site.first):
        passed[site.function] += 1
        number = f" {passed[site.function]}" if count[site.function] > 1 else ""
        named[f"{site.function}{number} {site.side}"] = site
    return named


def places() -> set[str]:
    """Every place in a server or its parent where it could die between two effects."""
    paths = (path for path in ROOT.rglob("*.py") if "simulator" not in path.parts)
    return {
        name
        for path in paths
        if str(path.relative_to(ROOT)) not in ELSEWHERE
        for name in sites(path)
    }


def here(side: Side, own: str) -> str | None:
    """The name of the place that an edge was just told of; None where it is none.

    The moment before a transaction is none; *own* is the file of the edge itself.
    """
    frame = opener(__file__, own)
    path = Path(frame.f_code.co_filename)
    found = sites(path) if path.is_relative_to(ROOT) else {}
    for name, site in found.items():
        if site.first <= frame.f_lineno <= site.last and site.side == side:
            return name
    return None


def _module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def _walk(tree: ast.AST, within: str) -> Iterator[Site]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _walk(node, f"{within}.{node.name}")
            continue
        if isinstance(node, ast.AsyncWith):
            calls = [ast.unparse(item.context_expr) for item in node.items]
            if any(OPENED.search(call) for call in calls):
                last = max(item.context_expr.end_lineno or 0 for item in node.items)
                yield Site(within, node.lineno, last, "after")
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("edge", "self._edge"):
            (side,) = node.args
            yield Site(within, node.lineno, node.end_lineno or 0, ast.literal_eval(side))
        yield from _walk(node, within)
