"""Creation of a pod that Kubernetes did not take at once: it is asked again until there is room, or the API answers."""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from airflow_hpo.core.waiting import Waiting, WaitsFor
from airflow_hpo.exceptions import (
    ClusterError,
    ClusterForbiddenError,
    ClusterFullError,
    ClusterUnavailableError,
    FailureKind,
    TrialFailedError,
)
from airflow_hpo.pods.api.access import PodAccess
from airflow_hpo.pods.remains import waited_for
from airflow_hpo.pods.waiting import for_remains
from airflow_hpo.pods.watch.limits import WatchLimits
from airflow_hpo.pods.watch.waits import WaitReport

FIRST_PAUSE = 1.0
LONGEST_FULL = 15.0
"""Seconds at most between two requests while a quota is full: a place may be free at any time."""
LONGEST_AWAY = 300.0
"""Seconds at most between two requests while something that passes keeps the pod from being made."""


def waiting_of(err: ClusterError) -> Waiting:
    """Return what a pod waits for that an answer keeps from being made."""
    return Waiting(WaitsFor.QUOTA if isinstance(err, ClusterFullError) else WaitsFor.API, err.reason)


def waits(err: ClusterError) -> bool:
    """Say whether a pod that was refused is asked for again; a right that is missing comes back as an API server does."""
    return isinstance(err, ClusterUnavailableError | ClusterForbiddenError)


class Creation:
    """Creates one pod."""

    def __init__(
        self, access: PodAccess, manifest: Mapping[str, Any], options: WatchLimits, report: WaitReport
    ) -> None:
        self._access = access
        self._manifest = manifest
        self._options = options
        self._report = report

    async def until_created(self, given_up: Callable[[], bool], woken: Callable[[float], Awaitable[bool]]) -> bool:
        """Ask until there is a pod; False when the trial was given up before."""
        begun, pause, away_since = time.monotonic(), FIRST_PAUSE, None
        self._report.now = self._report.now or Waiting(WaitsFor.API)
        while not given_up():
            try:
                if left := waited_for(await self._access.earlier(self._manifest), time.monotonic() - begun):
                    self._report.update(for_remains(left), self._options.waited(begun))
                    await woken(FIRST_PAUSE)
                    continue
                if await self._access.create(self._manifest):
                    self._report.update(Waiting(WaitsFor.NODE), 0.0)
                    return True
                away_since = None
                longest = FIRST_PAUSE
            except ClusterError as err:
                if not waits(err):
                    raise
                full = isinstance(err, ClusterFullError)
                away_since = None if full else (away_since or time.monotonic())
                self._give_up_late(err, self._options.waited(begun), away_since)
                self._report.update(waiting_of(err), self._options.waited(begun))
                longest = LONGEST_FULL if full else LONGEST_AWAY
                pause = max(pause, err.retry_after or 0.0)
            await woken(min(pause, longest))
            pause = min(pause * 2, LONGEST_AWAY)
        return False

    def _give_up_late(self, err: ClusterError, waited: float, away_since: float | None) -> None:
        if away_since is not None and time.monotonic() - away_since >= self._options.api_timeout:
            reason = f"The pod could not be created for {self._options.api_timeout:g} s. {err.reason}"
            raise TrialFailedError(reason, kind=FailureKind.INFRASTRUCTURE)
        if waited >= self._options.schedule_timeout:
            reason = f"The pod could not be created within {self._options.schedule_timeout:g} s. {err.reason}"
            raise TrialFailedError(reason, kind=FailureKind.INFRASTRUCTURE)
