"""Infinities and NaN as Optuna's tables keep them: a word and an empty value."""

import math

_SPECIAL = {"INF_POS": math.inf, "INF_NEG": -math.inf, "NAN": math.nan}


def stored(value: float) -> tuple[float | None, str]:
    """Return a number as value and type."""
    if math.isnan(value):
        return None, "NAN"
    if math.isinf(value):
        return None, "INF_POS" if value > 0 else "INF_NEG"
    return value, "FINITE"


def restored(value: float | None, kind: str) -> float:
    """Return the number that :func:`stored` took apart."""
    return _SPECIAL[kind] if value is None else value
