"""Pods that Kubernetes does not take now, or never: what the study is told, and what happens next."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from airflow_hpo.core.trial import AttemptOutcome, FailureKind
from airflow_hpo.pods.watch import startup, waits
from tests.cluster.namespaces import fresh_namespace, granted
from tests.cluster.pods_on_cluster import Pods, pods_of, run_in, wait_for
from tests.cluster.test_trial_jobs import JobTask
from tests.cluster.trials_on_cluster import MakeTask, Task

pytestmark = pytest.mark.cluster

PROGRAM = "print('loss=1')"


@pytest.fixture
def namespace(core: Any) -> Iterator[str]:
    """A namespace of each test's own: quotas and policies hold for all in it."""
    with fresh_namespace(core) as name:
        yield name


@pytest.fixture
def airflow_kubeconfig(kubeconfig: Any, core: Any, namespace: str) -> Any:
    return granted(core, namespace) or kubeconfig


@pytest.fixture(params=[False, True], ids=["worker", "triggerer"])
def deferrable(request: pytest.FixtureRequest) -> bool:
    """Whether the trial is watched in the triggerer."""
    return bool(request.param)


def limit_pods(core: Any, namespace: str, number: int) -> None:
    """Let a namespace have so many pods, and wait until that is enforced."""
    core.create_namespaced_resource_quota(
        namespace, {"metadata": {"name": "small"}, "spec": {"hard": {"pods": str(number)}}}
    )
    wait_for(lambda: core.read_namespaced_resource_quota("small", namespace).status.used, "the quota's use")


@contextmanager
def running(trial: Task) -> Iterator[dict[str, Any]]:
    """Run a trial in another thread; what it returns is there when the context is left."""
    result: dict[str, Any] = {}

    def run() -> None:
        try:
            result.update(trial.run())
        except Exception as err:  # noqa: BLE001 - the test looks at it
            result["raised"] = err

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield result
    finally:
        thread.join()


def waits_for(trial: Task, what: str) -> Any:
    """Wait until the study knows what a trial waits for."""

    def found() -> Any:
        known = trial.attempts()
        return known and (known[-1].waits_for or "").startswith(what)

    return wait_for(found, f"the wait for a {what}")


def of_kind(kind: str, trial: Task) -> Task:
    """A trial task as it is, or with a Job of two pods in place of its pod."""
    return trial if kind == "pod" else JobTask(trial.tuned, trial.request, trial.arguments)


def kill(core: Any, namespace: str, trial: Task) -> None:
    """Let every pod of a study be gone, whatever its program does."""
    for pod in pods_of(core, namespace, trial.tuned.name):
        core.delete_namespaced_pod(pod.metadata.name, namespace, grace_period_seconds=0)


@pytest.mark.parametrize("kind", ["pod", "Job"])
def test_a_full_quota_is_waited_for(
    task: MakeTask, pods: Pods, core: Any, namespace: str, deferrable: bool, kind: str
) -> None:
    limit_pods(core, namespace, 2)
    holders = [pods.start("sleep", "600") for _ in range(2)]
    trial = of_kind(kind, task(PROGRAM, deferrable=deferrable))
    with running(trial) as result:
        waits_for(trial, "quota: ")
        for name in holders:
            core.delete_namespaced_pod(name, namespace, grace_period_seconds=0)
    assert result["value"] == 1.0
    [attempt] = trial.attempts()
    assert (attempt.outcome, attempt.waits_for) == (AttemptOutcome.COMPLETE, None)


def lasting(trial: Task, words: str) -> None:
    """Assert that the first of several tries is the last one, and says what is wrong."""
    with pytest.raises(AirflowFailException, match=words):
        trial.run()
    [attempt] = trial.attempts()
    assert (attempt.outcome, attempt.kind) == (AttemptOutcome.FAILED, FailureKind.INFRASTRUCTURE)
    assert attempt.waits_for is not None


def test_a_pod_that_a_policy_refuses_ends_after_one_try(task: MakeTask, core: Any, namespace: str) -> None:
    level = {"pod-security.kubernetes.io/enforce": "restricted"}
    core.patch_namespace(namespace, {"metadata": {"labels": level}})
    lasting(task(PROGRAM), "violates PodSecurity .*Change the pod")
    trial = task(PROGRAM)
    lasting(JobTask(trial.tuned, trial.request, trial.arguments), "violates PodSecurity .*Change the pod")


def test_what_only_the_author_can_mend_ends_after_one_try(
    task: MakeTask, core: Any, namespace: str, deferrable: bool
) -> None:
    core.create_namespaced_secret(namespace, {"metadata": {"name": "token"}, "stringData": {"a": "b"}})
    key = {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "token", "key": "absent"}}}
    claim = {"name": "data", "persistentVolumeClaim": {"claimName": "absent"}}
    lasting(task(PROGRAM, service_account_name="absent", deferrable=deferrable), "absent.* not found")
    lasting(task(PROGRAM, image="Not/An Image", deferrable=deferrable), "InvalidImageName")
    lasting(task(PROGRAM, env_vars=[key], deferrable=deferrable), "couldn't find key absent in Secret")
    template = {"spec": {"volumes": [claim], "containers": [{"name": "base"}]}}
    lasting(task(PROGRAM, pod_template_dict=template, deferrable=deferrable), "claim .*does not exist")


def test_a_quota_without_limits_or_with_less_than_is_asked_for_is_the_authors(
    task: MakeTask, core: Any, namespace: str
) -> None:
    hard = {"requests.memory": "64Mi"}
    core.create_namespaced_resource_quota(namespace, {"metadata": {"name": "small"}, "spec": {"hard": hard}})
    wait_for(lambda: core.read_namespaced_resource_quota("small", namespace).status.used, "the quota's use")
    lasting(task(PROGRAM), "must specify requests.memory")
    lasting(task(PROGRAM, container_resources={"requests": {"memory": "1Gi"}}), "exceeded quota")


def test_a_right_that_is_missing_for_a_while_costs_nothing(
    task: MakeTask, core: Any, namespace: str, built_here: None, deferrable: bool
) -> None:
    from kubernetes import client

    rbac = client.RbacAuthorizationV1Api(core.api_client)
    program = "import time; print('loss=1', flush=True); time.sleep(20); print('loss=2')"
    trial = task(program, deferrable=deferrable, poll_interval=1)
    binding = rbac.list_namespaced_role_binding(namespace).items[0]
    with running(trial) as result:
        wait_for(lambda: trial.series(), "the first value")
        rbac.delete_namespaced_role_binding(binding.metadata.name, namespace)
        wait_for(lambda: refused(core, namespace), "the refusal")
        binding.metadata.resource_version = None
        rbac.create_namespaced_role_binding(namespace, binding)
    assert result["value"] == 2.0
    assert len(trial.attempts()) == 1


def refused(core: Any, namespace: str) -> bool:
    """Whether the user of the tests may not read pods any more."""
    from kubernetes import client

    attributes = {"namespace": namespace, "verb": "get", "resource": "pods"}
    review = {"spec": {"user": "airflow", "groups": ["airflow"], "resourceAttributes": attributes}}
    found = client.AuthorizationV1Api(core.api_client).create_subject_access_review(review)
    return not found.status.allowed


STUBBORN = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("loss=1", flush=True)
time.sleep(600 if "-a1-" in os.uname().nodename else 0)
"""
"""It ignores SIGTERM, and ends by itself in its second attempt only."""


@pytest.mark.parametrize(("kind", "deferrable"), [("pod", True), ("Job", False)], ids=["pod-triggerer", "Job-worker"])
def test_a_new_try_after_a_clear_waits_until_the_pods_of_the_one_before_are_gone(
    task: MakeTask, core: Any, namespace: str, deferrable: bool, kind: str
) -> None:
    cleared = of_kind(kind, task(STUBBORN, termination_grace_period=60))
    trigger = cleared.deferred()
    before = [pod.metadata.name for pod in pods_of(core, namespace, cleared.tuned.name)]
    for name in before:
        wait_for(lambda name=name: "loss=1" in log_of(core, namespace, name), "the program")
    asyncio.run(trigger.on_kill())
    trial = cleared.again()
    trial.arguments = {**trial.arguments, "deferrable": deferrable}
    with running(trial) as result:
        waits_for(trial, "pod of before: ")
        assert [pod.metadata.name for pod in pods_of(core, namespace, trial.tuned.name)] == before
        kill(core, namespace, trial)
    assert result["value"] == 1.0


def log_of(core: Any, namespace: str, name: str) -> str:
    """What the program of a pod has printed; nothing while it has not started."""
    from kubernetes.client import ApiException

    try:
        return str(core.read_namespaced_pod_log(name, namespace, container="base"))
    except ApiException:
        return ""


@pytest.mark.parametrize(("kind", "deferrable"), [("pod", True), ("Job", False)], ids=["pod-triggerer", "Job-worker"])
def test_a_pod_that_ran_into_its_limit_is_terminating_until_it_is_gone_with_its_job(
    task: MakeTask, core: Any, namespace: str, deferrable: bool, kind: str
) -> None:
    given = {"time_limit": 2, "poll_interval": 1, "termination_grace_period": 60}
    trial = of_kind(kind, task(STUBBORN, deferrable=deferrable, **given))
    with running(trial) as result:
        said = wait_for(lambda: (known := trial.attempts()) and known[-1].ending, "the end")
        first, *rest = sorted(pods_of(core, namespace, trial.tuned.name), key=lambda pod: pod.metadata.name)
        core.delete_namespaced_pod(first.metadata.name, namespace, grace_period_seconds=0)
        for pod in rest:
            wait_for(lambda: gone(core, namespace, first.metadata.name), "the end of the first pod")
            assert trial.attempts()[-1].outcome is AttemptOutcome.RUNNING
            core.delete_namespaced_pod(pod.metadata.name, namespace, grace_period_seconds=0)
    assert "2 s" in said
    assert (trial.attempts()[-1].kind, "value" in result) == (FailureKind.PROGRAM, False)


def gone(core: Any, namespace: str, name: str) -> bool:
    """Whether there is no pod of a name."""
    return name not in {pod.metadata.name for pod in core.list_namespaced_pod(namespace).items}


@pytest.mark.parametrize(("what", "deferrable"), [("scheduling gate", True), ("volume", False), ("probe", True)])
def test_what_holds_up_a_program_is_told_while_it_does(
    task: MakeTask,
    core: Any,
    namespace: str,
    built_here: None,
    python_image: str,
    tmp_path: Path,
    deferrable: bool,
    what: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(startup, "WORTH_SAYING", 0.0)
    monkeypatch.setattr(waits, "WORTH_SAYING", 0.0)
    folder = tmp_path / "data"
    probe = {"exec": {"command": ["test", "-e", "/tmp/ready"]}, "periodSeconds": 1, "failureThreshold": 600}
    sidecar = {
        "name": "proxy",
        "image": python_image,
        "command": ["sleep", "600"],
        "restartPolicy": "Always",
        "startupProbe": probe,
    }
    spec: dict[str, Any] = {
        "scheduling gate": {"schedulingGates": [{"name": "example.com/later"}]},
        "volume": {"volumes": [{"name": "data", "hostPath": {"path": str(folder), "type": "Directory"}}]},
        "probe": {"initContainers": [sidecar]},
    }[what]
    mounts = {"volumeMounts": [{"name": "data", "mountPath": "/data"}]} if what == "volume" else {}
    template = {"spec": {**spec, "containers": [{"name": "base", **mounts}]}}
    trial = task(PROGRAM, deferrable=deferrable, pod_template_dict=template, startup_check_interval_seconds=1)
    with running(trial) as result:
        waits_for(trial, what)
        [pod] = pods_of(core, namespace, trial.tuned.name)
        name = pod.metadata.name
        if what == "scheduling gate":
            core.patch_namespaced_pod(name, namespace, [{"op": "remove", "path": "/spec/schedulingGates"}])
        elif what == "volume":
            folder.mkdir()
        else:
            assert run_in(core, namespace, name, "touch", "/tmp/ready", container="proxy")[0] == 0
    assert result["value"] == 1.0
    assert trial.attempts()[-1].waits_for is None
