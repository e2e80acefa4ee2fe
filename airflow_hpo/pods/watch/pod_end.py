"""End of a pod: its outcome, from its last state and what its logs held."""

from typing import Any

from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.trial import AttemptOutcome
from airflow_hpo.exceptions import FailureKind, TrialFailedError
from airflow_hpo.pods import failures
from airflow_hpo.pods.watch.limits import WatchLimits
from airflow_hpo.pods.watch.live_pod import LivePod
from airflow_hpo.pods.watch.log_readings import PodReadings
from airflow_hpo.pods.watch.waits import WaitReport

SETTLE_LIMIT = 3.0
"""Seconds to wait after a failure until the pod itself says why: the reason of an eviction follows the container's end."""
SIDECAR_LIMIT = 30.0
"""Seconds that a sidecar has to print the rest of a file; its own grace period, after which it is killed, is as long."""
TWICE = (
    "A program that prints nothing is run twice, as container runtimes can lose the output of one that ends at once."
)


async def settle(pod: LivePod, options: WatchLimits) -> None:
    """Give a failed pod the time to say why, and a sidecar the time to print the rest of a file."""
    end = failures.ended(pod.state, options.container)
    if end and end.exit_code:
        await pod.until(lambda state: state.status.phase in ("Succeeded", "Failed"), SETTLE_LIMIT)
    if sidecar := options.metrics_container:
        await pod.until(lambda state: failures.over(state, sidecar), SIDECAR_LIMIT)


class PodEnd:
    """Makes the outcome of a pod."""

    def __init__(self, pod: LivePod, readings: PodReadings, options: WatchLimits, waits: WaitReport) -> None:
        self._waits = waits
        self._pod = pod
        self._readings = readings
        self._container = options.container
        self._events: list[str] = []
        self._helper_tail: list[str] | None = None

    async def look_into(self) -> None:
        """Ask what only the cluster knows, before the pod is deleted: what ended its program, and what its helpers said."""
        state = self._pod.state
        if failures.asks_events(state, self._container):
            self._events = await self._pod.events(warnings=False)
        if (blamed := failures.to_blame(state, self._container)) != self._container:
            self._helper_tail = await self._pod.tail_of(blamed)
        if self._readings.goes_on:
            self._readings.recall(await self._pod.tail_of(self._container))
        for sentence in failures.troubles(state, self._container):
            self._readings.odd(sentence)

    def outcome(self, *, unread: bool) -> Outcome:
        """Return that of a pod that has ended; ``unread`` when the end of its log may be read later."""
        end = failures.ended(self._pod.state, self._container)
        self._readings.message(end.message if end else None)
        tail = list(self._readings.tail) if self._helper_tail is None else self._helper_tail
        if failed := failures.failure(self._pod.state, self._container, tail, self._events):
            return self.failed(failed.reason, failed.kind, exit_code=failed.exit_code)
        try:
            self._readings.measure()
        except TrialFailedError as err:
            return self._without_result(err, unread=unread)
        return self._seen(AttemptOutcome.COMPLETE, exit_code=0)

    def pruned(self) -> Outcome:
        """Return that of a trial that was given up."""
        return self._seen(AttemptOutcome.PRUNED)

    def failed(self, reason: str, kind: FailureKind = FailureKind.PROGRAM, **more: Any) -> Outcome:
        """Return that of a failure."""
        return self._seen(AttemptOutcome.FAILED, reason=reason, kind=kind, **more)

    def _without_result(self, err: TrialFailedError, *, unread: bool) -> Outcome:
        """Blame the program only when its output was read."""
        if unread:
            return self.failed(err.reason, FailureKind.INFRASTRUCTURE, alive=True)
        if self._readings.silent:
            return self.failed(f"{err.reason} {TWICE}", FailureKind.NO_OUTPUT, exit_code=0)
        return self.failed(err.reason, err.kind, exit_code=0)

    def _seen(self, state: AttemptOutcome, **more: Any) -> Outcome:
        read = self._readings
        seen: dict[str, Any] = {"tail": tuple(read.tail), "oddities": read.problems, "placement": self._pod.placement}
        seen["moments"] = self._pod.moments
        waited = str(self._waits.now) if self._waits.now else None
        return Outcome(state, read.so_far(), over=self._pod.over, waits_for=waited, **seen, **more)
