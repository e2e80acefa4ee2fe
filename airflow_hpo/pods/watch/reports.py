"""Reports of a running trial: its points to the study, its lines to the task's log."""

import asyncio
import time
from collections.abc import Callable

from airflow_hpo.core.metrics.point import Report
from airflow_hpo.exceptions import PermanentHpoError, TrialFailedError
from airflow_hpo.pods.threads import in_thread
from airflow_hpo.pods.watch.limits import WatchLimits
from airflow_hpo.pods.watch.log_readings import PodReadings
from airflow_hpo.pods.watch.share import reading_share
from airflow_hpo.pods.watch.ticks import next_tick

BUSY_SHARE = 10
"""Reports take at most one part in so many of a watch's time, however slow the database is."""


class Reports:
    """Gives new points to the study until it answers that the trial is to end; ``end`` is called then."""

    def __init__(self, readings: PodReadings, report: Report, options: WatchLimits, end: Callable[[], None]) -> None:
        self._readings = readings
        self._report = report
        self._options = options
        self._end = end
        self._refused: PermanentHpoError | None = None
        self.pruned = False

    def given_up(self) -> bool:
        """Say whether the trial is to end although its pod has not."""
        if self._refused:
            raise TrialFailedError(str(self._refused)) from self._refused
        if self._readings.stopped:
            raise self._readings.stopped
        return self.pruned

    async def run(self) -> None:
        """Report until the trial is to end, or until cancelled."""
        pause, asked = self._options.report_interval, time.monotonic()
        while not self.pruned and self._refused is None and not self._readings.stopped:
            await asyncio.sleep(pause)
            begun = time.monotonic()
            try:
                points = self._readings.drain()
                if points or begun - asked >= self._options.ending_interval:
                    self.pruned, asked = await in_thread(self._report, points), begun
            except PermanentHpoError as err:
                self._refused = err
            pause = max(self._options.report_interval, (time.monotonic() - begun) * BUSY_SHARE)
        self._end()

    async def write(self) -> None:
        """Write the program's lines at every tick, until cancelled."""
        while True:
            await next_tick()
            await self.write_rest()

    async def write_rest(self) -> None:
        """Write all lines that have come, a few at a time, so that other trials of the process go on meanwhile."""
        while self._readings.unwritten:
            await reading_share().write(self._readings.write)

    async def deliver_rest(self) -> None:
        """Report what is left; a pruner's answer to it comes too late.

        :raises PermanentHpoError: when the study refuses it.
        """
        await in_thread(self._report, self._readings.drain(final=True))
