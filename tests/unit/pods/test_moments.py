from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from airflow_hpo.core.phases import Moments
from airflow_hpo.pods.moments import moments_of, pull_seconds, slow_start
from tests.unit.pods.kubernetes_double import NOW, condition, pod, running, terminated


def placed(state: Any = None, after: float = 0.0, phase: str = "Running") -> Any:
    scheduled = condition("", type="PodScheduled")
    scheduled.last_transition_time = NOW - timedelta(seconds=after)
    return pod(phase, state, conditions=[scheduled], creation_timestamp=NOW - timedelta(seconds=after + 60))


def test_the_moments_of_a_pod_are_those_that_kubernetes_says() -> None:
    waits = pod("Pending", conditions=[condition("Unschedulable", type="PodScheduled", status="False")])
    assert moments_of(None, "base") == moments_of(waits, "base") == Moments()
    runs = moments_of(placed(running(), 30), "base", pulled=25.0)
    assert runs == Moments(NOW - timedelta(seconds=90), NOW - timedelta(seconds=30), NOW, pulled=25.0)
    ended = terminated(0, "Completed")
    ended.terminated.started_at = NOW - timedelta(seconds=5)
    done = moments_of(placed(ended, 30, "Succeeded"), "base")
    assert (done.started, done.ended) == (NOW - timedelta(seconds=5), NOW)


def test_only_a_slow_start_is_worth_asking_for_the_pulls() -> None:
    assert [slow_start(placed(running(), after), "base") for after in (1, 4, 5, 60)] == [False, False, True, True]
    assert not slow_start(pod(), "base")


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ('Successfully pulled image "a/b:1" in 1.5s (1.5s including waiting). Image size: 20 bytes.', 1.5),
        ('Successfully pulled image "a/b:1" in 1m2.5s (2m3s including waiting). Image size: 20 bytes.', 123.0),
        ('Successfully pulled image "a/b:1" in 812.3ms', 0.8123),
        ('Container image "a/b:1" already present on machine', 0.0),
    ],
)
def test_the_kubelet_says_how_long_a_pull_took(said: str, seconds: float) -> None:
    assert pull_seconds(["Scheduled: to node-1", f"Pulled: {said}"]) == pytest.approx(seconds)
