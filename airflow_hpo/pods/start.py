"""Starting a trial's pod, or taking up the one that an earlier try of the same task left behind; never another."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from airflow.providers.cncf.kubernetes.kubernetes_helper_functions import generic_api_retry

from airflow_hpo.core.trial import FailureKind
from airflow_hpo.exceptions import TrialFailedError
from airflow_hpo.pods.api.retry import retried
from airflow_hpo.pods.build.labels import ENDED, PodIdentity, attempt_of

logger = logging.getLogger(__name__)

PERMANENT = {400, 422}
"""Statuses that say the pod itself is wrong: asking again cannot help."""


@dataclass(frozen=True, slots=True)
class Lineage:
    """Which earlier attempts' pods may be taken up."""

    unseen: Collection[int]
    """Attempts whose end nobody saw: their pods count, whatever became of them."""
    blameless: Collection[int] = ()
    """Attempts that failed through no fault of the program: their pods count unless they failed."""
    first: bool = False
    """Whether the task and the trial have had no earlier try: then only a pod of the very same name can be there."""


class PodStarter:
    """Creates, finds and removes the pods of one task instance.

    :param core: a ``CoreV1Api``.
    :param identity: whose pod it is.
    :param lineage: which earlier attempts' pods may be taken up.
    """

    def __init__(self, core: Any, identity: PodIdentity, lineage: Lineage) -> None:
        self._core = core
        self._identity = identity
        self._lineage = lineage

    def start(self, pod: Any) -> Any:
        """Return the pod that runs the trial: an earlier try's, else a new one. Others of this task are deleted."""
        with_reason = _explained(f"create the pod {pod.metadata.name!r}")
        return with_reason(lambda: self._left(pod.metadata.namespace) or self._create(pod))

    def _left(self, namespace: str) -> Any | None:
        return None if self._lineage.first else self._found(namespace)

    def _found(self, namespace: str) -> Any | None:
        """The newest fitting pod; the rest is nobody's any more."""
        pods = _list(self._core, namespace, self._identity.selector())
        alive = [pod for pod in pods if pod.metadata.deletion_timestamp is None]
        fitting = sorted((pod for pod in alive if self._fits(pod)), key=_created, reverse=True)
        taken = fitting[0] if fitting else None
        for pod in alive:
            if pod is not taken and ENDED not in (pod.metadata.labels or {}):
                logger.info("Deleting the pod %s, which an earlier try of this task left", pod.metadata.name)
                delete(self._core, pod.metadata.name, namespace)
        if taken is not None:
            logger.info("Taking up the pod %s, which an earlier try of this task started", taken.metadata.name)
        return taken

    def _fits(self, pod: Any) -> bool:
        meta = pod.metadata
        if meta.deletion_timestamp is not None or not self._identity.same_trial(meta.labels, meta.annotations):
            return False
        attempt = attempt_of(meta.labels)
        if attempt in self._lineage.unseen:
            return True
        return attempt in self._lineage.blameless and pod.status.phase in ("Pending", "Running", "Succeeded")

    def _create(self, pod: Any) -> Any:
        from kubernetes.client import ApiException  # type: ignore[import-untyped]

        def create() -> Any | None:
            try:
                return self._core.create_namespaced_pod(pod.metadata.namespace, pod)
            except ApiException as err:
                # An answer that was lost on the way leaves a pod of this very name.
                if err.status == 409 and _body(err).get("reason") == "AlreadyExists":
                    return None
                raise

        return generic_api_retry(create)() or self._existing(pod)

    def _existing(self, pod: Any) -> Any:
        there = self._core.read_namespaced_pod(pod.metadata.name, pod.metadata.namespace)
        if self._fits(there):
            return there
        raise TrialFailedError(
            f"A pod of the name {pod.metadata.name!r} is there already and is not this attempt's, or is being deleted. "
            "Wait for its end.",
            kind=FailureKind.INFRASTRUCTURE,
        )


@contextmanager
def reachable() -> Iterator[None]:
    """Say that it is not the trial's fault when nobody knows how to reach a cluster."""
    from kubernetes.config import ConfigException  # type: ignore[import-untyped]

    try:
        yield
    except ConfigException as err:
        raise TrialFailedError(
            f"A cluster must be named by the Kubernetes connection or KUBECONFIG, but got: {err} Name one.",
            kind=FailureKind.INFRASTRUCTURE,
        ) from err


def delete(core: Any, name: str, namespace: str, grace_period: int | None = None) -> None:
    """Delete a pod, waiting for an API server that restarts; nothing happens when it is gone."""
    from kubernetes.client import ApiException

    grace = {} if grace_period is None else {"grace_period_seconds": grace_period}

    def delete_it() -> None:
        try:
            core.delete_namespaced_pod(name, namespace, **grace)
        except ApiException as err:
            if err.status != 404:
                raise

    retried(generic_api_retry(delete_it))()


def mark_ended(core: Any, name: str, namespace: str) -> None:
    """Label a pod that is kept, so that no later attempt takes it up."""
    mark = generic_api_retry(core.patch_namespaced_pod)
    retried(mark)(name, namespace, {"metadata": {"labels": {ENDED: "true"}}})


def _list(core: Any, namespace: str, selector: str) -> list[Any]:
    return list(generic_api_retry(core.list_namespaced_pod)(namespace, label_selector=selector).items)


def _explained(what: str) -> Callable[[Callable[[], Any]], Any]:
    """Return what calls a function and turns Kubernetes' errors into sentences."""

    def call(function: Callable[[], Any]) -> Any:
        from kubernetes.client import ApiException
        from urllib3.exceptions import HTTPError

        try:
            return function()
        except ApiException as err:
            kind = FailureKind.PROGRAM if err.status in PERMANENT else FailureKind.INFRASTRUCTURE
            message = _body(err).get("message") or err.reason
            raise TrialFailedError(f"Kubernetes refuses to {what} ({err.status}): {message}.", kind=kind) from err
        except HTTPError as err:
            reason = f"The Kubernetes API does not answer when asked to {what}: {err}."
            raise TrialFailedError(reason, kind=FailureKind.INFRASTRUCTURE) from err

    return call


def _body(err: Any) -> dict[str, Any]:
    try:
        body = json.loads(err.body)
    except (TypeError, ValueError):
        return {}
    return body if isinstance(body, dict) else {}


def _created(pod: Any) -> Any:
    return pod.metadata.creation_timestamp
