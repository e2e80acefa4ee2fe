"""The layout of a tuned study: what a DAG file becomes, without any database."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG, task, task_group
from airflow.serialization.serialized_objects import DagSerialization

from airflow_hpo.core.budget import most_batches
from airflow_hpo.core.evaluation import Candidate
from airflow_hpo.core.space.space import Float
from airflow_hpo.core.study import Study
from airflow_hpo.core.window import Window
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.operators.evaluation import EvaluationPlanOperator
from airflow_hpo.task_groups.backends import ProcessTrial, PythonTrial
from airflow_hpo.task_groups.evaluate import EvaluateTaskGroup
from airflow_hpo.task_groups.jobs import JobTrial
from airflow_hpo.task_groups.pipeline import GroupTrial
from airflow_hpo.task_groups.pods import PodTrial
from airflow_hpo.task_groups.tune import TuneTaskGroup

PROCESS = ProcessTrial(["train", "{{ trial.params.x }}"])


def study(**options: Any) -> Study:
    given = {"name": "s", "space": {"x": Float(0, 1)}, "objective": "loss", "max_trials": 10, "parallelism": 4}
    return Study(**{**given, **options})


def trained(trial: Any) -> Any:
    @task
    def train(x: float) -> float:
        return x

    return train(trial.params.x)


def dag_of(declared: Study | None = None, trial: Any = PROCESS, **options: Any) -> DAG:
    with DAG("d", schedule=None) as dag:
        TuneTaskGroup(study=declared or study(), trial=trial, **options)
    return dag


def batches(dag: DAG) -> list[str]:
    return sorted({name.split(".")[1] for name in dag.task_ids if name.split(".")[1].startswith("batch_")})


@pytest.mark.parametrize(("trials", "in_batches", "continuous"), [(30, 14, 1), (100, 26, 1), (1000, 82, 2)])
def test_a_study_has_as_many_groups_as_the_page_on_dispatch_says(trials: int, in_batches: int, continuous: int) -> None:
    declared = Study(name="s", space={"x": Float(0, 1)}, objective="loss", max_trials=trials)
    page = Path(__file__).parents[3] / "docs" / "tune" / "dispatch.md"

    assert len(batches(dag_of(declared))) == in_batches
    assert len(batches(dag_of(declared, dispatch="continuous"))) == continuous
    assert f"| {trials:,} | {in_batches} | {continuous} |" in page.read_text()


@pytest.mark.parametrize(
    "options",
    [{}, {"max_failures": 0}, {"batch_size": 1}, {"batch_size": 4}, {"max_trials": 1}, {"count": "finished"}],
    ids=str,
)
def test_there_are_as_many_batches_as_the_budget_can_need_and_one_for_stragglers(options: dict[str, Any]) -> None:
    declared = study(**options)
    assert len(batches(dag_of(declared))) == most_batches(declared) + 1


def test_the_last_batch_asks_trial_by_trial_and_is_not_followed_by_another() -> None:
    dag = dag_of()
    *others, last = batches(dag)
    assert not any(dag.get_task(f"tune.{name}.suggest").lazy for name in others)
    assert dag.get_task(f"tune.{last}.suggest").lazy
    assert f"tune.{last}.settle" not in dag.task_ids


def test_a_batch_waits_for_the_one_before_it_to_settle_and_not_for_its_trials() -> None:
    suggest = dag_of().get_task("tune.batch_002.suggest")
    assert suggest.upstream_task_ids == {"tune.batch_001.settle"}


def test_the_end_waits_for_every_trial_and_every_settling() -> None:
    dag = dag_of()
    awaited = {name for name in dag.task_ids if name.endswith((".trial", ".settle"))}
    assert dag.get_task("tune.finish").upstream_task_ids == awaited


def test_no_more_trials_run_at_once_than_the_study_has_slots() -> None:
    assert dag_of().get_task("tune.batch_001.trial").partial_kwargs["max_active_tis_per_dagrun"] == 4


def test_continuous_dispatch_is_one_map() -> None:
    dag = dag_of(dispatch="continuous")
    assert batches(dag) == ["batch_001"]
    assert dag.get_task("tune.batch_001.suggest").lazy


def test_a_study_longer_than_a_map_is_dispatched_in_several() -> None:
    dag = dag_of(study(max_trials=2000, max_failures=100), dispatch="continuous")
    assert len(batches(dag)) == 3
    assert dag.get_task("tune.batch_002.suggest").trigger_rule == "all_done"


@pytest.mark.parametrize("trial", [PROCESS, PythonTrial(len), GroupTrial(trained)], ids=["process", "python", "group"])
@pytest.mark.parametrize("dispatch", ["batches", "continuous"])
def test_the_watched_task_is_the_one_that_tells_the_study(trial: Any, dispatch: str) -> None:
    dag = dag_of(trial=trial, dispatch=dispatch)
    assert dag.get_task("tune.finish").trial_task_id.format(batch="001") in dag.task_ids


@pytest.mark.parametrize("trial", [PROCESS, PythonTrial(len), GroupTrial(trained)], ids=["process", "python", "group"])
def test_two_parses_serialise_alike(trial: Any) -> None:
    first, second = (json.dumps(DagSerialization.to_dict(dag_of(trial=trial)), sort_keys=True) for _ in range(2))
    assert first == second


def test_what_an_author_gives_a_trial_is_stronger_than_what_the_group_sets() -> None:
    trial = ProcessTrial(["train"], retries=7, pool="gpus", max_active_tis_per_dagrun=1)
    given = dag_of(trial=trial).get_task("tune.batch_001.trial").partial_kwargs
    assert (given["retries"], given["pool"], given["max_active_tis_per_dagrun"]) == (7, "gpus", 1)


def test_nested_in_another_group_the_tasks_find_each_other() -> None:
    from airflow.sdk import TaskGroup

    with DAG("d", schedule=None) as dag, TaskGroup("outer"):
        TuneTaskGroup(study=study(), trial=PROCESS)
    assert dag.get_task("outer.tune.finish").trial_task_id == "outer.tune.batch_{batch}.trial"


def test_parsing_opens_no_database(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    # A study database that would fail at once.
    monkeypatch.setenv("AIRFLOW_CONN_HPO_DEFAULT", "postgres://nobody@127.0.0.1:1/none")
    dag_of()
    assert list(tmp_path.glob("hpo*")) == []


@pytest.mark.parametrize("command", ["train --x 1", [], ["train", 3], None], ids=str)
def test_a_command_that_is_no_list_of_strings_is_refused(command: Any) -> None:
    with pytest.raises(DeclarationError, match="list of strings"):
        ProcessTrial(command)


@pytest.mark.parametrize("backend", [PythonTrial, GroupTrial])
def test_a_trial_that_cannot_be_called_is_refused(backend: Any) -> None:
    with pytest.raises(DeclarationError, match="got 3"):
        backend(3)


def test_an_unknown_dispatch_is_refused() -> None:
    with pytest.raises(DeclarationError, match="'batches' or 'continuous', but got 'x'"):
        dag_of(dispatch="x")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"study": "sixty"}, "declared by Study"),
        ({"trial": print}, "ProcessTrial, PythonTrial, GroupTrial, PodTrial or JobTrial, but got"),
    ],
    ids=["study", "trial"],
)
def test_something_that_is_no_study_or_no_trial_is_refused(arguments: dict, message: str) -> None:
    with DAG("d"), pytest.raises(DeclarationError, match=message):
        TuneTaskGroup(**{"study": study(), "trial": PROCESS, **arguments})


@pytest.mark.parametrize("dispatch", ["batches", "continuous"])
def test_every_batch_works_on_the_window(dispatch: Any) -> None:
    dag = dag_of(window=Window("-60d", "-30d"), dispatch=dispatch)
    suggests = [dag.get_task(f"tune.{name}.suggest") for name in batches(dag)]
    assert {suggest.window for suggest in suggests} == {Window("-60d", "-30d")}


def test_a_batch_that_no_mapped_task_can_hold_is_refused() -> None:
    with pytest.raises(DeclarationError, match=r"holds 1024 trials at most .*, but 1025 were to run at once"):
        dag_of(study(max_trials=2000, parallelism=1025))


def test_a_longer_map_may_be_allowed_by_airflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__MAX_MAP_LENGTH", "1100")
    assert batches(dag_of(study(max_trials=1100, parallelism=1100, max_failures=0)))


def test_continuous_maps_hold_as_many_trials_as_airflow_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    declared = study(max_trials=1000, max_failures=0)
    assert len(batches(dag_of(declared, dispatch="continuous"))) == 1
    monkeypatch.setenv("AIRFLOW__CORE__MAX_MAP_LENGTH", "300")
    assert len(batches(dag_of(declared, dispatch="continuous"))) == 4


def two_groups(one: Study, other: Study, **options: Any) -> DAG:
    with DAG("d", schedule=None) as dag:
        TuneTaskGroup("first", study=one, trial=PROCESS)
        TuneTaskGroup("second", study=other, trial=PROCESS, **options)
    return dag


@pytest.mark.parametrize("one_shares", [True, False])
def test_two_groups_of_one_study_in_a_dag_are_refused_with_both_names(one_shares: bool) -> None:
    with pytest.raises(
        DeclarationError, match=r"task group 'first' and task group 'second' of DAG 'd' both run 's'.*shared"
    ):
        two_groups(study(shared=one_shares), study())


def test_two_groups_share_a_study_on_purpose() -> None:
    dag = two_groups(study(shared=True), study(shared=True))
    assert {"first.start", "second.start"} <= set(dag.task_ids)


def test_two_groups_may_run_studies_of_one_name_in_different_databases() -> None:
    two_groups(study(), study(), hpo_conn_id="other")


def test_a_study_named_like_an_evaluation_of_the_dag_is_refused() -> None:
    with DAG("d", schedule=None):
        TuneTaskGroup("first", study=study(name="s/second"), trial=PROCESS)
        with pytest.raises(
            DeclarationError, match=r"task group 'first' and task group 'second' .* both run 's/second'"
        ):
            EvaluateTaskGroup(
                "second", study=study(), candidates=[Candidate("a", {"x": 0.5})], scenarios=["any"], trial=PROCESS
            )


def test_one_evaluation_under_one_name_in_a_dag() -> None:
    options: dict[str, Any] = {"study": study(), "candidates": [Candidate("a", {"x": 0.5})], "scenarios": ["any"]}
    with DAG("d", schedule=None):
        EvaluationPlanOperator(task_id="one", evaluation="check", **options)
        with pytest.raises(DeclarationError, match=r"task 'one' and task 'two' of DAG 'd' both run 's/check'"):
            EvaluationPlanOperator(task_id="two", evaluation="check", **options)


MAY_BE_SILENT: dict[str, Callable[..., Any]] = {
    "process": lambda **more: ProcessTrial(["train"], **more),
    "pod": lambda **more: PodTrial("trial:1", namespace="n", **more),
    "pod of the triggerer": lambda **more: PodTrial("trial:1", namespace="n", run_in="triggerer", **more),
    "job": lambda **more: JobTrial("trial:1", pods=2, namespace="n", **more),
    "function": lambda **more: PythonTrial(lambda trial: 0.0, **more),
}


@pytest.mark.parametrize("declare", MAY_BE_SILENT.values(), ids=MAY_BE_SILENT)
@pytest.mark.parametrize("given", [0, -1, "1h", True, timedelta(0), math.nan], ids=str)
def test_a_silence_that_is_no_time_is_refused(declare: Callable[..., Any], given: Any) -> None:
    with pytest.raises(DeclarationError, match="`no_news_after` is a time of more than 0"):
        declare(no_news_after=given)


@pytest.mark.parametrize("declare", MAY_BE_SILENT.values(), ids=MAY_BE_SILENT)
def test_every_trial_task_gets_the_silence_in_seconds(declare: Callable[..., Any]) -> None:
    dag = dag_of(trial=declare(no_news_after=timedelta(minutes=1)))
    tasks: list[Any] = [task for task in dag.tasks if task.task_id.endswith("trial")]
    assert {task.partial_kwargs["no_news_after"] for task in tasks} == {60}
    specs = [task.start_trigger_args.trigger_kwargs["spec"] for task in tasks if task.start_trigger_args]
    assert {spec["options"]["no_news_after"] for spec in specs} <= {60}


def test_a_silence_of_any_length_is_no_limit() -> None:
    assert "no_news_after" not in ProcessTrial(["train"], no_news_after=math.inf).arguments


def test_a_trial_of_the_authors_own_tasks_has_no_silence() -> None:
    with pytest.raises(DeclarationError, match=r"task of the trial .*execution_timeout=timedelta\(hours=1\)"):
        GroupTrial(lambda trial: None, no_news_after=60)


def test_trials_of_the_triggerer_add_no_task_to_the_group() -> None:
    workers, triggerer = (
        dag_of(trial=PodTrial("trial:1", namespace="n", run_in=run_in)) for run_in in ("worker", "triggerer")
    )
    assert sorted(triggerer.task_ids) == sorted(workers.task_ids)
    trial = triggerer.get_task("tune.batch_001.trial")
    assert trial.start_from_trigger
    assert isinstance(DagSerialization.to_dict(triggerer), dict)


def test_a_group_within_a_mapped_one_is_refused_with_a_loop_in_its_place() -> None:
    @task_group
    def region(name: str) -> None:
        TuneTaskGroup(study=study(), trial=PROCESS)

    said = r"'region\.tune' maps its trials.*in 'region', which is expanded\. Write a loop"
    with DAG("d", schedule=None), pytest.raises(DeclarationError, match=said):
        region.expand(name=["a", "b"])


def test_what_could_be_declared_better_is_said_where_the_dag_is_parsed(caplog: pytest.LogCaptureFixture) -> None:
    dag_of(study(parallelism=10))
    assert "Study 's': parallelism=10 makes sampler 'tpe' nearly a random one" in caplog.text


def test_a_task_that_parses_its_file_says_it_not_once_more(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "d")
    dag_of(study(parallelism=10))
    assert caplog.records == []


def test_the_simulations_of_trials_are_one_map_of_as_many_as_may_run_at_once() -> None:
    with DAG("d"):
        group = TuneTaskGroup("tune", study=study(scenarios=["mon", "tue"], max_parallelism=8), trial=PROCESS)
    trials = [task for task in group.iter_tasks() if task.task_id.endswith(".trial")]
    assert {task.partial_kwargs["max_active_tis_per_dagrun"] for task in trials} == {8}


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"scenarios": [str(n) for n in range(2000)]}, "Write fewer scenarios"),
        ({"name": "s/.simulations"}, "Write name='s'"),
    ],
    ids=["more scenarios than a map holds", "the name of simulations"],
)
@pytest.mark.parametrize("dispatch", ["batches", "continuous"])
def test_scenarios_that_cannot_be_laid_out_are_refused(declared: dict[str, Any], message: str, dispatch: Any) -> None:
    with DAG("d"), pytest.raises(DeclarationError, match=message):
        TuneTaskGroup("tune", study=study(**declared), trial=PROCESS, dispatch=dispatch)
