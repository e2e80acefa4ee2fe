"""Pod of an attempt: started, or taken up from an earlier try, or deleted when the trial needs none any more."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from airflow_hpo.core.log import Log
from airflow_hpo.core.placement import Placement
from airflow_hpo.exceptions import ClusterError, ClusterForbiddenError
from airflow_hpo.pods import start
from airflow_hpo.pods.build.labels import PodIdentity, attempt_of
from airflow_hpo.pods.jobs import JobsAsPods
from airflow_hpo.pods.waiting import for_remains
from airflow_hpo.pods.watch.creation import waiting_of, waits
from airflow_hpo.storage import attempts
from airflow_hpo.trials.attempts import last_attempt, locate, unseen, wait_for
from airflow_hpo.trials.run import TrialRun

if TYPE_CHECKING:
    from kubernetes.client import V1Pod  # type: ignore[import-untyped]


def identity_of(run: TrialRun) -> PodIdentity:
    """Return which attempt a pod runs, and for which task."""
    attempt = run.attempt
    return PodIdentity(run.claimed.request, attempt.attempt, attempt.task, run.edition.created.isoformat())


def start_pod(run: TrialRun, core: Any, pod: V1Pod, log: Log) -> V1Pod | None:
    """Create the pod of the attempt, or take up an earlier try's, and store where it is; None when it has to wait.

    Who watches the attempt creates it then, from :func:`manifest_of`.
    """
    starter = start.PodStarter(core, identity_of(run), _lineage_of(run))
    started = starter.earlier(pod.metadata.namespace)
    waiting = for_remains(starter.remaining) if starter.remaining else None
    try:
        started = started or (None if waiting else starter.create(pod))
    except ClusterError as err:
        if not _waits(run, err):
            raise
        waiting = waiting_of(err)
    if waiting:
        log.info("The pod %s waits to be created, for %s.", pod.metadata.name, waiting.sentence.rstrip("."))
    if waiting or run.attempt.waits_for:
        run.attempt = wait_for(run.store, run.attempt, waiting)
    there = started or pod
    name, namespace = str(there.metadata.name), str(there.metadata.namespace)
    log.info("Pod %s in namespace %s", name, namespace)
    locate(run.store, run.attempt, Placement(pod=name, namespace=namespace))
    if started and (earlier := attempt_of(started.metadata.labels)) is not None:
        run.take_up(earlier)
    return started


def manifest_of(core: Any, pod: V1Pod) -> dict[str, Any]:
    """Return a pod, or the Job that it is for, as plain data."""
    from kubernetes.client import ApiClient

    made: dict[str, Any] = ApiClient().sanitize_for_serialization(
        core.job(pod) if isinstance(core, JobsAsPods) else pod
    )
    kind = {"apiVersion": "v1", "kind": "Pod"} if made.get("kind") != "Job" else {}
    return {**made, **kind}


def _waits(run: TrialRun, err: ClusterError) -> bool:
    """Say whether a pod is asked for again: a right that this edition had before comes back."""
    if not isinstance(err, ClusterForbiddenError):
        return waits(err)
    if run.store.read(attempts.worked, run.attempt.study):
        return True
    raise ClusterForbiddenError(err.reason, kind=err.kind, status=err.status, lasting=True)


def delete_left_pod(run: TrialRun, core: Callable[[], Any], grace_period: int | None, log: Log) -> None:
    """Delete the pod of a finished trial, if the process that told the study was killed before it could."""
    last = last_attempt(run.store, run.claimed.request.study, run.claimed.record.number)
    if last is None or last.placement.pod is None:
        return
    try:
        start.delete(core(), last.placement.pod, str(last.placement.namespace), grace_period)
    except Exception as err:  # noqa: BLE001
        # The answer is in the study, for which no cluster is needed.
        log.warning("Whether the pod %s is gone is not known: %s", last.placement.pod, err)


def _lineage_of(run: TrialRun) -> start.Lineage:
    if run.attempt.attempt == run.attempt.task.try_number == 1:
        return start.Lineage({1}, first=True)
    return start.Lineage(*unseen(run.store, run.attempt))
