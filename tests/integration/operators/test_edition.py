"""One DAG run at a time works on an edition: another one waits for its end, by name."""

from __future__ import annotations

import contextvars
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG, BaseOperator
from airflow.sdk.bases.operator import ExecutorSafeguard
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred

from airflow_hpo.core.evaluation import Candidate
from airflow_hpo.core.owner import DagRunKey, Owner
from airflow_hpo.core.parameter_set import Provenance
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import Origin, TrialState
from airflow_hpo.exceptions import StudyBusyError
from airflow_hpo.hooks.hpo import HpoHook
from airflow_hpo.operators.evaluation import EvaluationPlanOperator
from airflow_hpo.operators.promotion import PromoteOperator
from airflow_hpo.operators.selection import SelectCandidatesOperator
from airflow_hpo.operators.study import StudyStartOperator, StudySuggestOperator
from airflow_hpo.parameter_sets.moves import promote
from airflow_hpo.storage import editions, owners
from airflow_hpo.studies.drain import cancel_drain, drain
from airflow_hpo.studies.open import open_edition
from airflow_hpo.studies.owner import claim_evaluated
from airflow_hpo.studies.store import Store
from airflow_hpo.studies.suggest import suggest
from airflow_hpo.triggers.dag_run import DagRunEndTrigger
from airflow_hpo.triggers.study import StudyTrigger
from tests.integration.airflow_answers import AirflowAnswers
from tests.integration.studies.test_owner import start
from tests.integration.trial_tasks import declared
from tests.runs import dag_run_at

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.delenv("AIRFLOW_CONN_HPO_DEFAULT", raising=False)


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch) -> AirflowAnswers:
    return AirflowAnswers(monkeypatch)


def execute(operator: BaseOperator, run_id: str, dag_id: str = "monthly", resumed: bool = False) -> Any:
    ti = SimpleNamespace(
        dag_id=dag_id, run_id=run_id, task_id=operator.task_id, map_index=-1, try_number=1, max_tries=2
    )
    run = dag_run_at(NOW)
    context: Any = {"ti": ti, "run_id": run_id, "params": {}, "dag_run": run, "dag": DAG("d")}
    operator.render_template_fields(context)
    here = contextvars.copy_context()
    here.run(ExecutorSafeguard.tracker.set, operator)
    if resumed:
        return here.run(operator.execute_after, context, {})  # type: ignore[attr-defined]
    return here.run(operator.execute, context=context)


def starting(study: Study | None = None, run: str = "main", **options: Any) -> StudyStartOperator:
    return StudyStartOperator(task_id="tune.start", study=study or declared(), run=run, **options)


def planning(run: str = "main") -> EvaluationPlanOperator:
    return EvaluationPlanOperator(
        task_id="validate.plan",
        study=declared(),
        evaluation="validate",
        candidates=[Candidate("a", {"x": 0.5, "kind": "a"})],
        scenarios=["rain"],
        run=run,
    )


@pytest.mark.parametrize("operator", [starting, planning])
def test_a_run_waits_for_the_end_of_the_run_that_has_the_edition(operator: Any, airflow: AirflowAnswers) -> None:
    execute(operator(), "A")
    airflow.runs["monthly", "A"] = "running"
    with pytest.raises(TaskDeferred) as waiting:
        execute(operator(), "B")
    assert isinstance(waiting.value.trigger, DagRunEndTrigger)
    assert waiting.value.trigger.dag_run == DagRunKey("monthly", "A")
    airflow.runs["monthly", "A"] = "failed"
    execute(operator(), "B", resumed=True)
    airflow.runs["monthly", "B"] = "running"
    with pytest.raises(TaskDeferred) as waiting:
        execute(operator(), "A")
    assert waiting.value.trigger.dag_run == DagRunKey("monthly", "B")  # type: ignore[attr-defined]


def test_an_edition_keeps_the_end_of_the_data_of_its_run() -> None:
    name = execute(starting(), "A")
    assert HpoHook().store.edition(name).data_until == NOW


@pytest.mark.parametrize(
    ("ends", "tried", "said"),
    [
        ([-30, 0], 0.2, "version 2 of demo, is the first trial"),
        ([-30, 40], 0.1, "version 1 of demo, is the first trial"),
        ([None, 40], 0.1, "version 1 takes its place"),
        ([-60, -30, 40, 70], 0.2, "version 4 of demo, was found on data up to"),
        ([10, 40], None, "no earlier one was not"),
    ],
    ids=["earlier", "later", "not known", "several later", "all later"],
)
def test_the_champion_that_is_tried_first_was_not_found_on_later_data(
    ends: list[int | None], tried: float | None, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    store = HpoHook().store
    for number, days in enumerate(ends, start=1):
        until = None if days is None else NOW + timedelta(days=days)
        promote(
            store,
            "demo",
            {"x": number / 10, "kind": "a"},
            expected="any",
            key=str(number),
            provenance=Provenance(data_until=until),
        )
    name = execute(starting(parameter_set="demo"), "A")
    first = suggest(store, name, 1)[0]
    assert (first.params["x"] if store.optuna.record(name, 0).origin is Origin.CHAMPION else None) == tried
    assert said in capsys.readouterr().out


def comparing(**options: Any) -> StudyStartOperator:
    """Return a start in a DAG that compares the champion later."""
    with DAG("monthly", schedule=None):
        started = starting(parameter_set="demo", **options)
        started >> SelectCandidatesOperator(task_id="finalists", study=started.study, parameter_set="demo")
    return started


def test_a_champion_without_a_value_is_refused_before_the_tuning_only_where_it_is_compared(
    capsys: pytest.CaptureFixture[str],
) -> None:
    store = HpoHook().store
    promote(store, "demo", {"x": 0.5}, expected="any", key="1", provenance=Provenance())
    said = r"version 1 of 'demo' has none for 'kind', .*Write space_defaults=\{'kind': 'a'\}"
    with pytest.raises(AirflowFailException, match=said):
        execute(comparing(), "A")
    assert store.read(editions.find, "demo") == []

    execute(starting(parameter_set="demo"), "A")
    assert re.search(said, capsys.readouterr().out)


def test_a_champion_with_a_declared_value_for_what_it_lacks_is_the_first_trial(
    capsys: pytest.CaptureFixture[str],
) -> None:
    store = HpoHook().store
    promote(store, "demo", {"x": 0.5, "old": 3}, expected="any", key="1", provenance=Provenance())
    name = execute(comparing(study=declared(space_defaults={"kind": "b"})), "A")
    assert suggest(store, name, 1)[0].params == {"x": 0.5, "kind": "b"}
    out = capsys.readouterr().out
    assert "has no 'kind': it is compared with kind='b' of space_defaults." in out
    assert "has old=3, but the space has no such parameter" in out


EMPTY = ["{{ params.get('month') }}", "{{ params.get('month', '') }}", "m-{{ params.get('month') }}"]


@pytest.mark.parametrize("run", EMPTY)
@pytest.mark.parametrize("kind", ["study", "evaluation"])
def test_a_run_that_its_template_left_empty_is_refused(kind: str, run: str) -> None:
    operator = starting(run=run) if kind == "study" else planning(run)

    with pytest.raises(AirflowFailException, match=r"its template gave '(None|m-None|)'.*run_id"):
        execute(operator, "r")


def test_a_run_with_none_in_a_word_is_one() -> None:
    assert execute(starting(run="Nonesuch"), "r").endswith("@Nonesuch")


def test_a_run_that_waits_says_for_which_one(airflow: AirflowAnswers, capsys: pytest.CaptureFixture[str]) -> None:
    execute(starting(), "A")
    airflow.runs["monthly", "A"] = "running"
    with pytest.raises(TaskDeferred):
        execute(starting(), "B")
    said = "Edition demo@main is in use by DAG run 'A' of DAG 'monthly', which has not ended."
    assert said in capsys.readouterr().out


def test_a_task_of_the_same_run_that_is_retried_or_cleared_does_not_wait(airflow: AirflowAnswers) -> None:
    airflow.runs["monthly", "A"] = "running"
    assert [execute(starting(), "A") for _ in range(2)] == ["demo@main"] * 2


@pytest.mark.parametrize("state", ["queued", "success", None], ids=["queued again", "ended", "deleted"])
def test_a_run_that_does_not_run_holds_nothing(airflow: AirflowAnswers, state: str | None) -> None:
    execute(starting(), "A")
    if state:
        airflow.runs["monthly", "A"] = state
    assert execute(starting(), "B") == "demo@main"
    assert HpoHook().store.edition("demo@main").dag_run == DagRunKey("monthly", "B")


def test_editions_of_their_own_wait_for_nothing(airflow: AirflowAnswers) -> None:
    airflow.runs["monthly", "A"] = "running"
    names = [execute(StudyStartOperator(task_id="tune.start", study=declared()), run) for run in ("A", "B")]
    assert names == ["demo@A", "demo@B"]


@pytest.mark.parametrize("kind", ["study", "evaluation"])
def test_the_start_of_an_edition_ends_those_that_stopped_runs_left(
    airflow: AirflowAnswers, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    tunes, names = kind == "study", {}
    for run in ("failed", "running", "deleted", "now"):
        airflow.runs["monthly", run] = run
        opened = execute(StudyStartOperator(task_id="tune.start", study=declared()) if tunes else planning(run), run)
        names[run] = opened if tunes else opened[0]["study"]
        if run == "deleted":
            del airflow.runs["monthly", "deleted"]
    ends = {run: HpoHook().store.edition(name).end for run, name in names.items()}
    assert ends == {"failed": "incomplete", "running": None, "deleted": None, "now": None}
    assert {record.state for record in HpoHook().store.optuna.records(names["failed"])} <= {TrialState.FAIL}
    assert "DAG run 'failed' of DAG 'monthly' ended as failed before the study ended" in capsys.readouterr().out


def test_of_two_that_waited_one_goes_on_and_the_other_is_tried_again(store: Store) -> None:
    ended = DagRunKey("monthly", "A")
    open_edition(store, declared(), "main", start(run_id="A"))
    open_edition(store, declared(), "main", start(run_id="B"), ended)
    with pytest.raises(StudyBusyError, match="in use by DAG run 'B' of DAG 'monthly', and DAG run 'C'"):
        open_edition(store, declared(), "main", start(run_id="C"), ended)


def test_another_dag_is_refused_and_does_not_wait(airflow: AirflowAnswers) -> None:
    execute(starting(), "A")
    airflow.runs["monthly", "A"] = "running"
    with pytest.raises(AirflowFailException, match="belongs to task group 'tune' of DAG 'monthly'"):
        execute(starting(), "A", dag_id="copy")


def test_groups_that_share_a_study_run_at_once_and_runs_of_one_group_do_not(airflow: AirflowAnswers) -> None:
    shared = declared(shared=True)
    airflow.runs |= {("monthly", "A"): "running", ("weekly", "W"): "running"}
    assert execute(starting(shared), "A") == execute(starting(shared), "W", dag_id="weekly") == "demo@main"
    with pytest.raises(TaskDeferred) as waiting:
        execute(starting(shared), "B")
    assert waiting.value.trigger.dag_run == DagRunKey("monthly", "A")  # type: ignore[attr-defined]


def test_each_group_of_a_shared_study_suggests_trials_of_its_own(airflow: AirflowAnswers) -> None:
    shared = declared(shared=True, max_trials=4, parallelism=4)
    keys = []
    for dag_id in ("monthly", "weekly"):
        execute(starting(shared), "A", dag_id=dag_id)
    for dag_id in ("monthly", "weekly", "monthly"):
        suggest = StudySuggestOperator(task_id="tune.batch_001.suggest", edition="demo@main", batch=1)
        keys.append([request["key"] for request in execute(suggest, "A", dag_id=dag_id)])
    assert keys[0] == keys[2] == [f"monthly/tune/001/{index}" for index in range(4)]
    assert keys[1] == []


def promoting(first: Any, **options: Any) -> Any:
    """Return a task that opens an edition, in a DAG with a task that promotes what it finds."""
    with DAG("monthly", schedule=None):
        opens = first()
        (
            opens
            >> BaseOperator(task_id="between")
            >> PromoteOperator(task_id="promote", parameter_set="boats", candidate={"params": {}}, **options)
        )
    return opens


OTHERS = (
    "Parameter set 'boats' belongs to DAG 'other', but DAG 'monthly' wants to move its champion. Move another set, allow it by "
    "allow_other_owner=True in the task, or, when the DAG was renamed, run `airflow hpo champion transfer boats --to-dag monthly`."
)


@pytest.fixture
def boats() -> None:
    """A parameter set that another DAG has promoted."""
    promote(HpoHook().store, "boats", {"x": 1}, expected=None, key="k", provenance=Provenance(dag_id="other"))


@pytest.mark.usefixtures("airflow", "boats")
@pytest.mark.parametrize("first", [starting, planning], ids=["study", "evaluation"])
def test_a_set_of_another_dag_is_refused_before_anything_is_tuned_or_evaluated(first: Any) -> None:
    with pytest.raises(AirflowFailException, match=re.escape(OTHERS)):
        execute(promoting(first), "A")
    assert HpoHook().store.read(editions.find, "demo") == HpoHook().store.read(editions.find, "demo/validate") == []


@pytest.mark.usefixtures("airflow")
def test_a_study_of_another_dag_that_is_evaluated_later_is_refused_before_anything_is_tuned() -> None:
    claim_evaluated(HpoHook().store, declared(), Owner("other"))
    with DAG("monthly", schedule=None):
        opens = starting(declared(name="demo/16w-8w"))
        opens >> planning()
    with pytest.raises(AirflowFailException, match=r"'demo' belongs to DAG 'other', but .* wants to evaluate it"):
        execute(opens, "A")
    assert HpoHook().store.read(editions.find, "demo/16w-8w") == []


@pytest.mark.usefixtures("airflow", "boats")
def test_a_set_of_another_dag_that_may_be_promoted_in_is_no_hindrance() -> None:
    assert execute(promoting(starting, allow_other_owner=True), "A") == "demo@main"
    assert execute(promoting(starting, hpo_conn_id="another"), "A") == "demo@main"


@pytest.mark.usefixtures("airflow")
def test_a_set_without_an_owner_has_none_before_it_is_promoted() -> None:
    assert execute(promoting(starting), "A") == "demo@main"
    assert HpoHook().store.read(owners.find, owners.Kind.PARAMETER_SET, "boats") is None


def test_a_batch_waits_for_the_end_of_a_drain_instead_of_being_used_up() -> None:
    name, store = execute(starting(), "A"), HpoHook().store
    drain(store, name, "anna")
    with pytest.raises(TaskDeferred) as waiting:
        execute(StudySuggestOperator(task_id="suggest", edition=name, batch=1), "A")
    trigger = waiting.value.trigger
    assert isinstance(trigger, StudyTrigger)
    assert (trigger.until, waiting.value.method_name) == ("ready", "execute_when_ready")
    cancel_drain(store, name)
    assert len(execute(StudySuggestOperator(task_id="suggest", edition=name, batch=1), "A")) == 4
