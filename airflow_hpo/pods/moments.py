"""Moments of a pod, read from its last state, and the time that the kubelet says pulls of its images took."""

import re
from collections.abc import Iterable
from typing import Any

from airflow_hpo.core.phases import Moments
from airflow_hpo.pods import failures

WORTH_ASKING = 5.0
"""Seconds from a pod's node to its program from which on its events are asked for the pulls: one more call to the API server."""
_PULLED = re.compile(
    r"Pulled: Successfully pulled image .* in (?P<took>[0-9.a-zµ]+)(?: \((?P<waited>[0-9.a-zµ]+) including waiting\))?"
)
"""What the kubelet says of a pull, with the time that the pull took, and with that it waited for other pulls."""
_DURATION = re.compile(r"([0-9.]+)(h|ms|µs|us|ns|m|s)")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "µs": 1e-6, "us": 1e-6, "ns": 1e-9}


def moments_of(pod: Any, container: str, pulled: float = 0.0) -> Moments:
    """Return when a pod was made, got its node, and began and ended its program, as far as its state says it."""
    if pod is None:
        return Moments()
    placed, status = failures.scheduling(pod), failures.container_status(pod, container)
    state = status.state if status else None
    at = (state.running or state.terminated) if state else None
    return Moments(
        created=pod.metadata.creation_timestamp,
        scheduled=placed.last_transition_time if placed and placed.status == "True" else None,
        started=at.started_at if at else None,
        ended=state.terminated.finished_at if state and state.terminated else None,
        pulled=pulled,
    )


def slow_start(pod: Any, container: str) -> bool:
    """Say whether a pod's program started so long after the pod had its node that a pull may be why."""
    moments = moments_of(pod, container)
    if not (moments.scheduled and moments.started):
        return False
    return (moments.started - moments.scheduled).total_seconds() >= WORTH_ASKING


def pull_seconds(events: Iterable[str]) -> float:
    """Return for how many seconds images of a pod were pulled, from its events; 0 where none says so."""
    found = filter(None, map(_PULLED.match, events))
    return sum(_seconds(one["waited"] or one["took"]) for one in found)


def _seconds(duration: str) -> float:
    """Read a duration as Go writes it, such as ``1m2.5s``."""
    return sum(float(number) * _UNITS[unit] for number, unit in _DURATION.findall(duration))
