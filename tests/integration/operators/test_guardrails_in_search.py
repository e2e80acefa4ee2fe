"""Guardrails of a rule as constraints of the editions that a task opens, and the result of a study without a feasible trial."""

from __future__ import annotations

import contextvars
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.bases.operator import BaseOperator, ExecutorSafeguard
from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

from airflow_hpo.comparison.rule import ComparisonRule, Guardrail
from airflow_hpo.core.metric_constraint import MetricConstraint
from airflow_hpo.hooks.hpo import HpoHook
from airflow_hpo.task_groups.backends import ProcessTrial
from airflow_hpo.task_groups.tune import TuneTaskGroup
from tests.integration.airflow_answers import AirflowAnswers
from tests.integration.trial_tasks import Tuned, declared
from tests.runs import dag_run_at

RULE = ComparisonRule(guardrails={"time_s": Guardrail("minimize", margin=3.0)})
RAIL = MetricConstraint("time_s", at_most="champion + 3")


class Events(list[Any]):
    """Asset events, none of which is there yet."""

    def __getitem__(self, key: Any) -> Any:
        return self

    def add(self, asset: Any, extra: Any) -> None:
        self.append(extra)


@pytest.fixture(autouse=True)
def airflow(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AirflowAnswers:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.delenv("AIRFLOW_CONN_HPO_DEFAULT", raising=False)
    monkeypatch.setattr(RuntimeTaskInstance, "get_task_states", staticmethod(lambda **_: {}))
    return AirflowAnswers(monkeypatch)


def ran(name: str, rule: ComparisonRule | None = None, **options: Any) -> tuple[Any, Events]:
    """Run a task of the study's group, and return its result with the events that it emits."""
    with DAG("tune", schedule=None) as dag:
        TuneTaskGroup(study=declared(**options), trial=ProcessTrial(["train"]), rule=rule, form=False)
    operator: BaseOperator = dag.get_task(f"tune.{name}")
    ti = SimpleNamespace(dag_id="tune", run_id="r", task_id=operator.task_id, map_index=-1, try_number=1, max_tries=2)
    ti.start_date = datetime(2026, 1, 1, tzinfo=UTC)
    ti.get_task_states, events = RuntimeTaskInstance.get_task_states, Events()
    at = datetime(2026, 1, 1, tzinfo=UTC)
    run = dag_run_at(
        at, run_after=at, start_date=at, clear_number=0, run_type="manual", conf={}, triggering_user_name=None
    )
    context: Any = {"ti": ti, "run_id": "r", "params": {}, "outlet_events": events, "dag": dag, "dag_run": run}
    operator.render_template_fields(context)
    here = contextvars.copy_context()
    here.run(ExecutorSafeguard.tracker.set, operator)
    return here.run(operator.execute, context=context), events


def constraints() -> list[Any]:
    return HpoHook().store.edition("demo@r").study.constraints


def test_a_new_edition_is_searched_by_the_guardrails() -> None:
    ran("start", RULE)
    ran("start", RULE)
    assert constraints() == [RAIL]


def test_an_edition_that_has_begun_goes_on_without_them() -> None:
    ran("start")
    ran("start", RULE)
    assert constraints() == []


def test_an_edition_keeps_the_margin_that_it_began_with() -> None:
    ran("start", RULE)
    ran("start", ComparisonRule(guardrails={"time_s": Guardrail("minimize", margin=1.0)}))
    assert constraints() == [RAIL]


def test_a_study_without_a_feasible_trial_ends_well_and_hands_no_parameters_on() -> None:
    limit = MetricConstraint("time_s", at_most=1)
    options: dict[str, Any] = {"max_trials": 2, "parallelism": 2, "constraints": [limit]}
    tuned = Tuned(HpoHook().store, declared(**options))
    for request in tuned.suggest():
        tuned.complete(request)
    result, events = ran("finish", **options)
    assert (result["number"], result["params"], result["feasible"], events) == (None, {}, 0, [])
    assert "No trial is feasible: the least infeasible is trial 0" in result["reason"]
