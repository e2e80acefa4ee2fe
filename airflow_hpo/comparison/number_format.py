"""Numbers as people read them."""

import math

from airflow_hpo.comparison.rule import Scale


def amount(value: float, scale: Scale, digits: int = 4) -> str:
    """Return a size without its sign: a percentage on the relative scale; one significant digit less there."""
    return f"{abs(value) * 100:.{digits - 1}g} %" if scale is Scale.RELATIVE else f"{abs(value):.{digits}g}"


def change(value: float, scale: Scale, digits: int = 4) -> str:
    """Return an effect in words, such as ``2.3 % better``."""
    if value == 0:
        return "equal"
    return f"{amount(value, scale, digits)} {'better' if value > 0 else 'worse'}"


def digits_apart(value: float, limit: float, scale: Scale) -> int:
    """Return with how many digits a size does not look like a limit from which it differs; no fewer than usual."""
    return next((n for n in range(4, 18) if amount(value, scale, n) != amount(limit, scale, n)), 4)


def percent(probability: float) -> str:
    """Return a probability as a percentage that does not round up to certainty."""
    return f"{math.floor(probability * 10000 + 1e-6) / 100:g} %"


def scenarios(count: int) -> str:
    """Return a number of scenarios in words."""
    return f"{count} {'scenario' if count == 1 else 'scenarios'}"


def listed(words: list[str]) -> str:
    """Return words with commas and *and*."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
