"""Watching one pod from its creation to its end, in a triggerer or in a worker alike."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from airflow_hpo.core.metrics.point import Report
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.placement import UNKNOWN, Placement
from airflow_hpo.core.trial import AttemptOutcome, FailureKind
from airflow_hpo.exceptions import ClusterUnavailableError, PermanentHpoError, TrialFailedError
from airflow_hpo.pods import failures
from airflow_hpo.pods.api.access import PodAccess
from airflow_hpo.pods.failures import PodFailure
from airflow_hpo.pods.threads import cancelled, in_thread
from airflow_hpo.pods.watch.logs import TrialLogs
from airflow_hpo.pods.watch.node import Located, NodeReport
from airflow_hpo.pods.watch.readings import PodReadings
from airflow_hpo.pods.watch.ticks import next_tick


class Log(Protocol):
    """Where to say what happens: any logger."""

    def info(self, msg: str, /, *args: Any) -> None:
        """Say something."""

    def warning(self, msg: str, /, *args: Any) -> None:
        """Say that something is odd."""


FIRST_PAUSE = 0.2
SHORTEST_LOOK = 0.5
NEWS_LIMIT = 1.0
"""Seconds within which the API server usually says that a container whose log has ended has ended too."""
SETTLE_LIMIT = 3.0
"""Seconds to wait after a failure until the pod itself says why."""
SIDECAR_LIMIT = 30.0
TWICE = (
    "A program that prints nothing is run twice, as container runtimes can lose the output of one that ends at once."
)
BUSY_SHARE = 10
"""Reports take at most one part in so many of a watch's time, however slow the database is."""


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """How a pod is watched; all times in seconds."""

    container: str
    """The container whose program is the trial."""
    metrics_container: str | None = None
    """A native sidecar that prints the metrics; None when the program's output or last words hold them."""
    schedule_timeout: float = 3600.0
    startup_timeout: float = 900.0
    startup_check_interval: float = 5.0
    poll_interval: float = 10.0
    api_timeout: float = 600.0
    """How long the API server may be away."""
    report_interval: float = 1.0
    ending_interval: float = 2.0
    """How often to ask whether the trial has to end although it reports nothing."""
    deadline: float | None = None
    """Seconds since 1970 at which the task's execution_timeout ends the trial; None for never."""
    execution_timeout: float | None = None
    """The same as a duration, for people."""


class PodWatch:
    """Watches one pod once; cancelling it leaves the pod alone.

    :param access: the pod.
    :param options: how it is watched.
    :param readings: takes its logs.
    :param report: takes new points and says whether the trial is to be given up.
    :param logger: where to say what happens.
    :param located: takes the pod's node; None where it is early enough to know it when the pod has ended.
    """

    def __init__(
        self,
        access: PodAccess,
        options: WatchOptions,
        readings: PodReadings,
        report: Report,
        logger: Log,
        located: Located | None = None,
    ) -> None:
        self._access = access
        self._options = options
        self._readings = readings
        self._report = report
        self._logger = logger
        self._node = NodeReport(located)
        self._wake = asyncio.Event()
        self._logs = TrialLogs(access, readings, options.container, options.metrics_container, self._log_ended)
        self._pruned = False
        self._refused: PermanentHpoError | None = None
        self._away_since: float | None = None
        self._pod: Any = None

    async def run(self) -> Outcome:
        """Watch until the pod has ended, was pruned, or cannot be watched any longer; a pruned one is deleted."""
        try:
            with self._access.subscribe(self._wake.set) as self._news:
                return await self._run()
        finally:
            self._readings.write()

    async def _run(self) -> Outcome:
        try:
            async with self._reporting():
                await self._until_started()
                async with self._logs.followed():
                    await self._until_over()
                    if not self._pruned:
                        await self._settle()
                        await self._logs.drain()
            if self._pruned:
                return await self._prune()
            outcome = self._ended()
        except TrialFailedError as err:
            outcome = self._failed(err.reason, err.kind, alive=self._away_since is not None)
        return await self._with_last_report(outcome)

    async def _until_started(self) -> None:
        options, begun, scheduled = self._options, time.monotonic(), None
        while True:
            pod = await self._look()
            if self._given_up() or failures.started(pod, options.container) or failures.over(pod, options.container):
                return
            now = time.monotonic()
            if scheduled is None and _is_scheduled(pod):
                scheduled = now
            await self._check_start(pod, now - begun, None if scheduled is None else now - scheduled)
            pause = options.startup_check_interval
            heard = self._news.live and not self._node.waits
            await self._woken(pause if heard else min(pause, max(SHORTEST_LOOK, (now - begun) / 4)))

    async def _check_start(self, pod: Any, waited: float, since_scheduled: float | None) -> None:
        options = self._options
        if why := failures.cannot_start(pod):
            raise _error(why)
        if since_scheduled is None and waited >= options.schedule_timeout:
            raise _error(failures.not_scheduled(pod, options.schedule_timeout))
        if since_scheduled is not None and since_scheduled >= options.startup_timeout:
            events = await self._access.events()
            raise _error(failures.not_started(pod, options.container, options.startup_timeout, events))

    async def _until_over(self) -> None:
        """Look now and then, and at once when something becomes of the pod or its log has come to its end."""
        pause = longest = self._options.poll_interval
        while not self._given_up() and not self._is_over(self._pod):
            woken = await self._woken(pause)
            pause = min(FIRST_PAUSE if woken else pause * 2, longest)
            if self._given_up():
                return
            await self._look()

    def _log_ended(self) -> None:
        """Look at once, or a little later where the API server says by itself that the container has ended."""
        asyncio.get_running_loop().call_later(NEWS_LIMIT if self._news.live else 0, self._wake.set)

    def _given_up(self) -> bool:
        """Say whether the trial is to end although its pod has not."""
        if self._refused:
            raise TrialFailedError(str(self._refused)) from self._refused
        return self._pruned

    async def _woken(self, pause: float) -> bool:
        """Wait until something happens, or for a while; say which."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), pause)
        woken = self._wake.is_set()
        self._wake.clear()
        return woken

    async def _settle(self) -> None:
        """Give a failed pod the time to say why, and a sidecar the time to print the rest of a file."""
        options = self._options
        end = failures.ended(self._pod, options.container)
        if end and end.exit_code:
            await self._wait(lambda pod: pod.status.phase in ("Succeeded", "Failed"), SETTLE_LIMIT)
        if sidecar := options.metrics_container:
            await self._wait(lambda pod: failures.over(pod, sidecar), SIDECAR_LIMIT)

    async def _wait(self, reached: Callable[[Any], bool], limit: float) -> None:
        until = time.monotonic() + limit
        while not reached(self._pod) and time.monotonic() < until:
            await asyncio.sleep(FIRST_PAUSE)
            with contextlib.suppress(TrialFailedError):
                await self._look()

    async def _look(self) -> Any:
        """Return the pod as it is now, waiting for an API server that is away."""
        while True:
            if self._options.deadline is not None and time.time() >= self._options.deadline:
                limit = self._options.execution_timeout
                raise TrialFailedError(f"The task ran into its execution_timeout of {limit:g} s.")
            try:
                pod = self._news.newest() or await self._access.read()
            except ClusterUnavailableError as err:
                await self._endure(err)
                continue
            self._away_since = None
            if pod is None:
                raise _error(failures.gone(self._pod, await self._access.events(warnings=False)))
            self._pod = pod
            self._node.seen(self._placement())
            if failures.lost(pod, datetime.now(UTC)) and not self._is_over(pod):
                raise _error(failures.node_lost(pod))
            return pod

    async def _endure(self, err: ClusterUnavailableError) -> None:
        now = time.monotonic()
        if self._away_since is None:
            self._away_since = now
            self._logger.warning("%s It is asked again.", err)
        away = now - self._away_since
        if away >= self._options.api_timeout:
            reason = f"The Kubernetes API did not answer for {away:.0f} s. {err}"
            raise TrialFailedError(reason, kind=FailureKind.INFRASTRUCTURE)
        await asyncio.sleep(min(5.0, self._options.poll_interval))

    @contextlib.asynccontextmanager
    async def _reporting(self) -> AsyncIterator[None]:
        """Report and write what the logs say until the context is left."""
        beside = (self._keep_reporting(), self._keep_writing(), self._node.run())
        tasks = [asyncio.create_task(one) for one in beside]
        try:
            yield
        finally:
            await cancelled(tasks)

    async def _keep_reporting(self) -> None:
        pause, asked = self._options.report_interval, time.monotonic()
        while not self._pruned and self._refused is None:
            await asyncio.sleep(pause)
            begun = time.monotonic()
            try:
                points = self._readings.drain()
                if points or begun - asked >= self._options.ending_interval:
                    self._pruned, asked = await in_thread(self._report, points), begun
            except PermanentHpoError as err:
                self._refused = err
            pause = max(self._options.report_interval, (time.monotonic() - begun) * BUSY_SHARE)
        self._wake.set()

    async def _keep_writing(self) -> None:
        while True:
            await next_tick()
            self._readings.write()

    async def _with_last_report(self, outcome: Outcome) -> Outcome:
        """Report what is left; what the pruner says of it comes too late."""
        try:
            await in_thread(self._report, self._readings.drain(final=True))
        except PermanentHpoError as err:
            return self._failed(str(err))
        return outcome

    async def _prune(self) -> Outcome:
        outcome = self._outcome(AttemptOutcome.PRUNED)
        try:
            await self._access.delete()
        except ClusterUnavailableError as err:
            self._logger.warning("The pruned pod is deleted later: %s", err)
        return await self._with_last_report(outcome)

    def _ended(self) -> Outcome:
        container = self._options.container
        end = failures.ended(self._pod, container)
        self._readings.message(end.message if end else None)
        if failed := failures.failure(self._pod, container, list(self._readings.tail)):
            return self._failed(failed.reason, failed.kind, exit_code=failed.exit_code)
        try:
            self._readings.measure()
        except TrialFailedError as err:
            return self._without_result(err)
        return self._outcome(AttemptOutcome.COMPLETE, exit_code=0)

    def _without_result(self, err: TrialFailedError) -> Outcome:
        """Blame the program only when it was heard."""
        if self._logs.unread:
            return self._failed(err.reason, FailureKind.INFRASTRUCTURE, alive=True)
        if self._readings.silent:
            return self._failed(f"{err.reason} {TWICE}", FailureKind.UNHEARD, exit_code=0)
        return self._failed(err.reason, err.kind, exit_code=0)

    def _failed(self, reason: str, kind: FailureKind = FailureKind.PROGRAM, **more: Any) -> Outcome:
        return self._outcome(AttemptOutcome.FAILED, reason=reason, kind=kind, **more)

    def _outcome(self, state: AttemptOutcome, **more: Any) -> Outcome:
        over = self._pod is not None and self._is_over(self._pod)
        seen: dict[str, Any] = {
            "measurement": self._readings.so_far(),
            "tail": tuple(self._readings.tail),
            "over": over,
        }
        return Outcome(state, placement=self._placement(), **seen, **more)

    def _is_over(self, pod: Any) -> bool:
        return failures.over(pod, self._options.container)

    def _placement(self) -> Placement:
        if self._pod is None:
            return UNKNOWN
        status = failures.container_status(self._pod, self._options.container)
        return Placement(node=self._pod.spec.node_name or None, image=(status.image_id or None) if status else None)


def _is_scheduled(pod: Any) -> bool:
    return any(one.type == "PodScheduled" and one.status == "True" for one in pod.status.conditions or [])


def _error(failure: PodFailure) -> TrialFailedError:
    return TrialFailedError(failure.reason, kind=failure.kind)
