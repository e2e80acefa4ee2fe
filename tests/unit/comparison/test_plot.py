"""The drawing of paired differences."""

from __future__ import annotations

import math

import pytest

from airflow_hpo.comparison.compare import compare
from airflow_hpo.comparison.decision import Decision
from airflow_hpo.comparison.plot import plot
from airflow_hpo.comparison.rule import ComparisonRule
from airflow_hpo.core.objective import Objective
from tests.unit.comparison.evaluations import evaluated

OLD = [10.0, 12.0, 11.0, 14.0, 13.0, 12.5]


def decided(*better_by: float, direction: str = "maximize", old: list[float] = OLD) -> Decision:
    sign = 1 if direction == "maximize" else -1
    values = {"champion": old[: len(better_by)], "new": [a + sign * d for a, d in zip(old, better_by)]}
    return compare(evaluated("m", values), Objective("m", direction), ComparisonRule())


def drawn(decision: Decision, width: int = 41) -> dict[str, str]:
    """Return what stands in each line, by its label."""
    lines = plot(decision, width).splitlines()
    return {line[:8].strip() or f"line {i}": line[10:] for i, line in enumerate(lines)}


@pytest.mark.parametrize("direction", ["maximize", "minimize"])
def test_every_scenario_is_a_mark_and_better_is_right(direction: str) -> None:
    dots = drawn(decided(-10, 10, 5, 5, 5, 5, direction=direction))["new"]
    assert dots.rstrip() == "·" + " " * 19 + "┊" + " " * 9 + "●" + " " * 9 + "·"


def test_two_or_three_scenarios_of_one_place_are_a_larger_mark() -> None:
    assert drawn(decided(-10, 10, 5, 5, -5))["new"].count("•") == 1


def test_the_interval_reaches_from_bound_to_bound_around_the_mean() -> None:
    decision = decided(-10, 10, 5, 5, 5, 5)
    found = decision.challengers[0].improvement.effect.absolute
    line = drawn(decision)["interval"]
    at = [round((value + 10) / 20 * 40) for value in (found.low, found.value, found.high)]
    assert [line.index(mark) for mark in "├◆┤"] == at


def test_an_interval_without_an_end_points_out_of_the_drawing() -> None:
    line = drawn(decided(1.0, 2.0))["interval"]
    assert line[0] == "◄"
    assert line.rstrip()[-1] == "►"


def test_the_scale_stands_below_with_its_zero() -> None:
    ends = next(line for line in plot(decided(-10, 10, 5), 41).splitlines() if "-10" in line)[10:]
    assert ends == "-10" + " " * 17 + "0" + " " * 18 + "10"


@pytest.mark.parametrize(
    "better_by", [(0.0, 0.0, 0.0), (5.0,), (1e300, -1e300, 0.0), (1e-300, 2e-300), (3.0, 3.0, 3.0)], ids=str
)
def test_no_line_is_wider_than_asked_whatever_the_values(better_by: tuple[float, ...]) -> None:
    decision = decided(*better_by, old=[0.0, 0.0, 0.0])
    lines = list(drawn(decision, 30).values())
    assert all(len(line) <= 30 for line in lines[1:-1])


def test_nothing_is_drawn_without_differences() -> None:
    assert plot(decided(math.nan, math.nan)) == ""
