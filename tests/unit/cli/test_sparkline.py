from __future__ import annotations

import math

import pytest

from airflow_hpo.cli.trial_view import sparkline, thinned


@pytest.mark.parametrize(
    ("values", "drawn"),
    [
        ([], ""),
        ([3.0], "▁"),
        ([1.0, 2.0], "▁█"),
        ([1.0, 1.0, 1.0], "▁▁▁"),
        ([0.0, math.nan, 7.0, math.inf], "▁!█!"),
        ([math.nan], "!"),
        ([-1.7e308, 0.0, 1.7e308], "▁▅█"),
        ([float(value) for value in range(8)], "▁▂▃▄▅▆▇█"),
    ],
)
def test_values_are_drawn_from_the_lowest_to_the_highest(values: list[float], drawn: str) -> None:
    assert sparkline(values) == drawn


def test_long_curves_keep_their_ends_and_evenly_spaced_values() -> None:
    assert thinned([float(value) for value in range(101)], 5) == [0.0, 25.0, 50.0, 75.0, 100.0]
    assert thinned([1.0, 2.0], 5) == [1.0, 2.0]
