"""Numbers that JSON cannot hold, as null and a mark."""

import math


def finite(value: float | None) -> float | None:
    """Return a number that JSON can hold; None for NaN and infinities."""
    return value if value is not None and math.isfinite(value) else None


def mark_of(value: float | None) -> str | None:
    """Return what a number is that JSON cannot hold: ``nan``, ``inf`` or ``-inf``; None for others."""
    return None if value is None or math.isfinite(value) else str(value)
