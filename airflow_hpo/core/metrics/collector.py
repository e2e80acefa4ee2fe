"""Collector of one trial's metrics: splitter, parser and series together, fed by the caller."""

from collections import deque
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from airflow_hpo.core.masking import cut
from airflow_hpo.core.metrics.lines import LineSplitter
from airflow_hpo.core.metrics.measurement import SHOWN_LENGTH, SHOWN_LINES, LinesRead, Measurement, too_slow
from airflow_hpo.core.metrics.parser import Parser
from airflow_hpo.core.metrics.point import SeriesPoint
from airflow_hpo.core.metrics.regex_engine import SearchTimeout
from airflow_hpo.core.metrics.series import MetricSeries
from airflow_hpo.core.metrics.source import File, MetricSource
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.remarks import is_remark
from airflow_hpo.exceptions import TrialFailedError

SAMPLE = 50
"""Lines from the beginning, and from the end, that are kept for those who look for missing metrics."""
SAMPLE_LENGTH = 400
MESSAGE_LENGTH = 4096
"""Bytes of a termination message, of which Kubernetes keeps the last."""


class Collector:
    """Collect the metrics of one trial from a stream that the caller reads."""

    def __init__(self, source: MetricSource, objective: Objective) -> None:
        source.check(objective)
        self.series = MetricSeries(objective)
        self.note = ""
        """A sentence about the source itself for those who look for missing metrics."""
        self.stopped: TrialFailedError | None = None
        """Why nothing is read any more; None while lines are."""
        self._source = source
        self._parser = Parser(source, objective.metrics)
        self._splitter = LineSplitter(names=objective.metrics)
        self._lines = 0
        self._first: list[str] = []
        self._recent: deque[str] = deque(maxlen=SAMPLE)

    def feed(self, data: bytes) -> list[str]:
        """Take the next piece of the stream and return the lines it completes, for the log."""
        return self._add(self._splitter.feed(data))

    def feed_message(self, data: bytes, *, whole: bool = True) -> None:
        """Take a termination message and its end; the first line of one that was cut is no whole line."""
        self._add(self._splitter.feed(data.partition(b"\n")[2] if len(data) >= MESSAGE_LENGTH else data))
        self.close(whole=whole)

    def close(self, *, whole: bool = True) -> list[str]:
        """Take the stream's end and return its unfinished last line; whole when the program ended by itself."""
        lines = self._splitter.flush()
        # a whole JSON object cannot be half a line
        if whole or self._source.format == "json":
            self._add(lines)
        return lines

    def add_line(self, line: str, time: datetime | None = None) -> None:
        """Take one line that was split elsewhere."""
        self._lines += 1
        if line.strip():
            self._keep(cut(line, SAMPLE_LENGTH))
        if self.stopped or is_remark(line):
            return
        try:
            self.series.add(self._parser.parse(line, time))
        except SearchTimeout as err:
            self.stopped = too_slow(str(err), line)

    def kept(self) -> dict[str, Any]:
        """Return what was read so far as plain data, for a reader that goes on from here."""
        return {"series": self.series.kept(), "parser": self._parser.kept(), "lines": self._lines}

    def resume(self, data: Mapping[str, Any], steps: Mapping[str, Collection[int]]) -> None:
        """Go on from what :meth:`kept` returned, with the steps of each metric that are stored."""
        self.series.resume(data["series"], steps)
        self._lines = data.get("lines", 0)
        self._parser.resume(data.get("parser", {}))
        if header := data.get("header"):
            # All that the version before kept of the lines.
            self._parser.parse(header)

    def recall(self, recent: Iterable[str]) -> None:
        """Take the last lines for those who look for missing metrics, where another reader has read some of them."""
        self._recent = deque((cut(line, SAMPLE_LENGTH) for line in recent if line.strip()), maxlen=SAMPLE)

    def drain(self, *, final: bool = False) -> list[SeriesPoint]:
        """Return the points that came since the last call."""
        return self.series.drain(final=final)

    def measure(self) -> Measurement:
        """Return the trial's result."""
        if self.stopped:
            raise self.stopped
        return self.series.measure(self.evidence)

    def so_far(self) -> Measurement | None:
        """Return the result as if the trial had ended here; None when it has none."""
        return None if self.stopped else self.series.so_far(self.evidence)

    @property
    def problems(self) -> tuple[str, ...]:
        """What was odd about what came, a short sentence each, for an attempt that has no result."""
        return (*self.series.oddities(), *self.evidence.problems())

    @property
    def evidence(self) -> LinesRead:
        """What was read so far."""
        recent = tuple(self._recent)
        return LinesRead(
            self._source.describe(),
            self._lines,
            self._splitter.cut,
            tail=tuple(cut(line, SHOWN_LENGTH) for line in recent[-SHOWN_LINES:]),
            sample=(*self._first, *recent),
            declared=f"File({self._source.path!r}, "
            if isinstance(self._source, File)
            else f"{type(self._source).__name__}(",
            note=self.note,
        )

    def _keep(self, line: str) -> None:
        if len(self._first) < SAMPLE:
            self._first.append(line)
        self._recent.append(line)

    def _add(self, lines: list[str]) -> list[str]:
        for line in lines:
            self.add_line(line)
        return lines
