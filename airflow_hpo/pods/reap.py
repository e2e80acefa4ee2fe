"""Trials' pods in a namespace, found by their labels, and removed when nobody waits for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from airflow_hpo.core.attempt import TaskRun
from airflow_hpo.core.trial import TrialRequest
from airflow_hpo.pods.build.labels import ATTEMPT, EDITION, ENDED, OWNER, TRIAL, PodIdentity

PAGE = 500
"""How many pods are asked for at once."""
ABSENT = 404
CHANGED = 409


@dataclass(frozen=True, slots=True)
class TrialPod:
    """A pod that says which attempt of which trial it runs."""

    name: str
    namespace: str
    uid: str
    edition: str
    number: int
    attempt: int
    owner: str
    """What tells the task instance that started it from all others, also from those of another study database."""
    phase: str
    created: datetime


def trial_pods(core: Any, namespace: str) -> Iterator[TrialPod]:
    """Yield the pods of trials, without those that are being deleted or were kept on purpose."""
    after = None
    while True:
        wanted = f"{TRIAL},!{ENDED}"
        page = core.list_namespaced_pod(namespace, label_selector=wanted, limit=PAGE, _continue=after)
        yield from (pod for item in page.items if (pod := _trial_pod(item)))
        after = page.metadata._continue
        if not after:
            return


def owner_of(task: TaskRun, edition: str, origin: str) -> str:
    """Return the owner that a task instance's pods name."""
    return PodIdentity(TrialRequest(study=edition, key=""), 0, task, origin).labels()[OWNER]


def remove(core: Any, pod: TrialPod) -> bool:
    """Delete this very pod, and no later one of its name; return False when it is not there any more."""
    try:
        core.delete_namespaced_pod(pod.name, pod.namespace, body={"preconditions": {"uid": pod.uid}})
    except Exception as err:
        if getattr(err, "status", None) in (ABSENT, CHANGED):
            return False
        raise
    return True


def _trial_pod(pod: Any) -> TrialPod | None:
    meta = pod.metadata
    labels, edition = meta.labels, (meta.annotations or {}).get(EDITION)
    number, attempt = labels.get(TRIAL, ""), labels.get(ATTEMPT, "")
    if meta.deletion_timestamp or not edition or not (number.isdigit() and attempt.isdigit()):
        return None
    return TrialPod(
        name=meta.name,
        namespace=meta.namespace,
        uid=meta.uid,
        edition=edition,
        number=int(number),
        attempt=int(attempt),
        owner=labels.get(OWNER, ""),
        phase=pod.status.phase,
        created=meta.creation_timestamp,
    )
