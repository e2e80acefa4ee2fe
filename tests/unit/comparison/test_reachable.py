from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

import numpy as np
import pytest

from airflow_hpo.comparison.allowance import most_allowed
from airflow_hpo.comparison.error_budget import ErrorBudget
from airflow_hpo.comparison.estimation import sign_flip
from airflow_hpo.comparison.reachable import refuse_unreachable, scenarios_needed
from airflow_hpo.comparison.rule import ComparisonRule
from airflow_hpo.exceptions import DeclarationError


@pytest.mark.parametrize(("alpha", "challengers"), [(0.05, 1), (0.05, 2), (0.05, 5), (0.01, 1), (0.2, 3)])
def test_as_many_scenarios_as_are_needed_can_show_a_difference_and_one_less_cannot(
    alpha: float, challengers: int
) -> None:
    needed = scenarios_needed(ComparisonRule(alpha=alpha, min_pairs=1, error="each"), challengers)
    assert sign_flip(np.ones(needed)) <= alpha / challengers < sign_flip(np.ones(needed - 1))


def test_a_budget_that_many_share_needs_more_scenarios() -> None:
    rule = ComparisonRule(error=ErrorBudget(among=12))
    assert (
        sign_flip(np.ones(scenarios_needed(rule)))
        <= most_allowed(rule)
        < sign_flip(np.ones(scenarios_needed(rule) - 1))
    )
    with pytest.raises(DeclarationError, match=r"of which the error budget gives 0.0033 at most\), but got 8"):
        refuse_unreachable(rule, 1, 8)


@pytest.mark.parametrize(
    ("window", "remedy"),
    [
        (timedelta(weeks=3), "Write scenarios='4d'"),
        (timedelta(days=2), "Write scenarios='9h'"),
        (timedelta(minutes=20), "Write scenarios='4m'"),
    ],
)
def test_what_to_write_for_a_window_gives_enough_scenarios(window: timedelta, remedy: str) -> None:
    with pytest.raises(DeclarationError, match=remedy):
        refuse_unreachable(ComparisonRule(), 1, 2, window=window)


def test_the_smallest_number_of_scenarios_of_a_rule_counts() -> None:
    refuse_unreachable(ComparisonRule(), 1, 5)
    with pytest.raises(DeclarationError, match="on 8 scenarios or more"):
        refuse_unreachable(ComparisonRule(min_pairs=8), 1, 7)


def test_dag_files_check_it_without_numpy() -> None:
    code = "import sys, airflow_hpo.comparison.reachable; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
