from __future__ import annotations

import numpy as np
import pytest

from airflow_hpo.comparison.alpha_spending import nominal_levels
from airflow_hpo.comparison.holm import holm, step_levels
from airflow_hpo.comparison.rule import Spending

OBF = Spending.OBRIEN_FLEMING


def test_holm_steps_down_and_stops_at_the_first_that_fails() -> None:
    p = np.array([0.01, 0.04, 0.03, 0.005])
    rejected, levels = holm(p, step_levels(0.05, 4, (1.0,), OBF))
    assert rejected.tolist() == [True, False, False, True]
    assert levels == pytest.approx([0.05 / 3, 0.05 / 2, 0.05 / 2, 0.05 / 4])


def test_a_later_p_value_is_not_rescued_by_its_own_larger_level() -> None:
    rejected, levels = holm(np.array([0.03, 0.04]), step_levels(0.05, 2, (1.0,), OBF))
    assert rejected.tolist() == [False, False]
    assert levels == pytest.approx([0.025, 0.025])


def test_all_may_be_rejected_at_their_exact_levels() -> None:
    steps = step_levels(0.05, 3, (1.0,), OBF)
    rejected, levels = holm(steps[::-1].copy(), steps)
    assert rejected.all()
    assert levels == pytest.approx(steps[::-1])


def test_a_decision_agrees_with_the_level_it_is_shown_with() -> None:
    p = np.random.default_rng(3).beta(0.3, 3, size=(500, 5))
    rejected, levels = holm(p, step_levels(0.05, 5, (1.0,), OBF))
    assert (rejected == (p <= levels)).all()
    assert rejected.any()
    assert not rejected.all()


def test_each_step_spends_its_own_share_over_the_looks() -> None:
    fractions = (0.5, 1.0)
    expected = [nominal_levels(0.05 / left, fractions, OBF)[-1] for left in (3, 2, 1)]
    assert step_levels(0.05, 3, fractions, OBF) == pytest.approx(expected)
