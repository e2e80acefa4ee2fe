"""Start of a pod: the wait for its node and its program, and what makes the wait vain."""

import time
from collections.abc import Callable
from typing import Any

from airflow_hpo.core.log import Log
from airflow_hpo.pods import failures
from airflow_hpo.pods.waiting import is_scheduled, waiting_of
from airflow_hpo.pods.watch.limits import WatchLimits
from airflow_hpo.pods.watch.live_pod import LivePod
from airflow_hpo.pods.watch.waits import WORTH_SAYING, WaitReport

SHORTEST_PAUSE = 0.5
PACE = 4
"""A pod that the API server sends nothing of is asked for after a quarter of the time that it has waited: a start is noticed
soon, and a pod that waits for an hour is not asked for all the time."""


async def until_started(
    pod: LivePod, options: WatchLimits, given_up: Callable[[], bool], waits: WaitReport, log: Log
) -> None:
    """Wait until the program has started, or the pod has ended, or the trial is given up."""
    start = Start(pod, options, waits, log)
    while True:
        state = await pod.refresh()
        if failures.started(state, options.container):
            waits.update(None, 0.0, pod.moments)
            return await pod.note_pulls()
        if given_up() or pod.over:
            return
        await start.check(state)
        await pod.woken(start.pause)


class Start:
    """The start of one pod, looked at until its program runs."""

    def __init__(self, pod: LivePod, options: WatchLimits, waits: WaitReport, log: Log) -> None:
        self._pod = pod
        self._options = options
        self._waits = waits
        self._log = log
        self._begun = time.monotonic()
        self._scheduled: float | None = None
        self._written: set[str] = set()
        self._events: list[str] = []
        self._asked = 0.0

    @property
    def pause(self) -> float:
        """Seconds until the next look."""
        waited, pause = time.monotonic() - self._begun, self._options.startup_check_interval
        return pause if self._pod.sent else min(pause, max(SHORTEST_PAUSE, waited / PACE))

    async def check(self, state: Any) -> None:
        """Raise why the pod will not start, or has not started in time; else report what it waits for."""
        await self._look_at_events()
        self._waits.update(waiting_of(state, self._options.container, self._events), self._since_begun)
        if why := failures.cannot_start(state):
            raise why.error()
        if is_scheduled(state):
            await self._check_start(state)
        elif self._in_line(state) >= self._options.schedule_timeout:
            events = await self._pod.events()
            raise failures.not_scheduled(state, self._options.schedule_timeout, events).error()

    async def _check_start(self, state: Any) -> None:
        if self._scheduled is None:
            self._scheduled = time.monotonic()
        accepted = state.status.start_time
        waited = self._options.waited(self._scheduled, accepted.timestamp() if accepted else time.time())
        if waited >= WORTH_SAYING and (why := failures.cannot_mount(self._events)):
            raise why.error()
        if waited >= self._options.startup_timeout:
            events = await self._pod.events()
            raise failures.not_started(state, self._options.container, self._options.startup_timeout, events).error()

    @property
    def _since_begun(self) -> float:
        return self._options.waited(self._begun)

    def _in_line(self, state: Any) -> float:
        """Return for how many seconds a pod has waited for a node, in all watches of it."""
        created = state.metadata.creation_timestamp
        since = min(filter(None, [self._options.begun, created and created.timestamp()]), default=None)
        return self._options.waited(self._begun, since)

    async def _look_at_events(self) -> None:
        """See the events of a pod that has waited for a while, or of every pod where they are wanted in the log."""
        wanted, now = self._options.log_events, time.monotonic()
        pause = self._options.startup_check_interval if wanted else WORTH_SAYING
        if now - self._asked < pause or not (wanted or self._since_begun >= WORTH_SAYING):
            return
        self._asked = now
        self._events = await self._pod.events(warnings=False)
        for event in self._events if wanted else ():
            if event not in self._written:
                self._written.add(event)
                self._log.info("Event of the pod: %s", event)
