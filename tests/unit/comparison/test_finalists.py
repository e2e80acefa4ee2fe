from __future__ import annotations

import math

import numpy as np
import pytest

from airflow_hpo.comparison.finalists import select
from airflow_hpo.core.objective import Direction, Objective
from airflow_hpo.core.trial import TrialRecord, TrialState
from airflow_hpo.evaluations.select import best_trials
from airflow_hpo.exceptions import DeclarationError
from tests.unit.comparison.evaluations import evaluated

LOSS, SCORE = Objective("loss"), Objective("score", "maximize")
A = [1.0, 2.0, 3.0, 2.0, 2.0]
B = [0.9, 1.9, 2.9, 1.9, 1.9]
OLD = [2.0, 3.0, 4.0, 3.0, 3.0]


def trial(number: int, value: float | None, x: float, state: TrialState = TrialState.COMPLETE) -> TrialRecord:
    return TrialRecord(number, state, {"x": x}, value, key=f"001/{number}")


def test_the_best_trials_differ_in_their_parameters() -> None:
    trials = [
        trial(0, 3.0, 0.3),
        trial(1, 1.0, 0.1),
        trial(2, 1.0, 0.1),
        trial(3, 0.5, 0.5, TrialState.PRUNED),
        trial(4, 2.0, 0.2),
        trial(5, 1.0, 0.6),
    ]
    assert [t.number for t in best_trials(trials, Direction.MINIMIZE, 3)] == [1, 5, 4]
    assert [t.number for t in best_trials(trials, Direction.MAXIMIZE, 2)] == [0, 4]


def test_the_best_by_the_new_evaluation_meets_the_champion() -> None:
    found = select(evaluated("loss", {"a": A, "b": B}), {"a": 1.0, "b": 1.5}, LOSS)
    assert (found.winner, found.best, found.pairs) == ("a", "b", 5)
    assert [finalist.candidate for finalist in found.finalists] == ["b", "a"]


@pytest.mark.parametrize("objective", [LOSS, SCORE], ids=lambda o: o.direction.value)
def test_the_winners_inflation_is_what_it_lost_when_measured_again(objective: Objective) -> None:
    sign = 1 if objective is LOSS else -1
    values = {"a": [sign * value for value in A], "b": [sign * (value + 1) for value in A]}
    found = select(evaluated(objective.metric, values), {"a": sign * 0.5, "b": sign * 0.7}, objective)
    assert found.winner == "a"
    assert found.inflation.value == pytest.approx(np.mean(A) - 0.5)
    assert found.inflation.low == pytest.approx(0.5)  # the smallest of five differences: 1/32 below it
    assert found.inflation.high == pytest.approx(2.5)


def test_the_champions_own_change_is_taken_off() -> None:
    frame = evaluated("loss", {"a": A, "champion": OLD})
    found = select(frame, {"a": 0.5, "champion": 2.0}, LOSS, champion="champion")
    assert found.adjusted
    assert found.inflation.value == pytest.approx((2.0 - 0.5) - 1.0)
    assert (found.inflation.low, found.inflation.high) == pytest.approx((0.5, 0.5))
    assert [finalist.candidate for finalist in found.finalists] == ["a"]


def test_a_champion_that_was_no_trial_is_left_out() -> None:
    found = select(evaluated("loss", {"a": A, "champion": OLD}), {"a": 0.5}, LOSS, champion="champion")
    assert not found.adjusted
    assert found.inflation.value == pytest.approx(1.5)


def test_a_finalist_that_mostly_fails_comes_last() -> None:
    frame = evaluated("loss", {"a": [math.nan] * 5, "b": B, "champion": OLD})
    found = select(frame, {"a": 0.1, "b": 0.2, "champion": 1.0}, LOSS, champion="champion")
    assert (found.winner, found.best) == ("a", "b")
    assert math.isnan(found.finalists[-1].mean)
    assert math.isnan(found.inflation.value)


def test_finalists_without_any_value_leave_nobody() -> None:
    found = select(evaluated("loss", {"a": [math.nan] * 5}), {"a": 0.1}, LOSS)
    assert (found.best, found.pairs) == (None, 0)


@pytest.mark.parametrize("observed", [{"a": 1.0, "b": 2.0}, {}], ids=str)
def test_a_finalist_that_was_not_evaluated_again_is_refused(observed: dict[str, float]) -> None:
    with pytest.raises(DeclarationError, match="evaluated again"):
        select(evaluated("loss", {"a": A}), observed, LOSS)


def test_the_best_of_many_alike_is_overstated_by_what_theory_says() -> None:
    """The largest of 20 standard normal values is 1.867 on average (Harter, 1961)."""
    rng = np.random.default_rng(11)
    found = []
    for _ in range(300):
        observed = {f"t{i:02d}": float(value) for i, value in enumerate(rng.normal(size=20))}
        again = {name: rng.normal(size=3).tolist() for name in sorted(observed, key=observed.__getitem__)[-2:]}
        found.append(select(evaluated("score", again), {name: observed[name] for name in again}, SCORE).inflation.value)
    assert np.mean(found) == pytest.approx(1.867, abs=4 * np.std(found) / np.sqrt(len(found)))
