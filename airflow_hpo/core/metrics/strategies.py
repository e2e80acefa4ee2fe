"""Strategies: which of the values of a metric counts, in the order of the stream, whatever the steps say."""

import math
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from airflow_hpo.core.metrics.point import Rejected, kept, of_kept
from airflow_hpo.core.objective import Direction, ExtraStrategy, Objective, Strategy


class Counted(Protocol):
    """What a strategy keeps of a metric's values."""

    def add(self, value: float) -> None:
        """Take the next value."""

    def doubt(self, found: Rejected) -> None:
        """Take what may be a value and was not read."""

    def kept(self) -> dict[str, Any]:
        """Return what was taken so far, as plain data."""

    def resume(self, data: dict[str, Any]) -> None:
        """Go on from what :meth:`kept` returned."""

    @property
    def value(self) -> float | None:
        """The value that counts; None when there is none or it is not finite."""

    @property
    def doubtful(self) -> Rejected | None:
        """What may be the value that counts instead; None when there is nothing of the kind."""


class Last:
    """The last value; NaN and infinity are values."""

    def __init__(self) -> None:
        self._last = math.nan
        self.doubtful: Rejected | None = None

    def add(self, value: float) -> None:
        """Take the next value."""
        self._last, self.doubtful = value, None

    def doubt(self, found: Rejected) -> None:
        """Take what may be a value and was not read."""
        self.doubtful = found

    def kept(self) -> dict[str, Any]:
        """Return what was taken so far."""
        return {"last": self._last, "doubt": kept(self.doubtful)}

    def resume(self, data: dict[str, Any]) -> None:
        """Go on from what was taken."""
        self._last, self.doubtful = data["last"], of_kept(data["doubt"])

    @property
    def value(self) -> float | None:
        """The value that counts."""
        return self._last if math.isfinite(self._last) else None


class Best:
    """The least or the greatest finite value."""

    def __init__(self, direction: Direction) -> None:
        self._direction = direction
        self._doubts: dict[bool, Rejected] = {}
        self.value: float | None = None

    def add(self, value: float) -> None:
        """Take the next value."""
        if math.isfinite(value) and (self.value is None or self._direction.better(value, self.value)):
            self.value = value

    def doubt(self, found: Rejected) -> None:
        """Keep the first with an unknown value, and the best of the others."""
        known = self._doubts.get(True)
        if found.guess is None:
            self._doubts.setdefault(False, found)
        elif known is None or known.guess is None or self._direction.better(found.guess, known.guess):
            self._doubts[True] = found

    def kept(self) -> dict[str, Any]:
        """Return what was taken so far."""
        return {"value": self.value, "doubts": [kept(each) for each in self._doubts.values()]}

    def resume(self, data: dict[str, Any]) -> None:
        """Go on from what was taken."""
        self.value = data["value"]
        self._doubts = {each.guess is not None: each for each in map(of_kept, data["doubts"]) if each}

    @property
    def doubtful(self) -> Rejected | None:
        """What may be better than the value that counts."""
        known = self._doubts.get(True)
        if known and known.guess is not None and self.value is not None:
            known = known if self._direction.better(known.guess, self.value) else None
        return self._doubts.get(False) or known


class Mean:
    """The mean of the last finite values."""

    def __init__(self, window: int | None) -> None:
        self._window = window
        self._values: deque[float | Rejected] = deque(maxlen=window or 1)
        self._sum, self._count = 0.0, 0
        self._first_doubt: Rejected | None = None

    def add(self, value: float) -> None:
        """Take the next value."""
        if math.isfinite(value):
            self._values.append(value)
            self._sum += value
            self._count += 1

    def doubt(self, found: Rejected) -> None:
        """Take what may be a value and was not read."""
        self._values.append(found)
        self._first_doubt = self._first_doubt or found

    def kept(self) -> dict[str, Any]:
        """Return what was taken so far."""
        values = [kept(each) if isinstance(each, Rejected) else each for each in self._values]
        return {"values": values, "sum": self._sum, "count": self._count, "doubt": kept(self._first_doubt)}

    def resume(self, data: dict[str, Any]) -> None:
        """Go on from what was taken."""
        self._values.extend(Rejected(**each) if isinstance(each, dict) else each for each in data["values"])
        self._sum, self._count, self._first_doubt = data["sum"], data["count"], of_kept(data["doubt"])

    @property
    def value(self) -> float | None:
        """The value that counts."""
        numbers = [each for each in self._values if isinstance(each, float)]
        total, count = (sum(numbers), len(numbers)) if self._window else (self._sum, self._count)
        return total / count if count and math.isfinite(total) else None

    @property
    def doubtful(self) -> Rejected | None:
        """What may be among the values of the mean."""
        if self._window is None:
            return self._first_doubt
        return next((each for each in self._values if isinstance(each, Rejected)), None)


_EXTRA: dict[ExtraStrategy, Callable[[], Counted]] = {
    "last": Last,
    "min": lambda: Best(Direction.MINIMIZE),
    "max": lambda: Best(Direction.MAXIMIZE),
    "mean": lambda: Mean(None),
}


def counted(objective: Objective, name: str) -> Counted:
    """Return what counts the values of one of the declared metrics."""
    if name != objective.metric:
        return _EXTRA[(objective.strategies or {}).get(name, "last")]()
    if objective.strategy is Strategy.BEST:
        return Best(objective.direction)
    return Mean(objective.window) if objective.strategy is Strategy.MEAN else Last()
