"""Silence of a pod's program: noticed only where its log answers, for a connection that hangs is silent too."""

import math
import time

from airflow_hpo.core.silence import silence_failure
from airflow_hpo.pods.watch.log_readings import PodReadings
from airflow_hpo.pods.watch.logs import TrialLogs

UNREAD_PAUSE = 5.0
"""Seconds before a log that could not be read is asked for again."""


class Silence:
    """Time since the program has started or has printed its last line, measured from its creation."""

    def __init__(self, limit: float | None, readings: PodReadings, logs: TrialLogs) -> None:
        self._limit = math.inf if limit is None else limit
        self._readings = readings
        self._logs = logs
        self._begun = self._not_before = time.monotonic()

    @property
    def left(self) -> float:
        """Seconds until the silence may have lasted too long."""
        ends = max(self._begun, self._readings.heard) + self._limit
        return max(0.0, max(ends, self._not_before) - time.monotonic())

    async def check(self) -> None:
        """Raise when the program has printed nothing for too long.

        :raises TrialFailedError: of the kind ``no_news``.
        """
        if self.left:
            return
        if not await self._logs.caught_up():
            self._not_before = time.monotonic() + UNREAD_PAUSE
        if not self.left:
            raise silence_failure("program", self._limit, self._readings.tail)
