"""Rules between the bounds of a numeric parameter."""

import sys
from decimal import Decimal


def check_bounds(low: float, high: float, log: bool, step: float | None) -> None:
    """Refuse bounds that contradict each other, the scale or the step."""
    if not low <= high:
        raise ValueError(
            f"`low <= high` must hold, but got (low={low}, high={high}). Swap them: low={high}, high={low}."
        )
    if high - low > sys.float_info.max:  # compared, not converted: a whole number may be too large for a float
        raise ValueError(f"Bounds must be less than 1.8e308 apart, but got (low={low}, high={high}). Rescale.")
    if log and low <= 0:
        raise ValueError(
            f"A log scale needs `low > 0`, but got (low={low}). Write low={min(1, high) if isinstance(low, int) else min(1e-05, high)}, or drop log=True."
        )
    if step is not None and step <= 0:
        raise ValueError(
            f"`step > 0` must hold, but got (step={step}). Write step={abs(step) or (1 if isinstance(step, int) else 0.1)}."
        )
    if step is not None and low < high and decimal(step) > decimal(high) - decimal(low):
        shorter = 1 if isinstance(step, int) else float(f"{(high - low) / 10:.1g}")
        raise ValueError(
            f"A step must fit between the bounds, but got (low={low}, high={high}, step={step}). Write step={shorter}."
        )


def decimal(number: float) -> Decimal:
    """Return a number as it is written: 0.1 and not the nearest binary one."""
    return Decimal(str(number))
