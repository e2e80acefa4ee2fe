"""The search space: parameters by name, their conditions, and the points that lie in it."""

from collections.abc import Mapping
from typing import Any

from airflow_hpo.core.declared import brief_repr, nearest
from airflow_hpo.core.space.condition import Between, Condition, Wanted, meets
from airflow_hpo.core.space.parameter import (
    AnyParameter,
    Categorical,
    Choice,
    Float,
    Int,
    Parameter,
    Params,
    nearest_value,
    value_within,
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
        ready = [name for name, parameter in waiting.items() if parameter.parents <= result.keys()]
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

    What its parameters wait for is added, since they would be lost with another value: of several the first.
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
    found = [
        {parent: _checked(name, parent, wanted, space) for parent, wanted in condition.items()}
        for condition in parameter.conditions
    ]
    return parameter.with_conditions(found) if found else parameter


def _checked(name: str, parent: str, wanted: Wanted, space: Space) -> Wanted:
    """Return what a condition waits for as its parent writes it: of choices, those that lie in a range."""
    if parent not in space or parent == name:
        others = [other for other in space if other != name]
        hint = nearest(parent, others) or f" Write when={{{others[0] if others else 'parameter'!r}: [...]}}."
        raise DeclarationError(f"A condition names another parameter of the space, but {name!r} got {parent!r}.{hint}")
    if isinstance(wanted, Between):
        return _checked_range(name, parent, wanted, space[parent])
    wrong = [value for value in wanted if not space[parent].holds(value)]
    if wrong or not wanted:
        raise DeclarationError(
            f"A condition names values that {parent!r} can have, but {name!r} waits for {wrong or wanted!r} of {brief_repr(space[parent])}. "
            f"Write when={{{parent!r}: [{nearest_value(space[parent], wrong[0] if wrong else None)!r}]}}."
        )
    return [space[parent].canonical(value) for value in wanted]


def _checked_range(name: str, parent: str, wanted: Between, declared: AnyParameter) -> Wanted:
    if not isinstance(declared, Categorical):
        if value_within(declared, wanted) is None:
            raise DeclarationError(
                f"A condition waits for values that {parent!r} can have, but {name!r} waits for {wanted!r} of {brief_repr(declared)}. "
                f"Write when={{{parent!r}: Between({declared.low!r}, {declared.high!r})}}, with other bounds in between."
            )
        return wanted
    inside = [choice for choice in declared.choices if wanted.holds(choice)]
    if not inside:
        raise DeclarationError(
            f"A range is one of numbers that {parent!r} can have, but {name!r} waits for {wanted!r} of {brief_repr(declared)}. "
            f"Write when={{{parent!r}: [{declared.choices[0]!r}]}}."
        )
    return inside


def _with_parents(space: Space, params: Params) -> Params:
    complete = dict(params)
    meant = {child: _meant(space, child, params) for child in params}
    # Children first: the parent that one of them adds may wait for another parameter itself.
    for name in reversed(space):
        waiting = {child: condition[name] for child, condition in meant.items() if name in condition}
        if not waiting or name in complete:
            continue
        candidates = [value for wanted in waiting.values() for value in _values_of(space[name], wanted)]
        common = [value for value in candidates if all(meets(value, wanted) for wanted in waiting.values())]
        if not common:
            raise DeclarationError(
                f"A point sets a parameter only where its condition holds, but got {', '.join(sorted(waiting))}, for which {name!r} "
                "would have several values at once. Drop some of them."
            )
        complete[name] = common[0]
        meant[name] = _meant(space, name, complete)
    return complete if len(complete) == len(params) else {name: complete[name] for name in space if name in complete}


def _meant(space: Space, name: str, params: Mapping[str, Any]) -> Condition:
    """Return the condition under which a parameter of a point exists: of several that the point allows, the one that it says most of."""
    found = space[name].conditions
    possible = [each for each in found if _is_possible(each, params)] or found
    return min(possible, key=lambda each: len(each.keys() - params.keys()), default={})


def _is_possible(condition: Condition, params: Mapping[str, Any]) -> bool:
    return all(meets(params[parent], wanted) for parent, wanted in condition.items() if parent in params)


def _values_of(parameter: AnyParameter, wanted: Wanted) -> list[Choice]:
    """Return values for which a condition holds: of a range the smallest."""
    if not isinstance(wanted, Between):
        return wanted
    # A range of choices is written as those that lie in it.
    smallest = None if isinstance(parameter, Categorical) else value_within(parameter, wanted)
    return [] if smallest is None else [smallest]


def _impossible(space: Space, params: Mapping[str, Any]) -> set[str]:
    """Return the names with conditions that fail for every value that the point leaves out."""
    result: set[str] = set()
    for name, parameter in space.items():
        found = parameter.conditions
        if found and not any(each.keys().isdisjoint(result) and _is_possible(each, params) for each in found):
            result.add(name)
    return result
