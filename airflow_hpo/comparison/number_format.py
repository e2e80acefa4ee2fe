"""Numbers as people read them."""

import math

from airflow_hpo.comparison.rule import Scale


def amount(value: float, scale: Scale) -> str:
    """Return a size without its sign: a percentage on the relative scale, otherwise four significant digits."""
    return f"{abs(value) * 100:.3g} %" if scale is Scale.RELATIVE else f"{abs(value):.4g}"


def change(value: float, scale: Scale) -> str:
    """Return an effect in words, such as ``2.3 % better``."""
    if value == 0:
        return "equal"
    return f"{amount(value, scale)} {'better' if value > 0 else 'worse'}"


def percent(probability: float) -> str:
    """Return a probability as a percentage that does not round up to certainty."""
    return f"{math.floor(probability * 10000 + 1e-6) / 100:g} %"
