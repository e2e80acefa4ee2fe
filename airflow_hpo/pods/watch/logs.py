"""The logs that tell of a trial: followed while its pod runs, read to their end afterwards."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from airflow_hpo.pods.api.access import PodAccess
from airflow_hpo.pods.threads import cancelled
from airflow_hpo.pods.watch.log_follower import LogFollower
from airflow_hpo.pods.watch.readings import PodReadings

DRAIN_LIMIT = 5.0
"""Seconds that a log may go on after its container has ended before it is asked for anew."""


class TrialLogs:
    """Reads what the trial prints, and what a sidecar prints for it.

    :param access: the pod.
    :param readings: takes the lines.
    :param container: the container whose program is the trial.
    :param metrics_container: a native sidecar that prints the metrics; None when there is none.
    :param at_end: called whenever the program's log has come to its end: most likely it has ended.
    """

    def __init__(
        self,
        access: PodAccess,
        readings: PodReadings,
        container: str,
        metrics_container: str | None,
        at_end: Callable[[], None],
    ) -> None:
        self.unread = False
        """Whether nobody answered when the end of a log was asked for, so that it may be read later."""
        self._readings = readings
        self._followers = [LogFollower(access, container, readings.output, at_end)]
        if metrics_container:
            self._followers.append(LogFollower(access, metrics_container, readings.metrics))
        self._tasks: list[asyncio.Task[None]] = []

    @contextlib.asynccontextmanager
    async def followed(self) -> AsyncIterator[None]:
        """Follow the logs until the context is left."""
        self._tasks = [asyncio.create_task(one.follow()) for one in self._followers]
        try:
            yield
        finally:
            await cancelled(self._tasks)

    async def drain(self) -> None:
        """Read every log to its end; call when the pod has ended, while the logs are followed."""
        for follower, task in zip(self._followers, self._tasks, strict=True):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(follower.idle.wait(), DRAIN_LIMIT)
            if task.done():
                task.result()
            await cancelled([task])
            await follower.finish()
            self._readings.note(follower.problem)
            self.unread |= follower.unread
