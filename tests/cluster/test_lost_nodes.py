"""What takes a trial's pod away, produced for real: the kubelet, a lost node, a drain, a pod of higher priority."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import pytest
from airflow.providers.cncf.kubernetes.callbacks import KubernetesPodOperatorCallback

from airflow_hpo.core.attempt import Attempt
from airflow_hpo.core.trial import AttemptOutcome, FailureKind, TrialState
from tests.cluster.pods_on_cluster import Pods, cluster_tool, pods_of, wait_for
from tests.cluster.trials_on_cluster import MakeTask, Task

pytestmark = pytest.mark.cluster

ENDLESS = "import time; print('loss=1', flush=True); time.sleep(600)"
QUICK = ["python3", "-c", "print('loss=2')"]
SLOT = "airflow-hpo.test/slot"


def during(trial: Task, event: Callable[[], object]) -> dict[str, Any]:
    """Run a trial to its end, and let something happen once it has reported."""

    ended = threading.Event()

    def happen() -> None:
        if wait_for(lambda: ended.is_set() or trial.series(), "the first value") is not True:
            event()

    happening = threading.Thread(target=happen)
    happening.start()
    try:
        return trial.run()
    finally:
        ended.set()
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


@pytest.mark.long
@pytest.mark.parametrize("deferrable", [False, True], ids=["worker", "triggerer"])
def test_a_node_that_is_not_ready_for_a_while_costs_nothing(
    task: MakeTask, core: Any, built_here: None, deferrable: bool
) -> None:
    program = "import time\nfor i in range(1, 101): print(f'loss={i}', flush=True); time.sleep(1)"
    trial = task(program, deferrable=deferrable)

    def leave() -> None:
        cluster_tool("stop", "kubelet", "--signal", "KILL")
        try:
            wait_for(lambda: not _ready(core), "the node's end", limit=120)
        finally:
            cluster_tool("start", "kubelet")
        wait_for(lambda: _ready(core), "the node")

    result = during(trial, leave)
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
    assert "its node 'localhost' does not confirm its end" in (attempt.reason or "")
    wait_for(lambda: _ready(core), "the node")
    check_next_try(trial, core)


def test_a_drained_node_evicts_a_pod_which_is_the_clusters_failure(task: MakeTask, core: Any) -> None:
    trial = task(ENDLESS, poll_interval=1, termination_grace_period=20)

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
    trial = task(ENDLESS, poll_interval=1, container_resources={"requests": slot, "limits": slot})
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
