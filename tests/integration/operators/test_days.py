"""Scenarios that are the days of a run's window: known when it starts, stored with its edition, told to each simulation."""

from __future__ import annotations

import contextvars
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG, BaseOperator
from airflow.sdk.bases.operator import ExecutorSafeguard
from airflow.sdk.exceptions import AirflowFailException

from airflow_hpo.core.window import Window
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.hooks.hpo import HpoHook
from airflow_hpo.operators.study import StudyStartOperator
from airflow_hpo.retuning.dag import retuning_dag
from airflow_hpo.studies.suggest import ask_for
from airflow_hpo.task_groups.backends import ProcessTrial
from airflow_hpo.task_groups.tune import TuneTaskGroup
from airflow_hpo.trials.rows import trial_rows
from tests.integration.operators.test_edition import airflow, home  # noqa: F401
from tests.integration.trial_tasks import declared
from tests.runs import dag_run_at

pytestmark = pytest.mark.usefixtures("home", "airflow")

END = datetime(2026, 3, 14, 15, tzinfo=UTC)  # midnight of 15 March in Tokyo
TRIAL = ProcessTrial(["simulate", "--day={{ trial.scenario.name }}", "--from={{ trial.period.start }}"])
DAYS = [f"2026-03-{day:02}" for day in range(8, 15)]


def execute(task: BaseOperator, end: datetime = END, run_id: str = "A") -> Any:
    ti = SimpleNamespace(dag_id="weekly", run_id=run_id, task_id=task.task_id, map_index=-1, try_number=1, max_tries=2)
    dag: Any = task.get_dag()
    run = dag_run_at(end)
    run.conf, run.triggering_user_name = {}, "ann"
    context: Any = {"ti": ti, "run_id": run_id, "params": dag.params, "dag_run": run, "dag": dag}
    task.render_template_fields(context)
    here = contextvars.copy_context()
    here.run(ExecutorSafeguard.tracker.set, task)
    return here.run(task.execute, context)


def days_of(dispatch: Any = "batches", **options: Any) -> DAG:
    study = declared(scenarios="1d", parallelism=7, batch_size=1)
    with DAG("weekly", schedule="@weekly", start_date=datetime.fromisoformat("2026-01-01T00:00+09:00")) as dag:
        TuneTaskGroup(study=study, trial=TRIAL, window=Window("-1w"), dispatch=dispatch, **options)
    return dag


def test_each_day_of_the_window_is_a_simulation_with_its_period_and_stands_with_the_edition() -> None:
    dag = days_of()
    name = execute(dag.get_task("tune.start"))
    requests = execute(dag.get_task("tune.batch_001.suggest"))

    assert [each["scenario"]["name"] for each in requests] == DAYS
    assert [each["period"]["start"][:19] for each in requests] == [f"{day}T00:00:00" for day in DAYS]
    store = HpoHook().store
    assert [each.name for each in store.edition(name).study.listed_scenarios] == DAYS
    assert [f"scenarios.{day}" in trial_rows(store, name)[0] for day in DAYS] == [True] * 7
    assert execute(dag.get_task("tune.start")) == name


def test_a_trial_that_is_asked_for_late_works_on_the_same_days() -> None:
    dag = days_of("continuous")
    name = execute(dag.get_task("tune.start"))
    lazy = execute(dag.get_task("tune.batch_001.suggest"))

    given, _ = ask_for(HpoHook().store, name, [each["key"] for each in lazy[:7]])

    assert [
        (each.scenario.name, each.period.start.isoformat()[:10]) for each in given if each.scenario and each.period
    ] == [(day, day) for day in DAYS]


def test_another_run_has_other_days_in_an_edition_of_its_own() -> None:
    first, second = (execute(days_of().get_task("tune.start"), END + timedelta(weeks=n), f"run {n}") for n in range(2))
    store = HpoHook().store

    found = [store.edition(name).study.listed_scenarios[0].name for name in (first, second)]

    assert found == ["2026-03-08", "2026-03-15"]
    with pytest.raises(DeclarationError, match=r"Leave `run` out, or write run='\{\{ ds \}\}'"):
        days_of(run="main")


def test_a_run_that_goes_on_with_other_days_is_refused() -> None:
    execute(days_of(run="{{ params.get('run', 'main') }}").get_task("tune.start"))
    with pytest.raises(AirflowFailException, match="its scenarios, or what is made of their values, were others"):
        execute(days_of(run="{{ params.get('run', 'main') }}").get_task("tune.start"), END + timedelta(weeks=1))


def test_a_retuning_takes_the_days_of_its_tuning_window() -> None:
    study = declared(scenarios="1d", parallelism=7, batch_size=1)
    dag = retuning_dag("r", study=study, trial=TRIAL, tuning=Window("-2w", "-1w"), test=Window("-1w"))
    start = dag.get_task("tune.start")
    assert isinstance(start, StudyStartOperator)

    name = execute(start, END + timedelta(weeks=1, hours=-15))

    found = HpoHook().store.edition(name).study.listed_scenarios
    assert [each.name for each in found] == [f"2026-03-{day:02}" for day in range(7, 14)]
