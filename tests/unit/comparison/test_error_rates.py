"""The declared error is kept: a short form of what ``python -m benchmarks.comparison_error_rates`` prints."""

from __future__ import annotations

import math

import pytest

from airflow_hpo.comparison.rule import Spending
from benchmarks.comparison_error_rates import ALPHA, NOISES, simulate, simulate_replicates, theory

REPETITIONS = 2000
LIMIT = ALPHA + 4 * math.sqrt(ALPHA * (1 - ALPHA) / REPETITIONS)


@pytest.mark.parametrize("noise", list(NOISES))
@pytest.mark.parametrize(
    ("pairs", "challengers", "looks"), [(3, 1, 1), (5, 1, 4), (8, 3, 2), (15, 5, 4), (30, 1, 4), (30, 2, 1)], ids=str
)
def test_nobody_is_promoted_falsely_more_often_than_declared(
    noise: str, pairs: int, challengers: int, looks: int
) -> None:
    assert simulate(NOISES[noise], pairs, challengers, looks, REPETITIONS).promoted <= LIMIT


@pytest.mark.parametrize("looks", [2, 4])
def test_ordering_replicates_and_pococks_spending_keep_the_error_too(looks: int) -> None:
    assert simulate_replicates(8, looks, 0.5, REPETITIONS).promoted <= LIMIT
    assert simulate(NOISES["normal"], 30, 1, looks, REPETITIONS, spending=Spending.POCOCK).promoted <= LIMIT


def test_the_naive_rule_promotes_falsely_most_of_the_time() -> None:
    assert simulate(NOISES["normal"], 15, 3, 1, REPETITIONS).naive == pytest.approx(0.75, abs=0.05)


@pytest.mark.parametrize(("pairs", "effect"), [(8, 1.0), (15, 1.0), (30, 0.5)], ids=str)
def test_a_better_challenger_is_promoted_as_often_as_theory_says(pairs: int, effect: float) -> None:
    found = simulate(NOISES["normal"], pairs, 1, 1, REPETITIONS, effect=effect)
    assert found.promoted == pytest.approx(theory(pairs, effect), abs=0.05)


def test_an_improvement_just_short_of_the_minimum_is_neither_promoted_nor_kept_often() -> None:
    found = simulate(NOISES["normal"], 30, 1, 2, REPETITIONS, effect=1.0, threshold=1.0)
    assert found.promoted <= LIMIT
    assert found.kept <= LIMIT
