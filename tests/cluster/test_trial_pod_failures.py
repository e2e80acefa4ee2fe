"""Why trials' pods fail on a real cluster, and what the study is told."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from airflow_hpo.core.attempt import Attempt
from airflow_hpo.core.trial import AttemptOutcome, FailureKind
from airflow_hpo.pods.build.labels import label_value
from tests.cluster.pods_on_cluster import cluster_tool, wait_for
from tests.cluster.trials_on_cluster import MakeTask, Task

pytestmark = pytest.mark.cluster

SLEEP = "import time; print('loss=1', flush=True); time.sleep(600)"


@pytest.fixture(params=[False, True], ids=["worker", "triggerer"])
def deferrable(request: pytest.FixtureRequest) -> bool:
    """Whether the trial is watched in the triggerer."""
    return bool(request.param)


def failed(trial: Task) -> Attempt:
    """Run a trial that fails, and return what is kept of its attempt."""
    with pytest.raises(Exception, match=r"\w+") as raised:
        trial.run()
    attempt = trial.attempts()[-1]
    assert attempt.outcome is AttemptOutcome.FAILED
    assert str(raised.value) == attempt.reason
    return attempt


def running_pod(core: Any, trial: Task) -> Any:
    """The trial's pod, once its program runs."""

    def found() -> Any:
        selector = f"airflow-hpo/edition={label_value(trial.tuned.name)}"
        pods = core.list_namespaced_pod(trial.arguments["namespace"], label_selector=selector).items
        return next((pod for pod in pods if pod.status.phase == "Running"), None)

    return wait_for(found, "the running pod")


def test_an_exit_code_is_the_programs_failure(task: MakeTask, deferrable: bool) -> None:
    attempt = failed(task("print('loss=1'); print('bad luck'); raise SystemExit(7)", deferrable=deferrable))
    assert (attempt.kind, attempt.exit_code) == (FailureKind.PROGRAM, 7)
    assert attempt.reason == "The trial's program exited with 7. Its last lines: loss=1 | bad luck"


def test_running_out_of_memory_is_the_programs_failure(task: MakeTask, deferrable: bool) -> None:
    limit = {"limits": {"memory": "48Mi"}}
    attempt = failed(task("b'x' * (1 << 28)", container_resources=limit, deferrable=deferrable))
    assert (attempt.kind, attempt.exit_code) == (FailureKind.PROGRAM, 137)
    assert attempt.reason == "The trial's program ran out of memory (its limit is 48Mi)."


def test_a_part_of_a_program_that_ran_out_of_memory_gives_no_result(task: MakeTask, deferrable: bool) -> None:
    pipe = ["sh", "-c", """echo loss=1; python3 -c "b'x' * (1 << 28)" | cat"""]
    limit = {"limits": {"memory": "48Mi"}}
    attempt = failed(task("", cmds=pipe, container_resources=limit, deferrable=deferrable))
    assert (attempt.kind, attempt.exit_code) == (FailureKind.PROGRAM, 0)
    assert (attempt.reason or "").startswith("The trial's program ran out of memory (its limit is 48Mi)")


PROBE = {"livenessProbe": {"exec": {"command": ["false"]}, "periodSeconds": 1, "failureThreshold": 1}}
HOOK = {"lifecycle": {"postStart": {"exec": {"command": ["sh", "-c", "sleep 2; false"]}}}}


@pytest.mark.parametrize(
    ("code", "ending", "words"),
    [(137, PROBE, "liveness probe"), (0, PROBE, "liveness probe"), (0, HOOK, "postStart hook")],
    ids=["probe", "probe-0", "hook-0"],
)
def test_what_the_kubelet_ended_for_a_probe_or_a_hook_is_no_lack_of_memory(
    task: MakeTask, code: int, ending: dict[str, Any], words: str, python_image: str
) -> None:
    ends = "signal.SIG_IGN" if code else "lambda *_: os._exit(0)"
    program = f"import os, signal, time; signal.signal(15, {ends}); print('loss=1', flush=True); time.sleep(600)"
    template = {"spec": {"containers": [{"name": "base", "image": python_image, **ending}]}}
    attempt = failed(task(program, pod_template_dict=template, deferrable=bool(code)))
    assert (attempt.kind, attempt.exit_code) == (FailureKind.PROGRAM, code)
    assert f"was ended because its {words} failed" in (attempt.reason or "")
    assert "memory" not in (attempt.reason or "")


def test_an_init_container_that_failed_is_named_with_its_last_lines(
    task: MakeTask, deferrable: bool, python_image: str
) -> None:
    from kubernetes.client import V1Container

    fetch = V1Container(name="fetch", image=python_image, command=["sh", "-c", "echo no such file; exit 3"])
    attempt = failed(task(SLEEP, init_containers=[fetch], deferrable=deferrable))
    assert attempt.kind is FailureKind.PROGRAM
    assert attempt.reason == "The init container 'fetch' exited with 3. Its last lines: no such file"


def test_a_deadline_is_the_programs_failure(task: MakeTask) -> None:
    attempt = failed(task(SLEEP, active_deadline_seconds=3))
    assert attempt.kind is FailureKind.PROGRAM
    assert "active_deadline_seconds of 3" in (attempt.reason or "")


def test_a_program_that_hangs_is_ended_with_its_pod(task: MakeTask, core: Any, deferrable: bool) -> None:
    trial = task(SLEEP, no_news_after=3, poll_interval=1, deferrable=deferrable)
    attempt = failed(trial)
    assert attempt.kind is FailureKind.NO_NEWS
    assert (attempt.reason or "").startswith(
        "The trial's program wrote no line and no metric for 3 seconds and was ended."
    )
    assert (attempt.reason or "").endswith("Its last lines: loss=1")
    assert attempt.heard is not None

    def gone() -> bool:
        pods = core.list_namespaced_pod(trial.arguments["namespace"]).items
        return all(pod.metadata.name != attempt.placement.pod or pod.metadata.deletion_timestamp for pod in pods)

    wait_for(gone, "the end of the pod")


def test_a_program_that_says_something_now_and_then_is_not_silent(task: MakeTask) -> None:
    program = "import time; [(print('step', i, flush=True), time.sleep(1)) for i in range(12)]; print('loss=1')"
    assert task(program, no_news_after=6, poll_interval=1).run()["value"] == 1.0


def test_a_missing_metric_says_how_it_was_looked_for(task: MakeTask, deferrable: bool) -> None:
    attempt = failed(task("print('nothing to see')", deferrable=deferrable))
    assert (attempt.kind, attempt.exit_code) == (FailureKind.PROGRAM, 0)
    assert "default filter name=value" in (attempt.reason or "")
    assert "nothing to see" in (attempt.reason or "")


def test_a_program_that_was_not_heard_is_run_once_more(task: MakeTask, deferrable: bool) -> None:
    trial = task("import os; '-a2-' in os.uname().nodename and print('loss=0.5')", deferrable=deferrable)
    attempt = failed(trial)
    assert (attempt.kind, attempt.exit_code) == (FailureKind.NO_OUTPUT, 0)
    assert trial.again().run()["value"] == 0.5


def test_a_program_that_never_says_anything_is_blamed_the_second_time(task: MakeTask) -> None:
    trial = task("pass")
    failed(trial)
    with pytest.raises(AirflowFailException, match="run twice"):
        trial.again().run()


def test_a_program_that_is_not_there_is_the_programs_failure(task: MakeTask) -> None:
    attempt = failed(task("", cmds=["/no/such/program"]))
    assert attempt.kind is FailureKind.PROGRAM
    assert "/no/such/program" in (attempt.reason or "")


def test_a_pod_that_kubernetes_refuses_is_the_authors_failure(task: MakeTask) -> None:
    attempt = failed(task(SLEEP, container_resources={"requests": {"cpu": "many"}}))
    assert attempt.kind is FailureKind.PROGRAM
    assert "quantit" in (attempt.reason or "")


def test_an_image_that_is_not_there_is_the_clusters_failure(task: MakeTask, deferrable: bool) -> None:
    attempt = failed(task(SLEEP, image="airflow-hpo/absent:1", image_pull_policy="Never", deferrable=deferrable))
    assert attempt.kind is FailureKind.INFRASTRUCTURE
    assert "'airflow-hpo/absent:1' cannot be pulled: ErrImageNeverPull" in (attempt.reason or "")


def test_a_pod_that_no_node_takes_is_the_clusters_failure(task: MakeTask) -> None:
    attempt = failed(task(SLEEP, container_resources={"requests": {"cpu": "10k"}}, schedule_timeout_seconds=2))
    assert attempt.kind is FailureKind.INFRASTRUCTURE
    assert "not scheduled within 2 s" in (attempt.reason or "")
    assert "Insufficient cpu" in (attempt.reason or "")


def test_a_pod_that_does_not_start_says_what_it_waits_for(task: MakeTask) -> None:
    attempt = failed(task(SLEEP, configmaps=["absent"], startup_timeout_seconds=3))
    assert attempt.kind is FailureKind.INFRASTRUCTURE
    assert 'configmap "absent" not found' in (attempt.reason or "")


def test_a_pod_that_somebody_deletes_is_the_clusters_failure(task: MakeTask, core: Any, deferrable: bool) -> None:
    trial = task(SLEEP, deferrable=deferrable, poll_interval=1)

    def delete() -> None:
        pod = running_pod(core, trial)
        core.delete_namespaced_pod(pod.metadata.name, pod.metadata.namespace)

    deleter = threading.Thread(target=delete)
    deleter.start()
    attempt = failed(trial)
    deleter.join()
    assert attempt.kind is FailureKind.INFRASTRUCTURE
    assert "deleted" in (attempt.reason or "")


def test_a_pod_that_fills_more_than_it_may_is_the_programs_failure(task: MakeTask) -> None:
    from kubernetes.client import V1EmptyDirVolumeSource, V1Volume, V1VolumeMount

    scratch = [V1Volume(name="scratch", empty_dir=V1EmptyDirVolumeSource(size_limit="1Mi"))]
    mount = [V1VolumeMount(name="scratch", mount_path="/scratch")]
    fill = "open('/scratch/big', 'wb').write(b'x' * (8 << 20)); import time; time.sleep(600)"
    attempt = failed(task(fill, volumes=scratch, volume_mounts=mount))
    assert attempt.kind is FailureKind.PROGRAM
    assert (attempt.reason or "").startswith("The pod used more local storage than it may: ")


def test_an_ordinary_sidecar_is_refused(task: MakeTask, python_image: str) -> None:
    containers = [{"name": "base", "image": python_image}, {"name": "proxy", "image": python_image}]
    attempt = failed(task(SLEEP, pod_template_dict={"spec": {"containers": containers}}))
    assert "restartPolicy: Always" in (attempt.reason or "")


def test_an_api_server_that_is_away_for_a_while_costs_nothing(task: MakeTask, core: Any, built_here: None) -> None:
    trial = task("import time\nfor i in range(1, 101): print(f'loss={i}', flush=True); time.sleep(0.1)")

    def restart() -> None:
        wait_for(lambda: len(trial.series()) > 20, "the first values")
        cluster_tool("stop", "apiserver", "--signal", "KILL")
        cluster_tool("start", "apiserver")

    restarter = threading.Thread(target=restart)
    restarter.start()
    result = trial.run()
    restarter.join()
    assert result["value"] == 100.0
    assert trial.series() == {step: float(step) for step in range(1, 101)}


def test_a_trial_is_run_again_after_the_clusters_failure_and_not_after_its_own(task: MakeTask) -> None:
    trial = task("raise SystemExit(3)", program_retries=0)
    failed(trial)
    assert trial.tuned.store.optuna.record(trial.tuned.name, trial.request.number).state.value == "fail"
    other = task(SLEEP, node_selector={"absent": "yes"}, schedule_timeout_seconds=2)
    failed(other)
    assert other.tuned.store.optuna.record(other.tuned.name, other.request.number).state.value == "running"
    retry = other.again()
    retry.arguments = {**other.arguments, "node_selector": None, "cmds": ["echo", "loss=4"]}
    assert retry.run()["value"] == 4.0
    assert [one.outcome.value for one in retry.attempts()] == ["failed", "complete"]
