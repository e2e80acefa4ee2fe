"""Jobs of several pods, each seen as the one pod that reports: that of index 0."""

import time
from contextlib import suppress
from typing import Any

from airflow_hpo.core.outcome import TAIL_LINES
from airflow_hpo.exceptions import ClusterUnavailableError, TrialFailedError
from airflow_hpo.pods.api.errors import Call, translated
from airflow_hpo.pods.api.events import sentences
from airflow_hpo.pods.failures import PodFailure, asks_events, failure, to_blame
from airflow_hpo.pods.job_names import FIRST, INDEX, JOB, job_of

KEPT_SECONDS = 86400
"""How long Kubernetes keeps a Job that has ended and was not removed; its result is taken up in that time."""
POD_LIMIT = 3.0
"""Seconds for which the pod of index 0 is waited for here; who watches the trial waits for one that comes later."""
PAUSE = 0.2


def other_failure(core: Any, name: str, namespace: str, container: str) -> PodFailure | None:
    """Return why another pod of a Job failed; None when none did.

    When the pod of index 1 fails, Kubernetes deletes that of index 0, which hides the reason.
    """
    with translated(Call(f"list the pods of the Job {job_of(name)!r}", "list")):
        pods = core.list_namespaced_pod(namespace, label_selector=f"{JOB}={job_of(name)},{INDEX}!=0").items
    for pod in sorted(pods, key=lambda one: int(one.metadata.labels[INDEX])):
        if pod.status.phase != "Failed":
            continue
        found = failure(pod, container, _tail(core, pod, to_blame(pod, container)), _events(core, pod, container))
        if found:
            reason = f"Pod {pod.metadata.labels[INDEX]} of the Job failed. {found.reason}"
            return PodFailure(found.kind, reason, found.exit_code)
    return None


def _tail(core: Any, pod: Any, container: str) -> list[str]:
    """Return the last lines of a container; none where they cannot be read, which hides no failure."""
    with (
        suppress(TrialFailedError),
        translated(Call(f"read the log of the pod {pod.metadata.name!r}", "get", "pods/log")),
    ):
        text = core.read_namespaced_pod_log(
            pod.metadata.name, pod.metadata.namespace, container=container, tail_lines=TAIL_LINES
        )
        return str(text).splitlines()
    return []


def _events(core: Any, pod: Any, container: str) -> list[str]:
    if not asks_events(pod, container):
        return []
    about = f"involvedObject.name={pod.metadata.name}"
    with (
        suppress(TrialFailedError),
        translated(Call(f"list the events of the pod {pod.metadata.name!r}", "list", "events")),
    ):
        found = core.list_namespaced_event(pod.metadata.namespace, field_selector=about).items
        return sentences(found)
    return []


class JobsAsPods:
    """The part of a ``CoreV1Api`` that trials use, with an indexed Job of several pods instead of each pod."""

    def __init__(self, core: Any, batch: Any, pods: int) -> None:
        self._core = core
        self._batch = batch
        self._pods = pods

    def __getattr__(self, name: str) -> Any:
        return getattr(self._core, name)

    def create_namespaced_pod(self, namespace: str, pod: Any) -> Any:
        """Create a Job of such pods, and return that of index 0."""
        with translated(Call(f"create the Job {pod.metadata.name!r}", "create", "jobs")):
            self._batch.create_namespaced_job(namespace, self.job(pod))
        return self._first(pod.metadata.name, namespace)

    def read_namespaced_pod(self, name: str, namespace: str) -> Any:
        """Return a pod, or that of index 0 of a Job."""
        return self._core.read_namespaced_pod(name, namespace) if job_of(name) != name else self._first(name, namespace)

    def delete_namespaced_pod(self, name: str, namespace: str, **grace: Any) -> None:
        """Delete the whole Job; its pods have the time to end that they declare."""
        with translated(Call(f"delete the Job {job_of(name)!r}", "delete", "jobs")):
            self._batch.delete_namespaced_job(job_of(name), namespace, propagation_policy="Background")

    def job(self, pod: Any) -> Any:
        """Return the Job of several such pods."""
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
        raise ClusterUnavailableError(f"Kubernetes has made no pod of the Job {job!r} yet.")
