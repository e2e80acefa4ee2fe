"""Programs, functions and pods that report many values at once are judged at each of them, alike."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from airflow_hpo.core.algorithms import Pruner
from airflow_hpo.core.metrics.source import Stdout
from airflow_hpo.core.trial import AttemptOutcome, TrialRequest, TrialState
from airflow_hpo.exceptions import TrialPruned
from airflow_hpo.pods.watch.log_readings import PodReadings
from airflow_hpo.pods.watch.watch import PodWatch
from airflow_hpo.runners.function import FunctionTrial
from airflow_hpo.storage.database import Database
from airflow_hpo.studies.store import Store
from airflow_hpo.trials.run import TrialRun
from tests.integration.operators.test_ending import function, last, process, run
from tests.integration.trial_tasks import WORK, Tuned, declared, task_try_of
from tests.unit.pods.kubernetes_double import PATIENT, PodDouble, pod, running, terminated

CURVE = {step: 9.0 if step == 12 else 1.0 + step / 1000 for step in range(1, 61)}
"""Too high at step 12 alone; all values come at once."""
LINES = "".join(f"step={step} loss={value}\n" for step, value in CURVE.items())
AT_12 = "pruned at step 12 by the pruner 'threshold': 'loss' was 9, allowed is at most 5"


@pytest.fixture
def tuned(default_database: Database, monkeypatch: pytest.MonkeyPatch) -> Tuned:
    monkeypatch.setenv("AIRFLOW__HPO__POLL_INTERVAL", "0.1")
    monkeypatch.setenv("AIRFLOW__HPO__REPORT_INTERVAL", "0.1")
    return Tuned(Store(default_database), declared(pruner=Pruner("threshold", upper=5.0)))


def as_process(tuned: Tuned, request: TrialRequest, then: str = "import time; time.sleep(600)") -> None:
    run(process(request, f"print({LINES!r}, end='', flush=True); {then}"), request)


def as_function(tuned: Tuned, request: TrialRequest, *, asks: bool = True) -> None:
    def called(trial: FunctionTrial) -> float:
        for step, value in CURVE.items():
            trial.report(value, step)
        if asks and trial.should_prune():
            raise TrialPruned
        return 0.7

    run(function(request, called), request)


def as_pod(tuned: Tuned, request: TrialRequest, *, ends: bool = False) -> None:
    trial, task = TrialRun(tuned.store, logging.getLogger("test"), 0.1), task_try_of(request.key)
    trial.claim(request, WORK, task)
    trial.begin(task, "pod")
    log = "".join(f"2026-11-21T08:00:00.{i:09d}Z {line}\n" for i, line in enumerate(LINES.splitlines(), 1)).encode()
    states = [pod("Succeeded", terminated(0))] if ends else [pod("Running", running())]
    readings = PodReadings(Stdout(), tuned.study.objective, lambda line: None)
    watch = PodWatch(PodDouble(states, [[log], [b""]]), PATIENT, readings, trial.monitor(), logging.getLogger("test"))
    trial.conclude(asyncio.run(watch.run()))


WAYS = [as_process, as_function, as_pod]


def intermediate_values(tuned: Tuned) -> dict[int, float]:
    return tuned.store.optuna.load(tuned.name).trials[0].intermediate_values


@pytest.mark.parametrize("way", WAYS)
def test_a_trial_is_pruned_at_the_step_at_which_the_pruner_says_so(tuned: Tuned, way: Any) -> None:
    request = tuned.suggest()[0]
    way(tuned, request)
    [record, *_] = tuned.records()
    assert (record.state, record.value) == (TrialState.PRUNED, 9.0)
    assert list(intermediate_values(tuned)) == list(range(1, 13))
    assert last(tuned, request).reason == f"It was {AT_12}."


@pytest.mark.parametrize(
    ("way", "how"), [(as_process, {"then": "pass"}), (as_function, {"asks": False}), (as_pod, {"ends": True})]
)
def test_a_trial_that_ended_by_itself_is_complete_and_remembers_where_it_would_have_been_pruned(
    tuned: Tuned, way: Any, how: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__HPO__REPORT_INTERVAL", "60")
    request = tuned.suggest()[0]
    way(tuned, request, **how)
    assert tuned.states()[0] is TrialState.COMPLETE
    assert intermediate_values(tuned) == CURVE
    attempt = last(tuned, request)
    assert (attempt.outcome, attempt.reason, attempt.verdict) == (AttemptOutcome.COMPLETE, None, AT_12)


def test_a_function_that_prunes_itself_says_so_and_keeps_its_last_value(tuned: Tuned) -> None:
    def called(trial: FunctionTrial) -> float:
        for step, value in CURVE.items():
            trial.report(value, step)
        raise TrialPruned

    request = tuned.suggest()[0]
    assert run(function(request, called), request)["value"] == CURVE[60]
    assert last(tuned, request).reason == "The trial's function pruned itself."
