"""Pods with programs that may still run: nothing takes their place until they are gone, or for a stated time."""

import time
from collections.abc import Iterable
from typing import Any

DEFAULT_GRACE = 30.0
"""Seconds that Kubernetes gives a program to end, where the pod says nothing."""
SLACK = 30.0
"""Seconds beyond the grace period after which a pod that is still there, such as on a node that is lost, is waited for no more."""


def grace_of(pod: Any) -> float:
    """Return the seconds that a pod has to end: as its deletion says, or as it declares."""
    known = pod.metadata.deletion_grace_period_seconds, pod.spec and pod.spec.termination_grace_period_seconds
    return float(next((seconds for seconds in known if seconds is not None), DEFAULT_GRACE))


def runs(pod: Any) -> bool:
    """Say whether a program of a pod may run, deleted or not."""
    return pod.status.phase not in ("Succeeded", "Failed")


def waited_for(pods: Iterable[Any], waited: float = 0.0) -> list[str]:
    """Return the names of pods that a start waits for, when that has been done for so many seconds."""
    return [pod.metadata.name for pod in pods if runs(pod) and _since_deleted(pod, waited) < grace_of(pod) + SLACK]


def _since_deleted(pod: Any, waited: float) -> float:
    """What this process has measured itself counts in any case: clocks of two hosts may differ."""
    if pod.metadata.deletion_timestamp is None:
        return waited
    return max(waited, time.time() - float(pod.metadata.deletion_timestamp.timestamp()) + grace_of(pod))
