"""Trials of several calls of a function in a live Airflow: the days of a run's window, and folds of which one fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from airflow_hpo.core.trial import AttemptOutcome, TrialRecord, TrialState
from airflow_hpo.core.trial_key import companion_of
from airflow_hpo.storage import attempts
from airflow_hpo.studies.store import Store
from local_airflow.live import LiveAirflow
from local_airflow.runs import DagRun

TRIAL = "tune.batch_001.trial"
FOLDS = 3


def of(store: Store, run: DagRun) -> tuple[str, list[TrialRecord]]:
    """The edition of a DAG run, and its trials."""
    name = str(run.xcom("tune.start"))
    return name, store.optuna.records(name)


def test_a_function_runs_once_for_each_day_of_the_window_of_its_run(airflow: LiveAirflow, store: Store) -> None:
    run = DagRun.trigger(airflow, "days_of_window", logical_date="2026-03-15T00:00:00Z")
    assert run.wait() == "success"

    name, trials = of(store, run)

    assert [each.name for each in store.edition(name).study.listed_scenarios] == [
        "2026-03-12",
        "2026-03-13",
        "2026-03-14",
    ]
    assert [each.value for each in trials] == [pytest.approx(13 + each.params["x"]) for each in trials]
    assert len(store.read(attempts.of, companion_of(name))) == 2 * 3


def test_a_fold_that_a_function_failed_is_cleared_and_runs_again_alone(airflow: LiveAirflow, store: Store) -> None:
    run = DagRun.trigger(airflow, "folds_in_functions")
    run.wait()
    name, trials = of(store, run)
    assert [each.state for each in trials] == [TrialState.COMPLETE, TrialState.FAIL, TrialState.COMPLETE]
    failed = next(each for each in run.tasks(TRIAL) if each["state"] == "failed")

    (Path(airflow.home) / "fold-2-of-trial-1").touch()
    run.clear((TRIAL, failed["map_index"]))
    airflow.wait(lambda: len(of(store, run)[1]) > len(trials), "a trial in the place of the failed one")
    assert run.wait() == "success"

    again = of(store, run)[1][-1]
    assert (again.state, again.replaces) == (TrialState.COMPLETE, 1)
    assert again.value == pytest.approx(1 / FOLDS + again.params["x"])
    held = store.read(attempts.of, companion_of(name))
    assert len(held) == 3 * FOLDS + 1
    assert [each.outcome for each in held].count(AttemptOutcome.FAILED) == 1
