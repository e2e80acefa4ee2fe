"""Readings of a pod's logs while it runs: lines for the task's log, metrics for the study."""

import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime

from airflow_hpo.core.masking import cut, masked
from airflow_hpo.core.metrics.collector import Collector
from airflow_hpo.core.metrics.measurement import SHOWN_LENGTH, Measurement
from airflow_hpo.core.metrics.point import SeriesPoint
from airflow_hpo.core.metrics.source import File, MetricSource, Stdout
from airflow_hpo.core.metrics.values import as_time
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.outcome import TAIL_LINES
from airflow_hpo.exceptions import TrialFailedError
from airflow_hpo.pods.watch.timestamped_lines import LogLine

OnLine = Callable[[datetime | None], None]
"""Takes the moment of the newest line, as its node's clock has it; a log that is read again brings old lines."""


def passed_over(moment: datetime | None) -> None:
    """Do nothing with the moment of a line."""


class PodReadings:
    """Collects from the logs of one pod; its methods may be called from several threads.

    ``log`` is called by :meth:`write` with every line that the program printed, ``on_line`` with the moments of some.
    """

    def __init__(
        self, source: MetricSource, objective: Objective, log: Callable[[str], None], on_line: OnLine = passed_over
    ) -> None:
        self._collector = Collector(source, objective)
        self.names = objective.metrics
        """The metrics that are looked for."""
        self._from_output = isinstance(source, Stdout)
        self._from_message = not isinstance(source, Stdout | File)
        self._log = log
        self._on_line = on_line
        self._unwritten: deque[str] = deque()
        self._lock = threading.Lock()
        self.tail: deque[str] = deque(maxlen=TAIL_LINES)
        """The last lines of the program's output."""
        self.heard = 0.0
        """When a new line came last, on the monotonic clock; 0 before the first."""

    def output(self, lines: list[LogLine]) -> None:
        """Take lines of the program's own output."""
        if self._from_output:
            self.metrics(lines)
        self.tail.extend(cut(line.text, SHOWN_LENGTH) for line in lines if line.stamp)
        self._hear(lines)
        self._unwritten.extend(line.text for line in lines)

    def write(self) -> None:
        """Write what the program has printed since the last call into the task's log."""
        try:
            while self._unwritten:
                self._log(masked(self._unwritten.popleft()))
        except OSError:
            # The supervisor of the task was killed, and its log with it; what the trial measures counts all the same.
            self._unwritten.clear()

    def metrics(self, lines: list[LogLine]) -> None:
        """Take lines of the source that metrics are read from; messages of the kubelet itself are passed over."""
        with self._lock:
            for line in lines:
                if line.stamp:
                    self._collector.add_line(line.text, as_time(line.stamp))
        self._hear(lines)

    def _hear(self, lines: list[LogLine]) -> None:
        stamps = [line.stamp for line in lines if line.stamp]
        if stamps:
            self.heard = time.monotonic()
            self._on_line(as_time(stamps[-1]))

    def message(self, text: str | None) -> None:
        """Take the container's termination message, when metrics are read from it."""
        if self._from_message and text:
            with self._lock:
                self._collector.feed_message(text.encode())

    def drain(self, *, final: bool = False) -> list[SeriesPoint]:
        """Return the points that came since the last call."""
        with self._lock:
            return self._collector.drain(final=final)

    def note(self, sentence: str) -> None:
        """Keep a remark for those who look for missing metrics."""
        self._collector.note = sentence

    def measure(self) -> Measurement:
        """Return the trial's result."""
        with self._lock:
            return self._collector.measure()

    @property
    def stopped(self) -> TrialFailedError | None:
        """Why nothing is read any more, such as a filter that is too slow; None while lines are."""
        return self._collector.stopped

    @property
    def problems(self) -> tuple[str, ...]:
        """What was odd about what came, a short sentence each."""
        with self._lock:
            return self._collector.problems

    @property
    def silent(self) -> bool:
        """Whether metrics are read from the program's output and not a line of it has come."""
        return self._from_output and not self.tail

    def so_far(self) -> Measurement | None:
        """Return the result as if the trial had ended here; None when it has none."""
        with self._lock:
            return self._collector.so_far()
