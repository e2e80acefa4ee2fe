"""The error budget holds over a year: ``python -m benchmarks.error_over_a_year`` in short."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks.error_over_a_year import BUDGET, EACH, FRESH, REGIONS, RERUNS, ROLLING, SHARED, Year, power, promotions

YEARS = 200


def a_year(year: Year, levels: list[float], years: int = YEARS) -> float:
    return float(promotions(year, levels, years, np.random.default_rng(2008)).mean())


@pytest.mark.parametrize("year", [RERUNS, FRESH, ROLLING], ids=lambda year: year.name)
def test_a_year_promotes_falsely_no_more_often_than_is_declared(year: Year) -> None:
    found = a_year(year, [each.level for each in year.charges(BUDGET)])
    assert found <= year.declared + 4 * math.sqrt(year.declared / YEARS)


def test_a_dozen_regions_share_what_one_would_have() -> None:
    found = REGIONS * a_year(ROLLING, [each.level for each in ROLLING.charges(SHARED)], YEARS * REGIONS)
    assert found <= ROLLING.declared + 4 * math.sqrt(ROLLING.declared / YEARS)


def test_each_by_itself_promotes_falsely_every_other_year() -> None:
    assert a_year(FRESH, [each.level for each in FRESH.charges(EACH)]) > 2 * FRESH.declared


def test_a_budget_costs_power() -> None:
    assert power(EACH.alpha, 56) == pytest.approx(0.8, abs=0.01)
    assert power(ROLLING.charges(BUDGET)[-1].level, 56) < 0.65
