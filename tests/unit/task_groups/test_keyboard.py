"""Further mistakes at the keyboard, which were once taken in silence, told in Python's words, or answered with a wrong line."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from airflow.sdk import DAG, task

from airflow_hpo import (
    Approval,
    Candidate,
    Categorical,
    CompareOperator,
    ComparisonRule,
    DecisionBranchOperator,
    EvaluateTaskGroup,
    File,
    Float,
    GroupTrial,
    Guardrail,
    HpoHook,
    HpoNotifier,
    Int,
    Objective,
    PodTrial,
    ProcessTrial,
    PromoteOperator,
    PromotionApprovalOperator,
    Pruner,
    PythonTrial,
    RollbackOperator,
    Sampler,
    Scenario,
    Stdout,
    Study,
    StudySensor,
    StudyStartOperator,
    TuneTaskGroup,
    Window,
    retuning_dag,
    retuning_dags,
    study_asset,
)
from airflow_hpo.exceptions import DeclarationError


@task
def doubled(x: float) -> float:
    return x * 2


def loss(trial: Any) -> float:
    return 1.0


def study(**options: Any) -> Study:
    return Study(**{"name": "s", "objective": "loss", "space": {"x": Float(0, 1)}, "max_trials": 10, **options})


def tune(**options: Any) -> None:
    TuneTaskGroup(**{"study": study(), "trial": PythonTrial(loss), **options})


def group(function: Callable[[Any], Any]) -> None:
    tune(trial=GroupTrial(function))


def program(argument: str) -> None:
    tune(trial=ProcessTrial(["python", argument]))


def process(**options: Any) -> None:
    ProcessTrial(["python", "train.py"], **options)


def pod(**options: Any) -> None:
    PodTrial("image", **options)


def evaluate(**options: Any) -> None:
    given = {"study": study(), "trial": PythonTrial(loss), "scenarios": ["a"], "candidates": [Candidate("a", {"x": 1})]}
    EvaluateTaskGroup(**{**given, **options})


def retune(**options: Any) -> None:
    windows = {"tuning": Window("-8w", "-4w"), "test": Window("-4w")}
    retuning_dag(
        **{
            "dag_id": "of_a_keyboard",
            "study": study(),
            "trial": PythonTrial(loss),
            "schedule": None,
            **windows,
            **options,
        }
    )


def regions(given: Any, of: Any = None) -> None:
    windows = {"tuning": Window("-8w", "-4w"), "test": Window("-4w")}
    retuning_dags(given, study=of or study(name="keys"), trial=PythonTrial(loss), **windows)


def operator(kind: Any, **options: Any) -> None:
    kind(task_id="t", **options)


MISTAKES: list[tuple[Callable[[], Any], str]] = [
    (lambda: Float(low=0, hi=1), "Write high=1."),
    (lambda: Int(low=1, upper=10), "Write high=10."),
    (lambda: Categorical(choice=["a"]), "Write choices=['a']."),
    (lambda: Categorical("sgd, adam"), "Write choices=['sgd', 'adam']."),  # type: ignore[arg-type]
    (lambda: Categorical(["a", loss]), "Write 'loss'."),  # type: ignore[list-item]
    (lambda: Float(0, 1, when=[("model", "svm")]), "Write when={'model': 'svm'}."),
    (lambda: study(space={"x": Float}), "Write 'x': Float(0.0, 1.0)."),
    (lambda: study(space={"n": Int}), "Write 'n': Int(1, 10)."),
    (lambda: study(start_points=[("x", 1)]), "Write {'x': 1}."),
    (lambda: study(objective="maximize"), "Write Objective('loss', direction='maximize')."),
    (lambda: study(objective=("acc", "maximize")), "Write objective=Objective('acc', direction='maximize')."),
    (lambda: Objective("maximize", "acc"), "Write Objective('acc', direction='maximize')."),
    (lambda: Objective("acc", mode="max"), "Write direction."),
    (lambda: Objective(name="loss"), "Write metric='loss'."),
    (lambda: Objective("loss", extra_metrics={"acc": "max"}), "strategies={'acc': 'max'}."),
    (lambda: study(direction="maximize"), "write Objective(..., direction='maximize')."),
    (lambda: study(n_jobs=4), "Write parallelism."),
    (lambda: Sampler("tpe", 20), "Write Sampler('tpe', n_startup_trials=20)."),
    (lambda: Pruner("median", {"n_warmup_steps": 5}), "Write Pruner('median', n_warmup_steps=5)."),
    (lambda: Pruner("threshold", lower=2, upper=1), "Swap them: lower=1.0, upper=2.0."),
    (lambda: Window("2026-01-01", "2026-02-01"), "Write '-60d'."),
    (lambda: Window(start="-8w", stop="-4w"), "Write end."),
    (lambda: Scenario("a", rain=True), "Drop it."),
    (lambda: Scenario(""), "Write name='...'."),
    (lambda: Candidate("a", x=1), "Write params={'x': 1}."),
    (lambda: ComparisonRule(alpha=0.95), "Write alpha=0.05."),
    (lambda: ComparisonRule(confidence=0.95), "Write alpha."),
    (lambda: Guardrail(margin=0.1), "Write direction='minimize'."),
    (lambda: HpoNotifier(events="promoted"), "Write events=['promoted']."),
    (lambda: HpoNotifier(events=[]), "Leave `events` out."),
    (lambda: HpoNotifier(evnt="promoted"), "Write event=..."),
    (lambda: Stdout(timestamps="yes"), "Write timestamps=True."),
    (lambda: Stdout(filter=loss), r"Write filter=r'(?P<name>\w+): (?P<value>\S+)'."),
    (lambda: process(metrics="out/metrics.log"), "Write metrics=File('out/metrics.log')."),
    (lambda: process(metrics=["loss"]), "The study's objective names the metric: leave it out."),
    (lambda: process(metrics=Stdout), "Write metrics=Stdout()."),
    (lambda: process(execution_timeout=60), "Write execution_timeout=timedelta(seconds=60)."),
    (lambda: process(execution_timeout="1h"), "Write execution_timeout=timedelta(hours=1)."),
    (lambda: process(retries="3"), "Write retries=3."),
    (lambda: process(rerun=True), "Write rerun='always'."),
    (lambda: process(cwd=3), "Write cwd='/opt/models'."),
    (lambda: pod(env_vars=["A=1"]), "Write env_vars={'A': '1'}."),
    (lambda: pod(arguments={"lr": 0.1}), "Write arguments=['--lr=0.1']."),
    (lambda: pod(container_resources={"cpu": 2}), "Write container_resources={'requests': {'cpu': '2'}}."),
    (lambda: pod(node_selector="gpu"), "Write node_selector={'name': 'value'}."),
    (lambda: pod(tolerations="gpu"), "Write tolerations=[...]."),
    (lambda: PythonTrial(task(loss)), "Write PythonTrial(loss), and leave @task out."),
    (lambda: PythonTrial(functools.partial(loss, data=3)), "for def loss(trial, data)."),
    (lambda: program("{{ trial.params.x"), "Write '{{ trial.params.x }}'."),
    (lambda: program("--x={{ trial.params.x }"), "Write '--x={{ trial.params.x }}'."),
    (lambda: program("--x={ trial.params.x }"), "Write '--x={{ trial.params.x }}', without f before it."),
    (lambda: program("{{ trials.params.x }}"), "Write {{ trial.params.x }}."),
    (lambda: program("{{ args }}"), "Write {{ trial.args }}."),
    (lambda: program("{{ trial.args('--{nam}={value}') }}"), "Write trial.args('--{name}={value}')."),
    (lambda: tune(trial=ProcessTrial(["run"], metrics=File("/tmp/{{ trial.number }"))), "'/tmp/{{ trial.number }}'."),
    (lambda: group(loss), "Write return evaluate(...)."),
    (lambda: group(lambda trial: trial.params.x * 2), "and twice(trial.params.x)."),
    (lambda: group(lambda trial: doubled(trial.params.y)), "It has x."),
    (lambda: GroupTrial(lambda: 1), "and pass trial.params.x to a task in it."),  # type: ignore[arg-type,misc]
    (lambda: tune(run=""), "Leave `run` out."),
    (lambda: tune(hpo_conn_id="postgresql://h/db"), "airflow connections add hpo_default --conn-uri ..."),
    (lambda: tune(deferrable="no"), "Write deferrable=False."),
    (lambda: tune(trial=PythonTrial), "Write trial=PythonTrial(...)."),
    (lambda: evaluate(parallelism=0), "Write parallelism=3."),
    (lambda: evaluate(variants={"rain": 1}), "Write variants=['rain']."),
    (lambda: retune(study="s"), "max_trials=20)."),
    (lambda: retune(test=None), "Write test=Window('-8w')."),
    (lambda: retune(mirror="my_variable"), "Write mirror=True."),
    (lambda: retune(scenarios=list("aabcde")), "Drop or rename one."),
    (lambda: retune(scenarios=[1, 2, 3, 4, 5]), "Write scenarios=['1', ...]."),
    (lambda: retune(scenarios=lambda: ["a"]), "Write def scenarios(period): ..., which returns a list."),
    (lambda: regions({1: {}}), "Write '1'."),
    (lambda: regions([{"tokyo": {}}]), "Write {'tokyo': {}}."),
    (lambda: regions({"tokyo": {"study": {"name": "x"}}}), "Leave 'name' out."),
    (lambda: regions({"tokyo": {}}, of="bikes"), "max_trials=20)."),
    (lambda: operator(StudySensor, edition=study()), "Write edition='s@{{ run_id }}'."),
    (lambda: operator(StudyStartOperator, study="s"), "max_trials=20)."),
    (lambda: operator(CompareOperator, objective="cost", evaluations=[]), "Write objective=Objective('cost')."),
    (lambda: operator(DecisionBranchOperator, comparison={}, if_promote=None), "Write if_promote=['promote']."),
    (lambda: operator(PromoteOperator, parameter_set="a", candidate={"x": 1}), "Write candidate={'params': {'x': 1}}."),
    (lambda: operator(RollbackOperator, parameter_set="a", to="previous"), "for the version before the champion."),
    (
        lambda: operator(PromotionApprovalOperator, comparison={}, response_timeout=7),
        "Write response_timeout=timedelta(days=7).",
    ),
    (lambda: study_asset(study()), "Write study_asset('s')."),  # type: ignore[arg-type]
    (lambda: HpoHook(None), "Write HpoHook('hpo_default')."),  # type: ignore[arg-type]
    (lambda: Approval(users=[{"user": "ann"}]), "Write 'ann'."),
]


@pytest.mark.parametrize(("declare", "line"), MISTAKES, ids=range(len(MISTAKES)))
def test_a_mistake_at_the_keyboard_gets_the_line_that_is_meant(declare: Callable[[], Any], line: str) -> None:
    with DAG("d", schedule=None), pytest.raises(DeclarationError) as refused:
        declare()
    assert str(refused.value).endswith(line)


def test_what_is_right_is_taken() -> None:
    with DAG("d", schedule=None):
        process(retries=0, execution_timeout=timedelta(hours=1), retry_delay=60, rerun="changed", metrics=Stdout())
        pod(container_resources={"requests": {"cpu": 2}}, labels={"a": 1}, volumes=[{"name": "data"}])
        program("awk '{ print $1 }' {{ trial.args('--{hyphens}={value}') }} {% raw %}{{ literal }}{% endraw %}")
        RollbackOperator(task_id="back", parameter_set="a", to="{{ params.version }}")
        assert Float(0, 1, when={"m": {"b", "a"}}).when == {"m": ["a", "b"]}


@pytest.mark.parametrize(
    ("objective", "meant"),
    [(Objective("accuracy", "minimize"), "maximize"), (Objective("rmse", "maximize"), "minimize")],
)
def test_a_direction_that_the_metric_s_name_contradicts_is_remarked(objective: Objective, meant: str) -> None:
    from airflow_hpo.core.advice import advice

    assert f"direction={meant!r}" in advice(study(objective=objective))[0]
