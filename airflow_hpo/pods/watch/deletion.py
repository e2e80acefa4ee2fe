"""Deletion of a pod that is watched. Until it is gone its program may run, so its trial has not ended."""

import time
from collections.abc import Awaitable, Callable

from airflow_hpo.core.log import Log
from airflow_hpo.exceptions import ClusterError
from airflow_hpo.pods.api.access import PodAccess
from airflow_hpo.pods.remains import DEFAULT_GRACE, SLACK, grace_of
from airflow_hpo.pods.watch.live_pod import LivePod

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 5.0
"""Seconds between two looks at a pod that ends: they double from the first to the longest."""


async def delete(
    access: PodAccess, pod: LivePod, grace_period: int | None, logger: Log, ending: Callable[[], Awaitable[None]]
) -> None:
    """Delete a pod and wait until it is gone, with all of its Job, for its grace period and half a minute at most.

    ``ending`` is called once, when it is not gone at once.
    """
    try:
        await access.delete(grace_period)
    except ClusterError as err:
        # The end of the attempt deletes the pod again.
        logger.warning("The pod is deleted later. %s", err)
        return
    grace = _grace(pod, grace_period)
    end, pause, told = time.monotonic() + grace + SLACK, FIRST_PAUSE, False
    while time.monotonic() < end:
        there = await _there(access)
        if there is not None and not there:
            return
        if there and not told:
            told = True
            logger.info("The pod is Terminating. Its slot is free when it is gone, in %g s at most.", grace + SLACK)
            await ending()
        await pod.woken(pause)
        pause = min(pause * 2, LONGEST_PAUSE)
    logger.warning("The pod is still there after %g s. The trial ends without it.", grace + SLACK)


async def _there(access: PodAccess) -> int | None:
    """Return how many pods are not gone; None when the API server does not say."""
    try:
        return len(await access.there())
    except ClusterError:
        return None


def _grace(pod: LivePod, given: int | None) -> float:
    if given is not None:
        return given
    return grace_of(pod.state) if pod.state else DEFAULT_GRACE
