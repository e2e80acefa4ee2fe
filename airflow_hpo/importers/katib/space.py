"""Reader of ``spec.parameters``: what is searched."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from airflow_hpo.core.space.parameter import AnyParameter, Categorical, Float, Int
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.importers.fields import Fields
from airflow_hpo.importers.findings import Findings
from airflow_hpo.importers.katib.algorithm import Algorithm
from airflow_hpo.importers.normals import normal_of
from airflow_hpo.importers.number_text import WHOLE, number_of
from airflow_hpo.importers.parameter_names import named_here

_DISTRIBUTIONS = ("uniform", "logUniform", "normal", "logNormal")


@dataclass(frozen=True, slots=True)
class Searched:
    """One parameter of the source."""

    name: str
    """What it is called here."""
    declared: AnyParameter | None
    """None for one that is constant or was refused."""
    path: str


def space_of(spec: Fields, algorithm: Algorithm, findings: Findings) -> dict[str, Searched]:
    """Return the parameters by their names in the source."""
    found: dict[str, Searched] = {}
    for each in spec.members("parameters"):
        name = each.needed("name", "lr")
        kind = each.one_of("parameterType", "double", "int", "discrete", "categorical")
        if "parameterType" not in each:
            findings.missing(
                each.at("parameterType"), "It is needed, but was not given. Write `parameterType: double`."
            )
        if name in found:
            findings.refuse(each.path, "It stands twice. Leave one out.")
        ranges = each.part("feasibleSpace")
        parameter = _constant(ranges, algorithm, name) or _parameter(ranges, kind, algorithm)
        each.close()
        found[name] = Searched(named_here(each, name, [one.name for one in found.values()]), parameter, each.path)
    if algorithm.resource and algorithm.resource not in found:
        findings.refuse(
            "spec.algorithm.algorithmSettings[resource_name]",
            f"It names a parameter, which are {', '.join(found)}, but got {algorithm.resource!r}.",
        )
    if not found and "parameters" not in spec:
        findings.missing("spec.parameters", "A study searches one parameter at least. Write `parameters:` with one.")
    return {
        name: Searched(one.name, None, one.path) if name == algorithm.resource else one for name, one in found.items()
    }


def _constant(ranges: Fields, algorithm: Algorithm, name: str) -> AnyParameter | None:
    """Return what stands for Hyperband's resource, of which the range is not searched; None for other parameters."""
    if name != algorithm.resource:
        return None
    ranges.silent("min", "max", "step", "list", "distribution")
    ranges.close()
    ranges.findings.differs(ranges.path, f"It is not searched: every trial gets {algorithm.constants[name]}.")
    return Categorical([algorithm.constants[name]])


def _parameter(ranges: Fields, kind: str | None, algorithm: Algorithm) -> AnyParameter | None:
    texts = {name: ranges.text(name) for name in ("min", "max", "step")}
    distribution = ranges.one_of("distribution", *_DISTRIBUTIONS) or "uniform"
    choices = ranges.texts("list")
    ranges.close()
    if kind is None:
        return None
    if kind in ("discrete", "categorical"):
        for name in ("min", "max", "step"):
            ranges.refused(name, f"A {kind} parameter has a list, and no {name}. Leave it out.")
        return _choices(ranges, choices, kind)
    ranges.refused("list", f"A parameter of the type {kind} has min and max, and no list. Leave it out.")
    numbers = {name: number_of(ranges, name, text, is_whole=kind == "int") for name, text in texts.items() if text}
    for name in ("min", "max"):
        if not texts[name]:
            ranges.findings.missing(ranges.at(name), f'It is needed, but was not given. Write `{name}: "1"`.')
    if None in numbers.values() or not {"min", "max"} <= {*numbers}:
        return None
    return _range(
        ranges, kind, {name: each for name, each in numbers.items() if each is not None}, distribution, algorithm
    )


def _range(
    ranges: Fields, kind: str, numbers: Mapping[str, Decimal], distribution: str, algorithm: Algorithm
) -> AnyParameter | None:
    low, high, step = numbers["min"], numbers["max"], numbers.get("step")
    log = distribution == "logUniform"
    if distribution in ("normal", "logNormal"):
        return _normal(ranges, kind, numbers, distribution)
    if step is not None and step <= 0:
        ranges.findings.refuse(ranges.at("step"), f'A step is above 0, but got {step}. Write step: "1".')
        return None
    if log and step is not None and not (kind == "int" and step == 1):
        ranges.findings.refuse(
            ranges.at("step"),
            "Katib's libraries round to 0 too, or not at all, on a logarithmic scale. Leave the step out, or write distribution: uniform.",
        )
        return None
    if algorithm.name == "grid" and kind == "double" and step is None and low != high:
        ranges.findings.refuse(
            ranges.at("step"), 'A grid needs a step for a double, but it was not given. Write step: "0.1".'
        )
        return None
    if step is not None and algorithm.name == "bayesianoptimization" and not (kind == "int" and step == 1):
        ranges.findings.differs(
            ranges.at("step"), "Katib's Bayesian optimisation passes the step over; here it is kept.", "study.space"
        )
    if step is not None and algorithm.of_hyperopt:
        low, high = _multiples(ranges, low, high, step)
    options: dict[str, Any] = {"log": True} if log else {}
    if step is not None and not (kind == "int" and step == 1):
        options["step"] = int(step) if kind == "int" else float(step)
    try:
        return Int(int(low), int(high), **options) if kind == "int" else Float(float(low), float(high), **options)
    except DeclarationError as err:
        ranges.findings.refuse(ranges.path, str(err))
        return None


def _normal(ranges: Fields, kind: str, numbers: Mapping[str, Decimal], distribution: str) -> AnyParameter | None:
    """Return a normal distribution of which the range is six standard deviations, as Katib has it."""
    low, high, step = numbers["min"], numbers["max"], numbers.get("step")
    of_logarithm = distribution == "logNormal"
    if of_logarithm and not 0 < low < high:
        why = f'A logarithm needs a min above 0 and below max, but got {low} and {high}. Write min: "0.1".'
        ranges.findings.refuse(ranges.at("min"), why)
        return None
    middle, width = (low + high) / 2, high - low
    mu, sigma = (
        (math.log(low * high) / 2, math.log(high / low) / 6) if of_logarithm else (float(middle), float(width) / 6)
    )
    try:
        given = None if step is None else float(step)
        return normal_of(mu, sigma, of_logarithm=of_logarithm, step=given, is_whole=kind == "int")
    except (DeclarationError, ArithmeticError) as err:
        ranges.findings.refuse(ranges.path, str(err))
        return None


def _multiples(ranges: Fields, low: Decimal, high: Decimal, step: Decimal) -> tuple[Decimal, Decimal]:
    """Return the bounds that Hyperopt has: it rounds to multiples of the step, wherever the range begins."""
    half = Decimal("0.5")
    first = (low / step + half).to_integral_value(ROUND_FLOOR) * step
    last = (high / step - half).to_integral_value(ROUND_CEILING) * step
    if last < first:
        return low, high
    if (first, last) != (low, high):
        ranges.findings.differs(
            ranges.at("step"),
            f"Katib rounds to multiples of {step}, so that the values go from {first} to {last}, and not from {low} to {high}.",
            "study.space",
        )
    return first, last


def _choices(ranges: Fields, texts: list[str], kind: str) -> AnyParameter | None:
    choices: list[Any] = list(texts)
    numbers = [_canonical(text) for text in texts]
    if kind == "discrete" and None not in numbers and len({*numbers}) == len(texts):
        choices = [*numbers]
    try:
        return Categorical(choices)
    except DeclarationError as err:
        ranges.findings.refuse(ranges.at("list"), str(err))
        return None


def _canonical(text: str) -> int | float | None:
    """Return the number that has the given text, so that the program gets the same; None for other texts."""
    if WHOLE.fullmatch(text) and str(int(text)) == text:
        return int(text)
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and repr(number) == text else None
