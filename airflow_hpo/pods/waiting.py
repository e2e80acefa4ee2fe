"""Waits of a pod, read from its last state and its events."""

from collections.abc import Iterator, Sequence
from typing import Any

from airflow_hpo.core.waiting import Waiting, WaitsFor
from airflow_hpo.pods.failures import running_init, scheduling, unscheduled

_IMAGE = {"ErrImagePull", "ImagePullBackOff", "RegistryUnavailable", "Pulling"}
_VOLUME = {"FailedMount", "FailedAttachVolume"}


def is_scheduled(pod: Any) -> bool:
    """Say whether a pod has got a node."""
    found = scheduling(pod)
    return found is not None and found.status == "True"


def for_remains(names: Sequence[str]) -> Waiting:
    """Return the wait for pods of earlier tries that still end."""
    return Waiting(WaitsFor.POD, f"{', '.join(names)} is Terminating")


def waiting_of(pod: Any, container: str, events: Sequence[str] = ()) -> Waiting:
    """Return what a pod waits for before its program starts."""
    if is_scheduled(pod):
        return next(_starting(pod, container, events), Waiting(WaitsFor.START))
    found = scheduling(pod)
    gated = found is not None and found.reason == "SchedulingGated"
    return Waiting(WaitsFor.GATE if gated else WaitsFor.NODE, _text(unscheduled(pod, events)))


def _starting(pod: Any, container: str, events: Sequence[str]) -> Iterator[Waiting]:
    """Yield what holds up a pod that has a node, the most telling first."""
    status = pod.status
    for one in [*(status.init_container_statuses or []), *(status.container_statuses or [])]:
        waits = one.state.waiting if one.state else None
        if waits and waits.reason in _IMAGE:
            yield Waiting(WaitsFor.IMAGE, f"{one.image}: {_text(waits.message) or waits.reason}")
    for event in reversed(events):
        reason, _, message = event.partition(": ")
        if reason in _VOLUME:
            yield Waiting(WaitsFor.VOLUME, _text(message))
        if reason in _IMAGE:
            yield Waiting(WaitsFor.IMAGE, _text(message))
    runs = running_init(pod)
    for one in status.init_container_statuses or []:
        # Of a native sidecar the next container waits until its startup probe answers.
        if one.name not in (container, runs) and one.state and one.state.running and one.started is False:
            yield Waiting(WaitsFor.PROBE, f"of the container {one.name}")
    if runs:
        yield Waiting(WaitsFor.INIT, runs)


def _text(message: str | None) -> str:
    return " ".join((message or "").split()).rstrip(".")
