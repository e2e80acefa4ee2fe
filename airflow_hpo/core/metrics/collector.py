"""One trial's reader: splitter, parser and series together, fed by whoever does the reading."""

from __future__ import annotations

from collections import deque
from datetime import datetime

from airflow_hpo.core.metrics.lines import LineSplitter
from airflow_hpo.core.metrics.measurement import SHOWN_LENGTH, SHOWN_LINES, LinesRead, Measurement
from airflow_hpo.core.metrics.parser import Parser
from airflow_hpo.core.metrics.point import SeriesPoint
from airflow_hpo.core.metrics.series import MetricSeries
from airflow_hpo.core.metrics.source import MetricSource
from airflow_hpo.core.objective import Objective


class Collector:
    """Collect the metrics of one trial from a stream that somebody else reads.

    :param source: where and how metrics stand.
    :param objective: what is looked for.
    :raises DeclarationError: when the two do not fit together.
    """

    def __init__(self, source: MetricSource, objective: Objective) -> None:
        source.check(objective)
        self.series = MetricSeries(objective)
        self.note = ""
        """A sentence about the source itself for those who look for missing metrics."""
        self._source = source
        self._parser = Parser(source, objective.metrics)
        self._splitter = LineSplitter()
        self._lines = 0
        self._tail: deque[str] = deque(maxlen=SHOWN_LINES)

    def feed(self, data: bytes) -> list[str]:
        """Take the next piece of the stream and return the lines it completes, for the log."""
        return self._add(self._splitter.feed(data))

    def close(self) -> list[str]:
        """Take the stream's end and return its unfinished last line, if there is one."""
        return self._add(self._splitter.flush())

    def add_line(self, line: str, time: datetime | None = None) -> None:
        """Take one line that was split elsewhere."""
        self._lines += 1
        if line.strip():
            self._tail.append(line[:SHOWN_LENGTH])
        self.series.add(self._parser.parse(line, time))

    def drain(self, *, final: bool = False) -> list[SeriesPoint]:
        """Return the points that came since the last call."""
        return self.series.drain(final=final)

    def measure(self) -> Measurement:
        """Return the trial's result."""
        return self.series.measure(self.evidence)

    def so_far(self) -> Measurement | None:
        """Return the result as if the trial had ended here; None when it has none."""
        return self.series.so_far(self.evidence)

    @property
    def evidence(self) -> LinesRead:
        """What was read so far."""
        return LinesRead(self._source.describe(), self._lines, self._splitter.cut, tuple(self._tail), self.note)

    def _add(self, lines: list[str]) -> list[str]:
        for line in lines:
            self.add_line(line)
        return lines
