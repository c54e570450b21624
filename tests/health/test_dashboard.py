"""What the dashboard and the page for operators ask for is there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from balcao.store.database import Database
from balcao.telemetry import figures
from tests.health.scrape import Scrape
from tests.web.house import house

ROOT = Path(__file__).parents[2]
DASHBOARD = ROOT / "deploy" / "grafana-dashboard.json"
OPERATING = ROOT / "docs" / "operating.md"
NAME = re.compile(r"\b(?:balcao|process|python)_\w+")
HISTOGRAM_PARTS = ("_bucket", "_sum", "_count")


def expressions(dashboard: dict[str, Any]) -> Iterator[str]:
    """Every query of the dashboard."""
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            yield target["expr"]
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["query"]["query"]


def asked(text: str) -> set[str]:
    """The figures that a text names."""
    return set(NAME.findall(text))


@pytest.fixture
async def names(database: Database) -> set[str]:
    """Every name that /metrics has, with those of a histogram's parts."""
    figures.runs("1.2.3")
    async with house(database) as here:
        found = Scrape((await here.browser().get("/metrics")).body.decode()).names
    return found | {name + part for name in found for part in HISTOGRAM_PARTS}


async def test_the_dashboard_asks_for_nothing_that_is_not_there(names: set[str]) -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    wanted = set().union(*(asked(one) for one in expressions(dashboard)))
    assert wanted - names == set()


async def test_everything_of_ours_is_on_the_dashboard(names: set[str]) -> None:
    shown = DASHBOARD.read_text()
    ours = {name for name in names if name.startswith("balcao_")}
    whole = {re.sub(r"(_bucket|_sum|_count)+$", "", name) for name in ours}
    assert {name for name in whole if name not in shown} == set()


async def test_the_page_for_operators_names_nothing_that_is_not_there(names: set[str]) -> None:
    named = {name for name in asked(OPERATING.read_text()) if name.startswith("balcao_")}
    assert named
    assert named - names == set()


def test_the_dashboard_is_one_that_can_be_loaded() -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids))
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        assert 0 <= place["x"] < place["x"] + place["w"] <= 24
        if panel["type"] != "row":
            assert panel["targets"], panel["title"]
            assert panel["datasource"]["uid"] == "${datasource}"


def test_parentheses_and_braces_of_every_query_are_closed() -> None:
    for query in expressions(json.loads(DASHBOARD.read_text())):
        for opens, closes in ("()", "{}", "[]"):
            assert query.count(opens) == query.count(closes), query
