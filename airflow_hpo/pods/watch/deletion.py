"""Deletion of a pod that is watched. Until it is gone its program may run, so its trial has not ended."""

import contextlib
import time

from airflow_hpo.core.log import Log
from airflow_hpo.exceptions import ClusterError
from airflow_hpo.pods.api.access import PodAccess
from airflow_hpo.pods.watch.live_pod import LivePod

DEFAULT_GRACE = 30.0
"""Seconds that Kubernetes gives a program to end, where the pod says nothing."""
SLACK = 30.0
"""Seconds beyond the grace period after which a pod that is still there, such as on a node that is lost, is waited for no more."""
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 5.0
"""Seconds between two looks at a pod that ends: they double from the first to the longest."""


async def delete(access: PodAccess, pod: LivePod, grace_period: int | None, logger: Log) -> None:
    """Delete a pod and wait until it is gone, for its grace period and half a minute at most."""
    try:
        await access.delete(grace_period)
    except ClusterError as err:
        # The end of the attempt deletes the pod again.
        logger.warning("The pod is deleted later. %s", err)
        return
    grace = _grace(pod, grace_period)
    end, pause, told = time.monotonic() + grace + SLACK, FIRST_PAUSE, False
    while time.monotonic() < end:
        with contextlib.suppress(ClusterError):
            if await access.read() is None:
                return
            if not told:
                told = True
                logger.info("The pod is Terminating. Its slot is free when it is gone, in %g s at most.", grace + SLACK)
        await pod.woken(pause)
        pause = min(pause * 2, LONGEST_PAUSE)
    logger.warning("The pod is still there after %g s. The trial ends without it.", grace + SLACK)


def _grace(pod: LivePod, given: int | None) -> float:
    if given is not None:
        return given
    declared = pod.state.spec.termination_grace_period_seconds if pod.state else None
    return DEFAULT_GRACE if declared is None else declared
