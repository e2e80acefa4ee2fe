"""The series of one metric: a value a step, thinned where a trial reports without end."""

import math
from collections.abc import Iterable
from typing import Any

from airflow_hpo.core.metrics.point import MetricPoint, SeriesPoint, times
from airflow_hpo.core.metrics.values import MAX_STEP

STEPS_REMEMBERED = 100_000
_COUNTS = ("_count", "_shown", "_moved", "_strange", "_beyond", "_greatest")


class Curve:
    """Gives each value its step, and says which of them the series shows.

    A value without a step gets the one after the greatest that the metric has had, starting with 1; so does one with a step
    that is taken, such as those of a second fold that counts from the start again. A value that comes again at once, with its
    step, is the same line printed twice and shown once. After 100,000 steps only greater ones are free.
    """

    def __init__(self, name: str, limit: int) -> None:
        self._name = name
        self._limit = limit
        self._count = 0
        self._shown = 0
        self._moved = 0
        self._strange = 0
        self._beyond = 0
        self._greatest = 0
        self._steps: set[int] = set()
        self._newest: MetricPoint | None = None
        self.last: SeriesPoint | None = None
        self.held: SeriesPoint | None = None

    def take(self, point: MetricPoint) -> SeriesPoint | None:
        """Return the value as the series shows it; None when it is left out."""
        if point.step is not None and self._again(point):
            return None
        self._newest = point
        self._strange += not math.isfinite(point.value)
        step = self._free(point.step)
        if step > MAX_STEP:
            self._beyond += 1
            return None
        if len(self._steps) < STEPS_REMEMBERED:
            self._steps.add(step)
        self._greatest = max(self._greatest, step)
        self._count += 1
        self.last = SeriesPoint(point.name, step, point.value, point.time)
        return self.last if self._due() else None

    def kept(self) -> dict[str, Any]:
        """Return how far the series has come, as plain data."""
        counts = {name: getattr(self, name) for name in _COUNTS}
        newest, last, held = self._newest, self.last, self.held
        return {
            "counts": counts,
            "newest": newest and [newest.step, newest.value],
            "last": last and [last.step, last.value],
            "held": bool(held),
        }

    def resume(self, data: dict[str, Any], steps: Iterable[int]) -> None:
        """Go on from what :meth:`kept` returned, with the steps that are stored."""
        for name in _COUNTS:
            setattr(self, name, data["counts"][name])
        self._steps.update(steps)
        if newest := data["newest"]:
            self._newest = MetricPoint(self._name, newest[1], newest[0])
        if last := data["last"]:
            self.last = SeriesPoint(self._name, *last)
        self.held = self.last if data["held"] else None

    def problems(self) -> list[str]:
        """Return what was odd, a short sentence each."""
        found = []
        if self._moved:
            found.append(
                f"{self._name!r} came {times(self._moved)} for a step it had; every value counts, and the series shows "
                "such values after the greatest step."
            )
        if self._beyond:
            found.append(
                f"{self._name!r} came {times(self._beyond)} after step 2**31 - 1, the last one of a series; every value counts."
            )
        if self._strange:
            found.append(f"{self._name!r} was NaN or infinite {times(self._strange)} out of {self._count}.")
        if self._shown < self._count:
            found.append(f"The series of {self._name!r} was thinned from {self._count} values to {self._shown}.")
        return found

    def _due(self) -> bool:
        """Say whether the series shows the newest value; its place alone decides, so that trials stay comparable."""
        stride = 1 << ((self._count - 1) // self._limit).bit_length()
        shown = (self._count - 1) % stride == 0
        self._shown += shown
        self.held = None if shown else self.last
        return shown

    def _again(self, point: MetricPoint) -> bool:
        newest = self._newest
        return newest is not None and (point.step, point.value) == (newest.step, newest.value)

    def _free(self, step: int | None) -> int:
        full = len(self._steps) >= STEPS_REMEMBERED
        if step is None:
            return self._greatest + 1
        if step in self._steps or (full and step <= self._greatest):
            self._moved += 1
            return self._greatest + 1
        return step
