"""Mistakes of a person who writes the first DAGs: each message ends with the line of Python that is meant."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from airflow.sdk import DAG

from airflow_hpo.comparison.rule import ComparisonRule, Guardrail
from airflow_hpo.core.evaluation import Candidate, Scenario
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.space.space import Categorical, Float, Int
from airflow_hpo.core.study import Study
from airflow_hpo.core.window import Window
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.notifications.hpo import HpoNotifier
from airflow_hpo.operators.promotion import PromoteOperator
from airflow_hpo.retuning.approval import Approval
from airflow_hpo.retuning.dag import retuning_dag
from airflow_hpo.retuning.regions import retuning_dags
from airflow_hpo.sensors.study import StudySensor
from airflow_hpo.task_groups.backends import ProcessTrial, PythonTrial
from airflow_hpo.task_groups.compare import CompareTaskGroup
from airflow_hpo.task_groups.pipeline import GroupTrial
from airflow_hpo.task_groups.tune import TuneTaskGroup


def loss(trial: Any) -> float:
    return 1.0


CANDIDATES = [Candidate("champion", {"x": 0.1}), Candidate("a", {"x": 0.2})]
WINDOWS = {"tuning": Window("-8w", "-4w"), "test": Window("-4w")}


def study(**options: Any) -> Study:
    return Study(**{"name": "s", "objective": "loss", "space": {"x": Float(0, 1)}, "max_trials": 10, **options})


def tune(**options: Any) -> None:
    TuneTaskGroup(**{"study": study(), "trial": PythonTrial(loss), **options})


def compare(**options: Any) -> None:
    given = {"study": study(), "trial": PythonTrial(loss), "candidates": CANDIDATES, "scenarios": list("abcde")}
    CompareTaskGroup(**{**given, **options})


def retune(**options: Any) -> None:
    retuning_dag(
        **{
            "dag_id": "of_a_newcomer",
            "parameter_set": "newcomer",
            "study": study(),
            "trial": PythonTrial(loss),
            "schedule": None,
            **WINDOWS,
            **options,
        }
    )


def regions(given: Any) -> None:
    retuning_dags(given, study=study(name="newcomer_regions"), trial=PythonTrial(loss), **WINDOWS)


def program(argument: str) -> None:
    tune(trial=ProcessTrial(["python", argument]))


MISTAKES: list[tuple[Callable[[], Any], str]] = [
    (lambda: Float(1.0), "Write high=0.1."),
    (lambda: Float(0.0, float("inf")), "Write high=1000000.0."),
    (lambda: Float(0.0, 1.0, log=True), "Write low=1e-05, or drop log=True."),
    (lambda: Int(0, 8, log=True), "Write low=1, or drop log=True."),
    (lambda: Float(0, 1, step=-0.1), "Write step=0.1."),
    (lambda: Float(0, 1, step=3), "Write step=0.1."),
    (lambda: Categorical([]), "Write Categorical(['a', 'b'])."),
    (lambda: Categorical([1, 1.0, 2]), "Write Categorical([1, 2])."),
    (lambda: Categorical({"a": 1}), "Write Categorical(['a'])."),  # type: ignore[arg-type]
    (lambda: Float(0, 1, when="model"), "Write when={'model': ...}."),
    (
        lambda: study(space={"o": Categorical(["sgd"]), "y": Float(0, 1, when={"o": "SGD"})}),
        "Write when={'o': ['sgd']}.",
    ),
    (lambda: Study(name="s", objective="loss", space={"x": Float(0, 1)}), "Write max_trials=100."),
    (lambda: study(space={}), "Write space={'x': Float(0.0, 1.0)}."),
    (lambda: study(objective=["loss", "acc"]), "Write objective=Objective('loss', extra_metrics=['acc'])."),
    (lambda: study(sampler=None), "Leave `sampler` out."),
    (lambda: study(pruner=True), "Write pruner='median'."),
    (lambda: study(pruner=False), "Write pruner='none'."),
    (lambda: study(warm_start=True), "Write warm_start=WarmStart()."),
    (lambda: study(seed=None), "Leave `seed` out."),
    (lambda: study(timeout=0), "Write timeout=timedelta(hours=2), or leave it out."),
    (lambda: study(parallelism=2, batch_size=4), "Write batch_size=2."),
    (lambda: study(start_points={"x": 0.5}), "Write start_points=[{'x': 0.5}]."),
    (lambda: study(start_points=[{"x": 5}]), "Write 'x': 1.0."),
    (lambda: Objective("loss", strategy="max"), "Write strategy='best'."),
    (lambda: Study.from_yaml("study.yaml"), "Write Study.from_yaml(Path('study.yaml').read_text())."),
    (lambda: Window("-8w", "1d"), 'Write Window("-56d").'),
    (lambda: Window(datetime(2026, 1, 1)), "Write '-60d'."),  # type: ignore[arg-type]
    (lambda: tune(dispatch="continous"), "Write dispatch='continuous'."),
    (lambda: tune(max_trials=3), "It is one of the study's: write Study(..., max_trials=3)."),
    (lambda: tune(run=None), "Leave `run` out."),
    (lambda: tune(run=3), "Write run='3'."),
    (lambda: tune(parameter_set="my set"), "Write 'my_set'."),
    (lambda: tune(trial=ProcessTrial(["python"], env=["A=1"])), "Write env={'A': '1'}."),
    (lambda: program("--x={{ x }}"), "Write trial.params.x."),
    (lambda: GroupTrial(3), "Write GroupTrial(train), of def train(trial): ... with tasks in it."),  # type: ignore[arg-type]
    (lambda: StudySensor(task_id="s", edition="x", until="done"), "Write until='over'."),  # type: ignore[arg-type]
    (lambda: retune(tuning=Window("-8w")), "Write tuning=Window('-56d', '-28d')."),
    (lambda: retune(scenarios=7), "Write scenarios='7d'."),
    (lambda: retune(scenarios="weekly"), "Write scenarios='1w'."),
    (lambda: retune(scenarios=[]), "List 5 more."),
    (lambda: retune(variants="model"), "Write variants=['model']."),
    (lambda: retune(variants=[]), "Write variants=[...]."),
    (lambda: retune(rule={"alpha": 0.1}), "Write rule=ComparisonRule(alpha=0.1)."),
    (lambda: retune(approval=timedelta(days=1)), "Write approval=Approval(within=timedelta(days=1))."),
    (lambda: retune(approval=True), "Write approval=Approval()."),
    (lambda: retune(notify="#ops"), "Write notify=HpoNotifier(via=SlackWebhookNotifier(text='{{ hpo.text }}'))."),
    (lambda: retune(qa="check"), "Write qa=checks, of def checks(comparison): ..."),
    (lambda: retune(qa=lambda comparison: None), "Write `return check` at its end."),
    (lambda: retune(start_date="2026-01-01"), "Write start_date=datetime(2026, 1, 1)."),
    (lambda: retune(finalist=3), "Did you mean 'finalists'?"),
    (lambda: retune(max_trials=3), "write Study(..., max_trials=3)."),
    (lambda: regions(["tokyo"]), "Write {'tokyo': {}}."),
    (lambda: regions({"tokyo": None}), "Write {'tokyo': {}}."),
    (lambda: regions({"to kyo": {}}), "Write 'to_kyo'."),
    (lambda: regions({"tokyo": {"study": study()}}), "Write 'study': {'max_trials': 12}."),
    (lambda: ComparisonRule(alpha=5), "Write alpha=0.05."),
    (lambda: ComparisonRule(max_dropped=20), "Write max_dropped=0.2."),
    (lambda: ComparisonRule(min_improvement="1%"), "Write min_improvement=0.01."),
    (lambda: ComparisonRule(scale="percent"), "Write scale='relative'."),
    (lambda: ComparisonRule(guardrails=["t"]), "Write guardrails={'t': ...}."),
    (lambda: ComparisonRule(guardrails={"t": 0.05}), "Write Guardrail('minimize', margin=0.05)."),
    (lambda: Guardrail("minimize", margin=0), "Write margin=0.1."),
    (lambda: Guardrail("minimize"), "Write margin=0.1."),
    (lambda: Approval(within=7), "Write within=timedelta(days=7)."),  # type: ignore[arg-type]
    (lambda: Approval(otherwise="approve"), "Write otherwise='Approve'."),  # type: ignore[arg-type]
    (lambda: Approval(users="ann"), "Write users=['ann']."),
    (lambda: compare(candidates={"champion": {"x": 0.1}}), "Write candidates=[Candidate('champion', {'x': 0.1})]."),
    (lambda: compare(scenarios="monday"), "Write scenarios=['monday']."),
    (lambda: Candidate("a"), "Write params={'name': ...}."),
    (lambda: Scenario("a", ["rain"]), "Write values={'rain': ...}."),  # type: ignore[arg-type]
    (lambda: PromoteOperator(task_id="p", parameter_set="a"), "Write comparison=compared.output."),
    (
        lambda: HpoNotifier(via="slack"),  # type: ignore[arg-type]
        "Write via=SlackWebhookNotifier(text='{{ hpo.text }}').",
    ),
]


@pytest.mark.parametrize(("declare", "line"), MISTAKES, ids=range(len(MISTAKES)))
def test_a_newcomer_s_mistake_gets_the_line_that_is_meant(declare: Callable[[], Any], line: str) -> None:
    with DAG("d", schedule=None), pytest.raises(DeclarationError) as refused:
        declare()
    assert str(refused.value).endswith(line)


def test_a_parameter_may_have_the_name_of_a_variable_of_airflow() -> None:
    with DAG("d", schedule=None):
        tune(study=study(space={"ds": Float(0, 1)}), trial=ProcessTrial(["python", "--day={{ ds }}"]))
