"""What the tasks of a group take from ``default_args``, and what they do not."""

from __future__ import annotations

import inspect
from datetime import timedelta
from typing import Any

import pytest
from airflow.sdk import DAG, BaseOperator, BaseSensorOperator, task
from airflow.sdk.definitions.mappedoperator import MappedOperator

from airflow_hpo.comparison.rule import ComparisonRule
from airflow_hpo.core.evaluation import Candidate
from airflow_hpo.core.space.space import Float
from airflow_hpo.core.study import Study
from airflow_hpo.core.window import Window
from airflow_hpo.retuning.approval import Approval
from airflow_hpo.retuning.dag import retuning_dag
from airflow_hpo.task_groups.backends import ProcessTrial
from airflow_hpo.task_groups.bookkeeping import INHERITED, NOT_INHERITED, SENSOR_NOT_INHERITED, TRIAL_NOT_INHERITED
from airflow_hpo.task_groups.compare import CompareTaskGroup
from airflow_hpo.task_groups.evaluate import EvaluateTaskGroup
from airflow_hpo.task_groups.pipeline import GroupTrial
from airflow_hpo.task_groups.tune import TuneTaskGroup

STUDY = Study(name="s", space={"x": Float(0, 1)}, objective="loss", max_trials=10, parallelism=4)
PROCESS = ProcessTrial(["train", "{{ trial.params.x }}"])
CANDIDATES = [Candidate("champion", {"x": 0.1}), Candidate("other", {"x": 0.2})]
BY_THE_GROUP = {"self", "kwargs", "task_id", "dag", "task_group", "default_args"}
"""Arguments that say which task of which DAG it is."""
TRAPS = {
    "trigger_rule": "one_failed",
    "depends_on_past": True,
    "wait_for_downstream": True,
    "wait_for_past_depends_before_skipping": True,
    "ignore_first_depends_on_past": True,
    "retries": 0,
    "retry_delay": timedelta(days=1),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(days=2),
    "retry_policy": None,
    "execution_timeout": timedelta(seconds=1),
    "do_xcom_push": False,
    "multiple_outputs": True,
    "render_template_as_native_obj": True,
    "max_active_tis_per_dag": 1,
    "max_active_tis_per_dagrun": 1,
    "pool": "trials",
    "pool_slots": 128,
    "on_skipped_callback": print,
    "timeout": 1,
    "poke_interval": 0.5,
    "mode": "poke",
    "soft_fail": True,
    "silent_fail": True,
    "exponential_backoff": True,
    "max_wait": timedelta(seconds=5),
    "until": "over",
    "accept_incomplete": True,
}


def trained(trial: Any) -> Any:
    @task
    def train(x: float) -> float:
        return x

    return train(trial.params.x)


def tuned(trial: Any, dispatch: Any) -> None:
    TuneTaskGroup(study=STUDY, trial=trial, dispatch=dispatch)


def evaluated() -> None:
    EvaluateTaskGroup(study=STUDY, candidates=CANDIDATES, scenarios=["a"], trial=PROCESS)


def compared() -> None:
    rule = ComparisonRule(looks=3)
    CompareTaskGroup(study=STUDY, candidates=CANDIDATES, scenarios=list("abcde"), trial=PROCESS, rule=rule)


def retuned(defaults: dict[str, Any]) -> DAG:
    return retuning_dag(
        study=STUDY,
        trial=PROCESS,
        schedule=None,
        tuning=Window("-60d", "-30d"),
        test=Window("-30d", "-0d"),
        scenarios="6d",
        approval=Approval(),
        default_args=defaults,
    )


LAYOUTS = {
    "tune": lambda: tuned(PROCESS, "batches"),
    "continuous": lambda: tuned(PROCESS, "continuous"),
    "tasks of the author": lambda: tuned(GroupTrial(trained), "batches"),
    "evaluate": evaluated,
    "compare": compared,
}


def dag_of(layout: str, defaults: dict[str, Any]) -> DAG:
    if layout == "retuning":
        return retuned(defaults)
    with DAG("d", schedule=None, default_args=defaults) as dag:
        LAYOUTS[layout]()
    return dag


def own_tasks(dag: DAG) -> dict[str, Any]:
    return {each.task_id: each for each in dag.tasks if ".trial" not in each.task_id}


def given(each: Any, name: str) -> Any:
    if isinstance(each, MappedOperator):
        return each.partial_kwargs.get(name)
    return getattr(each, name, None)


@pytest.mark.parametrize("operator", [BaseOperator, BaseSensorOperator], ids=["task", "sensor"])
def test_every_argument_of_airflow_is_inherited_or_set_by_the_group(operator: type[BaseOperator]) -> None:
    known = {*INHERITED, *NOT_INHERITED, *SENSOR_NOT_INHERITED, "poke_interval", *BY_THE_GROUP}
    assert set(inspect.signature(operator.__init__).parameters) - known == set()


def test_no_argument_is_both_inherited_and_set() -> None:
    assert set(INHERITED) & {*NOT_INHERITED, *SENSOR_NOT_INHERITED} == set()


def test_every_argument_that_is_not_inherited_is_a_trap_of_these_tests() -> None:
    assert {*NOT_INHERITED, *SENSOR_NOT_INHERITED} - set(TRAPS) == {"never_fail"}


@pytest.mark.parametrize("layout", [*LAYOUTS, "retuning"])
def test_the_tasks_of_a_group_are_the_same_whatever_default_args_say(layout: str) -> None:
    plain, trapped = own_tasks(dag_of(layout, {})), own_tasks(dag_of(layout, TRAPS))

    assert {
        (name, argument): (given(plain[name], argument), given(trapped[name], argument))
        for name in plain
        for argument in TRAPS
        if given(plain[name], argument) != given(trapped[name], argument)
    } == {}


@pytest.mark.parametrize("layout", [*LAYOUTS, "retuning"])
def test_trials_do_not_depend_on_the_run_before(layout: str) -> None:
    trials = [each for each in dag_of(layout, TRAPS).tasks if ".trial" in each.task_id]

    rules = {(given(each, "depends_on_past"), given(each, "wait_for_downstream")) for each in trials}
    assert rules == {(False, False)}
    assert all(given(each, "trigger_rule") in ("all_success", "all_done") for each in trials)


def test_trials_take_what_is_meant_for_them() -> None:
    defaults = {"execution_timeout": timedelta(hours=1), "pool": "gpus", "queue": "fast", "owner": "ann"}
    trial = dag_of("tune", defaults).get_task("tune.batch_001.trial")

    assert {name: given(trial, name) for name in defaults} == defaults


def test_a_trial_may_depend_on_the_past_where_its_declaration_says_so() -> None:
    with DAG("d", schedule=None) as dag:
        TuneTaskGroup(study=STUDY, trial=ProcessTrial(["train"], **dict.fromkeys(TRIAL_NOT_INHERITED[1:2], True)))

    assert given(dag.get_task("tune.batch_001.trial"), "depends_on_past") is True


def test_tasks_of_the_author_hand_over_what_they_return() -> None:
    train = dag_of("tasks of the author", {"do_xcom_push": False}).get_task("tune.batch_001.trial.train")

    assert given(train, "do_xcom_push") is not False


def test_what_people_want_to_know_is_inherited() -> None:
    finish = dag_of("tune", {"on_failure_callback": print, "owner": "ann"}).get_task("tune.finish")

    assert (finish.owner, list(finish.on_failure_callback)) == ("ann", [print])


@pytest.mark.parametrize("layout", [*LAYOUTS, "retuning"])
def test_tasks_of_a_group_are_in_the_pool_that_the_option_names(layout: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__HPO__BOOKKEEPING_POOL", "small")
    dag = dag_of(layout, {"pool": "trials"})

    assert {each.pool for each in own_tasks(dag).values()} == {"small"}
    assert {each.pool for each in dag.tasks if ".trial" in each.task_id} == {"trials"}
