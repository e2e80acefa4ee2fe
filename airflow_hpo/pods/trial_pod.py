"""Pods of trials, as their labels and annotations describe them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from airflow_hpo.core.attempt import TaskRun
from airflow_hpo.core.trial import TrialRequest
from airflow_hpo.pods.build.labels import ATTEMPT, EDITION, OWNER, TRIAL, PodIdentity


@dataclass(frozen=True, slots=True)
class TrialPod:
    """A pod with labels that name the attempt that it runs."""

    name: str
    namespace: str
    uid: str
    edition: str
    number: int
    attempt: int
    owner: str
    """Hash of the task instance that started it, and of its study database."""
    phase: str
    created: datetime

    @classmethod
    def of(cls, pod: Any) -> Self | None:
        """Read the labels of a pod; None for one that is being deleted, or that lacks them."""
        meta = pod.metadata
        labels, edition = meta.labels, (meta.annotations or {}).get(EDITION)
        number, attempt = labels.get(TRIAL, ""), labels.get(ATTEMPT, "")
        if meta.deletion_timestamp or not edition or not (number.isdigit() and attempt.isdigit()):
            return None
        return cls(
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


def owner_of(task: TaskRun, edition: str, origin: str) -> str:
    """Return the owner that a task instance's pods name."""
    return PodIdentity(TrialRequest(study=edition, key=""), 0, task, origin).labels()[OWNER]
