"""A result that another trial has replaced steers nothing any more, as one that was taken back does."""

from __future__ import annotations

import optuna
import pytest

from airflow_hpo.core.trial import TrialRequest
from airflow_hpo.optuna.finished_trials import TrialCache
from airflow_hpo.optuna.read import StudyReader
from airflow_hpo.storage.database import Database
from airflow_hpo.studies.open import open_edition
from airflow_hpo.studies.optimum_drift import drift_rows
from airflow_hpo.trials.rows import trial_rows
from tests.integration.trial_tasks import START, Tuned, declared

OTHER = "1e" * 8
FAIL, COMPLETE = optuna.trial.TrialState.FAIL, optuna.trial.TrialState.COMPLETE


@pytest.fixture
def requests(tuned: Tuned) -> list[TrialRequest]:
    """Four trials, of which trial 0 was the best until trial 4 ran it again."""
    found = tuned.suggest()
    for value, request in enumerate(found):
        tuned.complete(request, value=float(value))
    tuned.complete(found[0], value=2.5, try_number=2, work=OTHER)
    return found


def test_samplers_and_pruners_see_a_failed_trial(
    tuned: Tuned, requests: list[TrialRequest], ready_database: Database
) -> None:
    _, trials = StudyReader(ready_database).snapshot(tuned.name)
    assert (trials[0].state, trials[0].values) == (FAIL, None)
    assert [(trial.state, trial.value) for trial in trials[1:]] == [(COMPLETE, each) for each in (1.0, 2.0, 3.0, 2.5)]


def test_a_process_that_has_read_the_old_result_forgets_it(tuned: Tuned, ready_database: Database) -> None:
    request = tuned.suggest()[0]
    tuned.complete(request)
    cache = TrialCache(tuned.name)
    assert cache.snapshot(StudyReader(ready_database))[1][0].state is COMPLETE
    tuned.claim(request, try_number=2, work=OTHER)
    assert cache.snapshot(StudyReader(ready_database))[1][0].state is FAIL
    assert cache.snapshot(StudyReader(ready_database))[1] == StudyReader(ready_database).snapshot(tuned.name)[1]


def test_no_trial_is_compared_with_the_rungs_that_it_had_reached(tuned: Tuned, ready_database: Database) -> None:
    halving = {"name": "successive_halving", "options": {"min_resource": 1, "reduction_factor": 2}}
    other = Tuned(tuned.store, declared(name="halved", pruner=halving))
    request = other.suggest()[0]
    claimed, attempt = other.started(request)
    other.report(attempt, {1: 0.1})
    other.conclude(claimed, attempt, 0.1)
    reader = StudyReader(ready_database)
    assert any("rung" in name for name in reader.snapshot(other.name)[1][0].system_attrs)
    other.complete(request, try_number=2, work=OTHER)
    assert reader.snapshot(other.name)[1][0].system_attrs == {}


def test_optuna_itself_names_another_best_trial_and_keeps_the_old_value(
    tuned: Tuned, requests: list[TrialRequest]
) -> None:
    study = tuned.store.optuna.load(tuned.name)
    assert (study.best_trial.number, study.trials[0].value) == (1, 0.0)


def test_a_failure_in_its_place_does_not_bring_it_back(tuned: Tuned) -> None:
    first, second = tuned.suggest()[:2]
    tuned.complete(first, value=0.0)
    tuned.complete(second, value=1.0)
    tuned.claim(first, try_number=2, work=OTHER)
    tuned.fail(first, try_number=2)
    best = tuned.progress().best
    assert (best and best.number, tuned.store.optuna.load(tuned.name).best_trial.number) == (1, 1)


@pytest.mark.parametrize("mode", ["points", "values"])
def test_the_next_edition_does_not_take_it_over(tuned: Tuned, requests: list[TrialRequest], mode: str) -> None:
    name = open_edition(tuned.store, declared(warm_start={"mode": mode, "trials": 1}), "later", START).name
    study = tuned.store.optuna.load(name)
    taken = study.user_attrs["hpo:warm_points"] if mode == "points" else [trial.params for trial in study.trials]
    assert taken == [requests[1].params]


def test_the_export_names_the_trial_that_counts(tuned: Tuned, requests: list[TrialRequest]) -> None:
    rows = trial_rows(tuned.store, tuned.name)
    assert [row["replaced_by"] for row in rows] == [4, None, None, None, None]


def test_a_champion_that_failed_when_it_ran_again_has_no_score(tuned: Tuned) -> None:
    study = declared(name="led")
    led = Tuned(tuned.store, study)
    tuned.store.optuna.enqueue_champion(led.name, study, {"x": 0.5, "kind": "a"})
    first = led.suggest()[0]
    led.complete(first, value=0.5)
    assert drift_rows(tuned.store, "led")[0]["champion"] == 0.5
    led.claim(first, try_number=2, work=OTHER)
    led.fail(first, try_number=2)
    assert drift_rows(tuned.store, "led")[0]["champion"] is None
