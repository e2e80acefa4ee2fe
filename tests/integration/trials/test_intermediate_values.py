"""Optuna's intermediate values of a trial are those of the attempt that counts."""

from __future__ import annotations

import pytest

from airflow_hpo.core.algorithms import Pruner
from airflow_hpo.core.attempt import Attempt
from airflow_hpo.core.metrics.point import SeriesPoint
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.trial import TrialRequest
from airflow_hpo.storage import metric_series
from airflow_hpo.studies.store import Store
from airflow_hpo.trials.conclude import conclude
from airflow_hpo.trials.reporter import TrialReporter
from tests.integration.trial_tasks import Tuned, declared


def tuned_with(store: Store, pruner: Pruner) -> Tuned:
    return Tuned(store, declared(pruner=pruner, objective={"metric": "loss", "extra_metrics": ["time_s"]}))


@pytest.fixture
def tuned(store: Store) -> Tuned:
    """A study whose trials are pruned when they are worse than the first one."""
    return tuned_with(store, Pruner("median", n_startup_trials=1))


def report(tuned: Tuned, attempt: Attempt, *values: float, first: int = 1) -> bool:
    points = [SeriesPoint("loss", step, value) for step, value in enumerate(values, start=first)]
    return TrialReporter(tuned.store, tuned.study, attempt)([*points, SeriesPoint("time_s", 1, 9.0)])


def intermediate_values(tuned: Tuned, number: int = 0) -> dict[int, float]:
    return tuned.store.optuna.load(tuned.name).trials[number].intermediate_values


def killed(tuned: Tuned, request: TrialRequest, *values: float) -> Attempt:
    """Begin an attempt that reports values and is never seen to end."""
    _, attempt = tuned.started(request)
    report(tuned, attempt, *values)
    return attempt


def test_a_new_attempt_begins_without_the_values_of_the_one_before(tuned: Tuned) -> None:
    request = tuned.suggest()[0]
    killed(tuned, request, 9.0, 8.0)
    tuned.started(request, try_number=2)
    assert intermediate_values(tuned) == {}


def test_the_values_of_every_attempt_stay_in_the_series(tuned: Tuned) -> None:
    request = tuned.suggest()[0]
    killed(tuned, request, 9.0)
    report(tuned, tuned.started(request, try_number=2)[1], 7.0)
    with tuned.store.session(read_only=True) as session:
        found = metric_series.series(session, tuned.name, 0, "loss", every_attempt=True)
    assert [(value.attempt, value.value) for value in found] == [(1, 9.0), (2, 7.0)]
    assert intermediate_values(tuned) == {1: 7.0}


def test_an_attempt_that_begins_again_keeps_its_values(tuned: Tuned) -> None:
    request = tuned.suggest()[0]
    killed(tuned, request, 9.0)
    claimed, attempt = tuned.started(request, try_number=2)
    report(tuned, attempt, 7.0, 6.0)
    tuned.begin(claimed, try_number=2)
    assert intermediate_values(tuned) == {1: 7.0, 2: 6.0}


def test_a_retried_attempt_is_not_pruned_for_the_curve_of_the_one_before(tuned: Tuned) -> None:
    first, second = tuned.suggest()[:2]
    report(tuned, tuned.started(first)[1], 1.0, 1.0)
    tuned.complete(first)
    killed(tuned, second, 9.0, 9.0)
    assert not report(tuned, tuned.started(second, try_number=2)[1], 0.5)


def test_a_retried_attempt_climbs_the_rungs_of_successive_halving_by_itself(store: Store) -> None:
    tuned = tuned_with(store, Pruner("successive_halving", min_resource=1, reduction_factor=2))
    request = tuned.suggest()[0]
    killed(tuned, request, 9.0)
    assert any("rung" in key for key in tuned.store.optuna.load(tuned.name).trials[0].system_attrs)
    tuned.started(request, try_number=2)
    assert not any("rung" in key for key in tuned.store.optuna.load(tuned.name).trials[0].system_attrs)


def test_an_attempt_that_another_has_taken_over_from_leaves_the_values_alone(tuned: Tuned) -> None:
    request = tuned.suggest()[0]
    old = killed(tuned, request, 9.0)
    report(tuned, tuned.started(request, try_number=2)[1], 7.0)
    assert not report(tuned, old, 8.0, first=2)
    assert intermediate_values(tuned) == {1: 7.0}


def test_the_values_of_the_attempt_that_gave_the_result_hold(tuned: Tuned) -> None:
    request = tuned.suggest()[0]
    claimed, old = tuned.started(request)
    report(tuned, old, 3.0, 2.0)
    report(tuned, tuned.started(request, try_number=2)[1], 7.0)
    tuned.conclude(claimed, old, 2.0)
    assert intermediate_values(tuned) == {1: 3.0, 2: 2.0}


def test_a_pruned_trial_has_the_last_value_of_its_own_attempt(tuned: Tuned) -> None:
    request = tuned.suggest()[0]
    killed(tuned, request, 9.0, 8.0, 7.0)
    _claimed, attempt = tuned.started(request, try_number=2)
    report(tuned, attempt, 5.0)
    assert conclude(tuned.store, attempt, Outcome.pruned()).value == 5.0


def test_a_trial_that_has_ended_keeps_its_values(tuned: Tuned) -> None:
    request = tuned.suggest()[0]
    claimed, attempt = tuned.started(request)
    report(tuned, attempt, 3.0)
    tuned.conclude(claimed, attempt, 3.0)
    tuned.begin(claimed, try_number=2)
    assert intermediate_values(tuned) == {1: 3.0}
