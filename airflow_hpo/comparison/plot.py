"""Paired differences and their interval, drawn in text.

Text is seen wherever a decision is taken: Airflow's approval page shows no embedded picture, and a task's log, a terminal
and a chat message show text anyway.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

from airflow_hpo.comparison.decision import ChallengerResult, Decision, Estimate

WIDTH = 60
"""Characters of the drawing, without its labels."""
LEGEND = "· a scenario (• some, ● many), ◆ the mean, ├ ┤ what chance leaves open"
_INTERVAL = "interval"


def plot(decision: Decision, width: int = WIDTH) -> str:
    """Return a drawing of how much better each challenger was, one mark per scenario; empty without differences."""
    drawn = [result for result in decision.challengers if result.differences]
    if not drawn:
        return ""
    axis = _Axis.around([value for result in drawn for value in _points(result)], width)
    label = max(len(name) for name in [_INTERVAL, *(result.candidate for result in drawn)])
    lines = [f"{'':{label}}  {axis.title(decision.objective.metric)}"]
    for result in drawn:
        lines.append(f"{result.candidate:{label}}  {axis.dots(result.differences.values())}")
        lines.append(f"{_INTERVAL:{label}}  {axis.interval(result.improvement.effect.absolute)}")
    lines += [f"{'':{label}}  {axis.ends()}", f"{'':{label}}  {LEGEND}"]
    return "\n".join(line.rstrip() for line in lines)


def _points(result: ChallengerResult) -> list[float]:
    estimate = result.improvement.effect.absolute
    ends = [end for end in (estimate.low, estimate.high) if math.isfinite(end)]
    return [*result.differences.values(), *ends, 0.0]


class _Axis:
    """Where values stand in a line of text."""

    def __init__(self, low: float, high: float, width: int) -> None:
        self.low, self.high, self.width = low, high, width

    @classmethod
    def around(cls, values: list[float], width: int) -> _Axis:
        """Return an axis that shows all values."""
        low, high = min(values), max(values)
        return cls(low, high, width) if low / 2 < high / 2 else cls(low - 1, high + 1, width)

    def at(self, value: float) -> int:
        # Shares, because the difference of two huge values may overflow.
        share = (value / 2 - self.low / 2) / (self.high / 2 - self.low / 2)
        return min(max(round(share * (self.width - 1)), 0), self.width - 1)

    def dots(self, values: Iterable[float]) -> str:
        counts = Counter(self.at(value) for value in values)
        return self._line({column: "·" if n == 1 else "•" if n < 4 else "●" for column, n in counts.items()})

    def interval(self, found: Estimate) -> str:
        left = self.at(found.low) if math.isfinite(found.low) else 0
        right = self.at(found.high) if math.isfinite(found.high) else self.width - 1
        marks = dict.fromkeys(range(left, right + 1), "─")
        marks[left] = "├" if math.isfinite(found.low) else "◄"
        marks[right] = "┤" if math.isfinite(found.high) else "►"
        return self._line({**marks, self.at(found.value): "◆"})

    def title(self, metric: str) -> str:
        return f"{metric}: worse ◄ ┊ ► better than the champion"

    def ends(self) -> str:
        low, high = f"{self.low:.4g}", f"{self.high:.4g}"
        text = list(f"{low:<{self.width - len(high)}}{high}")
        zero = self.at(0)
        if len(low) < zero < self.width - len(high) - 1:
            text[zero] = "0"
        return "".join(text)

    def _line(self, marks: dict[int, str]) -> str:
        return "".join(marks.get(column, "┊" if column == self.at(0) else " ") for column in range(self.width))
