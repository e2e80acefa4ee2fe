"""The cluster is a real one: pods do in it what they do in production."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cluster.pods_on_cluster import Pods, cluster_tool, run_in, wait_for

pytestmark = pytest.mark.cluster

PROGRAM = "import sys; print('loss=0.25', flush=True); print('to stderr', file=sys.stderr); sys.exit(int(sys.argv[1]))"


def ended(pod: Any, container: str = "main") -> Any:
    """How a container ended."""
    statuses = [*pod.status.container_statuses, *(pod.status.init_container_statuses or [])]
    return next(one for one in statuses if one.name == container).state.terminated


def waiting_reason(pods: Pods, name: str) -> str | None:
    """Why the main container does not run, if it waits."""
    statuses = pods.read(name).status.container_statuses
    return statuses[0].state.waiting.reason if statuses and statuses[0].state.waiting else None


def test_a_pod_runs_a_program_and_keeps_its_log(pods: Pods) -> None:
    name = pods.start("python3", "-c", PROGRAM, "0")
    pods.wait(name, "Succeeded")
    assert set(pods.log(name).splitlines()) == {"loss=0.25", "to stderr"}


def test_a_failing_program_gives_its_exit_code(pods: Pods) -> None:
    pod = pods.wait(pods.start("python3", "-c", PROGRAM, "7"), "Failed")
    assert (ended(pod).exit_code, ended(pod).reason) == (7, "Error")


def test_the_log_is_followed_while_the_program_runs(pods: Pods) -> None:
    name = pods.start("python3", "-uc", "import time\nfor step in range(600): print(step); time.sleep(0.1)")
    pods.wait(name, "Running")
    stream = pods.core.read_namespaced_pod_log(name, pods.namespace, follow=True, _preload_content=False)
    first = [stream.readline() for _ in range(3)]
    stream.close()
    assert first == [b"0\n", b"1\n", b"2\n"]
    assert pods.read(name).status.phase == "Running"


def test_the_last_words_of_a_program_are_its_termination_message(pods: Pods) -> None:
    name = pods.start("sh", "-c", "printf 'loss=0.5' > /dev/termination-log")
    assert ended(pods.wait(name, "Succeeded")).message == "loss=0.5"


def test_a_program_that_takes_too_much_memory_is_oom_killed(pods: Pods) -> None:
    limit = {"resources": {"limits": {"memory": "48Mi"}}}
    pod = pods.wait(pods.start("python3", "-c", "b'x' * (1 << 28)", container=limit), "Failed")
    assert (ended(pod).reason, ended(pod).exit_code) == ("OOMKilled", 137)


def test_an_image_that_is_not_there_is_told_as_such(pods: Pods) -> None:
    absent = {"image": "airflow-hpo/absent:1", "imagePullPolicy": "Never"}
    name = pods.start("true", container=absent)
    wait_for(lambda: waiting_reason(pods, name) == "ErrImageNeverPull", "ErrImageNeverPull")


def test_a_pull_that_fails_backs_off(pods: Pods) -> None:
    # Nothing listens on port 1 of loopback.
    name = pods.start("true", container={"image": "127.0.0.1:1/absent:1"})
    wait_for(lambda: waiting_reason(pods, name) == "ImagePullBackOff", "ImagePullBackOff")
    assert pods.read(name).status.phase == "Pending"


def test_a_pod_that_asks_for_too_much_stays_unschedulable(pods: Pods) -> None:
    name = pods.start("true", container={"resources": {"requests": {"cpu": "10k"}}})

    def unschedulable() -> str | None:
        conditions = pods.read(name).status.conditions or []
        return next((one.message for one in conditions if one.reason == "Unschedulable"), None)

    assert "Insufficient cpu" in wait_for(unschedulable, "the scheduler's word")
    assert pods.read(name).status.phase == "Pending"


def test_a_pod_past_its_deadline_fails(pods: Pods) -> None:
    pod = pods.wait(pods.start("sleep", "600", activeDeadlineSeconds=2), "Failed")
    assert pod.status.reason == "DeadlineExceeded"


@pytest.mark.long
def test_a_pod_that_fills_its_volume_is_evicted(pods: Pods) -> None:
    name = pods.start(
        *("sh", "-c", "dd if=/dev/zero of=/scratch/big bs=1M count=8 && sleep 600"),
        container={"volumeMounts": [{"name": "scratch", "mountPath": "/scratch"}]},
        volumes=[{"name": "scratch", "emptyDir": {"sizeLimit": "1Mi"}}],
    )
    assert pods.wait(name, "Failed", limit=150).status.reason == "Evicted"


def test_a_native_sidecar_starts_before_the_program_and_ends_after_it(pods: Pods) -> None:
    sidecar = {
        "name": "proxy",
        "image": pods.image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python3", "-m", "http.server", "8000", "--bind", "127.0.0.1"],
        "restartPolicy": "Always",
        "startupProbe": {"exec": {"command": ["python3", "-c", ASK]}, "periodSeconds": 1},
    }
    name = pods.start("python3", "-c", ASK, initContainers=[sidecar])
    pod = pods.wait(name, "Succeeded")
    assert pods.log(name).strip() == "200"
    assert ended(pod, "proxy").finished_at >= ended(pod).finished_at


ASK = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:8000/etc/hostname').status)"


def test_a_probe_reaches_a_pod_over_its_address(pods: Pods) -> None:
    probe = {"readinessProbe": {"tcpSocket": {"port": 8000}, "periodSeconds": 1}}
    name = pods.start("python3", "-m", "http.server", "8000", container=probe)
    wait_for(lambda: any(one.ready for one in pods.read(name).status.container_statuses or []), "readiness")


def test_exec_answers_in_a_running_pod(pods: Pods) -> None:
    name = pods.start("sleep", "600")
    pods.wait(name, "Running")
    answer = run_in(pods.core, pods.namespace, name, "python3", "-c", "print('it answers')")
    assert answer == (0, "it answers\n")


def test_a_deleted_pod_is_told_so_and_goes(pods: Pods) -> None:
    from kubernetes.client.exceptions import ApiException

    name = pods.start("sleep", "600")
    pods.wait(name, "Running")
    pods.core.delete_namespaced_pod(name, pods.namespace)

    def gone() -> bool:
        try:
            return pods.read(name) is None
        except ApiException as err:
            return bool(err.status == 404)

    wait_for(gone, "the end of the pod")


def test_a_program_without_privileges_runs_as_nobody(pods: Pods) -> None:
    tight = {
        "runAsNonRoot": True,
        "runAsUser": 65534,
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    name = pods.start("python3", "-c", "import os; print(os.getuid())", container={"securityContext": tight})
    pods.wait(name, "Succeeded")
    assert pods.log(name) == "65534\n"


def test_an_image_is_a_folder_over_python(pods: Pods, built_here: None, tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "trial.py").write_text("print('from the folder')")
    image = cluster_tool("image", "airflow-hpo/test-folder:1", str(tmp_path)).stdout.strip()
    name = pods.start("python3", "/app/trial.py", container={"image": image, "imagePullPolicy": "Never"})
    pods.wait(name, "Succeeded")
    assert pods.log(name) == "from the folder\n"


def test_an_image_comes_from_a_docker_archive(pods: Pods, built_here: None, tmp_path: Path) -> None:
    (tmp_path / "word").mkdir()
    (tmp_path / "word" / "word").write_text("from the archive")
    archive = tmp_path / "image.tar"
    cluster_tool("image", "airflow-hpo/first-name:1", str(tmp_path / "word"), "--output", str(archive))
    image = cluster_tool("image", "airflow-hpo/test-archive", str(archive)).stdout.strip()
    name = pods.start("cat", "/word", container={"image": image, "imagePullPolicy": "Never"})
    pods.wait(name, "Succeeded")
    assert pods.log(name) == "from the archive"


def test_a_user_without_a_role_may_do_nothing_until_bound(core: Any, namespace: str, built_here: None) -> None:
    from kubernetes import client, config
    from kubernetes.client.exceptions import ApiException

    path = cluster_tool("kubeconfig", "--user", "airflow").stdout.strip()
    rbac = client.RbacAuthorizationV1Api(core.api_client)
    with config.new_client_from_config(path) as api:
        airflow = client.CoreV1Api(api)
        with pytest.raises(ApiException, match="Forbidden"):
            airflow.list_namespaced_pod(namespace)
        rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]
        rbac.create_namespaced_role(namespace, {"metadata": {"name": "lister"}, "rules": rules})
        binding = {
            "metadata": {"name": "lister"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "lister"},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "airflow"}],
        }
        rbac.create_namespaced_role_binding(namespace, binding)
        assert wait_for(lambda: allowed(airflow.list_namespaced_pod, namespace), "the binding")
        with pytest.raises(ApiException, match="Forbidden"):
            airflow.list_namespaced_secret(namespace)


def allowed(call: Any, *arguments: str) -> bool:
    """Whether a call is not forbidden."""
    from kubernetes.client.exceptions import ApiException

    try:
        call(*arguments)
    except ApiException as err:
        return bool(err.status != 403)
    return True
