"""Watch of one pod from its creation to its end, in a triggerer or in a worker alike."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Coroutine
from typing import Any

from airflow_hpo.core.log import Log
from airflow_hpo.core.metrics.point import Report
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.exceptions import PermanentHpoError, TrialFailedError
from airflow_hpo.pods.api.access import PodAccess
from airflow_hpo.pods.threads import cancelled
from airflow_hpo.pods.watch.creation import Creation
from airflow_hpo.pods.watch.deletion import delete
from airflow_hpo.pods.watch.limits import WatchLimits
from airflow_hpo.pods.watch.live_pod import FIRST_PAUSE, LivePod
from airflow_hpo.pods.watch.log_readings import PodReadings
from airflow_hpo.pods.watch.logs import TrialLogs
from airflow_hpo.pods.watch.node import NodeReport, OnNode
from airflow_hpo.pods.watch.pod_end import PodEnd, settle
from airflow_hpo.pods.watch.reports import Reports
from airflow_hpo.pods.watch.silence import Silence
from airflow_hpo.pods.watch.startup import until_started
from airflow_hpo.pods.watch.waits import PRESENT, WaitReport, Waits

STATE_LIMIT = 3.0
"""Seconds within which Kubernetes says that a container has ended whose log has come to its end."""


class PodWatch:
    """Watches one pod once; cancelling it leaves the pod alone.

    Four tasks go on from its beginning to its end: points are reported, lines are written, the node and waits are reported.
    The watch itself waits for one event after the other: the program starts, the pod is over, its logs are read.
    """

    def __init__(
        self,
        access: PodAccess,
        options: WatchLimits,
        readings: PodReadings,
        report: Report,
        logger: Log,
        on_node: OnNode | None = None,
        grace_period: int | None = None,
        waits: Waits = PRESENT,
    ) -> None:
        self._access = access
        self._grace_period = grace_period
        self._options = options
        self._readings = readings
        self._logger = logger
        self._node = NodeReport(on_node)
        self._waits = WaitReport(waits, logger)
        self._ending = waits.ending
        self._pod = LivePod(access, options, logger, self._node, waits.allowed)
        self._creation = Creation(access, waits.manifest, options, self._waits) if waits.manifest else None
        self._end = PodEnd(self._pod, readings, options, self._waits)
        self._reports = Reports(readings, report, options, self._pod.wake)
        self._logs = TrialLogs(access, readings, options.container, options.metrics_container, self._pod.log_ended)

    async def run(self) -> Outcome:
        """Watch until the pod has ended, was given up, or cannot be watched any longer; one that was given up is deleted."""
        try:
            outcome = await self._reported(await self._outcome())
            await self._reports.write_rest()
            return outcome
        finally:
            # Of one that is cancelled the next watcher begins where this one has read.
            self._readings.write()

    async def _outcome(self) -> Outcome:
        try:
            async with self._reporting():
                if self._creation and not await self._creation.until_created(self._reports.given_up, self._pod.woken):
                    return await self._deleted(self._end.pruned())
                with self._pod.subscribed():
                    by_itself = await self._until_end()
            if by_itself:
                return self._end.outcome(unread=self._logs.unread)
            return await self._deleted(self._end.pruned())
        except TrialFailedError as err:
            if self._reports.pruned:
                # Why its pod cannot be watched does not matter any more.
                return await self._deleted(self._end.pruned())
            outcome = self._end.failed(err.reason, err.kind, alive=self._pod.away, lasting=err.lasting)
            return outcome if outcome.alive or outcome.over else await self._deleted(outcome)

    async def _until_end(self) -> bool:
        """Watch the pod from its start to its end; False when the trial was given up before."""
        await until_started(self._pod, self._options, self._reports.given_up, self._waits, self._logger)
        if last := self._readings.output_place.last:
            self._logger.info("The program's lines go on after %s; those before are in an earlier log.", last)
        async with self._logs.followed():
            await self._until_over()
            if by_itself := await self._ended_by_itself():
                await settle(self._pod, self._options)
                await self._logs.drain()
                await self._end.look_into()
        return by_itself

    @contextlib.asynccontextmanager
    async def _reporting(self) -> AsyncIterator[None]:
        """Report until the context is left."""
        tasks = [asyncio.create_task(one) for one in self._reporters()]
        try:
            yield
        finally:
            await cancelled(tasks)

    def _reporters(self) -> list[Coroutine[Any, Any, None]]:
        return [self._reports.run(), self._reports.write(), self._node.run(), self._waits.run()]

    async def _until_over(self) -> None:
        """Look now and then, and at once when something happens to the pod or its log has come to its end.

        What wakes is no proof: a log ends when a connection breaks, too, and the state of the container follows its log. So the
        next looks come soon, and then ever later up to the poll interval.
        """
        pause = longest = self._options.poll_interval
        silence = Silence(self._options.no_news_after, self._readings, self._logs)
        while not self._reports.given_up() and not self._pod.over:
            self._logs.check()
            await silence.check()
            woken = await self._pod.woken(min(pause, silence.left))
            pause = min(FIRST_PAUSE if woken else pause * 2, longest)
            if self._reports.given_up():
                return
            await self._pod.refresh()

    async def _ended_by_itself(self) -> bool:
        """Say whether the pod had ended before the trial was given up, seen or not: then its own end counts."""
        # The state of a container follows the end of its log.
        end = time.monotonic() + (STATE_LIMIT if self._pod.log_has_ended else 0)
        while self._reports.pruned and not self._pod.over:
            await self._pod.look()
            if time.monotonic() >= end:
                break
            await asyncio.sleep(FIRST_PAUSE)
        return self._pod.over

    async def _deleted(self, outcome: Outcome) -> Outcome:
        async def ending() -> None:
            await self._ending(outcome.reason)

        await delete(self._access, self._pod, self._grace_period, self._logger, ending)
        return outcome

    async def _reported(self, outcome: Outcome) -> Outcome:
        """Report the last points, which belong to every outcome."""
        try:
            await self._reports.deliver_rest()
        except PermanentHpoError as err:
            return self._end.failed(str(err))
        return outcome
