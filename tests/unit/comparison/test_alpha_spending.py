from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from airflow_hpo.comparison.alpha_spending import even_fractions, nominal_levels, spent
from airflow_hpo.comparison.rule import Spending
from airflow_hpo.exceptions import DeclarationError

OBF, POCOCK = Spending.OBRIEN_FLEMING, Spending.POCOCK


def bounds(levels: tuple[float, ...]) -> list[float]:
    return [-NormalDist().inv_cdf(level) for level in levels]


@pytest.mark.parametrize(
    ("alpha", "looks", "spending", "published"),
    [
        (0.025, 5, OBF, [4.8769, 3.3569, 2.6803, 2.2898, 2.0310]),
        (0.025, 5, POCOCK, [2.4380, 2.4268, 2.4101, 2.3966, 2.3859]),
        (0.05, 4, OBF, [3.74955, 2.53993, 2.01604, 1.72014]),
    ],
    ids=["gsDesign sfLDOF", "gsDesign sfLDPocock", "SeqBounds.jl obf"],
)
def test_boundaries_are_those_of_known_programs(
    alpha: float, looks: int, spending: Spending, published: list[float]
) -> None:
    assert bounds(nominal_levels(alpha, even_fractions(looks), spending)) == pytest.approx(published, abs=2e-4)


@pytest.mark.parametrize("spending", list(Spending))
@pytest.mark.parametrize("fractions", [(0.5, 1.0), (0.2, 0.3, 1.0), (0.1, 0.5, 0.8, 1.0)], ids=str)
def test_all_looks_together_err_as_often_as_declared(spending: Spending, fractions: tuple[float, ...]) -> None:
    t = np.array(fractions)
    correlation = np.sqrt(np.minimum.outer(t, t) / np.maximum.outer(t, t))
    never = multivariate_normal(cov=correlation, maxpts=10**6, abseps=1e-7, seed=1).cdf(
        bounds(nominal_levels(0.05, fractions, spending))
    )
    assert 1 - never == pytest.approx(0.05, abs=2e-5)


@pytest.mark.parametrize("spending", list(Spending))
def test_one_look_has_the_whole_error(spending: Spending) -> None:
    assert nominal_levels(0.05, (1.0,), spending) == pytest.approx((0.05,))
    assert spent(0.05, 1.0, spending) == pytest.approx(0.05)


def test_earlier_levels_do_not_depend_on_later_looks() -> None:
    assert nominal_levels(0.05, (0.3, 0.6), OBF) == nominal_levels(0.05, (0.3, 0.6, 1.0), OBF)[:2]


def test_a_look_with_next_to_no_error_to_spend_is_passed_over() -> None:
    levels = nominal_levels(0.001, (0.02, 1.0), OBF)
    assert 0 <= levels[0] < 1e-15
    assert levels[1] == pytest.approx(0.001)


def test_twenty_looks_have_levels() -> None:
    levels = nominal_levels(0.01, even_fractions(20), OBF)
    assert all(math.isfinite(level) and level < 0.01 for level in levels)
    assert list(levels) == sorted(levels)


@pytest.mark.parametrize("fractions", [(), (0.0, 1.0), (0.5, 0.5), (0.6, 0.5), (0.5, 1.1), (math.nan,)], ids=str)
def test_fractions_that_do_not_increase_are_refused(fractions: tuple[float, ...]) -> None:
    with pytest.raises(DeclarationError, match="must increase"):
        nominal_levels(0.05, fractions, OBF)
