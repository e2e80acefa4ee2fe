"""The values of one trial as they arrive, in bounded memory, and the one that counts at the end."""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from airflow_hpo.core.metrics.measurement import (
    LinesRead,
    Measurement,
    doubtful,
    lost,
    missing,
    not_finite,
    two_formats,
)
from airflow_hpo.core.metrics.numbers import as_number
from airflow_hpo.core.metrics.point import (
    Found,
    MetricPoint,
    Rejected,
    SeriesPoint,
    TwoReadings,
    kept,
    of_kept,
    times,
)
from airflow_hpo.core.metrics.strategies import counted
from airflow_hpo.core.metrics.thinned_curve import Curve
from airflow_hpo.core.objective import Objective

SERIES_LIMIT = 1000
"""Values of a metric that the series keeps without gaps."""


class MetricSeries:
    """Collect the values of one trial and measure it.

    What counts and what is shown are two things. The value that counts comes from every value, in the order in which they
    were reported: "last" is the last one, whatever the steps say. The series that :meth:`drain` gives away is what pruners
    and curves are made of: a value a step, see :class:`airflow_hpo.core.metrics.thinned_curve.Curve`.

    Values that are NaN or infinite stay in the series; ``best`` and ``mean`` skip them, and a trial with such a
    ``last`` value fails. What may be a value and could not be read whole fails the trial when it would be the value that counts.

    The series is thinned for trials that report without end, always at the same places: the first ``limit`` values of a
    metric are all there, of the next ``limit`` every second, of the next ``2 * limit`` every fourth and so on: n values
    become about ``limit * (1 + log2(n / limit) / 2)``.
    """

    def __init__(self, objective: Objective, limit: int = SERIES_LIMIT) -> None:
        self._objective = objective
        self._curves = {name: Curve(name, limit) for name in objective.metrics}
        self._counted = {name: counted(objective, name) for name in objective.metrics}
        self._last: dict[str, float] = {}
        self._pending: list[SeriesPoint] = []
        self._otherwise: dict[str, Rejected] = {}
        self._rejections: Counter[str] = Counter()
        self._first_rejected: dict[str, Rejected] = {}
        self._longer: dict[str, TwoReadings] = {}
        self._notes: list[str] = []

    def add(self, found: Iterable[Found]) -> None:
        """Take what a parser found, or points made otherwise; undeclared metrics are ignored."""
        for each in found:
            if isinstance(each, Rejected):
                self._reject(each)
            elif isinstance(each, TwoReadings):
                self._longer.setdefault(each.name, each)
            elif each.name in self._curves:
                self._add(each)

    def note(self, sentence: str) -> None:
        """Keep a remark for the attempt, once."""
        if sentence not in self._notes:
            self._notes.append(sentence)

    def gap(self, sentence: str) -> None:
        """Take that lines were lost here, of which any may have given any metric."""
        self.note(sentence)
        for name, each in self._counted.items():
            each.doubt(Rejected(name, "", why=sentence.rstrip("."), lost=True))

    def kept(self) -> dict[str, Any]:
        """Return what was taken so far as plain data, for a reader that goes on from here."""
        return {
            "counted": {name: each.kept() for name, each in self._counted.items()},
            "curves": {name: each.kept() for name, each in self._curves.items()},
            "last": self._last,
            "otherwise": [kept(each) for each in self._otherwise.values()],
            "rejected": [[self._rejections[name], kept(each)] for name, each in self._first_rejected.items()],
            "notes": self._notes,
        }

    def resume(self, data: Mapping[str, Any], steps: Mapping[str, Collection[int]]) -> None:
        """Go on from what :meth:`kept` returned, with the steps of each metric that are stored."""
        for name, each in self._counted.items():
            each.resume(data["counted"][name])
            self._curves[name].resume(data["curves"][name], steps.get(name, ()))
        self._last = dict(data["last"])
        self._otherwise = {each.name: each for each in map(of_kept, data["otherwise"]) if each}
        for count, first in data["rejected"]:
            self._rejections[first["name"]] = count
            self._first_rejected[first["name"]] = Rejected(**first)
        self._notes = list(data["notes"])

    def drain(self, *, final: bool = False) -> list[SeriesPoint]:
        """Return the points that came since the last call, oldest first."""
        points, self._pending = self._pending, []
        if final:
            points += [curve.held for curve in self._curves.values() if curve.held]
            for curve in self._curves.values():
                curve.held = None
        return points

    def measure(self, evidence: LinesRead | None = None) -> Measurement:
        """Return the trial's result."""
        name = self._objective.metric
        self._settle_otherwise()
        if doubt := self._counted[name].doubtful:
            if doubt.lost:
                raise lost(doubt, self._objective.strategy.value)
            raise (two_formats if doubt.format else doubtful)(doubt, evidence)
        if name not in self._last:
            raise missing(name, self._first_rejected.get(name), evidence)
        value = self._counted[name].value
        if value is None:
            strategy = self._objective.strategy.value
            raise not_finite(name, f"{strategy} value is not; the last reported is {self._last[name]}{self._at(name)}")
        return Measurement(value, self._extra(), tuple(self.problems(evidence)))

    def settle(self, value: float) -> Measurement:
        """Return the result with an objective that was given rather than computed from the series."""
        if not math.isfinite(value):
            raise not_finite(self._objective.metric, f"final value is {value}")
        return Measurement(value, self._extra(), tuple(self.problems()))

    def so_far(self, evidence: LinesRead | None = None) -> Measurement | None:
        """Return the result as if the trial had ended here, such as for a pruned one; None when it has none."""
        self._settle_otherwise()
        counting = self._counted[self._objective.metric]
        value = None if counting.doubtful else counting.value
        return None if value is None else Measurement(value, self._extra(), tuple(self.problems(evidence)))

    def problems(self, evidence: LinesRead | None = None) -> list[str]:
        """Return what was odd about the reports, and which extra metrics are missing, a short sentence each."""
        extra = [sentence for name in self._objective.extra_metrics for sentence in self._extra_problems(name)]
        return self.oddities() + extra + (evidence.problems() if evidence else [])

    def oddities(self) -> list[str]:
        """Return what was odd about what came, a short sentence each."""
        found = list(self._notes)
        for name, count in self._rejections.items():
            first = self._first_rejected[name]
            line = f" in the line {first.line!r}" if first.line else ""
            why = f": {first.why}" if first.why else ""
            was = "was not a number" if as_number(first.text) is None else "was in doubt"
            found.append(f"{name!r} {was} {times(count)}, first {first.text!r}{line}{why}.")
        for each in self._longer.values():
            found.append(f"{each.name!r} was read up to the blank of {each.text!r} in the line {each.line!r}.")
        for curve in self._curves.values():
            found += curve.problems()
        return found

    def _extra_problems(self, name: str) -> list[str]:
        if doubt := self._counted[name].doubtful:
            return [f"The extra metric {name!r} is left out: {doubt}."]
        if name not in self._last:
            return [f"The extra metric {name!r} was never reported."]
        if self._counted[name].value is None:
            return [f"The extra metric {name!r} is left out: its last value is {self._last[name]}."]
        return []

    def _add(self, point: MetricPoint) -> None:
        held = self._otherwise.pop(point.name, None)
        if held and not _same(held.guess, point.value):
            self._counted[point.name].doubt(held)
        self._last[point.name] = point.value
        self._counted[point.name].add(point.value)
        if shown := self._curves[point.name].take(point):
            self._pending.append(shown)

    def _settle_otherwise(self) -> None:
        """Doubt a value that was given after the last one, in a format that is not read; alone it is only missing."""
        for name, held in self._otherwise.items():
            if name in self._last:
                self._counted[name].doubt(held)
        self._otherwise = {name: held for name, held in self._otherwise.items() if name not in self._last}

    def _hold(self, found: Rejected) -> None:
        """Keep a value in another format until the next one shows whether it is the same, printed twice."""
        if found.name in self._last and _same(found.guess, self._last[found.name]):
            return
        held = self._otherwise.get(found.name)
        if held and found.name in self._last:
            self._counted[found.name].doubt(held)
        self._otherwise[found.name] = found

    def _reject(self, found: Rejected) -> None:
        if found.format:
            self._hold(found)
            return
        self._rejections[found.name] += 1
        self._first_rejected.setdefault(found.name, found)
        if found.doubtful and found.name in self._counted:
            self._counted[found.name].doubt(found)

    def _at(self, name: str) -> str:
        last = self._curves[name].last
        return f" at step {last.step}" if last else ""

    def _extra(self) -> dict[str, float]:
        kept = {name: self._counted[name] for name in self._objective.extra_metrics}
        return {name: each.value for name, each in kept.items() if each.value is not None and not each.doubtful}


def _same(one: float | None, other: float) -> bool:
    """Say whether two numbers are one, perhaps written with fewer digits."""
    if one is None or not math.isclose(one, other, rel_tol=0.01):
        return False
    digits = min(len(repr(each).partition(".")[2].partition("e")[0]) for each in (one, other))
    return math.isclose(one, other, rel_tol=0.0, abs_tol=10.0**-digits) or math.isclose(one, other, rel_tol=1e-4)
