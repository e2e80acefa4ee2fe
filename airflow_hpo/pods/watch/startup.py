"""Start of a pod: the wait for its node and its program, and what makes the wait vain."""

import time
from collections.abc import Callable
from typing import Any

from airflow_hpo.pods import failures
from airflow_hpo.pods.watch.limits import WatchLimits
from airflow_hpo.pods.watch.live_pod import LivePod

SHORTEST_PAUSE = 0.5
PACE = 4
"""A pod that the API server sends nothing of is asked for after a quarter of the time that it has waited: a start is noticed
soon, and a pod that waits for an hour is not asked for all the time."""


async def until_started(pod: LivePod, options: WatchLimits, given_up: Callable[[], bool]) -> None:
    """Wait until the program has started, or the pod has ended, or the trial is given up."""
    begun, scheduled = time.monotonic(), None
    while True:
        state = await pod.refresh()
        if given_up() or failures.started(state, options.container) or pod.over:
            return
        now = time.monotonic()
        if scheduled is None and _is_scheduled(state):
            scheduled = now
        await _check(pod, options, now - begun, None if scheduled is None else now - scheduled)
        pause = options.startup_check_interval
        await pod.woken(pause if pod.sent else min(pause, max(SHORTEST_PAUSE, (now - begun) / PACE)))


async def _check(pod: LivePod, options: WatchLimits, waited: float, since_scheduled: float | None) -> None:
    """Raise why the pod will not start, or has not started in time."""
    if why := failures.cannot_start(pod.state):
        raise why.error()
    if since_scheduled is None and waited >= options.schedule_timeout:
        raise failures.not_scheduled(pod.state, options.schedule_timeout).error()
    if since_scheduled is not None and since_scheduled >= options.startup_timeout:
        events = await pod.events()
        raise failures.not_started(pod.state, options.container, options.startup_timeout, events).error()


def _is_scheduled(state: Any) -> bool:
    return any(one.type == "PodScheduled" and one.status == "True" for one in state.status.conditions or [])
