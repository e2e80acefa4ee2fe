"""The search space: parameters by name, their conditions, and the points that lie in it."""

from collections.abc import Mapping
from typing import Any

from airflow_hpo.core.declared import brief_repr, nearest
from airflow_hpo.core.space.parameter import (
    AnyParameter,
    Categorical,
    Choice,
    Float,
    Int,
    Parameter,
    Params,
    nearest_value,
    same,
)
from airflow_hpo.exceptions import DeclarationError

__all__ = [
    "Categorical",
    "Choice",
    "Float",
    "Int",
    "Parameter",
    "Params",
    "Space",
    "active",
    "check_point",
    "fits",
    "ordered",
]

Space = dict[str, Parameter]
"""Parameters by name, in an order in which conditions come before what depends on them."""


def ordered(space: Space) -> Space:
    """Return the space with every parameter after those its condition names."""
    result: Space = {}
    waiting = {name: _with_checked_condition(name, parameter, space) for name, parameter in space.items()}
    while waiting:
        ready = [name for name, p in waiting.items() if all(parent in result for parent in p.when or {})]
        if not ready:
            raise DeclarationError(f"Conditions must not form a circle, but got one among {sorted(waiting)}. Break it.")
        result.update({name: waiting.pop(name) for name in ready})
    return result


def active(space: Space, params: Mapping[str, Choice]) -> list[str]:
    """Return the names with conditions that hold for these values, in the order of the space."""
    names: list[str] = []
    chosen: Params = {}
    for name, parameter in space.items():
        if parameter.applies(chosen):
            names.append(name)
            chosen.update({name: params[name]} if name in params else {})
    return names


def check_point(space: Space, params: Mapping[str, Any]) -> Params:
    """Return a (possibly partial) point of the space as its parameters write it, or say what is wrong with it.

    What its parameters wait for is added, since they would be lost with another value: of several values the first.
    """
    for name, value in params.items():
        if name not in space:
            hint = nearest(name, list(space)) or f" Write one of {', '.join(space)}."
            raise DeclarationError(
                f"A point names parameters of the space, but got {name!r}={brief_repr(value)}.{hint}"
            )
        if not space[name].holds(value):
            raise DeclarationError(
                f"A point must lie in the space, but got {name!r}={brief_repr(value)}, "
                f"outside {brief_repr(space[name])}. Write {name!r}: {nearest_value(space[name], value)!r}."
            )
    for name in _impossible(space, params):
        if name in params:
            raise DeclarationError(
                f"A point sets a parameter only where its condition holds, but got {name!r}={params[name]!r} "
                f"without {space[name].when}. Drop {name!r}."
            )
    return _with_parents(space, {name: space[name].canonical(value) for name, value in params.items()})


def fits(space: Space, params: Mapping[str, Any]) -> bool:
    """Say whether the values are a complete point of the space: every active parameter, no other, all in range."""
    names = active(space, params)
    return set(names) == set(params) and all(space[name].holds(params[name]) for name in names)


def _with_checked_condition(name: str, parameter: AnyParameter, space: Space) -> AnyParameter:
    if not parameter.when:
        return parameter
    when: dict[str, list[Choice]] = {}
    for parent, values in parameter.when.items():
        if parent not in space or parent == name:
            others = [other for other in space if other != name]
            hint = nearest(parent, others) or f" Write when={{{others[0] if others else 'parameter'!r}: [...]}}."
            raise DeclarationError(
                f"A condition names another parameter of the space, but {name!r} got {parent!r}.{hint}"
            )
        wrong = [value for value in values if not space[parent].holds(value)]
        if wrong or not values:
            raise DeclarationError(
                f"A condition names values that {parent!r} can have, but {name!r} waits for {wrong or values!r} of {brief_repr(space[parent])}. "
                f"Write when={{{parent!r}: [{nearest_value(space[parent], wrong[0] if wrong else None)!r}]}}."
            )
        when[parent] = [space[parent].canonical(value) for value in values]
    return parameter.model_copy(update={"when": when})


def _with_parents(space: Space, params: Params) -> Params:
    complete = dict(params)
    # Children first: the parent that one of them adds may wait for another parameter itself.
    for name in reversed(space):
        waiting = {child: space[child].when or {} for child in complete if name in (space[child].when or {})}
        if not waiting or name in complete:
            continue
        first, *others = (when[name] for when in waiting.values())
        common = [value for value in first if all(any(same(value, each) for each in values) for values in others)]
        if not common:
            raise DeclarationError(
                f"A point sets a parameter only where its condition holds, but got {', '.join(sorted(waiting))}, for which {name!r} "
                "would have several values at once. Drop some of them."
            )
        complete[name] = common[0]
    return complete if len(complete) == len(params) else {name: complete[name] for name in space if name in complete}


def _impossible(space: Space, params: Mapping[str, Any]) -> set[str]:
    """Return the names with conditions that fail for every value that the point leaves out."""
    result: set[str] = set()
    for name, parameter in space.items():
        for parent, values in (parameter.when or {}).items():
            if parent in result or (parent in params and not any(same(params[parent], v) for v in values)):
                result.add(name)
    return result
