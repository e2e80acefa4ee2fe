from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from kubernetes.client import (
    V1Container,
    V1Lifecycle,
    V1LifecycleHandler,
    V1PodResourceClaim,
    V1PodStatus,
    V1Probe,
    V1ResourceRequirements,
)

from airflow_hpo.core.trial import FailureKind
from airflow_hpo.core.waiting import WaitsFor
from airflow_hpo.pods.failures import (
    asks_events,
    cannot_mount,
    cannot_start,
    failure,
    gone,
    lost,
    node_lost,
    not_scheduled,
    not_started,
    over,
    started,
    to_blame,
    troubles,
)
from airflow_hpo.pods.waiting import waiting_of
from tests.unit.pods.kubernetes_double import NOW, condition, pod, running, status_of, terminated, waiting

PROGRAM, INFRASTRUCTURE = FailureKind.PROGRAM, FailureKind.INFRASTRUCTURE

CASES: dict[str, tuple[Any, FailureKind, str]] = {
    "exit code": (pod("Failed", terminated(3)), PROGRAM, "exited with 3"),
    "shared memory": (pod("Failed", terminated(135)), PROGRAM, "exited with 135 (SIGBUS)"),
    "killed": (pod("Failed", terminated(137)), PROGRAM, "SIGKILL"),
    "out of memory": (pod("Failed", terminated(137, "OOMKilled")), PROGRAM, "out of memory (its limit is 1Gi)"),
    "out of memory in a pipe": (pod("Succeeded", terminated(0, "OOMKilled")), PROGRAM, "although its exit code is 0"),
    "own storage": (
        pod(
            "Failed",
            terminated(137),
            reason="Evicted",
            message='Container base exceeded its local ephemeral storage limit "1Mi". ',
        ),
        PROGRAM,
        "more local storage than it may: Container base exceeded",
    ),
    "own storage of all": (
        pod(
            "Failed",
            reason="Evicted",
            message="Pod ephemeral local storage usage exceeds the total limit of containers 1Mi. ",
        ),
        PROGRAM,
        "more local storage than it may",
    ),
    "pressure": (
        pod("Failed", terminated(0), reason="Evicted", message="The node was low on resource: ephemeral-storage. "),
        INFRASTRUCTURE,
        "evicted the pod: The node was low on resource",
    ),
    "no such program": (
        pod("Failed", terminated(128, "StartError", "no such file")),
        PROGRAM,
        "no such file. Name a program that the image has, in its ENTRYPOINT or in `cmds`.",
    ),
    "deadline": (pod("Failed", terminated(143), reason="DeadlineExceeded"), PROGRAM, "active_deadline_seconds of 60"),
    "deadline, tidy": (pod("Failed", terminated(0), reason="DeadlineExceeded"), PROGRAM, "active_deadline_seconds"),
    "evicted": (
        pod("Failed", terminated(137), reason="Evicted", message="disk"),
        INFRASTRUCTURE,
        "evicted the pod: disk.",
    ),
    "evicted early": (pod("Failed", reason="Evicted"), INFRASTRUCTURE, "evicted"),
    "out of cpu": (
        pod("Failed", reason="OutOfcpu", message="0 left"),
        INFRASTRUCTURE,
        "no room for the pod (OutOfcpu)",
    ),
    "node shutdown": (pod("Failed", terminated(143), reason="Terminated"), INFRASTRUCTURE, "shut down"),
    "preempted": (
        pod("Failed", terminated(143), conditions=[condition("PreemptionByScheduler")]),
        INFRASTRUCTURE,
        "preempted",
    ),
    "drained": (
        pod("Running", terminated(143), conditions=[condition("EvictionByEvictionAPI", "drain")]),
        INFRASTRUCTURE,
        "drained: drain.",
    ),
    "deleted": (pod("Running", terminated(143), deletion_timestamp=NOW), INFRASTRUCTURE, "was deleted while it ran"),
    "deleted, tidy": (
        pod("Running", terminated(0), deletion_timestamp=NOW + timedelta(seconds=5), deletion_grace_period_seconds=30),
        INFRASTRUCTURE,
        "was deleted while it ran",
    ),
    "before start": (pod("Failed", reason="Odd"), INFRASTRUCTURE, "before its program had started (Odd)"),
}


@pytest.mark.parametrize(("state", "kind", "words"), CASES.values(), ids=CASES)
def test_a_failure_is_told_apart(state: Any, kind: FailureKind, words: str) -> None:
    found = failure(state, "base")
    assert found is not None
    assert found.kind is kind
    assert words in found.reason


def test_a_program_that_exits_with_0_has_not_failed() -> None:
    assert failure(pod("Running", terminated(0)), "base") is None


def test_a_finished_pod_that_is_deleted_later_has_not_failed() -> None:
    deleted = NOW + timedelta(seconds=60)
    assert failure(pod("Running", terminated(0), deletion_timestamp=deleted), "base") is None


def test_the_last_lines_stand_in_the_reason() -> None:
    found = failure(pod("Failed", terminated(1)), "base", ["a", "b"])
    assert found is not None
    assert found.reason == "The trial's program exited with 1. Its last lines: a | b"


def test_without_lines_the_termination_message_stands_in_the_reason() -> None:
    found = failure(pod("Failed", terminated(1, message="bad input\n")), "base")
    assert found is not None
    assert found.reason.endswith("Its last lines: bad input")


def test_an_init_container_that_fails_is_named() -> None:
    state = pod("Failed")
    state.status = V1PodStatus(phase="Failed", init_container_statuses=[status_of(terminated(4), "prepare")])
    found = failure(state, "base")
    assert found is not None
    assert (found.kind, found.reason) == (PROGRAM, "The init container 'prepare' exited with 4.")


def test_an_image_that_is_not_there_is_told_at_once() -> None:
    absent = cannot_start(pod("Pending", waiting("ErrImagePull", "not found")))
    assert absent is not None
    assert absent.reason == (
        "The image 'trial:1' cannot be pulled: ErrImagePull: not found. Check its name, and the pod's `image_pull_secrets`."
    )


@pytest.mark.parametrize("reason", ["InvalidImageName", "ErrImageNeverPull"])
def test_an_image_that_will_never_come_is_final(reason: str) -> None:
    found = cannot_start(pod("Pending", waiting(reason)))
    assert found is not None
    assert found.lasting


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (
            waiting("CreateContainerConfigError", "couldn't find key k in Secret n/s"),
            "couldn't find key k in Secret n/s.",
        ),
        (waiting("ImagePullBackOff", "pull access denied, repository does not exist"), "pull access denied"),
    ],
    ids=["key", "image"],
)
def test_what_a_pod_names_and_is_not_there_ends_at_once_and_for_good(state: Any, words: str) -> None:
    found = cannot_start(pod("Pending", state))
    assert found is not None
    assert words in found.reason
    assert found.lasting


def test_a_claim_that_does_not_exist_ends_at_once_and_for_good() -> None:
    said = condition("Unschedulable", 'persistentvolumeclaim "data" not found', "PodScheduled", "False")
    found = cannot_start(pod("Pending", conditions=[said]))
    assert found is not None
    assert found.lasting


def test_a_volume_that_names_what_is_not_there_is_told_by_its_event() -> None:
    missing = 'FailedMount: MountVolume.SetUp failed for volume "t" : references non-existent secret key: k'
    found = cannot_mount(["Scheduled: to node-1", missing])
    assert found is not None
    assert found.lasting
    assert cannot_mount(["FailedMount: timed out waiting for the condition"]) is None


def test_a_kubelet_that_has_not_seen_a_secret_yet_is_waited_for() -> None:
    early = waiting("CreateContainerConfigError", "failed to sync secret cache: timed out waiting for the condition")
    assert cannot_start(pod("Pending", early)) is None


@pytest.mark.parametrize(
    "message", ["429 Too Many Requests", "502 Bad Gateway", "i/o timeout", "dial tcp: lookup r: no such host", None]
)
def test_a_busy_registry_is_asked_again_by_kubernetes(message: str) -> None:
    assert cannot_start(pod("Pending", waiting("ErrImagePull", message))) is None


def test_the_image_of_an_init_container_is_named_too() -> None:
    state = pod("Pending", waiting("PodInitializing"))
    state.status.init_container_statuses = [status_of(waiting("InvalidImageName"), "prepare")]
    assert cannot_start(state) is not None


def test_an_unschedulable_pod_gives_the_schedulers_words() -> None:
    state = pod("Pending", conditions=[condition("Unschedulable", "0/3 nodes", "PodScheduled", "False")])
    assert not_scheduled(state, 60).reason == "The pod was not scheduled within 60 s: 0/3 nodes."


def test_a_pod_that_does_not_start_says_what_it_waits_for() -> None:
    stuck = pod("Pending", waiting("CreateContainerConfigError", "no secret"))
    assert "CreateContainerConfigError: no secret" in not_started(stuck, "base", 9).reason
    assert "FailedMount: x" in not_started(pod("Pending"), "base", 9, ["FailedMount: x"]).reason


def test_a_warning_says_more_than_that_a_container_is_being_created() -> None:
    creating = pod("Pending", waiting("ContainerCreating"))
    assert "FailedMount: x" in not_started(creating, "base", 9, ["Old: y", "FailedMount: x"]).reason
    assert "ContainerCreating" in not_started(creating, "base", 9).reason


def test_a_deleted_pod_is_lost_when_its_node_does_not_confirm() -> None:
    state = pod("Running", running(), deletion_timestamp=NOW)
    assert not lost(state, NOW + timedelta(seconds=29))
    assert lost(state, NOW + timedelta(seconds=31))
    assert "node-1" in node_lost(state).reason


def test_a_pod_that_is_gone_is_told_by_its_events_or_by_what_was_last_seen_of_it() -> None:
    disrupted = pod("Running", running(), conditions=[condition("EvictionByEvictionAPI", "drained")])
    evicted = gone(disrupted, ["Scheduled: to node-1", "Evicted: no memory", "Killing: Stopping"])
    assert (evicted.kind, evicted.reason) == (INFRASTRUCTURE, "The node evicted the pod: no memory.")
    assert "was evicted, as when its node is drained" in gone(disrupted, ["Killing: Stopping"]).reason
    for seen in (pod("Running", running()), None):
        assert gone(seen, []).reason == "The pod was deleted before it had ended."


def test_a_pod_has_started_once_it_has_a_log_and_is_over_once_its_program_is() -> None:
    assert not started(pod("Pending", waiting("ContainerCreating")), "base")
    assert started(pod("Running", running()), "base")
    assert not over(pod("Running", running()), "base")
    assert over(pod("Running", terminated(0)), "base")
    assert over(pod("Failed"), "base")


PROBED = [
    "Scheduled: Successfully assigned",
    "Unhealthy: Readiness probe failed: not yet",
    "Unhealthy: Liveness probe failed: no  answer\n",
    "Killing: Stopping container base",
]


@pytest.mark.parametrize("code", [137, 143, 0, 1])
def test_a_probe_that_ended_a_program_is_named_and_memory_is_not(code: int) -> None:
    found = failure(pod("Failed", terminated(code)), "base", ["epoch 1"], PROBED)
    assert found is not None
    assert (found.kind, found.exit_code) == (PROGRAM, code)
    assert found.reason == (
        f"The trial's program was ended because its liveness probe failed (no answer) (exit code {code}). "
        "Its last lines: epoch 1"
    )


def test_a_signal_without_an_event_is_not_explained() -> None:
    found = failure(
        pod("Failed", terminated(143)),
        "base",
        [],
        ["Unhealthy: Liveness probe failed: once", "Killing: Stopping container other"],
    )
    assert found is not None
    assert "was ended by SIGTERM (143), and no event of the pod says why" in found.reason


def test_events_are_asked_for_where_they_may_say_something() -> None:
    probed = pod("Succeeded", terminated(0))
    assert not asks_events(probed, "base")
    probed.spec.containers[0].liveness_probe = V1Probe()
    assert asks_events(probed, "base")


def test_a_container_that_a_person_changed_is_not_the_programs_failure() -> None:
    changed = ["Killing: Container base definition changed, will be restarted"]
    found = failure(pod("Failed", terminated(137)), "base", [], changed)
    assert found is not None
    assert (found.kind, "was changed while it ran" in found.reason) == ("infrastructure", True)


def test_a_hook_that_ended_a_program_is_named_and_memory_is_not() -> None:
    hooked = pod("Failed", terminated(137))
    hooked.spec.containers[0].lifecycle = V1Lifecycle(post_start=V1LifecycleHandler())
    assert asks_events(hooked, "base")
    found = failure(hooked, "base", [], ["FailedPostStartHook: PostStartHook failed", "Killing: FailedPostStartHook"])
    assert found is not None
    assert found.reason.startswith(
        "The trial's program was ended because its postStart hook failed (PostStartHook failed)"
    )
    assert asks_events(pod("Failed", terminated(137)), "base")
    assert not asks_events(pod("Running", running()), "base")


def test_an_init_container_that_failed_is_named_with_its_last_lines() -> None:
    state = pod("Failed")
    state.status.init_container_statuses = [status_of(terminated(0), "first"), status_of(terminated(3), "fetch")]
    assert to_blame(state, "base") == "fetch"
    found = failure(state, "base", ["no such file"])
    assert found is not None
    assert (found.kind, found.reason) == (
        PROGRAM,
        "The init container 'fetch' exited with 3. Its last lines: no such file",
    )


def test_an_init_container_that_ran_out_of_memory_is_said_to() -> None:
    state = pod("Failed")
    state.spec.init_containers = [V1Container(name="fetch", resources=V1ResourceRequirements(limits={"memory": "9Mi"}))]
    state.status.init_container_statuses = [status_of(terminated(137, "OOMKilled"), "fetch")]
    found = failure(state, "base")
    assert found is not None
    assert "The init container 'fetch' ran out of memory (its limit is 9Mi)" in found.reason


def test_an_init_container_that_goes_on_is_what_a_pod_waits_for_and_a_native_sidecar_is_not() -> None:
    state = pod("Pending", waiting("PodInitializing"), conditions=[condition("", None, "PodScheduled")])
    state.spec.init_containers = [V1Container(name="proxy", restart_policy="Always"), V1Container(name="fetch")]
    state.status.init_container_statuses = [status_of(running(), "proxy"), status_of(running(), "fetch")]
    for one in state.status.init_container_statuses:
        # As Kubernetes 1.36 says of any container that runs and has no startup probe.
        one.started = True
    assert str(waiting_of(state, "base")) == "init container: fetch"
    assert "the init container 'fetch' still runs" in not_started(state, "base", 9).reason
    state.status.init_container_statuses.pop()
    assert waiting_of(state, "base").what is WaitsFor.START


def test_a_pod_without_its_devices_says_so_although_the_scheduler_says_nothing() -> None:
    state = pod("Pending")
    state.spec.resource_claims = [V1PodResourceClaim(name="gpu", resource_claim_name="absent")]
    assert str(waiting_of(state, "base")) == "node: it waits for its resource claims (gpu)"
    event = 'FailedResourceClaimCreation: resource claim template "absent" not found'
    assert not_scheduled(state, 60, [event]).reason.endswith(': resource claim template "absent" not found.')


def test_a_sidecar_that_was_started_again_is_named() -> None:
    state = pod("Running", running())
    sidecar = status_of(running(), "proxy")
    sidecar.last_state, sidecar.restart_count = terminated(137, "OOMKilled"), 1
    state.status.init_container_statuses = [sidecar]
    assert troubles(state, "base") == ["The sidecar 'proxy' ran out of memory and was started again."]
