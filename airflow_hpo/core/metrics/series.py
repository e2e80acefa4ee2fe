"""The values of one trial as they arrive, in bounded memory, and the one that counts at the end."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Iterable

from airflow_hpo.core.metrics.measurement import LinesRead, Measurement, missing, not_finite
from airflow_hpo.core.metrics.point import Found, MetricPoint, Rejected, SeriesPoint
from airflow_hpo.core.objective import Objective, Strategy

SERIES_LIMIT = 1000
"""Values of a metric that the series keeps without gaps."""
STEPS_REMEMBERED = 100_000


class MetricSeries:
    """Collect the values of one trial and measure it.

    A value without a step gets the one after the greatest its metric has had, starting with 1. A step that comes again
    keeps its first value (what is read twice counts once); after 100,000 steps of a metric only greater ones are new.
    "Last" means last reported, whatever the steps say.

    Values that are NaN or infinite stay in the series; ``best`` and ``mean`` skip them, and a trial whose ``last`` value
    is one fails. Extra metrics count with their last value.

    The series that :meth:`drain` gives away is thinned for trials that report without end, always at the same places:
    the first ``limit`` values of a metric are all there, of the next ``limit`` every second, of the next ``2 * limit``
    every fourth and so on: n values become about ``limit * (1 + log2(n / limit) / 2)``. What counts at the end is
    computed from every value.

    :param objective: names, strategy and direction.
    :param limit: values of a metric that are kept without gaps; 1 or more.
    """

    def __init__(self, objective: Objective, limit: int = SERIES_LIMIT) -> None:
        self._objective = objective
        self._tracks = {name: _Track(name, limit) for name in objective.metrics}
        self._counting: deque[float] = deque(maxlen=objective.window or 1)
        self._pending: list[SeriesPoint] = []
        self._rejections: Counter[str] = Counter()
        self._first_rejected: dict[str, str] = {}
        self._notes: list[str] = []

    def add(self, found: Iterable[Found]) -> None:
        """Take what a parser found, or points made otherwise; undeclared metrics are ignored."""
        for each in found:
            if isinstance(each, Rejected):
                self._rejections[each.name] += 1
                self._first_rejected.setdefault(each.name, each.text)
            elif each.name in self._tracks:
                self._add(self._tracks[each.name], each)

    def note(self, sentence: str) -> None:
        """Keep a remark for the attempt, once."""
        if sentence not in self._notes:
            self._notes.append(sentence)

    def drain(self, *, final: bool = False) -> list[SeriesPoint]:
        """Return the points that came since the last call, oldest first."""
        points, self._pending = self._pending, []
        if final:
            points += [track.held for track in self._tracks.values() if track.held]
            for track in self._tracks.values():
                track.held = None
        return points

    def measure(self, evidence: LinesRead | None = None) -> Measurement:
        """Return the trial's result."""
        name = self._objective.metric
        last = self._tracks[name].last
        if last is None:
            raise missing(name, self._first_rejected.get(name), evidence)
        value = self._value()
        if value is None:
            strategy = self._objective.strategy.value
            raise not_finite(name, f"{strategy} value is not; the last reported is {last.value} at step {last.step}")
        return Measurement(value, self._extra(), tuple(self.problems(evidence)))

    def settle(self, value: float) -> Measurement:
        """Return the result with an objective that was given rather than computed from the series."""
        if not math.isfinite(value):
            raise not_finite(self._objective.metric, f"final value is {value}")
        return Measurement(value, self._extra(), tuple(self.problems()))

    def so_far(self, evidence: LinesRead | None = None) -> Measurement | None:
        """Return the result as if the trial had ended here, such as for a pruned one; None when it has none."""
        value = self._value()
        return None if value is None else Measurement(value, self._extra(), tuple(self.problems(evidence)))

    def problems(self, evidence: LinesRead | None = None) -> list[str]:
        """Return what was odd about the reports, a short sentence each."""
        found = list(self._notes)
        for name, count in self._rejections.items():
            found.append(f"{name!r} was not a number {count} times, first {self._first_rejected[name]!r}.")
        for track in self._tracks.values():
            found += track.problems()
        for name in self._objective.extra_metrics:
            last = self._tracks[name].last
            if last is None:
                found.append(f"The extra metric {name!r} was never reported.")
            elif not math.isfinite(last.value):
                found.append(f"The extra metric {name!r} is left out: its last value is {last.value}.")
        return found + (evidence.problems() if evidence else [])

    def _add(self, track: _Track, point: MetricPoint) -> None:
        taken = track.take(point)
        if taken is None:
            return
        if track.due():
            self._pending.append(taken)
        if point.name == self._objective.metric and math.isfinite(point.value):
            self._count(point.value)

    def _count(self, value: float) -> None:
        best = self._objective.strategy is Strategy.BEST
        if not best or not self._counting or self._objective.direction.better(value, self._counting[0]):
            self._counting.append(value)

    def _value(self) -> float | None:
        last = self._tracks[self._objective.metric].last
        only_last = self._objective.strategy is Strategy.LAST
        if last is None or not self._counting or (only_last and not math.isfinite(last.value)):
            return None
        value = self._objective.of(list(self._counting))
        return value if math.isfinite(value) else None

    def _extra(self) -> dict[str, float]:
        lasts = {name: self._tracks[name].last for name in self._objective.extra_metrics}
        return {name: last.value for name, last in lasts.items() if last and math.isfinite(last.value)}


class _Track:
    """One metric: its steps, its last value, and which values the series shows."""

    def __init__(self, name: str, limit: int) -> None:
        self._name = name
        self._limit = limit
        self._count = 0
        self._shown = 0
        self._repeated = 0
        self._strange = 0
        self._greatest = 0
        self._steps: set[int] = set()
        self.last: SeriesPoint | None = None
        self.held: SeriesPoint | None = None

    def take(self, point: MetricPoint) -> SeriesPoint | None:
        step = self._greatest + 1 if point.step is None else point.step
        if self._known(step):
            self._repeated += 1
            return None
        if len(self._steps) < STEPS_REMEMBERED:
            self._steps.add(step)
        self._greatest = max(self._greatest, step)
        self._count += 1
        self._strange += not math.isfinite(point.value)
        self.last = SeriesPoint(point.name, step, point.value, point.time)
        return self.last

    def due(self) -> bool:
        """Whether the series shows the value taken last; its place alone decides, so that trials stay comparable."""
        stride = 1 << ((self._count - 1) // self._limit).bit_length()
        shown = (self._count - 1) % stride == 0
        self._shown += shown
        self.held = None if shown else self.last
        return shown

    def problems(self) -> list[str]:
        found = []
        if self._repeated:
            found.append(
                f"{self._name!r} came again {self._repeated} times for a step it had; the first value was kept."
            )
        if self._strange:
            found.append(f"{self._name!r} was NaN or infinite {self._strange} times out of {self._count}.")
        if self._shown < self._count:
            found.append(f"The series of {self._name!r} was thinned from {self._count} values to {self._shown}.")
        return found

    def _known(self, step: int) -> bool:
        full = len(self._steps) >= STEPS_REMEMBERED
        return step in self._steps or (full and step <= self._greatest)
