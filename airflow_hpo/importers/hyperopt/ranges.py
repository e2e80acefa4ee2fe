"""Distributions of Hyperopt as parameters: which values each can give, and not what its name suggests."""

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from airflow_hpo.core.space.parameter import AnyParameter, Float, Int
from airflow_hpo.importers.findings import Findings
from airflow_hpo.importers.hyperopt.run import Row
from airflow_hpo.importers.normals import normal_of

_HALF = Decimal("0.5")


def range_of(row: Row, is_whole: bool, findings: Findings) -> AnyParameter | None:
    """Return the parameter of a distribution; None where it is refused."""
    kind, label, given = row["kind"], row["name"], row["range"]
    if wrong := [name for name, value in given.items() if not math.isfinite(value)]:
        findings.refuse(label, f"Its {wrong[0]} is a finite number, but got {given[wrong[0]]}. Write a finite one.")
        return None
    if "sigma" in given:
        q = given.get("q")
        if q is not None and q <= 0:
            findings.refuse(label, f"It has q > 0, but got {q}. Write q=1.")
            return None
        is_rounded = is_whole and q is not None
        return normal_of(given["mu"], given["sigma"], of_logarithm="log" in kind, step=q, is_whole=is_rounded)
    low, high = given["low"], given["high"]
    match kind:
        case "uniform":
            return Float(low, high)
        case "loguniform":
            return Float(math.exp(low), math.exp(high), log=True)
        case "randint":
            return Int(math.ceil(low), math.ceil(high) - 1)
        case "uniformint":
            return _stepped(label, low, high, 1.0, True, findings)
        case "quniform":
            return _stepped(label, low, high, given["q"], is_whole, findings)
    return _stepped(label, math.exp(low), math.exp(high), given["q"], is_whole, findings, is_log=True)


def _stepped(
    label: str, low: float, high: float, q: float, is_whole: bool, findings: Findings, *, is_log: bool = False
) -> Float | Int | None:
    """Return a parameter on multiples of ``q``: those that rounding can give; a logarithmic one has no 0."""
    multiples = _multiples(label, low, high, q, findings)
    if multiples is None:
        return None
    first, last = multiples
    if is_log and first <= 0:
        why = f"Hyperopt rounds to 0 too, which no logarithmic scale has, but got a lower bound of {low:g} and q={q:g}."
        findings.refuse(label, f"{why} Write hp.qloguniform({label!r}, np.log({q:g}), ..., {q:g}).")
        return None
    exact = Decimal(repr(q))
    if not math.isclose(first, low) or not math.isclose(last, high):
        findings.differs(
            label,
            f"Hyperopt rounds to multiples of {exact.normalize():f}, so that the values go from {first} to {last}, and not from {low:g} to {high:g}.",
            "study.space",
        )
    if is_whole and exact == exact.to_integral_value():
        return Int(int(first), int(last), log=is_log, step=int(exact))
    return Float(float(first), float(last), log=is_log, step=q)


def _multiples(label: str, low: float, high: float, q: float, findings: Findings) -> tuple[Decimal, Decimal] | None:
    if q <= 0 or low > high:
        findings.refuse(label, f"It has low <= high and q > 0, but got {low}, {high} and {q}. Write q=1.")
        return None
    exact_low, exact_high, step = (Decimal(repr(number)) for number in (low, high, q))
    first = (exact_low / step + _HALF).to_integral_value(ROUND_FLOOR) * step
    last = (exact_high / step - _HALF).to_integral_value(ROUND_CEILING) * step
    return first, max(first, last)
