"""Which trials are given up: those whose own task has ended, in whichever group and DAG run it is."""

from __future__ import annotations

import pytest

from airflow_hpo.core.attempt import TaskRun, TaskTry
from airflow_hpo.core.metrics.measurement import Measurement
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.owner import DagRunKey, Owner
from airflow_hpo.core.placement import Placement
from airflow_hpo.core.trial import TrialRequest, TrialState
from airflow_hpo.core.trial_key import BATCH_GROUP
from airflow_hpo.hooks.study_watch import StudyWatch
from airflow_hpo.studies.drain import drain
from airflow_hpo.studies.finish import finish
from airflow_hpo.studies.open import open_edition
from airflow_hpo.studies.status import status
from airflow_hpo.studies.store import Store
from airflow_hpo.studies.suggest import ask_for, suggest
from airflow_hpo.trials.claim import begin, claim
from airflow_hpo.trials.conclude import conclude
from tests.integration.airflow_answers import AirflowAnswers
from tests.integration.studies.test_owner import start
from tests.integration.trial_tasks import WORK, declared

TRIAL = f"tune.{BATCH_GROUP}.trial"
EDITION = "demo@main"


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch) -> AirflowAnswers:
    return AirflowAnswers(monkeypatch)


def task(dag_id: str, run_id: str, index: int, task_id: str = "tune.batch_001.trial") -> TaskTry:
    return TaskTry(TaskRun(dag_id, run_id, task_id, index))


def begun(store: Store, request: TrialRequest, place: TaskTry) -> None:
    begin(store, claim(store, request, WORK, place), place, "process", Placement())


def watched(store: Store, dag_id: str, run_id: str) -> list[TrialState]:
    StudyWatch(store, EDITION, dag_id, run_id, TRIAL).look_and_reap()
    return [record.state for record in store.optuna.records(EDITION)]


def continued(store: Store) -> list[TrialRequest]:
    """An edition whose run A was stopped while two trials ran, which run B has taken over."""
    open_edition(store, declared(), "main", start(run_id="A"))
    requests = suggest(store, EDITION, 1)
    for index in (0, 1):
        begun(store, requests[index], task("monthly", "A", index))
    open_edition(store, declared(), "main", start(run_id="B"), DagRunKey("monthly", "A"))
    return requests


def test_a_run_that_takes_an_edition_over_gives_up_what_ended_with_the_run_before(
    store: Store, airflow: AirflowAnswers
) -> None:
    continued(store)
    airflow.tasks |= {("monthly", "A", "tune.batch_001.trial", index): "failed" for index in (0, 1)}
    airflow.tasks |= {("monthly", "B", "tune.batch_001.trial", index): None for index in range(4)}
    assert watched(store, "monthly", "B") == [TrialState.FAIL] * 2 + [TrialState.RUNNING] * 2


def test_a_trial_that_a_person_cleared_in_an_earlier_run_is_not_lost_for_the_later_one(
    store: Store, airflow: AirflowAnswers
) -> None:
    continued(store)
    airflow.tasks |= {("monthly", "A", "tune.batch_001.trial", index): "running" for index in (0, 1)}
    airflow.tasks |= {("monthly", "B", "tune.batch_001.trial", index): "success" for index in (0, 1)}
    assert watched(store, "monthly", "B")[:2] == [TrialState.RUNNING] * 2


def test_a_run_that_was_deleted_leaves_its_trials_to_the_tasks_of_the_next(
    store: Store, airflow: AirflowAnswers
) -> None:
    continued(store)
    airflow.tasks |= {
        ("monthly", "B", "tune.batch_001.trial", 0): "skipped",
        ("monthly", "B", "tune.batch_001.trial", 1): None,
    }
    assert watched(store, "monthly", "B")[:2] == [TrialState.FAIL, TrialState.RUNNING]


def shared_by(store: Store, *dags: str) -> dict[str, list[TrialRequest]]:
    study = declared(shared=True, max_trials=8, parallelism=4)
    for dag_id in dags:
        open_edition(store, study, "main", start(dag_id, run_id="r"))
    half = declared(shared=True, max_trials=8, parallelism=2)
    found = {}
    for dag_id in dags:
        store_study = half if dag_id == dags[0] else study
        open_edition(store, store_study, "main", start(dag_id, run_id="r"))
        found[dag_id] = suggest(store, EDITION, 1, Owner(dag_id, "tune"))
    return found


def test_groups_that_share_a_study_leave_each_other_s_trials_alone(store: Store, airflow: AirflowAnswers) -> None:
    requests = shared_by(store, "one", "two")
    assert [len(each) for each in requests.values()] == [2, 2]
    begun(store, requests["two"][0], task("two", "r", 0))
    airflow.runs |= {("one", "r"): "running", ("two", "r"): "running"}
    airflow.tasks |= {("one", "r", "tune.batch_001.trial", index): "success" for index in range(2)}
    airflow.tasks |= {("two", "r", "tune.batch_001.trial", index): "running" for index in range(2)}
    assert watched(store, "one", "r") == [TrialState.FAIL] * 2 + [TrialState.RUNNING] * 2


def test_what_a_group_has_not_begun_is_given_up_when_its_run_has_ended(store: Store, airflow: AirflowAnswers) -> None:
    shared_by(store, "one", "two")
    airflow.runs |= {("one", "r"): "running", ("two", "r"): "failed"}
    assert watched(store, "one", "r") == [TrialState.RUNNING] * 2 + [TrialState.FAIL] * 2


@pytest.mark.parametrize(("outcome", "state"), [("running", TrialState.RUNNING), ("failed", TrialState.FAIL)])
def test_a_trial_of_tasks_is_lost_when_the_task_that_brings_its_result_has_ended(
    store: Store, airflow: AirflowAnswers, outcome: str, state: TrialState
) -> None:
    requests = shared_by(store, "one", "two")
    begun(store, requests["two"][0], task("two", "r", 0, "tune.batch_001.trial.open"))
    airflow.tasks["two", "r", "tune.batch_001.trial.open", 0] = "success"
    airflow.tasks["two", "r", "tune.batch_001.trial.outcome", 0] = outcome
    assert watched(store, "one", "r")[2] is state


def test_all_groups_of_a_shared_study_have_one_budget_and_return_the_common_best(
    store: Store, airflow: AirflowAnswers
) -> None:
    study, batch, value = declared(shared=True, max_trials=6, parallelism=2, batch_size=1), 1, 9.0
    for dag_id in ("one", "two"):
        open_edition(store, study, "main", start(dag_id, run_id="r"))
    while not status(store, EDITION).verdict.over:
        for dag_id in ("one", "two"):
            for index, request in enumerate(suggest(store, EDITION, batch, Owner(dag_id, "tune"))):
                place, value = task(dag_id, "r", index, f"tune.batch_{batch:03d}.trial"), value - 1
                attempt = begin(store, claimed := claim(store, request, WORK, place), place, "process", Placement())
                assert not claimed.answered
                conclude(store, attempt, Outcome.complete(Measurement(value)))
        batch += 1
    records = store.optuna.records(EDITION)
    assert len(records) == 6
    assert {(record.key or "").split("/")[0] for record in records} == {"one", "two"}
    first, second = (finish(store, status(store, EDITION)).data for _ in range(2))
    assert first == second
    assert (first["value"], first["complete"]) == (3.0, 6)


def continuous(store: Store, airflow: AirflowAnswers, **states: str) -> StudyWatch:
    """A study with one slot: the trial of index 0 has begun, the tasks of indices 1 and 2 have none yet."""
    open_edition(store, declared(parallelism=1, batch_size=1), "main", start(run_id="A"))
    [request] = ask_for(store, EDITION, ["001/0"])[0]
    begun(store, request, task("monthly", "A", 0))
    airflow.tasks = {("monthly", "A", name, int(index)): state for index, (name, state) in _named(states).items()}
    return StudyWatch(store, EDITION, "monthly", "A", TRIAL)


def _named(states: dict[str, str]) -> dict[str, tuple[str, str]]:
    return {index.lstrip("i"): ("tune.batch_001.trial", state) for index, state in states.items()}


def test_the_last_task_that_waits_gives_way_to_a_retry_that_is_due(store: Store, airflow: AirflowAnswers) -> None:
    watch = continuous(store, airflow, i0="scheduled", i1="deferred", i2="deferred")
    assert [watch.pause((1, index)) for index in (1, 2)] == [None, 10.0]


def test_no_task_gives_way_while_the_trial_runs(store: Store, airflow: AirflowAnswers) -> None:
    watch = continuous(store, airflow, i0="running", i1="deferred", i2="scheduled")
    assert watch.pause((1, 1)) is None


def test_a_task_gives_way_to_a_cleared_one_of_a_trial_that_has_ended(store: Store, airflow: AirflowAnswers) -> None:
    watch = continuous(store, airflow, i0="scheduled", i1="deferred")
    store.optuna.tell(EDITION, 0, TrialState.FAIL)
    assert watch.pause((1, 1)) == 10.0


def test_a_task_that_a_drain_holds_back_gives_way_and_nobody_gives_way_to_it(
    store: Store, airflow: AirflowAnswers
) -> None:
    open_edition(store, declared(parallelism=2), "main", start(run_id="A"))
    requests = suggest(store, EDITION, 1)
    begun(store, requests[0], task("monthly", "A", 0))
    drain(store, EDITION, "a person")
    watch = StudyWatch(store, EDITION, "monthly", "A", TRIAL)
    trial = "tune.batch_001.trial"
    airflow.tasks = {("monthly", "A", trial, 0): "scheduled", ("monthly", "A", trial, 1): "deferred"}
    assert watch.pause((1, 1)) == 10.0
    airflow.tasks = {("monthly", "A", trial, 0): "running", ("monthly", "A", trial, 1): "scheduled"}
    assert watch.pause((1, 2)) is None


def test_of_a_trial_that_is_a_group_every_task_may_need_a_place(store: Store, airflow: AirflowAnswers) -> None:
    watch = continuous(store, airflow)
    watch.trial_task_id = f"{TRIAL}.outcome"
    group = "tune.batch_001.trial"
    airflow.tasks = {
        ("monthly", "A", f"{group}.open", 0): "success",
        ("monthly", "A", f"{group}.train", 0): "scheduled",
        ("monthly", "A", f"{group}.open", 1): "deferred",
        ("monthly", "A", f"{group}.train", 1): None,
    }
    assert watch.pause((1, 1)) == 10.0
