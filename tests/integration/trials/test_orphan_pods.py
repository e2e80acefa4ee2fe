from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from airflow_hpo.core.attempt import Attempt, TaskRun
from airflow_hpo.core.placement import Placement
from airflow_hpo.pods.trial_pod import TrialPod, owner_of
from airflow_hpo.studies.store import Store
from airflow_hpo.trials.attempts import locate
from airflow_hpo.trials.orphan_pods import RUN_ENDED, TaskStates, orphaned
from tests.integration.trial_tasks import Tuned, declared

ACTIVE = ["running", "deferred", "queued", "scheduled", "up_for_retry", "restarting", "up_for_reschedule", None]
OVER = ["success", "failed", "skipped", "upstream_failed", "removed"]


def always(state: str | None) -> TaskStates:
    """Airflow says the same of every task."""
    return lambda task: state


def pod_of(tuned: Tuned, attempt: Attempt, name: str = "demo-t0-a1") -> TrialPod:
    """The pod that an attempt starts."""
    origin = tuned.store.edition(tuned.name).created.isoformat()
    owner = owner_of(attempt.task, tuned.name, origin)
    created = datetime.now(UTC)
    return TrialPod(name, "here", "u-1", tuned.name, attempt.number, attempt.attempt, owner, "Running", created)


@pytest.fixture
def pod(tuned: Tuned) -> TrialPod:
    """The pod of a trial that runs."""
    _, attempt = tuned.started(tuned.suggest()[0])
    return pod_of(tuned, attempt)


@pytest.mark.parametrize("state", ACTIVE)
def test_while_its_task_may_go_on_somebody_waits_for_a_pod(tuned: Tuned, pod: TrialPod, state: str | None) -> None:
    assert orphaned(tuned.store, pod, always(state)) is None


@pytest.mark.parametrize("state", OVER)
def test_nobody_waits_for_a_pod_whose_task_has_ended_or_is_gone(tuned: Tuned, pod: TrialPod, state: str) -> None:
    orphan = orphaned(tuned.store, pod, always(state))
    assert orphan is not None
    assert (orphan.reason, orphan.foreign) == (f"Its task has ended: {state}.", False)


def test_nobody_waits_for_a_pod_whose_dag_run_has_ended(tuned: Tuned, pod: TrialPod) -> None:
    orphan = orphaned(tuned.store, pod, always(RUN_ENDED))
    assert orphan is not None
    assert orphan.reason == "Its DAG run has ended, so its task does not go on."


def test_the_task_that_is_asked_about_is_the_pods_own(tuned: Tuned, pod: TrialPod) -> None:
    asked: list[TaskRun] = []
    orphaned(tuned.store, pod, lambda task: asked.append(task))
    assert [(task.task_id, task.map_index) for task in asked] == [("tune.batch_001.trial", 0)]


def test_a_told_trial_whose_task_still_runs_is_about_to_tidy_up_itself(tuned: Tuned) -> None:
    request = tuned.suggest()[0]
    claimed, attempt = tuned.started(request)
    tuned.conclude(claimed, attempt)
    assert orphaned(tuned.store, pod_of(tuned, attempt), always("running")) is None


def test_a_failed_attempts_pod_may_be_taken_up_by_the_next_try(tuned: Tuned) -> None:
    request = tuned.suggest()[0]
    tuned.fail(request, kind="infrastructure")
    assert orphaned(tuned.store, pod_of(tuned, tuned.attempts(0)[0]), always("up_for_retry")) is None


def test_a_later_attempt_that_has_another_pod_shows_that_nobody_waits_for_the_first(tuned: Tuned) -> None:
    request = tuned.suggest()[0]
    _, first = tuned.started(request)
    _, second = tuned.started(request, try_number=2)
    assert orphaned(tuned.store, pod_of(tuned, first), always("running")) is None
    locate(tuned.store, second, Placement(pod="demo-t0-a2"))
    orphan = orphaned(tuned.store, pod_of(tuned, first), always("running"))
    assert orphan is not None
    assert orphan.reason == "Attempt 2 of its trial has another pod, demo-t0-a2."


def test_a_pod_that_a_later_attempt_has_taken_up_is_waited_for(tuned: Tuned) -> None:
    request = tuned.suggest()[0]
    _, first = tuned.started(request)
    _, second = tuned.started(request, try_number=2)
    pod = pod_of(tuned, first)
    locate(tuned.store, second, Placement(pod=pod.name))
    assert orphaned(tuned.store, pod, always("running")) is None


def test_a_pod_of_an_unknown_study_may_be_somebody_elses(tuned: Tuned, pod: TrialPod) -> None:
    orphan = orphaned(tuned.store, replace(pod, edition="other@r"), always("removed"))
    assert orphan is not None
    assert orphan.foreign


def test_a_pod_of_the_same_study_in_another_database_may_be_somebody_elses(tuned: Tuned, pod: TrialPod) -> None:
    elsewhere = replace(pod, owner=owner_of(TaskRun("tune", "r", "tune.batch_001.trial", 0), tuned.name, "2020"))
    orphan = orphaned(tuned.store, elsewhere, always("failed"))
    assert orphan is not None
    assert orphan.foreign


def test_where_tasks_cannot_be_asked_about_only_a_told_trial_ends_the_wait(store: Store) -> None:
    tuned = Tuned(store, declared())
    request = tuned.suggest()[0]
    claimed, attempt = tuned.started(request)
    pod = pod_of(tuned, attempt)
    assert orphaned(store, pod, always("elsewhere")) is None
    tuned.conclude(claimed, attempt)
    orphan = orphaned(store, pod, always("elsewhere"))
    assert orphan is not None
    assert orphan.reason == "Its trial is complete."
