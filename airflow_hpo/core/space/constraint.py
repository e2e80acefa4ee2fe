"""Constraints between parameters: their expressions, read once, and by how much a point breaks them."""

import ast
import math
import operator
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from airflow_hpo.core.declared import brief_repr, nearest
from airflow_hpo.core.remedy import is_number
from airflow_hpo.core.space.parameter import AnyParameter, Categorical
from airflow_hpo.core.space.space import Space
from airflow_hpo.exceptions import DeclarationError

LONGEST = 1000
"""Characters of an expression: more is generated, and Python's own limits follow."""
UNKNOWN = 1.0
"""By how much a point breaks a constraint that has no value there, as after a division by zero."""

Values = Mapping[str, Any]
Side = Callable[[Values], float]

_ARITHMETIC: dict[type[ast.operator], Callable[[float, float], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.LtE: operator.le,
    ast.Lt: operator.lt,
    ast.GtE: operator.ge,
    ast.Gt: operator.gt,
    ast.NotEq: operator.ne,
}


@dataclass(frozen=True, slots=True)
class Constraint:
    """A comparison that every trial keeps, where all parameters that it names are active."""

    text: str
    """As Python writes it, with the same spaces everywhere."""
    names: tuple[str, ...]
    sides: tuple[Side, ...]
    comparisons: tuple[type[ast.cmpop], ...]

    def applies(self, params: Values) -> bool:
        """Say whether a point, which need not be complete, has a value for each name."""
        return all(name in params for name in self.names)

    def excess(self, params: Values) -> float:
        """Return by how much the sides are apart the wrong way: positive where it is broken, 0 where it does not apply."""
        return max(self._excesses(params)) if self.applies(params) else 0.0

    def _excesses(self, params: Values) -> Iterator[float]:
        try:
            values = [side(params) for side in self.sides]
        except ArithmeticError:
            values = [math.nan]
        # The root of a negative number is complex.
        if not all(isinstance(value, float) and math.isfinite(value) for value in values):
            yield UNKNOWN
            return
        for comparison, left, right in zip(self.comparisons, values, values[1:], strict=False):
            apart = right - left if comparison in (ast.Gt, ast.GtE) else left - right
            if _COMPARISONS[comparison](left, right):
                yield -abs(apart)
            else:
                # Equal sides break `<` too.
                yield max(abs(apart), math.ulp(0.0))


def broken(constraints: Iterable[str], params: Values) -> Iterator[Constraint]:
    """Yield the constraints that a point breaks; one that names a parameter without a value does not apply."""
    return (each for each in map(read, constraints) if each.excess(params) > 0)


def breach(constraints: Iterable[str], params: Values) -> str | None:
    """Return which constraint a point breaks, and with which values; None when it keeps all."""
    first = next(broken(constraints, params), None)
    if first is None:
        return None
    return f"{first.text!r}, with {', '.join(f'{name}={params[name]!r}' for name in first.names)}"


def check_kept(constraints: Iterable[str], params: Values) -> None:
    """Refuse a point that breaks a constraint."""
    if said := breach(constraints, params):
        raise DeclarationError(
            f"A point keeps every constraint of its study, but got one that breaks {said}. Write other values, or leave one of "
            "them out: it is then drawn."
        )


def checked(text: Any, space: Space, metrics: Collection[str] = ()) -> str:
    """Return a constraint the way Python writes it, or say what is wrong with it."""
    if not isinstance(text, str):
        raise ValueError(
            f"A constraint is a comparison as text, but got {brief_repr(text)}. Write constraints=[{_example(space)!r}]."
        )
    found = read(text)
    for name in found.names:
        if name in metrics and name not in space:
            raise ValueError(
                f"A constraint as text names parameters of the space, but {found.text!r} has {name!r}, which is a metric. Write "
                f"MetricConstraint({name!r}, at_most=...), or at_least=..."
            )
        if name not in space:
            meant = next((each for each in space if not each.isidentifier() and each in text), None)
            hint = (
                f" Write {meant!r} in quotes."
                if meant
                else nearest(name, list(space)) or f" It has {', '.join(space)}."
            )
            raise ValueError(f"A constraint names parameters of the space, but {found.text!r} has {name!r}.{hint}")
        if not _numeric(space[name]):
            raise ValueError(
                f"A constraint compares numbers, but {found.text!r} has {name!r}, which is {brief_repr(space[name])}. Write "
                f"when={{{name!r}: [...]}} at the parameters that depend on it."
            )
    return found.text


@lru_cache(maxsize=256)
def read(text: str) -> Constraint:
    """Read an expression: numbers, names, arithmetic and comparisons, and nothing else that Python knows."""
    try:
        tree = ast.parse(text.strip(), mode="eval").body if len(text) <= LONGEST else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        tree = None
    if not isinstance(tree, ast.Compare):
        raise _refused(text, "is none")
    if any(type(each) is ast.Eq for each in tree.ops):
        raise ValueError(
            f"No draw meets an equation by chance, but got {text!r}. Leave one of its parameters out of the space: the program computes "
            "it from the others."
        )
    if unknown := next((each for each in tree.ops if type(each) not in _COMPARISONS), None):
        raise _refused(text, f"has {type(unknown).__name__!r}")
    names: dict[str, None] = {}
    sides = tuple(_side(side, text, names) for side in (tree.left, *tree.comparators))
    if not names:
        raise _refused(text, "names no parameter")
    return Constraint(ast.unparse(tree), tuple(names), sides, tuple(type(each) for each in tree.ops))


def _side(node: ast.expr, text: str, names: dict[str, None]) -> Side:
    """Return what computes one side; all numbers are floats, which cannot grow without end as Python's whole numbers do."""
    if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        compute = _ARITHMETIC[type(node.op)]
        left, right = _side(node.left, text, names), _side(node.right, text, names)
        return lambda values: compute(left(values), right(values))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        sign, inner = (-1.0 if isinstance(node.op, ast.USub) else 1.0), _side(node.operand, text, names)
        return lambda values: sign * inner(values)
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and is_number(node.value):
        number = float(node.value) if abs(node.value) < sys.float_info.max else math.inf
        return lambda values: number
    if (name := _name(node)) is not None:
        names[name] = None
        return lambda values: float(values[name])
    raise _refused(text, f"has {ast.unparse(node)!r}")


def _name(node: ast.expr) -> str | None:
    """Return the parameter that an expression is: a name, one with dots, or one in quotes, which may have any character."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    whole: ast.expr = node
    while isinstance(node, ast.Attribute):
        node = node.value
    return ast.unparse(whole) if isinstance(node, ast.Name) else None


def _refused(text: str, what: str) -> ValueError:
    return ValueError(
        f"A constraint compares parameters and numbers by <=, >=, <, > or !=, with + - * / // % ** between them, but {brief_repr(text)} {what}. "
        "Write 'low <= high' or 'a + b <= 1', and a name with other characters in quotes: '\"max-wait\" <= 3 * low'."
    )


def _numeric(parameter: AnyParameter) -> bool:
    return not isinstance(parameter, Categorical) or all(is_number(choice) for choice in parameter.choices)


def _example(space: Space) -> str:
    names: Sequence[str] = list(space)
    return f"{names[0]} <= {names[1] if len(names) > 1 else 1}"
