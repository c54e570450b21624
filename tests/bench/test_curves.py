"""A curve says how a figure grows, whatever its unit."""

import pytest

from bench.curves import Curve, Curves
from bench.figures import Figure, at_most


def curve(exponent: float, unit: str = "ms") -> Curve:
    """A figure that grows with that exponent."""
    return Curve("figure", unit, None, {x: 3 * x**exponent for x in (1.0, 8.0, 40.0)})


@pytest.mark.parametrize(
    ("exponent", "verdict"),
    [(-0.5, "flat"), (0.0, "flat"), (0.5, "less than linear"), (1.0, "linear"), (1.5, "worse")],
)
def test_a_power_law_is_known_by_its_exponent(exponent: float, verdict: str) -> None:
    assert curve(exponent).exponent == pytest.approx(exponent)
    assert curve(exponent).verdict == verdict


def test_a_rate_that_halves_where_x_doubles_is_linear() -> None:
    assert curve(-1.0, "1/s").verdict == "linear"


def test_one_point_has_no_verdict() -> None:
    alone = Curve("figure", "ms", at_most(5), {1.0: 4.0})
    assert (alone.exponent, alone.verdict, alone.met) == (None, "", True)


def test_a_goal_is_to_be_met_at_every_x() -> None:
    curves = Curves("messages stored")
    for x, value in ((1.0, 4.0), (2.0, 6.0)):
        curves.add(x, [Figure("open", "opens", "ms", value, goal=at_most(5))])
    (opens,) = curves.all
    assert opens.met is False
    assert "| opens | ms | ≤ 5 | 4 | 6 | 0.58 | less than linear | NO |" in curves.markdown()
