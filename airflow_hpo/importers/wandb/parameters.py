"""Reader of ``parameters``: what is searched, and what every trial gets."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from airflow_hpo.core.declared import brief_repr
from airflow_hpo.core.space.parameter import AnyParameter, Choice, Float, Int
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.importers.fields import Fields
from airflow_hpo.importers.names import fitting
from airflow_hpo.importers.normals import normal_of
from airflow_hpo.importers.wandb.spelling import Constant, Leaf, Tree
from airflow_hpo.importers.weights import are_numbers, weighted

_NORMAL = ("normal", "q_normal", "log_normal", "q_log_normal")
_BETA = ("beta", "q_beta")
_LOG_STEP = ("q_log_uniform", "q_log_uniform_values")
_EXPONENTS = ("log_uniform", "inv_log_uniform")
_LOG = (*_EXPONENTS, "log_uniform_values", "inv_log_uniform_values")
DISTRIBUTIONS = (
    "constant",
    "categorical",
    "categorical_w_probabilities",
    "int_uniform",
    "uniform",
    "q_uniform",
    *_LOG,
    *_LOG_STEP,
    *_NORMAL,
    *_BETA,
)


@dataclass(slots=True)
class Space:
    """What a sweep searches, while it is read."""

    method: str
    parameters: dict[str, AnyParameter] = field(default_factory=dict)


def tree_of(fields: Fields, space: Space, above: str = "") -> Tree:
    """Return the parameters by name, nested ones in trees, and fill the space; nested ones are called by their path."""
    tree: Tree = {}
    for name in fields.data:
        each = fields.part(str(name))
        called = f"{above}{name}"
        if "parameters" in each:
            tree[str(name)] = tree_of(each.part("parameters"), space, f"{called}.")
            each.close()
            continue
        node = _node(each, called, space)
        if node is not None:
            tree[str(name)] = node
        each.close()
    return tree


def _node(each: Fields, called: str, space: Space) -> Constant | Leaf | None:
    given = each.one_of("distribution", *DISTRIBUTIONS)
    if each.raw("distribution") is not None and given is None:
        each.silent("min", "max", "mu", "sigma", "q", "a", "b", "value", "values", "probabilities")
        return None
    kind = given or _inferred(each)
    if kind is None:
        each.findings.refuse(
            each.path, "It has a value, values, or min and max, but got none of them. Write `values: [...]`."
        )
        each.silent("min", "max", "mu", "sigma", "q")
        return None
    if kind == "constant":
        return Constant(each.raw("value"))
    values: Mapping[Choice, Any] | None = None
    if kind.startswith("categorical"):
        parameter, values = _choices(each)
    else:
        parameter = _range(each, kind, space.method)
    if parameter is None:
        return None
    name = fitting(called, list(space.parameters))
    if name != called:
        each.findings.renamed(
            each.path,
            f"{called!r} is {name!r} here: names differ as variables of the environment.",
            f"study.space.{name}",
        )
    space.parameters[name] = parameter
    return Leaf(name, parameter, values)


def _inferred(each: Fields) -> str | None:
    """Return the distribution that W&B finds from what is given."""
    if "value" in each.data:
        return "constant"
    if "values" in each:
        return "categorical"
    if "min" in each and "max" in each:
        whole = all(isinstance(each.data[name], int) for name in ("min", "max"))
        return "int_uniform" if whole else "uniform"
    return "normal" if "mu" in each or "sigma" in each else None


def _choices(each: Fields) -> tuple[AnyParameter | None, Mapping[Choice, Any] | None]:
    values, weights = each.raw("values"), each.raw("probabilities")
    if not isinstance(values, list):
        each.findings.refuse(each.at("values"), "It is a list. Write `values: [...]`.")
        return None, None
    if weights is not None and not (are_numbers(weights) and len(weights) == len(values)):
        why = f"It is a list with a number for each value, but got {brief_repr(weights)}. Write one for each."
        each.findings.refuse(each.at("probabilities"), why)
        weights = None
    nested = [value for value in values if isinstance(value, list | dict)]
    choices = [str(value) if isinstance(value, list | dict) else value for value in values]
    if nested:
        each.findings.differs(
            each.at("values"),
            f"A choice is one text or number: lists are their texts, as {choices[values.index(nested[0])]!r}, which the program gets too.",
            "study.space",
        )
    try:
        return weighted(choices, weights), dict(zip(choices, values)) if nested else None
    except DeclarationError as err:
        each.findings.refuse(each.at("values"), str(err))
        return None, None


def _range(each: Fields, kind: str, method: str) -> AnyParameter | None:
    at = each.at("distribution") if "distribution" in each else each.path
    if kind in _NORMAL:
        return _normal(each, kind)
    if kind in (*_BETA, *_LOG_STEP):
        each.silent("min", "max", "mu", "sigma", "a", "b")
        has_step = each.raw("q") is not None and kind in _LOG_STEP
        why = (
            "W&B rounds to multiples of q, 0 among them, which a logarithmic scale has not"
            if kind in _LOG_STEP
            else f"A {kind} distribution cannot be declared yet"
        )
        instead = "log_uniform_values" if kind in _LOG_STEP else "uniform"
        each.findings.refuse(
            each.at("q") if has_step else at, f"{why}. Write distribution: {instead}, with min and max."
        )
        return None
    low, high = each.number("min"), each.number("max")
    step = each.number("q") if kind == "q_uniform" else None
    for name, number in (("min", low), ("max", high)):
        if number is None:
            each.findings.missing(each.at(name), f"It is needed, but was not given. Write `{name}: 1`.")
    if low is None or high is None:
        return None
    if method == "grid" and kind not in ("int_uniform", "q_uniform"):
        each.findings.refuse(at, "A grid needs values, or whole numbers. Write `values: [...]`.")
        return None
    try:
        return _declared(each, kind, low, high, step, method)
    except (DeclarationError, OverflowError) as err:
        each.findings.refuse(each.path, str(err))
        return None


def _normal(each: Fields, kind: str) -> AnyParameter | None:
    """Return a normal distribution; W&B takes mu 0, sigma 1 and q 1 where they are not given."""
    mu, sigma = each.number("mu"), each.number("sigma")
    step = each.number("q") if kind.startswith("q_") else None
    if kind.startswith("q_") and step is None:
        step = 1.0
    try:
        wanted = (0.0 if mu is None else mu, 1.0 if sigma is None else sigma)
        return normal_of(*wanted, of_logarithm="log" in kind, step=step, is_whole=step is not None)
    except (DeclarationError, ArithmeticError) as err:
        each.findings.refuse(each.path, str(err))
        return None


def _declared(each: Fields, kind: str, low: float, high: float, step: float | None, method: str) -> AnyParameter:
    if kind == "int_uniform":
        if not (low.is_integer() and high.is_integer()):
            each.findings.refuse(
                each.at("min"), "The bounds of int_uniform are whole numbers. Write distribution: uniform."
            )
        return Int(int(low), int(high))
    if kind == "q_uniform":
        return _stepped(each, low, high, step or 1.0, method)
    if kind in _EXPONENTS:
        if kind == "log_uniform" and low > 0 and high < 1:
            each.findings.differs(
                each.at("distribution"),
                f"The bounds are exponents of e, so the values go from {math.exp(low):g} to {math.exp(high):g}. If {low:g} and {high:g} are "
                "meant as values, write distribution: log_uniform_values.",
                "study.space",
            )
        sign = -1 if kind == "inv_log_uniform" else 1
        low, high = sorted((math.exp(sign * low), math.exp(sign * high)))
    return Float(low, high, log=True) if kind in _LOG else Float(low, high)


def _stepped(each: Fields, low: float, high: float, step: float, method: str) -> Float:
    """Return a parameter with steps: in a grid from ``min`` to before ``max``, elsewhere on multiples of the step."""
    exact_low, exact_high, q = (Decimal(str(number)) for number in (low, high, step))
    if method == "grid":
        last = exact_low + ((exact_high - exact_low) / q).to_integral_value(ROUND_CEILING) * q - q
        if last != exact_high:
            each.findings.differs(
                each.at("max"), f"In a grid W&B leaves the upper bound out: the last value is {last}.", "study.space"
            )
        return Float(low, float(max(last, exact_low)), step=step)
    half = Decimal("0.5")
    first = (exact_low / q + half).to_integral_value(ROUND_FLOOR) * q
    last = (exact_high / q - half).to_integral_value(ROUND_CEILING) * q
    if (first, last) != (exact_low, exact_high):
        each.findings.differs(
            each.at("q"),
            f"W&B rounds to multiples of {q}, so that the values go from {first} to {last}, and not from {exact_low} to {exact_high}.",
            "study.space",
        )
    return Float(float(first), float(last), step=step)
