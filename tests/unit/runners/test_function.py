from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from airflow_hpo import reporting
from airflow_hpo.core.evaluation import Scenario
from airflow_hpo.core.metrics.point import SeriesPoint
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.trial import TrialRequest
from airflow_hpo.exceptions import StoreUnavailableError, TrialFailedError, TrialPruned
from airflow_hpo.runners.function import FunctionTrial, run_function

REQUEST = TrialRequest(study="s@1", key="001/0", number=3, params={"x": 2.0}, seed=7)
LOSS = Objective("loss", extra_metrics=["acc"])
Function = Callable[[FunctionTrial], Any]


def run(function: Function, objective: Objective = LOSS, **options: Any) -> Outcome:
    return run_function(function, REQUEST, objective, **options)


def value(function: Function, objective: Objective = LOSS) -> float:
    outcome = run(function, objective)
    assert outcome.measurement is not None
    return outcome.measurement.value


def test_a_function_gets_its_parameters_and_identity() -> None:
    seen = []
    run(lambda trial: seen.append((trial.params, trial.number, trial.seed, trial.study)) or 1.0)
    assert seen == [({"x": 2.0}, 3, 7, "s@1")]


@pytest.mark.parametrize("returned", [2, 2.0, np.float32(2), np.int64(2), np.array(2.0), Decimal(2)], ids=repr)
def test_a_returned_number_is_the_result(returned: Any) -> None:
    assert value(lambda trial: returned) == 2.0


def test_a_returned_mapping_gives_extra_metrics_too() -> None:
    outcome = run(lambda trial: {"loss": 1, "acc": 0.5})
    assert outcome.measurement is not None
    assert (outcome.measurement.value, outcome.measurement.metrics) == (1.0, {"acc": 0.5})


def test_an_undeclared_metric_is_dropped_with_a_note() -> None:
    outcome = run(lambda trial: {"loss": 1, "ac": 0.5})
    assert outcome.measurement is not None
    assert outcome.measurement.metrics == {}
    assert any("'ac'" in p and "Did you mean 'acc'" in p for p in outcome.measurement.problems)


def test_a_module_that_the_worker_does_not_have_fails_the_trial_with_two_ways_out() -> None:
    def function(trial: FunctionTrial) -> float:
        importlib.import_module("no_such_module_of_anyone")
        return 1.0

    with pytest.raises(TrialFailedError, match=r"ModuleNotFoundError: .*ProcessTrial\(\['/path/to/python'") as failed:
        run(function)
    assert failed.value.kind == "program"


def test_a_function_that_returns_nothing_is_measured_by_what_it_reported() -> None:
    def function(trial: FunctionTrial) -> None:
        for loss in (3.0, 1.0, 2.0):
            trial.report(loss, acc=1 - loss)

    outcome = run(function, Objective("loss", strategy="best", extra_metrics=["acc"]))
    assert outcome.measurement is not None
    assert (outcome.measurement.value, outcome.measurement.metrics) == (1.0, {"acc": -1.0})


def test_a_returned_value_counts_whatever_was_reported() -> None:
    def function(trial: FunctionTrial) -> float:
        trial.report(1.0)
        return 5.0

    assert value(function, Objective("loss", strategy="best")) == 5.0


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ("0.5", "must be a number.*'0.5'"),
        (True, "must be a number.*'True'"),
        (np.True_, "must be a number"),
        (None, "returned None and reported nothing"),
        (math.nan, "must be finite"),
        (math.inf, "must be finite"),
        ([1.0], "must be a number"),
        (np.array([1.0, 2.0]), "must be a number"),
        ({}, "must have the objective 'loss'"),
        ({"acc": 1.0}, "must have the objective 'loss'"),
        ({"loss": None}, "must be a number"),
        (1j, "must be a number"),
    ],
    ids=repr,
)
def test_anything_else_returned_is_a_clear_failure(returned: Any, message: str) -> None:
    with pytest.raises(TrialFailedError, match=message) as failed:
        run(lambda trial: returned)
    assert failed.value.kind == "program"


@pytest.mark.parametrize("step", [-1, 0.5, "x", math.nan], ids=repr)
def test_a_step_that_is_none_is_a_clear_failure(step: Any) -> None:
    with pytest.raises(TrialFailedError, match="step"):
        run(lambda trial: trial.report(1.0, step))


@pytest.mark.parametrize("module", ["airflow_hpo.exceptions", "optuna"])
def test_both_kinds_of_trial_pruned_end_the_trial_as_pruned(module: str) -> None:
    pruned = importlib.import_module(module).TrialPruned

    def function(trial: FunctionTrial) -> None:
        trial.report(4.0, step=1)
        if trial.should_prune():
            raise pruned

    outcome = run(function, monitor=bool)
    assert outcome.state == "pruned"
    assert outcome.measurement is not None
    assert outcome.measurement.value == 4.0


def test_an_exception_that_is_only_called_so_is_a_failure() -> None:
    class TrialPruned(Exception):
        pass

    def function(trial: FunctionTrial) -> None:
        raise TrialPruned

    with pytest.raises(TrialFailedError):
        run(function)


def test_a_trial_pruned_before_it_reported_has_no_measurement() -> None:
    def function(trial: FunctionTrial) -> None:
        raise TrialPruned

    assert run(function) == Outcome.pruned(reason="The trial's function pruned itself.")


def test_the_verdict_to_prune_stays() -> None:
    def function(trial: FunctionTrial) -> float:
        trial.report(1.0)
        return float(trial.should_prune() and trial.should_prune())

    assert value(function) == 0.0
    assert run(function, monitor=bool).measurement is not None


def test_points_that_nobody_asked_about_are_handed_over_at_the_end() -> None:
    got: list[SeriesPoint] = []

    def function(trial: FunctionTrial) -> float:
        trial.report(1.0, step=5)
        raise ValueError("no data")

    with pytest.raises(TrialFailedError):
        run(function, monitor=lambda points: bool(got.extend(points)))
    assert got == [SeriesPoint("loss", 5, 1.0)]


def test_an_exception_is_a_failure_that_names_it_and_keeps_its_cause() -> None:
    def function(trial: FunctionTrial) -> float:
        raise ValueError("no data")

    with pytest.raises(TrialFailedError, match="raised ValueError: no data") as failed:
        run(function)
    assert isinstance(failed.value.__cause__, ValueError)


def test_an_error_of_the_store_is_not_the_functions() -> None:
    def away(points: list[SeriesPoint]) -> bool:
        raise StoreUnavailableError("away")

    with pytest.raises(StoreUnavailableError):
        run(lambda trial: trial.should_prune(), monitor=away)


def test_a_function_that_tunes_sees_no_evaluation() -> None:
    seen = []
    run(lambda trial: seen.append((trial.period, trial.candidate, trial.scenario, trial.variant)) or 1.0)
    assert seen == [(None, None, None, None)]


def test_a_function_sees_what_it_evaluates() -> None:
    told = {"candidate": "champion", "scenario": Scenario("rain", {"mm": 3}), "variant": "night", "replicate": 2}
    seen: list[Any] = []
    run_function(lambda trial: seen.append(trial) or 1.0, REQUEST.model_copy(update=told), LOSS)
    assert {name: getattr(seen[0], name) for name in told} == told


def test_an_inactive_parameter_is_none_and_an_unknown_one_is_named() -> None:
    asked: dict[str, Any] = {}

    def ask(trial: FunctionTrial) -> float:
        asked.update(c=trial.params["c"], given=dict(trial.params), default=trial.params.get("c", 5))
        return float(trial.params["y"] or 0)

    with pytest.raises(TrialFailedError, match=r"the function asked for 'y'\. It has x, c\."):
        run(ask, space=["x", "c"])
    assert asked == {"c": None, "given": {"x": 2.0}, "default": 5}


def test_a_suggestion_as_for_optuna_is_told_where_parameters_are_declared() -> None:
    with pytest.raises(TrialFailedError, match=r"trial.suggest_float\(\). Write trial.params\['name'\]"):
        run(lambda trial: getattr(trial, "suggest" + "_float")("x", 0, 1))


def test_a_function_that_leaves_its_process_has_failed() -> None:
    def leave(trial: FunctionTrial) -> float:
        raise SystemExit(0)

    with pytest.raises(TrialFailedError, match=r"left its process by SystemExit\(0\)"):
        run(leave)


def test_an_inactive_parameter_is_none_in_an_evaluation_too() -> None:
    evaluation = TrialRequest(study="s/test@r", key="001/0", params={"x": 2.0}, candidate="champion")
    outcome = run_function(lambda trial: trial.params["c"] or 1.0, evaluation, LOSS, space=["candidate", "scenario"])
    assert outcome.measurement is not None
    assert outcome.measurement.value == 1.0


def test_a_function_makes_remarks_as_a_program_does() -> None:
    said: list[str] = []

    def function(trial: FunctionTrial) -> float:
        reporting.note(f"Trial {trial.number}.")
        return 1.0

    run_function(function, REQUEST, LOSS, printed=said.append)
    reporting.note("Outside of a trial.")
    assert said == [f"hpo::note Trial {REQUEST.number}."]
