"""Curves of metrics, drawn in one line of text."""

from __future__ import annotations

import math
from collections.abc import Sequence

WIDTH = 16
"""Characters of a drawing at most."""
LEVELS = "▁▂▃▄▅▆▇█"
NO_NUMBER = "!"
"""Stands for NaN and for infinities."""


def sparkline(values: Sequence[float], width: int = WIDTH) -> str:
    """Return values as a line of bars, from the lowest to the highest; of more than ``width`` evenly spaced ones."""
    shown = thinned(values, width)
    finite = [value for value in shown if math.isfinite(value)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 0.0)
    return "".join(_bar(value, low, high) for value in shown)


def thinned(values: Sequence[float], width: int) -> list[float]:
    """Return at most ``width`` values, evenly spaced, the first and the last among them."""
    if len(values) <= width:
        return list(values)
    return [values[round(i * (len(values) - 1) / (width - 1))] for i in range(width)]


def _bar(value: float, low: float, high: float) -> str:
    if not math.isfinite(value):
        return NO_NUMBER
    if low == high:
        return LEVELS[0]
    # Halves, because the difference of two huge values may overflow.
    share = (value / 2 - low / 2) / (high / 2 - low / 2)
    return LEVELS[round(share * (len(LEVELS) - 1))]
