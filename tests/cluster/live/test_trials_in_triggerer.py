"""Pod trials without a worker, through a live Airflow on a real cluster."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_hpo.core.attempt import Attempt
from airflow_hpo.core.trial import AttemptOutcome, FailureKind, TrialState
from airflow_hpo.storage import attempts
from airflow_hpo.studies.store import Store
from local_airflow.live import LiveAirflow
from local_airflow.runs import DagRun
from tests.cluster.pods_on_cluster import wait_for


def tried(store: Store, edition: str) -> list[Attempt]:
    """Every attempt of a study, by trial."""
    numbers = [record.number for record in store.optuna.records(edition, details=False)]
    with store.session() as session:
        return [attempt for number in numbers for attempt in attempts.of(session, edition, number)]


def trial_tasks(run: DagRun) -> list[dict[str, Any]]:
    """The trial tasks of the run, without those that were not needed."""
    return [ti for ti in run.tasks() if ti["task_id"].endswith(".trial") and ti["map_index"] >= 0]


@pytest.mark.parametrize("dag_id", ["complete", "in_batches"])
def test_a_study_is_complete_and_correct_without_a_worker_for_any_trial(
    airflow: LiveAirflow, store: Store, core: Any, namespace: str, dag_id: str
) -> None:
    run = DagRun.trigger(airflow, dag_id)
    assert run.wait(timeout=600) == "success"
    edition = f"{dag_id}@{run.run_id}"
    records = store.optuna.records(edition)
    assert [record.state for record in records] == [TrialState.COMPLETE] * 6
    assert all(record.value == record.params["x"] for record in records)
    assert {one.outcome for one in tried(store, edition)} == {AttemptOutcome.COMPLETE}
    results = [run.xcom(ti["task_id"], ti["map_index"]) for ti in trial_tasks(run) if ti["state"] == "success"]
    assert {one["number"]: one["value"] for one in results} == {one.number: one.value for one in records}
    assert {ti["pid"] for ti in trial_tasks(run)} == {None}
    assert running_at_once(tried(store, edition)) <= 3
    wait_for(lambda: not core.list_namespaced_pod(namespace, label_selector=f"test={dag_id}").items, "their deletion")


def running_at_once(of: list[Attempt]) -> int:
    """The most attempts that ran at the same time."""
    return max(sum(a.started <= b.started and (not a.finished or a.finished > b.started) for a in of) for b in of)


@pytest.mark.usefixtures("built_here")
@pytest.mark.parametrize("dag_id", ["gentle", "gentle_in_batches"])
def test_trials_start_one_by_one_while_a_full_node_lets_pods_wait(
    airflow: LiveAirflow, store: Store, core: Any, namespace: str, dag_id: str
) -> None:
    run, waiting = DagRun.trigger(airflow, dag_id), set[int]()

    def over() -> bool:
        pods = core.list_namespaced_pod(namespace, label_selector=f"test={dag_id}").items
        waiting.add(sum(pod.status.phase == "Pending" and not pod.spec.node_name for pod in pods))
        return run.state in ("success", "failed")

    airflow.wait(over, "the end of the study", timeout=600, interval=0.5)
    assert run.state == "success"
    # Two pods at most fill the node, so that a third one waits; without the limit the fourth would wait beside it.
    assert waiting == {0, 1}
    edition = f"{dag_id}@{run.run_id}"
    assert [record.state for record in store.optuna.records(edition)] == [TrialState.COMPLETE] * 6
    assert {one.outcome for one in tried(store, edition)} == {AttemptOutcome.COMPLETE}
    assert all(one.placement.node for one in tried(store, edition))


def test_a_cleared_trial_whose_result_is_known_answers_without_a_pod(airflow: LiveAirflow, store: Store) -> None:
    run = DagRun.trigger(airflow, "complete")
    assert run.wait(timeout=600) == "success"
    edition = f"complete@{run.run_id}"
    before = tried(store, edition)
    index = next(ti["map_index"] for ti in trial_tasks(run) if ti["state"] == "success")
    task_id = trial_tasks(run)[0]["task_id"]
    value = run.xcom(task_id, index)["value"]
    run.clear((task_id, index))
    assert run.wait(timeout=300) == "success"
    again = next(ti for ti in trial_tasks(run) if ti["map_index"] == index)
    assert (again["state"], again["try_number"]) == ("success", 2)
    assert run.xcom(task_id, index)["value"] == value
    assert tried(store, edition) == before


def test_a_failing_program_is_told_by_a_worker_and_runs_again_when_cleared(airflow: LiveAirflow, store: Store) -> None:
    run = DagRun.trigger(airflow, "failing")
    assert run.wait(timeout=600) == "failed"
    edition = f"failing@{run.run_id}"
    [attempt] = tried(store, edition)
    assert (attempt.outcome, attempt.kind, attempt.exit_code) == (AttemptOutcome.FAILED, FailureKind.PROGRAM, 3)
    [task] = [ti for ti in trial_tasks(run) if ti["state"] == "failed"]
    assert "exited with 3" in run.log(task["task_id"], task["map_index"])
    run.clear((task["task_id"], task["map_index"]))
    assert run.wait(timeout=600) == "failed"
    assert [record.replaces for record in store.optuna.records(edition)] == [None, 0]


def test_a_pruned_trial_is_a_success_and_its_pod_is_deleted(
    airflow: LiveAirflow, store: Store, core: Any, namespace: str
) -> None:
    run = DagRun.trigger(airflow, "pruned")
    assert run.wait(timeout=600) == "success"
    ended = {record.params["x"]: record.state for record in store.optuna.records(f"pruned@{run.run_id}")}
    assert ended == {"good": TrialState.COMPLETE, "bad": TrialState.PRUNED}
    wait_for(lambda: not core.list_namespaced_pod(namespace, label_selector="test=pruned").items, "its deletion")


def test_a_study_that_is_stopped_ends_its_pods(airflow: LiveAirflow, store: Store, core: Any, namespace: str) -> None:
    run = DagRun.trigger(airflow, "stopped")
    edition = f"stopped@{run.run_id}"

    def running() -> bool:
        pods = core.list_namespaced_pod(namespace, label_selector="test=stopped").items
        return [pod.status.phase for pod in pods] == ["Running"] * 2

    wait_for(running, "both pods", 300)
    airflow.cli("hpo", "studies", "stop", edition)
    run.wait(timeout=600)
    of = tried(store, edition)
    assert {one.outcome for one in of} == {AttemptOutcome.PRUNED}
    assert all("stopped" in (one.reason or "") for one in of)
    wait_for(lambda: not core.list_namespaced_pod(namespace, label_selector="test=stopped").items, "their deletion")


def test_trials_behind_the_median_end_early(airflow: LiveAirflow, store: Store) -> None:
    run = DagRun.trigger(airflow, "median")
    assert run.wait(timeout=800) == "success"
    trials = store.optuna.load(f"median@{run.run_id}").trials
    # how far each program came: the end of a pod may be late on a busy machine, what it had printed by then is not
    pruned = [len(trial.intermediate_values) for trial in trials if trial.state.name == "PRUNED"]
    complete = [len(trial.intermediate_values) for trial in trials if trial.state.name == "COMPLETE"]
    assert pruned, [(trial.params, trial.value) for trial in trials]
    assert max(pruned) < 40
    assert set(complete) == {40}
