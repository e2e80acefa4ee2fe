"""A DAG run that was triggered with other values than its file declares."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException

from airflow_hpo.core.study import Study
from airflow_hpo.hooks.hpo import HpoHook
from airflow_hpo.operators.study import StudyStartOperator
from airflow_hpo.task_groups.backends import ProcessTrial
from airflow_hpo.task_groups.tune import TuneTaskGroup
from tests.integration.operators.test_edition import NOW, airflow, home  # noqa: F401
from tests.integration.trial_tasks import declared
from tests.runs import dag_run_at

pytestmark = pytest.mark.usefixtures("home", "airflow")


def start(
    conf: dict[str, Any], study: Study | None = None, run_id: str = "A", params: Any = None, **options: Any
) -> Any:
    """Run the start of a DAG run that was triggered with a conf; return its edition."""
    with DAG("monthly", schedule=None, params=params) as dag:
        group = TuneTaskGroup(study=study or declared(), trial=ProcessTrial(["true"]), **options)
    task: StudyStartOperator = group.start
    ti = SimpleNamespace(dag_id="monthly", run_id=run_id, task_id=task.task_id, map_index=-1, try_number=1, max_tries=2)
    run = dag_run_at(NOW)
    run.conf, run.triggering_user_name = conf, "ann"
    context: Any = {"ti": ti, "run_id": run_id, "params": {**dag.params, **conf}, "dag_run": run, "dag": dag}
    task.render_template_fields(context)
    return HpoHook().store.edition(StudyStartOperator.execute.__wrapped__(task, context))  # type: ignore[attr-defined]


OTHERS = {"tune.max_trials": 5, "tune.space.x.high": 0.5}


def test_a_run_has_what_it_was_triggered_with_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    edition = start(OTHERS)
    assert (edition.study.max_trials, edition.study.space["x"].high) == (5, 0.5)
    said = "max_trials is 5 instead of 10, range of x is 0.0 to 0.5 instead of 0.0 to 1.0"
    assert edition.differs == f"This run differs from its file: {said}."
    assert edition.differs in capsys.readouterr().out
    acts = HpoHook().acts(edition.name)
    assert list(acts["by"]) == ["ann"]
    assert acts["details"][0] == {"max_trials": ["10", "5"], "range of x": ["0.0 to 1.0", "0.0 to 0.5"]}


def test_a_run_without_a_conf_has_the_declared_values() -> None:
    edition = start({})
    assert (edition.study, edition.differs) == (declared(), None)
    assert len(HpoHook().acts(edition.name)) == 0


def test_a_clear_keeps_what_a_person_has_set_since_and_takes_a_changed_file() -> None:
    name = start(OTHERS).name
    HpoHook().set_study(name, max_trials=7)
    assert start(OTHERS).study.max_trials == 7
    edition = start(OTHERS, declared(max_trials=12))
    assert (edition.study.max_trials, edition.study.space["x"].high) == (12, 0.5)
    assert len(HpoHook().acts(name)) == 2


def test_another_run_that_goes_on_with_an_edition_has_what_it_asks_for_itself(airflow: Any) -> None:  # noqa: F811
    start({"tune.max_trials": 5}, run="main")
    airflow.runs["monthly", "A"] = "success"
    assert start({}, run="main", run_id="B").study.max_trials == 10


@pytest.mark.parametrize(
    ("conf", "said"),
    [
        ({"tune.max_trial": 5}, "has no 'max_trial'. Did you mean 'max_trials'"),
        ({"tune.max_trials": 5000}, "5000 trials may need 6500"),
        ({"tune.space.x.low": 0.6, "tune.space.x.high": 0.5}, "Swap them"),
    ],
    ids=str,
)
def test_a_trigger_that_is_not_possible_ends_the_start_with_the_reason(conf: dict[str, Any], said: str) -> None:
    with pytest.raises(AirflowFailException, match=said):
        start(conf)


def test_a_value_without_the_prefix_is_pointed_out_and_one_of_the_author_is_his(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert start({"max_trials": 5}).study.max_trials == 10
    assert "Write 'tune.max_trials'" in capsys.readouterr().out
    start({"max_trials": 5, "tune.note": "x"}, params={"max_trials": 3, "tune.note": ""}, run_id="B")
    assert "Write 'tune.max_trials'" not in capsys.readouterr().out
