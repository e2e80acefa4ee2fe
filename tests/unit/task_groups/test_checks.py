from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest
from airflow.sdk import DAG

from airflow_hpo.core.metrics.source import File
from airflow_hpo.core.space.space import Float
from airflow_hpo.core.study import Study
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.task_groups.backends import ProcessTrial, PythonTrial
from airflow_hpo.task_groups.evaluate import EvaluateTaskGroup
from airflow_hpo.task_groups.jobs import JobTrial
from airflow_hpo.task_groups.pods import PodTrial
from airflow_hpo.task_groups.tune import TuneTaskGroup

STUDY = Study(name="s", space={"lr": Float(0, 1)}, objective="loss", max_trials=4)


def loss(trial: Any) -> float:
    return float(trial.params["lr"])


def suggests(trial: Any) -> float:
    return float(trial.suggest_float("lr", 0, 1))


def suggest_depth(trial: Any) -> float:
    return float(trial.params["lr"])


def takes_a_suggestion(trial: Any) -> float:
    return suggest_depth(trial)


def tune(trial: Any, study: Any = STUDY) -> None:
    with DAG("d", schedule=None, params={"day": 1}):
        TuneTaskGroup("tune", study=study, trial=trial)


MISTAKES: list[tuple[Callable[[], Any], str]] = [
    (lambda: tune(ProcessTrial(["run", "{{ trial.params.rate }}"])), "It has lr."),
    (lambda: tune(ProcessTrial(["run"], env={"A": "{{ trial.lr }}"})), "Write trial.params.lr."),
    (lambda: tune(ProcessTrial(["run", "{{ params.lr }}"])), "Write trial.params.lr."),
    (lambda: tune(ProcessTrial(["run"], metrics=File("m-{{ trial.num }}.log"))), "Did you mean 'number'?"),
    (lambda: tune(PodTrial("i", arguments=["{{ trial.params.lrr }}"])), "Did you mean 'lr'?"),
    (lambda: tune(JobTrial("i", pods=2, env_vars={"A": "{{ trial.params.lrr }}"})), "Did you mean 'lr'?"),
    (lambda: tune(loss), "Write trial=PythonTrial(loss)."),
    (lambda: tune("python train.py"), "Write trial=ProcessTrial(['python', 'train.py'])."),
    (lambda: tune(ProcessTrial(["run"]), {"name": "s"}), "max_trials=20)."),
    (lambda: ProcessTrial("python train.py"), "Write ['python', 'train.py']."),  # type: ignore[arg-type]
    (lambda: ProcessTrial(["run", 3]), "Write ['run', '3']."),  # type: ignore[list-item]
    (lambda: ProcessTrial(["run"], retry=3), "Write retries."),
    (lambda: ProcessTrial(["run"], retires=3), "Did you mean 'retries'?"),
    (lambda: ProcessTrial(["run"], env_vars={}), "Write env."),
    (lambda: PodTrial("i", labels={"my team": "a"}), "Write labels={'my-team': ...}."),
    (lambda: PodTrial("i", command=["run"]), "Write cmds."),
    (lambda: PodTrial("i", memory="4Gi"), "Write container_resources."),
    (lambda: PodTrial("i", arguments="--a b"), "Write arguments=['--a', 'b']."),
    (lambda: PythonTrial("loss"), "Write PythonTrial(train), without calling it."),  # type: ignore[arg-type]
    (lambda: PythonTrial(lambda: 1.0), "take trial.params['x'] in it."),  # type: ignore[arg-type,misc]
    (lambda: tune(PythonTrial(lambda lr: lr * 2)), "(trial): lr = trial.params['lr'] ..."),
    (lambda: PythonTrial(suggests), "and space={'x': Float(0.0, 1.0)} in the study."),
]


@pytest.mark.parametrize(("declare", "remedy"), MISTAKES, ids=range(len(MISTAKES)))
def test_a_mistake_is_refused_at_parse_with_the_line_that_is_meant(declare: Callable[[], Any], remedy: str) -> None:
    with pytest.raises(DeclarationError) as refused:
        declare()

    assert str(refused.value).endswith(remedy)


def test_evaluations_are_checked_too() -> None:
    with DAG("d", schedule=None), pytest.raises(DeclarationError, match="Did you mean 'lr'"):
        EvaluateTaskGroup(
            study=STUDY, candidates=[], scenarios=["s"], trial=ProcessTrial(["run", "{{ trial.params.lrr }}"])
        )


def test_every_argument_of_an_operator_and_its_bases_is_known() -> None:
    ProcessTrial(["run"], pool="p", rerun="always", program_retries=1, executor_config={}, on_success_callback=[])
    PodTrial("i", namespace="n", labels={}, image_pull_policy="Always", retries=1, hpo_conn_id="x")


@pytest.mark.parametrize(
    "function", [loss, functools.partial(loss), lambda trial, depth=3: 1.0, lambda *a: 1.0, print], ids=range(5)
)
def test_whatever_takes_a_trial_is_a_function_of_the_trial(function: Any) -> None:
    assert PythonTrial(function).arguments["function"] is function


def test_a_helper_that_suggests_is_no_method_of_optuna() -> None:
    assert PythonTrial(takes_a_suggestion).arguments["function"] is takes_a_suggestion
