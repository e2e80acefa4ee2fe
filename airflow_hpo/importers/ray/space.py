"""Parameters of a ``param_space``: nested ones are called by their path."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from airflow_hpo.core.space.parameter import AnyParameter, Categorical, Choice, Float, Int
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.importers.findings import Findings
from airflow_hpo.importers.names import fitting
from airflow_hpo.importers.normals import normal_of
from airflow_hpo.importers.ray.run import Tree, is_tree, plain
from airflow_hpo.importers.weights import shares, weighted

_LONGEST = 40
_CONTAINERS = ("dict", "list", "tuple")


@dataclass(slots=True)
class Space:
    """What is searched, and how the trainable's configuration is made of it."""

    findings: Findings
    parameters: dict[str, AnyParameter] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    """By path: what a parameter is called here."""
    values: dict[str, dict[Choice, Any]] = field(default_factory=dict)
    """By path: what the choices are that are no plain values."""
    grids: list[str] = field(default_factory=list)
    """The paths of what is tried at every value."""


def space_of(tree: Tree, findings: Findings) -> Space:
    """Return what is searched; what cannot be had is refused by its path."""
    space = Space(findings)
    if tree["kind"] != "dict":
        findings.refuse("param_space", "It is a mapping of names. Write param_space = {'lr': tune.uniform(0, 1)}.")
        return space
    for path, each in leaves(tree):
        _add(space, path, each)
    if not space.parameters and not findings.refusals:
        findings.refuse("param_space", "It has no parameter. Write param_space = {'lr': tune.uniform(0, 1)}.")
    if space.grids and len(space.grids) < len(space.parameters):
        for path in space.grids:
            findings.refuse(
                f"param_space.{path}",
                "A grid of some parameters with random values of others cannot be declared yet. Write tune.choice.",
            )
    return space


def leaves(tree: Tree, above: str = "") -> Iterator[tuple[str, Tree]]:
    """Yield what stands in a space with its path; grids of one value are constants."""
    if tree["kind"] in _CONTAINERS:
        members = tree["named"].items() if tree["kind"] == "dict" else enumerate(tree["items"])
        for name, each in members:
            yield from leaves(each, f"{above}.{name}" if above else str(name))
    elif tree["kind"] == "grid" and len(tree["items"]) == 1:
        yield from leaves(tree["items"][0], above)
    else:
        yield above, tree


def _add(space: Space, path: str, tree: Tree) -> None:
    at = f"param_space.{path}"
    if tree["kind"] == "constant":
        return
    if tree["kind"] in ("object", "marker"):
        why = f"It has {tree['name']!r}, which is an object. Write its name, and look it up in the function."
        space.findings.refuse(at, why)
        return
    try:
        made = _range(tree, at, space.findings) if tree["kind"] == "domain" else _choice(space, path, tree)
    except (DeclarationError, ArithmeticError) as err:
        space.findings.refuse(at, str(err))
        return
    if made is None:
        return
    name = fitting(path, [*space.parameters])
    space.parameters[name], space.names[path] = made, name
    if tree["kind"] == "grid":
        space.grids.append(path)
    if name != path:
        why = f"{path!r} is {name!r} here: names have no blanks and other signs."
        space.findings.renamed(at, why, f"study.space.{name}")


def _range(tree: Tree, at: str, findings: Findings) -> AnyParameter | None:
    kind, given = tree["name"], tree["range"]
    if kind == "sample_from":
        findings.refuse(at, "A function draws it, so that its range is not known. Write tune.uniform, tune.choice, ...")
        return None
    if wrong := [name for name, value in given.items() if not math.isfinite(value)]:
        findings.refuse(at, f"Its {wrong[0]} is a finite number, but got {given[wrong[0]]}. Write a finite one.")
        return None
    if "sd" in given:
        return normal_of(given["mean"], given["sd"], of_logarithm=False, step=given.get("q"))
    low, high, q = given["lower"], given["upper"], given.get("q")
    match kind:
        case "uniform" | "loguniform":
            return Float(float(low), float(high), log=kind == "loguniform")
        case "randint" | "lograndint":
            return Int(int(low), int(high) - 1, log=kind == "lograndint")
    if not q > 0 or any(Decimal(repr(each)) % Decimal(repr(q)) for each in (low, high)):
        findings.refuse(at, f"Its bounds are multiples of q, but got {low}, {high} and q={q}. Write q=1.")
        return None
    is_log = kind.startswith("qlog")
    if not kind.endswith("randint"):
        return Float(float(low), float(high), log=is_log, step=float(q))
    return Int(int(low), int(high) - 1 if q == 1 else int(high), log=is_log, step=int(q))


def _choice(space: Space, path: str, tree: Tree) -> Categorical | None:
    """Return the choices, each once: one that stands twice is twice as likely."""
    at = f"param_space.{path}"
    values = [plain(each) for each in tree["items"]]
    if any(_has_tree(each) for each in values):
        why = "A choice among things that have parameters or objects of their own cannot be read. Write a plain value for each."
        space.findings.refuse(at, why)
        return None
    keys = [f"{type(each).__name__} {each!r}" for each in values]
    likely = shares(keys)
    if tree["kind"] == "grid" and len(likely) < len(keys):
        space.findings.refuse(at, "A point of a grid is tried once, but a value stands twice. Write each once.")
        return None
    values = [*dict(zip(keys, values)).values()]
    names = _names(values)
    if any(name is not value for name, value in zip(names, values)):
        space.values[path] = dict(zip(names, values))
    return weighted(names, [*likely.values()])


def _names(values: list[Any]) -> list[Any]:
    """Return plain values as they are; of lists and mappings, a text for each, or its number."""
    if not any(isinstance(each, list | tuple | dict) for each in values):
        return values
    texts = [each if isinstance(each, str) else repr(each) for each in values]
    if len({*texts}) == len(texts) and all(0 < len(each) <= _LONGEST for each in texts):
        return texts
    return [str(number) for number in range(len(values))]


def _has_tree(value: Any) -> bool:
    if is_tree(value):
        return True
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return any(map(_has_tree, inner))
