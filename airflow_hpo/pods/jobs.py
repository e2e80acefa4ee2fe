"""Jobs of several pods, seen as the one pod that reports: that of index 0."""

from __future__ import annotations

import re
import time
from typing import Any

from airflow_hpo.core.trial import FailureKind
from airflow_hpo.exceptions import DeclarationError, TrialFailedError
from airflow_hpo.pods.failures import PodFailure, failure

JOB = "batch.kubernetes.io/job-name"
INDEX = "batch.kubernetes.io/job-completion-index"
FIRST = f"{INDEX}=0"
NAME_LENGTH = 55
"""Of a Job, so that Kubernetes leaves the names of its pods, ``<job>-0-<random>``, whole."""
KEPT_SECONDS = 86400
"""How long Kubernetes keeps a Job that has ended and that nobody removed; its result is taken up in that time."""
POD_LIMIT = 60.0
"""Seconds within which Kubernetes must have made the pod of index 0."""
PAUSE = 0.2

_POD_NAME = re.compile(r"^(?P<job>.+)-0-[a-z0-9]{5}$")


def checked_count(pods: int) -> int:
    """Return a number of pods that a Job can have."""
    if isinstance(pods, bool) or not isinstance(pods, int) or pods < 1:
        raise DeclarationError(f"A trial's Job has 1 or more pods, but got {pods!r}. Say how many.")
    return pods


def job_name(name: str) -> str:
    """Return the name of a trial's pod, cut to what a Job may be called; the tail that tells attempts apart stays."""
    head, *tail = name.rsplit("-", 3)
    rest = "-".join(tail)
    return f"{head[: NAME_LENGTH - len(rest) - 1].rstrip('-')}-{rest}"


def job_of(name: str) -> str:
    """Return the name of the Job that a pod of index 0 belongs to; a Job's own name stays."""
    found = _POD_NAME.match(name)
    return found["job"] if found else name


def other_failure(core: Any, name: str, namespace: str, container: str) -> PodFailure | None:
    """Return why another pod of a Job failed; None when none did.

    A Job whose pod of index 1 fails has that of index 0 deleted, which tells nobody why.
    """
    pods = core.list_namespaced_pod(namespace, label_selector=f"{JOB}={job_of(name)},{INDEX}!=0").items
    for pod in sorted(pods, key=lambda one: int(one.metadata.labels[INDEX])):
        found = failure(pod, container) if pod.status.phase == "Failed" else None
        if found:
            said = f"Pod {pod.metadata.labels[INDEX]} of the Job failed. {found.reason}"
            return PodFailure(found.kind, said, found.exit_code)
    return None


class JobsAsPods:
    """The part of a ``CoreV1Api`` that trials use, with an indexed Job in the place of each pod.

    :param core: the real one.
    :param batch: a ``BatchV1Api``.
    :param pods: how many pods a Job has, 1 or more.
    """

    def __init__(self, core: Any, batch: Any, pods: int) -> None:
        self._core = core
        self._batch = batch
        self._pods = pods

    def __getattr__(self, name: str) -> Any:
        return getattr(self._core, name)

    def list_namespaced_pod(self, namespace: str, *, label_selector: str) -> Any:
        """Return the pods of index 0."""
        return self._core.list_namespaced_pod(namespace, label_selector=f"{label_selector},{FIRST}")

    def create_namespaced_pod(self, namespace: str, pod: Any) -> Any:
        """Create a Job of such pods, and return that of index 0."""
        self._batch.create_namespaced_job(namespace, self._job(pod))
        return self._first(pod.metadata.name, namespace)

    def read_namespaced_pod(self, name: str, namespace: str) -> Any:
        """Return a pod, or that of index 0 of a Job."""
        return self._core.read_namespaced_pod(name, namespace) if job_of(name) != name else self._first(name, namespace)

    def delete_namespaced_pod(self, name: str, namespace: str, **grace: Any) -> None:
        """Delete the whole Job; its pods have the time to end that they declare."""
        self._batch.delete_namespaced_job(job_of(name), namespace, propagation_policy="Background")

    def _job(self, pod: Any) -> Any:
        from kubernetes.client import (  # type: ignore[import-untyped]
            V1Job,
            V1JobSpec,
            V1ObjectMeta,
            V1PodTemplateSpec,
        )

        meta = pod.metadata
        template = V1ObjectMeta(labels=meta.labels, annotations=meta.annotations)
        spec = V1JobSpec(
            completions=self._pods,
            parallelism=self._pods,
            completion_mode="Indexed",
            # Trials are run again by Airflow, under the study's rules.
            backoff_limit=0,
            ttl_seconds_after_finished=KEPT_SECONDS,
            template=V1PodTemplateSpec(metadata=template, spec=pod.spec),
        )
        metadata = V1ObjectMeta(
            name=meta.name, namespace=meta.namespace, labels=meta.labels, annotations=meta.annotations
        )
        return V1Job(api_version="batch/v1", kind="Job", metadata=metadata, spec=spec)

    def _first(self, job: str, namespace: str) -> Any:
        end = time.monotonic() + POD_LIMIT
        while time.monotonic() < end:
            found = self._core.list_namespaced_pod(namespace, label_selector=f"{JOB}={job},{FIRST}").items
            if found:
                return found[0]
            time.sleep(PAUSE)
        raise TrialFailedError(
            f"Kubernetes has made no pod of the Job {job!r} within {POD_LIMIT:g} s. "
            "See the Job's events: a quota or an admission rule may refuse its pods.",
            kind=FailureKind.INFRASTRUCTURE,
        )
