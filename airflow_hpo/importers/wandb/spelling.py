"""Spelling of a parameter's value as W&B hands it to a program: Python's ``str`` and ``repr``, or JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airflow_hpo.core.space.parameter import AnyParameter, Categorical, Choice
from airflow_hpo.importers.jinja_text import Expression, of_parameter

Pieces = list[str | Expression]


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that every trial gets."""

    value: Any


@dataclass(frozen=True, slots=True)
class Leaf:
    """A parameter that is searched."""

    name: str
    """What it is called here."""
    parameter: AnyParameter
    values: Mapping[Choice, Any] | None = None
    """By choice, what it stands for in the sweep where that is a list or a mapping; None where each stands for itself."""

    @property
    def is_flag(self) -> bool:
        """Whether its values are booleans alone."""
        return isinstance(self.parameter, Categorical) and all(
            isinstance(each, bool) for each in self.parameter.choices
        )


Tree = dict[str, "Constant | Leaf | Tree"]
"""Parameters by name; nested ones in a tree of their own."""


def text_of(node: Constant | Leaf | Tree) -> Pieces:
    """Return what ``str`` makes of a value."""
    if isinstance(node, Constant):
        return [str(node.value)]
    return [_spelled(node)] if isinstance(node, Leaf) else literal_of(node)


def literal_of(node: Constant | Leaf | Tree) -> Pieces:
    """Return what ``repr`` makes of a value, as inside of a mapping."""
    if isinstance(node, Constant):
        return [repr(node.value)]
    if isinstance(node, Leaf):
        return _literal(node)
    inner = [[f"{name!r}: ", *literal_of(node[name])] for name in sorted(node)]
    return ["{", *_joined(inner), "}"]


def json_of(node: Constant | Leaf | Tree) -> Pieces:
    """Return what ``json.dumps`` makes of a value."""
    if isinstance(node, Constant):
        return [json.dumps(node.value)]
    if isinstance(node, Leaf):
        meant = _meant(node)
        if any(isinstance(each, list | dict) for each in meant.values()):
            return [_table(node, {choice: json.dumps(value) for choice, value in meant.items()})]
        return [Expression(f"{of_parameter(node.name).text} | tojson")]
    inner = [[f"{json.dumps(name)}: ", *json_of(node[name])] for name in sorted(node)]
    return ["{", *_joined(inner), "}"]


def _spelled(leaf: Leaf) -> Expression:
    """Return a value as Python writes it: True and None, which a trial's templates write as ``true`` and nothing."""
    asked = of_parameter(leaf.name).text
    choices = leaf.parameter.choices if isinstance(leaf.parameter, Categorical) else []
    spelled = asked
    if leaf.is_flag:
        spelled = f"'True' if {asked} else 'False'"
    elif any(isinstance(each, bool) for each in choices):
        spelled = f"'True' if {asked} is true else 'False' if {asked} is false else {asked}"
    return Expression(f"'None' if {asked} is none else {spelled}" if None in choices else spelled)


def _literal(leaf: Leaf) -> Pieces:
    meant = _meant(leaf)
    if not any(isinstance(choice, str) for choice in meant):
        return [_spelled(leaf)]
    if all(repr(value) == f"'{choice}'" for choice, value in meant.items()):
        return ["'", of_parameter(leaf.name), "'"]
    if all(repr(value) == choice for choice, value in meant.items()):
        return [of_parameter(leaf.name)]
    return [_table(leaf, {choice: repr(value) for choice, value in meant.items()})]


def _meant(leaf: Leaf) -> Mapping[Choice, Any]:
    if leaf.values is not None:
        return leaf.values
    return {each: each for each in leaf.parameter.choices} if isinstance(leaf.parameter, Categorical) else {}


def _table(leaf: Leaf, texts: Mapping[Choice, str]) -> Expression:
    """Return the expression that looks a value's text up."""
    return Expression(f"{dict(texts)!r}[{of_parameter(leaf.name).text}]")


def _joined(parts: list[Pieces]) -> Pieces:
    return [piece for place, part in enumerate(parts) for piece in ([", "] if place else []) + part]
