"""What breaks around a trial's pod in a live Airflow, produced for real: Airflow's own processes, and what they leave."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from typing import Any

import psutil
import pytest

from airflow_hpo.core.attempt import Attempt
from airflow_hpo.core.trial import AttemptOutcome, TrialState
from airflow_hpo.storage import attempts, metric_series
from airflow_hpo.studies.store import Store
from local_airflow.live import LiveAirflow
from local_airflow.runs import DagRun
from tests.cluster.pods_on_cluster import Pods, pods_of, run_in, wait_for

TRIAL = "tune.batch_001.trial"
STEPS = 20
GATE = "/tmp/go-on"


class Tuning:
    """A study of three trials that a live Airflow tunes."""

    def __init__(self, airflow: LiveAirflow, store: Store, core: Any, namespace: str, dag_id: str) -> None:
        self.airflow, self.store, self.core, self.namespace = airflow, store, core, namespace
        self.run = DagRun.trigger(airflow, dag_id)
        self.name = f"{dag_id}@{self.run.run_id}"

    def attempts(self) -> list[Attempt]:
        with self.store.session() as session:
            return attempts.of(session, self.name)

    def series(self, number: int) -> list[tuple[int, float]]:
        """What a trial has reported in its newest attempt: step and value, as often as it is kept."""
        with self.store.session() as session:
            return [(one.step, one.value) for one in metric_series.series(session, self.name, number, "loss")]

    def pods(self) -> list[Any]:
        return pods_of(self.core, self.namespace, self.name)

    def until_reporting(self) -> None:
        """Wait until three trials have reported and wait in the triggerer."""
        self.airflow.wait(lambda: all(len(self.series(n)) > 2 for n in range(3)), "three trials to report", timeout=240)
        self.airflow.wait(
            lambda: [ti["state"] for ti in self.run.tasks(TRIAL)] == ["deferred"] * 3, "three deferred tasks"
        )

    def open_gates(self) -> None:
        """Let the programs go on that wait after their first steps."""
        for pod in self.pods():
            run_in(self.core, self.namespace, pod.metadata.name, "touch", GATE, container="base")

    def story(self) -> str:
        """What became of every task and attempt, and what the tasks that failed have said."""
        tasks = self.run.tasks()
        lines = [f"{ti['task_id']}[{ti['map_index']}] try {ti['try_number']}: {ti['state']}" for ti in tasks]
        lines += [f"trial {one.number}.{one.attempt} {one.outcome}: {one.reason}" for one in self.attempts()]
        for ti in tasks:
            if ti["state"] == "failed":
                lines.append(self.run.log(ti["task_id"], ti["map_index"], ti["try_number"])[-3000:])
        return "\n".join(lines)

    def check_whole(self) -> None:
        """Three trials, none twice, each with its own parameters and every value once; and no pod left."""
        assert self.run.wait(timeout=600) == "success", self.story()
        records = self.store.optuna.records(self.name)
        assert [record.state for record in records] == [TrialState.COMPLETE] * 3
        assert len({record.key for record in records}) == 3
        for record in records:
            x = float(record.params["x"] or 0)
            assert [step for step, _ in self.series(record.number)] == list(range(1, STEPS + 1))
            assert [value - step for step, value in self.series(record.number)] == pytest.approx([x] * STEPS)
            assert record.value == pytest.approx(STEPS + x)
        wait_for(lambda: not self.pods(), "the end of the pods")


@pytest.fixture
def tuning(airflow: LiveAirflow, store: Store, core: Any, namespace: str) -> Callable[[str], Tuning]:
    """Starts a study."""
    return lambda dag_id: Tuning(airflow, store, core, namespace, dag_id)


def test_a_triggerer_that_is_killed_costs_no_attempt_and_no_metric(tuning: Callable[[str], Tuning]) -> None:
    study = tuning("kill_triggerer")
    study.until_reporting()
    before = {pod.metadata.uid for pod in study.pods()}
    study.airflow.processes.kill("triggerer", signal.SIGKILL)
    study.airflow.processes.start("triggerer")
    study.open_gates()
    assert before >= {pod.metadata.uid for pod in study.pods()}
    study.check_whole()
    assert [one.outcome for one in study.attempts()] == [AttemptOutcome.COMPLETE] * 3


def test_a_worker_task_that_is_killed_while_it_creates_its_pod_leaves_no_second_one(
    tuning: Callable[[str], Tuning],
) -> None:
    study = tuning("kill_worker")
    # The task pauses once its pod is created and noted, before it waits for it.
    [creating, *_] = wait_for(lambda: [one for one in study.attempts() if one.placement.pod], "a pod", limit=240)
    number = creating.number
    worker_of(study.run, creating).send_signal(signal.SIGKILL)
    study.check_whole()
    first, *later = [one for one in study.attempts() if one.number == number]
    assert (first.outcome, first.reason) == (AttemptOutcome.LOST, "The task was killed before this attempt had ended.")
    assert first.placement.pod == creating.placement.pod
    assert later[-1].outcome is AttemptOutcome.COMPLETE
    assert {one.placement.pod for one in later} - {None} == {creating.placement.pod}


def test_a_scheduler_that_is_killed_costs_no_trial(tuning: Callable[[str], Tuning]) -> None:
    study = tuning("kill_scheduler")
    study.until_reporting()
    study.airflow.processes.kill("scheduler", signal.SIGKILL)
    study.open_gates()
    wait_for(lambda: all(len(study.series(n)) >= STEPS for n in range(3)), "the trials to go on", limit=120)
    study.airflow.processes.start("scheduler")
    study.check_whole()


def worker_of(run: DagRun, attempt: Attempt) -> psutil.Process:
    """The process that runs an attempt's task."""
    ids = {ti["map_index"]: ti["id"] for ti in run.tasks(attempt.task.task_id)}
    title = f"airflow worker -- {ids[attempt.task.map_index]}"
    return next(one for one in psutil.process_iter(["cmdline"]) if "".join(one.info["cmdline"] or []).strip() == title)


def reaped(airflow: LiveAirflow, namespace: str, edition: str, *words: str) -> dict[str, dict[str, Any]]:
    """What `airflow hpo pods reap` finds of a study, by pod."""
    said = airflow.cli("hpo", "pods", "reap", "--namespace", namespace, "-o", "json", *words)
    rows = json.loads(said[said.index("[") :]) if "[" in said else []
    return {row["pod"]: row for row in rows if row["edition"] == edition}


def test_pods_that_nobody_waits_for_are_found_and_removed_and_no_others(
    tuning: Callable[[str], Tuning], core: Any, namespace: str
) -> None:
    study = tuning("orphans")
    study.until_reporting()
    airflow, run = study.airflow, study.run
    assert reaped(airflow, namespace, study.name) == {}

    [orphan] = [one.placement.pod for one in study.attempts() if one.task.map_index == 0]
    airflow.patch(f"{run.path}/taskInstances/{TRIAL}/0", {"new_state": "failed"})
    found = reaped(airflow, namespace, study.name, "--dry-run")
    assert {pod: (row["reason"], row["done"]) for pod, row in found.items()} == {
        orphan: ("Its task has ended: failed.", "to be removed")
    }
    assert reaped(airflow, namespace, study.name, "--older-than", "3600") == {}
    assert reaped(airflow, namespace, study.name)[orphan]["done"] == "removed"
    wait_for(lambda: orphan not in {pod.metadata.name for pod in study.pods()}, "the end of the orphan")
    others = [pod for pod in study.pods() if pod.metadata.labels["airflow-hpo/trial"] in "12"]
    assert [pod.status.phase for pod in others] == ["Running"] * 2

    airflow.patch(run.path, {"state": "failed"})
    said = airflow.cli("hpo", "studies", "watch", study.name)
    # Either the command comes before Airflow has ended the triggers of the other trials, or after.
    assert f"The DAG run {run.run_id} of orphans has ended (" in said or "3 trials failed for good, and 1 may." in said
    reaped(airflow, namespace, study.name)
    wait_for(lambda: not study.pods(), "the end of the pods")


def test_pods_of_a_study_that_this_database_does_not_have_are_left_alone_unless_asked_for(
    airflow: LiveAirflow, pods: Pods, core: Any
) -> None:
    name = pods.start("sleep", "600")
    labels = {"airflow-hpo/trial": "0", "airflow-hpo/attempt": "1"}
    annotations = {"airflow-hpo/edition": "theirs@r"}
    core.patch_namespaced_pod(name, pods.namespace, {"metadata": {"labels": labels, "annotations": annotations}})
    assert reaped(airflow, pods.namespace, "theirs@r")[name]["done"] == "left alone"
    assert pods.read(name).metadata.deletion_timestamp is None
    assert reaped(airflow, pods.namespace, "theirs@r", "--unknown")[name]["done"] == "removed"
