"""A retuning that is triggered with other windows than its file declares."""

from __future__ import annotations

import contextvars
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG, BaseOperator
from airflow.sdk.bases.operator import ExecutorSafeguard
from airflow.sdk.exceptions import AirflowFailException

from airflow_hpo.core.window import Window
from airflow_hpo.hooks.hpo import HpoHook
from airflow_hpo.retuning.dag import retuning_dag
from airflow_hpo.storage import acts
from airflow_hpo.task_groups.backends import ProcessTrial
from tests.integration.operators.test_edition import airflow, home  # noqa: F401
from tests.integration.trial_tasks import declared
from tests.runs import dag_run_at

pytestmark = pytest.mark.usefixtures("home", "airflow")

END = datetime(2026, 3, 1, tzinfo=UTC)


def retuning(**options: Any) -> DAG:
    given = {"tuning": Window("-20w", "-8w"), "test": Window("-8w"), "scenarios": "1w", "schedule": None}
    return retuning_dag("r", study=declared(), trial=ProcessTrial(["simulate"]), **{**given, **options})


def execute(task: BaseOperator, conf: dict[str, Any]) -> Any:
    ti = SimpleNamespace(dag_id="r", run_id="A", task_id=task.task_id, map_index=-1, try_number=1, max_tries=2)
    dag: Any = task.get_dag()
    run = dag_run_at(END)
    run.conf, run.triggering_user_name = conf, "ann"
    context: Any = {"ti": ti, "run_id": "A", "params": {**dag.params, **conf}, "dag_run": run, "dag": dag}
    task.render_template_fields(context)
    here = contextvars.copy_context()
    here.run(ExecutorSafeguard.tracker.set, task)
    return here.run(task.execute, context)


def test_the_form_has_the_windows_as_they_are_declared() -> None:
    params = retuning(validation=Window("-10w", "-8w"), tuning=Window("-20w", "-10w")).params.dump()
    assert {name: value for name, value in params.items() if name.startswith("window.")} == {
        "window.tuning": "-20w, -10w",
        "window.validation": "-10w, -8w",
        "window.test": "-8w",
    }
    assert not any(name.startswith("window.") for name in retuning(form=False).params)
    several = retuning(tuning=[Window("-20w", "-12w"), Window("-44w", "-36w")], validation=Window("-12w", "-8w"))
    assert [name for name in several.params if name.startswith("window.")] == ["window.validation", "window.test"]


def test_a_run_works_on_the_windows_that_it_was_triggered_with_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    dag, conf = retuning(), {"window.tuning": "-30w -10w", "window.test": "-10w"}
    name = execute(dag.get_task("tune.start"), conf)

    told = execute(dag.get_task("tune.batch_001.suggest"), conf)[0]["period"]
    weeks = execute(dag.get_task("test_scenarios"), conf)

    assert (told["start"][:10], told["end"][:10]) == ("2025-08-03", "2025-12-21")
    assert [len(weeks), weeks[0]["name"]] == [10, "2025-12-21"]
    said = "tuning is -30w, -10w instead of -20w, -8w; test is -10w instead of -8w."
    assert f"The windows of this run differ from its file: {said}" in capsys.readouterr().out
    [act] = HpoHook().store.read(acts.of, name)
    assert (act.by, act.details) == (
        "ann",
        {"window.tuning": ["-20w, -8w", "-30w, -10w"], "window.test": ["-8w", "-10w"]},
    )


def test_a_run_without_a_conf_has_the_declared_windows() -> None:
    dag = retuning()
    name = execute(dag.get_task("tune.start"), {"window.tuning": "", "window.test": None})
    assert HpoHook().store.read(acts.of, name) == []
    assert execute(dag.get_task("tune.batch_001.suggest"), {})[0]["period"]["start"][:10] == "2025-10-12"


@pytest.mark.parametrize(
    ("conf", "said"),
    [
        ({"window.tuning": "-20w, -4w"}, r"Windows must not overlap.*Write tuning=Window\('-140d', '-56d'\)"),
        ({"window.test": "-30w, -25w"}, "A study tunes on data from before its test"),
        ({"window.tuning": "20w, 8w"}, r'Write Window\("-140d", "-56d"\)'),
        ({"window.tuning": "last spring, or so"}, "Write '-20w, -8w'"),
        ({"window.tunning": "-20w, -8w"}, "Did you mean 'window.tuning'"),
        ({"window.test": "-3d"}, "shorter than 1w"),
        ({"window.test": "-2w", "window.tuning": "-20w, -2w"}, "is promoted on"),
    ],
    ids=str,
)
def test_windows_that_do_not_fit_end_the_start_with_the_reason(conf: dict[str, Any], said: str) -> None:
    with pytest.raises(AirflowFailException, match=said):
        execute(retuning().get_task("tune.start"), conf)


def test_a_window_without_its_prefix_is_pointed_out(capsys: pytest.CaptureFixture[str]) -> None:
    execute(retuning().get_task("tune.start"), {"tuning": "-30w, -8w"})
    assert "Write 'window.tuning'" in capsys.readouterr().out


def test_days_of_a_longer_window_than_was_laid_out_are_refused() -> None:
    days = retuning_dag(
        "r",
        study=declared(scenarios="1w", parallelism=12, batch_size=1),
        trial=ProcessTrial(["simulate"]),
        tuning=Window("-20w", "-8w"),
        test=Window("-8w"),
        scenarios="1w",
        schedule=None,
    )
    with pytest.raises(AirflowFailException, match=r"laid out for 12 scenarios of 1w a trial, but '-30w, -8w' has 22"):
        execute(days.get_task("tune.start"), {"window.tuning": "-30w, -8w"})
    assert (
        len(
            HpoHook()
            .store.edition(execute(days.get_task("tune.start"), {"window.tuning": "-10w, -8w"}))
            .study.scenarios
        )
        == 2
    )
