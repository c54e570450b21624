"""The bench's arithmetic: quantiles, goals, and the table that shows them."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import table
from bench.figures import ABSENT, Figure, Goal, at_least, at_most, milliseconds, quantile

VALUES = st.lists(st.floats(0, 1e6), min_size=1)


def test_a_quantile_is_the_smallest_value_that_so_many_do_not_exceed() -> None:
    hundred = [float(n) for n in range(1, 101)]
    assert quantile(hundred, 0.5) == 50
    assert quantile(hundred, 0.99) == 99
    assert quantile(hundred, 0.999) == 100
    assert quantile([7.0], 0.5) == 7
    assert quantile([3.0, 1.0, 2.0], 0.5) == 2


def test_nothing_has_no_quantile() -> None:
    assert math.isnan(quantile([], 0.5))


@given(values=VALUES, share=st.floats(0.001, 1))
def test_a_quantile_was_measured_and_enough_values_are_at_or_below_it(
    values: list[float], share: float
) -> None:
    found = quantile(values, share)
    assert found in values
    assert sum(one <= found for one in values) >= share * len(values)
    assert sum(one < found for one in values) < share * len(values)


def test_a_goal_is_met_at_its_very_number() -> None:
    assert at_most(25).met_by(25)
    assert not at_most(25).met_by(25.001)
    assert at_least(3300).met_by(3300)
    assert not at_least(3300).met_by(3299.9)


def test_what_was_not_measured_meets_no_goal() -> None:
    assert Figure("s", "n", "ms", None, goal=at_most(1)).met is False
    assert Figure("s", "n", "ms", math.nan, goal=at_most(1)).met is False


def test_what_does_not_exist_yet_and_what_has_no_goal_are_neither_met_nor_missed() -> None:
    assert Figure("s", "n", "ms", None, goal=at_most(1), note=ABSENT).met is None
    assert Figure("s", "n", "ms", 5.0).met is None


@pytest.mark.parametrize(("floor", "met"), [(1000.0, True), (1001.0, False), (None, False)])
def test_a_goal_for_the_ratio_is_judged_by_the_python_floor(floor: float | None, met: bool) -> None:
    figure = Figure("receive", "webhooks", "1/s", 900.0, floor, goal=Goal("at least", 0.9, "ratio"))
    assert figure.met is met


def test_latencies_become_one_figure_for_each_share_in_milliseconds() -> None:
    seconds = [n / 1000 for n in range(1, 101)]
    half, most = milliseconds("s", "answer", seconds, {0.5: None, 0.99: 25}, [0.002], ())
    assert (half.name, half.value, half.goal, half.note) == ("answer p50", 50, None, "of 100")
    assert (most.name, most.value, most.met) == ("answer p99", 99, False)
    assert (most.python_floor, most.c_floor) == (2, None)


def test_latencies_of_nothing_are_no_figure_and_miss_their_goal() -> None:
    (nothing,) = milliseconds("s", "answer", [], {0.99: 25})
    assert nothing.value is None
    assert nothing.met is False


def test_the_table_has_a_line_for_each_figure_with_goal_and_verdict() -> None:
    figures = [
        Figure(
            "receive", "webhooks", "1/s", 4321.0, 4000.0, 14000.0, Goal("at least", 0.9, "ratio")
        ),
        Figure("shift", "answer p99", "ms", 31.26, goal=at_most(25), note="of 7"),
    ]
    lines = table.markdown(figures).splitlines()
    assert [cell.strip() for cell in lines[2].split("|")[1:-1]] == [
        *("receive", "webhooks", "1/s", "4,321", "4,000", "14,000", "1.08", "≥ 0.9×", "yes")
    ]
    assert [cell.strip() for cell in lines[3].split("|")[1:-1]] == [
        *("shift", "answer p99", "ms", "31.3", "", "", "", "≤ 25", "NO")
    ]
    assert len({len(line) for line in lines[:4]}) == 1
    assert "- *shift, answer p99*: of 7" in lines


def test_what_is_written_can_be_read_again_and_the_newest_of_a_scenario_is_found(
    tmp_path: Path,
) -> None:
    assert table.newest("bench", "shift", tmp_path) == []
    older = '{"figures": [{"scenario": "shift", "value": 1}, {"scenario": "herd", "value": 2}]}'
    (tmp_path / "bench-20200101-000000.json").write_text(older)
    figures = [Figure("shift", "answer p99", "ms", math.nan, goal=at_most(25))]
    page = table.write(figures, {"cores": 2}, {"herd": "TimeoutError"}, "bench", tmp_path)
    written = json.loads(page.with_suffix(".json").read_text())
    (shift,) = table.newest("bench", "shift", tmp_path)
    assert [shift] == written["figures"]
    assert written["machine"] == {"cores": 2}
    assert shift["value"] is None
    assert shift["goal"] == {"bound": "at most", "number": 25, "of": "value"}
    assert [one["value"] for one in table.newest("bench", "herd", tmp_path)] == [2]
    assert "TimeoutError" in page.read_text()
