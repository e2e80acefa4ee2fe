"""The end of a study whose own tasks failed or were skipped."""

from __future__ import annotations

import contextvars
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.bases.operator import BaseOperator, ExecutorSafeguard
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

from airflow_hpo.core.space.space import Float
from airflow_hpo.core.study import Study
from airflow_hpo.hooks.hpo import HpoHook
from airflow_hpo.task_groups.backends import ProcessTrial
from airflow_hpo.task_groups.tune import TuneTaskGroup
from tests.integration.trial_tasks import Tuned

STUDY = Study(name="s", space={"x": Float(0, 1)}, objective="loss", max_trials=1500, parallelism=4, sampler="random")
ALL_WELL = {"tune.start": "success", "tune.batch_001.suggest": "success"}


class Events(list[Any]):
    """Asset events, none of which is there yet."""

    def __getitem__(self, key: Any) -> Any:
        return self

    def add(self, asset: Any, extra: Any) -> None:
        self.append(SimpleNamespace(extra=extra))


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.delenv("AIRFLOW_CONN_HPO_DEFAULT", raising=False)


@pytest.fixture
def tuned() -> Tuned:
    """The study, one of whose trials is complete."""
    open_study = Tuned(HpoHook().store, STUDY)
    open_study.complete(open_study.suggest()[0])
    return open_study


@pytest.fixture
def states(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What Airflow says about the tasks of the run."""
    found = dict(ALL_WELL)

    def asked(*, task_ids: list[str], **_: Any) -> dict[str, dict[str, str]]:
        return {"r": {name: found[name] for name in task_ids if name in found}}

    monkeypatch.setattr(RuntimeTaskInstance, "get_task_states", staticmethod(asked))
    return found


def task(name: str, **options: Any) -> BaseOperator:
    with DAG("d", schedule=None) as dag:
        TuneTaskGroup(study=STUDY, trial=ProcessTrial(["train"]), dispatch="continuous", **options)
    found: BaseOperator = dag.get_task(name)
    return found


def ran(operator: BaseOperator) -> Any:
    """Run one try of a task, as a worker would."""
    ti = SimpleNamespace(dag_id="d", run_id="r", task_id=operator.task_id, map_index=-1, try_number=1, max_tries=2)
    ti.get_task_states = RuntimeTaskInstance.get_task_states
    context: Any = {"ti": ti, "run_id": "r", "params": {}, "outlet_events": Events()}
    operator.render_template_fields(context)
    here = contextvars.copy_context()
    here.run(ExecutorSafeguard.tracker.set, operator)
    return here.run(operator.execute, context=context)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({"tune.batch_002.suggest": "failed"}, "Task tune.batch_002.suggest failed: look at its log"),
        ({"tune.batch_002.suggest": "skipped"}, "Task tune.batch_002.suggest was skipped: look at its log"),
        (
            {"tune.batch_002.suggest": "upstream_failed", "tune.batch_001.suggest": "failed"},
            "Task tune.batch_001.suggest failed: look at its log",
        ),
    ],
    ids=["failed", "skipped", "the cause of others"],
)
def test_a_study_whose_bookkeeping_broke_off_fails_and_names_the_task(
    tuned: Tuned, states: dict[str, str], broken: dict[str, str], said: str
) -> None:
    states.update(broken)

    with pytest.raises(AirflowFailException, match=rf"1 of 1500 trials are successful\. {said}"):
        ran(task("tune.finish"))

    assert tuned.store.edition(tuned.name).finished is None


def test_what_there_is_may_be_accepted_and_says_so(tuned: Tuned, states: dict[str, str]) -> None:
    states["tune.batch_002.suggest"] = "failed"

    result = ran(task("tune.finish", accept_incomplete=True))

    assert (result["end"], result["number"]) == ("incomplete", 0)
    assert "Task tune.batch_002.suggest failed" in result["reason"]


@pytest.mark.parametrize("name", ["tune.finish", "tune.batch_002.suggest"])
def test_a_study_that_was_not_wanted_is_skipped_whole(states: dict[str, str], name: str) -> None:
    states["tune.start"] = "skipped"

    with pytest.raises(AirflowSkipException, match="its start was skipped"):
        ran(task(name))


@pytest.mark.parametrize("name", ["tune.finish", "tune.batch_002.suggest"])
def test_a_study_that_was_not_opened_says_which_task_failed(tuned: Tuned, states: dict[str, str], name: str) -> None:
    states["tune.start"] = "failed"

    with pytest.raises(AirflowFailException, match=r"'s' was not opened\. Task tune\.start failed"):
        ran(task(name))


def test_another_study_of_the_same_dag_is_no_cause(tuned: Tuned, states: dict[str, str]) -> None:
    with DAG("d", schedule=None) as dag:
        other = TuneTaskGroup("other", study=STUDY.model_copy(update={"name": "o"}), trial=ProcessTrial(["train"]))
        other >> TuneTaskGroup(study=STUDY, trial=ProcessTrial(["train"]), dispatch="continuous")
    states["other.batch_001.suggest"] = "failed"

    with pytest.raises(AirflowFailException, match="Clear the task that ended too early"):
        ran(dag.get_task("tune.finish"))
