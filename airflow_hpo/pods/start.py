"""Start of a trial's pod: a new one, or the one that an earlier try of the same task left behind; never another."""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from airflow_hpo.core.trial import FailureKind
from airflow_hpo.exceptions import ClusterRefusedError, TrialFailedError
from airflow_hpo.pods.api.errors import ABSENT, EXISTS, Call, translated
from airflow_hpo.pods.api.retry import until_answered, until_done
from airflow_hpo.pods.build.labels import ENDED, PodIdentity, attempt_of
from airflow_hpo.pods.job_names import INDEX
from airflow_hpo.pods.remains import waited_for

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Lineage:
    """Which earlier attempts' pods may be taken up."""

    unseen: Collection[int]
    """Attempts without a known end: their pods count, in any state."""
    blameless: Collection[int] = ()
    """Attempts that failed through no fault of the program: their pods count unless they failed."""
    first: bool = False
    """Whether the task and the trial have had no earlier try: then only a pod of the very same name can be there."""


class PodStarter:
    """Creates, finds and removes the pods of one task instance, through a ``CoreV1Api``."""

    def __init__(self, core: Any, identity: PodIdentity, lineage: Lineage) -> None:
        self._core = core
        self._identity = identity
        self._lineage = lineage
        self.remaining: list[str] = []
        """Pods of earlier tries that still end, once :meth:`earlier` has looked: none is created beside them."""

    def earlier(self, namespace: str) -> Any | None:
        """Return the newest fitting pod of an earlier try; nothing waits for the rest any more."""
        if self._lineage.first:
            return None
        pods = [pod for pod in _list(self._core, namespace, self._identity.selector()) if not _kept(pod)]
        first = [pod for pod in pods if (pod.metadata.labels or {}).get(INDEX, "0") == "0"]
        alive = [pod for pod in first if pod.metadata.deletion_timestamp is None]
        fitting = sorted((pod for pod in alive if self._fits(pod)), key=_created, reverse=True)
        taken = fitting[0] if fitting else None
        for pod in alive:
            if pod is not taken:
                logger.info("Deleting the pod %s, which an earlier try of this task left", pod.metadata.name)
                delete(self._core, pod.metadata.name, namespace)
        if taken is not None:
            logger.info("Taking up the pod %s, which an earlier try of this task started", taken.metadata.name)
        else:
            self.remaining = waited_for(pods)
        return taken

    def _fits(self, pod: Any) -> bool:
        meta = pod.metadata
        if meta.deletion_timestamp is not None or not self._identity.same_trial(meta.labels, meta.annotations):
            return False
        attempt = attempt_of(meta.labels)
        if attempt in self._lineage.unseen:
            return True
        return attempt in self._lineage.blameless and pod.status.phase in ("Pending", "Running", "Succeeded")

    def create(self, pod: Any) -> Any:
        """Create the pod, and return it.

        :raises ClusterUnavailableError: when it is not there yet, and is to be asked for again.
        """
        try:
            with translated(Call(f"create the pod {pod.metadata.name!r}", "create")):
                return self._core.create_namespaced_pod(pod.metadata.namespace, pod)
        except ClusterRefusedError as err:
            # An answer that was lost on the way leaves a pod of this very name.
            if err.cause == EXISTS:
                return self._existing(pod)
            raise

    def _existing(self, pod: Any) -> Any:
        name, namespace = pod.metadata.name, pod.metadata.namespace
        with translated(Call(f"read the pod {name!r}", "get")):
            there = self._core.read_namespaced_pod(name, namespace)
        if self._fits(there):
            return there
        raise TrialFailedError(
            f"A pod of the name {name!r} is there already and is not this attempt's, or is being deleted. "
            "Wait for its end.",
            kind=FailureKind.INFRASTRUCTURE,
        )


def delete(core: Any, name: str, namespace: str, grace_period: int | None = None) -> None:
    """Delete a pod, waiting for an API server that restarts; nothing happens when it is gone."""
    grace = {} if grace_period is None else {"grace_period_seconds": grace_period}

    @until_done
    def delete_it() -> None:
        with translated(Call(f"delete the pod {name!r}", "delete")):
            core.delete_namespaced_pod(name, namespace, **grace)

    try:
        delete_it()
    except ClusterRefusedError as err:
        if err.status != ABSENT:
            raise


@until_done
def mark_ended(core: Any, name: str, namespace: str) -> None:
    """Label a pod that is kept, so that no later attempt takes it up."""
    with translated(Call(f"label the pod {name!r}", "patch")):
        core.patch_namespaced_pod(name, namespace, {"metadata": {"labels": {ENDED: "true"}}})


@until_answered
def _list(core: Any, namespace: str, selector: str) -> list[Any]:
    with translated(Call("list the pods of the trial", "list")):
        return list(core.list_namespaced_pod(namespace, label_selector=selector).items)


def _kept(pod: Any) -> bool:
    return ENDED in (pod.metadata.labels or {})


def _created(pod: Any) -> Any:
    return pod.metadata.creation_timestamp
