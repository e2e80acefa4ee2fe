"""Readings of a pod's logs while it runs: lines for the task's log, metrics for the study."""

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from airflow_hpo.core.masking import cut, masked
from airflow_hpo.core.metrics.collector import Collector
from airflow_hpo.core.metrics.measurement import SHOWN_LENGTH, Measurement
from airflow_hpo.core.metrics.point import SeriesPoint
from airflow_hpo.core.metrics.source import File, MetricSource, Stdout
from airflow_hpo.core.metrics.values import as_time
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.outcome import TAIL_LINES
from airflow_hpo.core.remarks import NO_REMARKS, Remarks
from airflow_hpo.exceptions import TrialFailedError
from airflow_hpo.pods.watch.timestamped_lines import LogLine, Place, seconds_between

WRITE_LIMIT = 0.02
"""Seconds for which lines are written at once, in which nothing else happens in an event loop."""
UNWRITTEN_LINES = 20_000
"""Lines that wait for the task's log; of a program that prints faster than that is written the oldest are left out, of the log
alone: each line is read for metrics."""
LEFT_OUT = "... {} lines are left out of this log here: they came faster than it can be written."

Earlier = tuple[str, Mapping[str, Collection[int]]]
"""What watchers of before have read, as ``read_to`` was given it, with the steps that are stored of each metric."""
OnLine = Callable[[datetime | None], None]
"""Takes the moment of the newest line, as its node's clock has it; a log that is read again brings old lines."""


ReadTo = Callable[[str, Remarks], None]
"""Takes what the next watcher goes on from, and all that the program has said until there besides its metrics."""


def passed_over(*_: object) -> None:
    """Do nothing with the moment of a line, or with how far a log was read."""


class PodReadings:
    """Collects from the logs of one pod; its methods may be called from several threads.

    ``log`` is called by :meth:`write` with every line that the program printed, ``on_line`` with the moments of some, and
    ``read_to`` with what the next watcher goes on from.
    """

    def __init__(
        self,
        source: MetricSource,
        objective: Objective,
        log: Callable[[str], None],
        on_line: OnLine = passed_over,
        read_to: ReadTo = passed_over,
        earlier: Earlier | None = None,
        were_read: Callable[[], bool] | None = None,
    ) -> None:
        self._read_to = read_to
        self._unkept = False
        """Whether lines were read of which ``read_to`` does not know."""
        self._remarks = NO_REMARKS
        self._collector = Collector(source, objective)
        self.goes_on = False
        """Whether watchers of before have read a part of the logs."""
        self.metrics_place = Place()
        """How far the log that gives the metrics was read."""
        self.output_place = self.metrics_place if isinstance(source, Stdout) else Place()
        """How far the log of the program was read."""
        self.names = objective.metrics
        """The metrics that are looked for."""
        self._from_output = isinstance(source, Stdout)
        self._from_message = not isinstance(source, Stdout | File)
        self.were_read = None if self._from_message else were_read
        """Says whether a log of the study could be read before, by whichever process; None where no log is needed."""
        self._log = log
        self._on_line = on_line
        self._unwritten: deque[str] = deque()
        self._left_out = 0
        """How many of the oldest lines were left out of the task's log since it was written."""
        self._lock = threading.Lock()
        self.tail: deque[str] = deque(maxlen=TAIL_LINES)
        """The last lines of the program's output."""
        self.heard = 0.0
        """When a new line came last, on the monotonic clock; 0 before the first."""
        if earlier:
            self._go_on(*earlier)

    def output(self, lines: list[LogLine]) -> None:
        """Take lines of the program's own output."""
        if self._from_output:
            self.metrics(lines)
        else:
            with self._lock:
                for line in lines:
                    self._remark(line)
                    self._take(self.output_place, line)
        self.tail.extend(cut(line.text, SHOWN_LENGTH) for line in lines if line.stamp)
        self._hear(lines)
        self._unwritten.extend(line.text for line in lines)
        while len(self._unwritten) > UNWRITTEN_LINES:
            self._unwritten.popleft()
            self._left_out += 1

    @property
    def unwritten(self) -> bool:
        """Whether lines wait for the task's log."""
        return bool(self._unwritten or self._left_out)

    def write(self, seconds: float = WRITE_LIMIT) -> None:
        """Write what the program has printed since the last call into the task's log, for so long at most."""
        end = time.monotonic() + seconds
        try:
            if self._left_out:
                left_out, self._left_out = self._left_out, 0
                self._log(LEFT_OUT.format(left_out))
            while self._unwritten and time.monotonic() < end:
                self._log(masked(self._unwritten.popleft()))
        except OSError:
            # The supervisor of the task was killed, and its log with it; what the trial measures counts all the same.
            self._unwritten.clear()

    def metrics(self, lines: list[LogLine]) -> None:
        """Take lines of the source that metrics are read from; messages of the kubelet itself are passed over."""
        with self._lock:
            for line in lines:
                if line.stamp:
                    self._metric(line)
        self._hear(lines)

    def _metric(self, line: LogLine) -> None:
        if line.after_gap:
            self._collector.series.gap(lost_lines(line.after_gap, line.stamp))
        self._collector.add_line(line.text, as_time(line.stamp))
        if self._from_output:
            self._remark(line)
        self._take(self.metrics_place, line)

    def _remark(self, line: LogLine) -> None:
        if line.stamp:
            self._remarks = self._remarks.and_line(line.text)

    def _take(self, place: Place, line: LogLine) -> None:
        if line.stamp:
            place.take(line)
            self._unkept = True

    def _go_on(self, kept: str, steps: Mapping[str, Collection[int]]) -> None:
        """Begin with what watchers of before have read, and where they have stopped."""
        try:
            data = json.loads(kept)
        except ValueError:
            # Masking a secret may have broken it.
            return
        self.goes_on = True
        self._remarks = Remarks.from_dict(data.get("remarks") or {})
        # An attempt that takes up the pod of another one has none of its own yet.
        self._unkept = bool(self._remarks)
        self._collector.resume(data, steps)
        # The version before kept no more than how far it had read the log that gives the metrics.
        self.metrics_place = Place.of(data.get("metrics", data))
        self.output_place = self.metrics_place if self._from_output else Place.of(data.get("output", {"until": ""}))

    def lose(self, sentence: str) -> None:
        """Take that lines of the log that gives the metrics cannot be read any more."""
        if not self._from_message:
            with self._lock:
                self._collector.series.gap(sentence)

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
        """Return the points that came since the last call; none while lines are read, for which nothing else must wait."""
        if not self._lock.acquire(blocking=final):
            return []
        try:
            points = self._collector.drain(final=final)
            if self._unkept:
                self._unkept = False
                self._read_to(self._kept(), self._remarks)
            return points
        finally:
            self._lock.release()

    def _kept(self) -> str:
        own = {} if self._from_output else {"output": self.output_place.kept()}
        said = {"remarks": self._remarks.to_dict()} if self._remarks else {}
        return json.dumps({"metrics": self.metrics_place.kept(), **own, **self._collector.kept(), **said})

    def recall(self, tail: Sequence[str]) -> None:
        """Take the last lines of the program's output, of which watchers of before have read some."""
        if len(tail) > len(self.tail):
            self.tail = deque((cut(line, SHOWN_LENGTH) for line in tail), maxlen=TAIL_LINES)
            if self._from_output:
                self._collector.recall(tail)

    def note(self, sentence: str) -> None:
        """Keep a remark for those who look for missing metrics."""
        self._collector.note = sentence

    def odd(self, sentence: str) -> None:
        """Keep a remark for the attempt."""
        self._collector.series.note(sentence)

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
        return self._from_output and not (self.tail or self.metrics_place.last)

    def so_far(self) -> Measurement | None:
        """Return the result as if the trial had ended here; None when it has none."""
        with self._lock:
            return self._collector.so_far()


def lost_lines(after: str, before: str) -> str:
    """Return the sentence about lines that are gone, by the timestamps of those around them."""
    seconds = max(0.0, seconds_between(after, before))
    return (
        f"The lines of {seconds:.3g} s of its log are lost, from {after[:19]} to {before[:19]} UTC: they were printed and "
        "removed before they were read, for Kubernetes keeps the newest file of a log only."
    )
