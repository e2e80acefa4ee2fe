"""What breaks around a trial's pod, produced for real: the node, the scheduler's decisions, and Airflow's own processes."""

from __future__ import annotations

import json
import shutil
import signal
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import psutil
import pytest
from airflow.providers.cncf.kubernetes.callbacks import KubernetesPodOperatorCallback

from airflow_hpo.core.attempt import Attempt
from airflow_hpo.core.trial import AttemptOutcome, FailureKind, TrialState
from airflow_hpo.pods.labels import label_value
from airflow_hpo.storage import attempts, metrics
from airflow_hpo.storage.database import Database
from airflow_hpo.tuning import schema
from airflow_hpo.tuning.store import Store
from local_airflow.live import LiveAirflow
from local_airflow.runs import DagRun
from tests.cluster.pods_on_cluster import Pods, cluster_tool, wait_for
from tests.cluster.trials_on_cluster import MakeTask, Task

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]

DAGS = Path(__file__).parent / "dags"
TRIAL = "tune.batch_001.trial"
STEPS = 20
ENDLESS = "import time; print('loss=1', flush=True); time.sleep(600)"
QUICK = ["python3", "-c", "print('loss=2')"]
SLOT = "airflow-hpo.test/slot"


# Around one pod


def pods_of(core: Any, namespace: str, edition: str) -> list[Any]:
    """The pods of a study that are there."""
    selector = f"airflow-hpo/edition={label_value(edition)}"
    return list(core.list_namespaced_pod(namespace, label_selector=selector).items)


def during(trial: Task, event: Callable[[], object]) -> dict[str, Any]:
    """Run a trial to its end, and let something happen once it has reported."""

    def happen() -> None:
        wait_for(trial.series, "the first value")
        event()

    happening = threading.Thread(target=happen)
    happening.start()
    try:
        return trial.run()
    finally:
        happening.join()


def struck(trial: Task, event: Callable[[], object]) -> Attempt:
    """Run a trial that something ends, and return what is kept of its attempt."""
    with pytest.raises(Exception, match=r"\w+") as raised:
        during(trial, event)
    attempt = trial.attempts()[-1]
    assert attempt.outcome is AttemptOutcome.FAILED
    assert attempt.kind is FailureKind.INFRASTRUCTURE
    assert str(raised.value) == attempt.reason
    assert trial.tuned.store.optuna.record(trial.tuned.name, trial.request.number or 0).state is TrialState.RUNNING
    return attempt


def check_next_try(trial: Task, core: Any) -> None:
    """The next try runs the same trial with the same parameters, and leaves nothing behind."""
    trials = len(trial.tuned.records())
    retry = trial.again()
    retry.arguments = {**trial.arguments, "cmds": QUICK, "container_resources": None}
    result = retry.run()
    assert (result["number"], result["params"]) == (trial.request.number, trial.request.params)
    assert result["value"] == 2.0
    assert [one.outcome.value for one in trial.attempts()] == ["failed", "complete"]
    assert len(trial.tuned.records()) == trials
    wait_for(lambda: not pods_of(core, trial.arguments["namespace"], trial.tuned.name), "the end of the pods")


def pod_of(core: Any, trial: Task) -> Any:
    """The one pod of a trial's study."""
    [pod] = pods_of(core, trial.arguments["namespace"], trial.tuned.name)
    return pod


def test_a_kubelet_that_stops_for_a_while_costs_nothing(task: MakeTask, core: Any, built_here: None) -> None:
    trial = task("import time\nfor i in range(1, 101): print(f'loss={i}', flush=True); time.sleep(0.1)")

    def restart() -> None:
        cluster_tool("stop", "kubelet", "--signal", "KILL")
        time.sleep(3)  # the program goes on meanwhile, and nobody can read its log
        cluster_tool("start", "kubelet")

    result = during(trial, restart)
    assert (result["value"], result["number"]) == (100.0, trial.request.number)
    assert trial.series() == {step: float(step) for step in range(1, 101)}
    assert [one.outcome for one in trial.attempts()] == [AttemptOutcome.COMPLETE]
    wait_for(lambda: not pods_of(core, trial.arguments["namespace"], trial.tuned.name), "the end of the pod")


def test_a_lost_node_is_the_clusters_failure(task: MakeTask, core: Any, built_here: None) -> None:
    trial = task(ENDLESS, poll_interval=1)

    def lose() -> None:
        cluster_tool("stop", "kubelet", "--signal", "KILL")
        # What the node controller does where other nodes are left; with a single node it waits for ever.
        core.delete_namespaced_pod(pod_of(core, trial).metadata.name, trial.arguments["namespace"])

    try:
        attempt = struck(trial, lose)
    finally:
        cluster_tool("start", "kubelet")
    assert "its node 'localhost' does not say that it has ended" in (attempt.reason or "")
    wait_for(lambda: _ready(core), "the node")
    check_next_try(trial, core)


def test_a_drained_node_evicts_a_pod_which_is_the_clusters_failure(task: MakeTask, core: Any) -> None:
    trial = task(ENDLESS, poll_interval=1, termination_grace_period=5)

    def evict() -> None:
        meta = pod_of(core, trial).metadata
        core.create_namespaced_pod_eviction(
            meta.name, meta.namespace, {"metadata": {"name": meta.name, "namespace": meta.namespace}}
        )

    attempt = struck(trial, evict)
    assert (attempt.reason or "").startswith("The pod was evicted, as when its node is drained")
    check_next_try(trial, core)


@pytest.fixture
def slot(core: Any) -> Iterator[dict[str, str]]:
    """The only one of its kind on the node: whoever asks for it fills the node."""
    [node] = [node.metadata.name for node in core.list_node().items][:1]

    def offer(count: str | None) -> None:
        core.patch_node_status(node, {"status": {"capacity": {SLOT: count}, "allocatable": {SLOT: count}}})

    offer("1")
    yield {SLOT: "1"}
    offer(None)


@pytest.fixture
def urgent(core: Any) -> Iterator[str]:
    """A priority above that of all trials."""
    from kubernetes import client

    scheduling, name = client.SchedulingV1Api(core.api_client), f"hpo-test-{uuid.uuid4().hex[:8]}"
    scheduling.create_priority_class({"metadata": {"name": name}, "value": 1_000_000})
    yield name
    scheduling.delete_priority_class(name)


def test_a_pod_of_higher_priority_takes_the_place_which_is_the_clusters_failure(
    task: MakeTask, pods: Pods, core: Any, slot: dict[str, str], urgent: str
) -> None:
    trial = task(
        ENDLESS, poll_interval=1, termination_grace_period=5, container_resources={"requests": slot, "limits": slot}
    )
    started: list[str] = []

    def preempt() -> None:
        resources = {"resources": {"requests": slot, "limits": slot}}
        started.append(pods.start("sleep", "600", container=resources, priorityClassName=urgent))

    attempt = struck(trial, preempt)
    assert (attempt.reason or "").startswith("The pod was preempted by one of higher priority")
    pods.wait(started[0], "Running")
    core.delete_namespaced_pod(started[0], pods.namespace, grace_period_seconds=0)
    check_next_try(trial, core)


def _ready(core: Any) -> bool:
    node = core.list_node().items[0]
    conditions = node.status.conditions
    return not node.spec.taints and any(one.type == "Ready" and one.status == "True" for one in conditions)


class Heard(KubernetesPodOperatorCallback):
    """Notes what a pod's life is told as, and whether Airflow's context came with it."""

    said: ClassVar[list[tuple[str, bool]]] = []

    @staticmethod
    def on_pod_creation(**given: Any) -> None:
        Heard.said.append(("creation", given["context"]["ti"] is not None))

    @staticmethod
    def on_pod_completion(**given: Any) -> None:
        Heard.said.append(("completion", given["context"]["ti"] is not None))

    @staticmethod
    def on_pod_cleanup(**given: Any) -> None:
        Heard.said.append(("cleanup", given["context"]["ti"] is not None))


def test_an_authors_callbacks_are_called_with_the_context(task: MakeTask) -> None:
    Heard.said.clear()
    assert task("print('loss=1')", callbacks=Heard).run()["value"] == 1.0
    assert Heard.said == [("creation", True), ("completion", True), ("cleanup", True)]


# Around Airflow


@pytest.fixture(scope="module")
def airflow(airflow_kubeconfig: Path, namespace: str, python_image: str) -> Iterator[LiveAirflow]:
    """A running Airflow whose trials are pods, with the rights that the Role gives."""
    home = Path(tempfile.mkdtemp(prefix="hpo-"))
    kubernetes = {"conn_type": "kubernetes", "extra": {"kube_config_path": str(airflow_kubeconfig)}}
    env = {
        "AIRFLOW_CONN_KUBERNETES_DEFAULT": json.dumps(kubernetes),
        "AIRFLOW__HPO__PRELOAD": "True",
        "HPO_TEST_IMAGE": python_image,
        "HPO_TEST_NAMESPACE": namespace,
    }
    with LiveAirflow(home, DAGS, env=env) as live:
        yield live
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="module")
def store(airflow: LiveAirflow) -> Store:
    """The study database of the running Airflow."""
    database = Database.sqlite(airflow.home / "hpo.db")
    schema.upgrade(database)
    return Store(database)


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
            return [(one.step, one.value) for one in metrics.series(session, self.name, number, "loss")]

    def pods(self) -> list[Any]:
        return pods_of(self.core, self.namespace, self.name)

    def until_reporting(self) -> None:
        """Wait until three trials have reported and wait in the triggerer."""
        self.airflow.wait(lambda: all(len(self.series(n)) > 2 for n in range(3)), "three trials to report", timeout=240)
        self.airflow.wait(
            lambda: [ti["state"] for ti in self.run.tasks(TRIAL)] == ["deferred"] * 3, "three deferred tasks"
        )

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
    assert before >= {pod.metadata.uid for pod in study.pods()}
    study.check_whole()
    assert [one.outcome for one in study.attempts()] == [AttemptOutcome.COMPLETE] * 3


def test_a_worker_task_that_is_killed_while_it_creates_its_pod_leaves_no_second_one(
    tuning: Callable[[str], Tuning],
) -> None:
    study = tuning("kill_worker")
    # The task pauses between the creation of its pod and its next word.
    [pod, *_] = wait_for(study.pods, "a pod", limit=240)
    number = int(pod.metadata.labels["airflow-hpo/trial"])
    [creating] = [one for one in study.attempts() if one.number == number]
    worker_of(study.run, creating).send_signal(signal.SIGKILL)
    study.check_whole()
    first, second = [one for one in study.attempts() if one.number == number]
    assert (first.outcome, first.reason) == (AttemptOutcome.LOST, "The task was killed before this attempt had ended.")
    assert "pod" not in first.place
    assert (second.outcome, second.place["pod"]) == (AttemptOutcome.COMPLETE, pod.metadata.name)


def test_a_scheduler_that_is_killed_costs_no_trial(tuning: Callable[[str], Tuning]) -> None:
    study = tuning("kill_scheduler")
    study.until_reporting()
    study.airflow.processes.kill("scheduler", signal.SIGKILL)
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

    [orphan] = [one.place["pod"] for one in study.attempts() if one.task.map_index == 0]
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
    assert f"The DAG run {run.run_id} of orphans has ended (failed) before the study was over" in said
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
