from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from kubernetes.client import V1PodStatus

from airflow_hpo.core.trial import FailureKind
from airflow_hpo.pods.failures import (
    cannot_start,
    failure,
    gone,
    lost,
    node_lost,
    not_scheduled,
    not_started,
    over,
    started,
)
from tests.unit.pods.kubernetes_double import NOW, condition, pod, running, status_of, terminated, waiting

PROGRAM, INFRASTRUCTURE = FailureKind.PROGRAM, FailureKind.INFRASTRUCTURE

CASES: dict[str, tuple[Any, FailureKind, str]] = {
    "exit code": (pod("Failed", terminated(3)), PROGRAM, "exited with 3"),
    "killed": (pod("Failed", terminated(137)), PROGRAM, "SIGKILL"),
    "out of memory": (pod("Failed", terminated(137, "OOMKilled")), PROGRAM, "out of memory (its limit is 1Gi)"),
    "no such program": (pod("Failed", terminated(128, "StartError", "no such file")), PROGRAM, "no such file"),
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


@pytest.mark.parametrize("reason", ["InvalidImageName", "ErrImageNeverPull", "ImagePullBackOff"])
def test_an_image_that_will_never_come_is_final(reason: str) -> None:
    assert cannot_start(pod("Pending", waiting(reason))) is not None


@pytest.mark.parametrize("message", ["429 Too Many Requests", "502 Bad Gateway", "i/o timeout"])
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
