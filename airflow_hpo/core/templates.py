"""Jinja environment of a trial's arguments, which are text for a program."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from jinja2 import Environment, TemplateError, nodes
from jinja2.filters import FILTERS
from jinja2.runtime import Context
from jinja2.visitor import NodeTransformer

from airflow_hpo.core.environment import as_text
from airflow_hpo.core.trial import ParamsView

TEMPLATE_ERRORS = (TemplateError, TypeError, ArithmeticError, LookupError, ValueError, AttributeError)
"""Errors of a template itself; those of Airflow's look-ups are others, and are tried again."""

_NAMES = (
    "capitalize center e escape forceescape format indent join lower replace safe string striptags title trim truncate "
    "upper urlencode urlize wordcount wordwrap"
)
TEXT_FILTERS = frozenset(_NAMES.split())
"""Jinja's filters that make text of their value."""
SPELT = "hpo_spelt"
"""Names of two filters that templates are rewritten to use."""
SPELT_FOR = "hpo_spelt_for"


def text_templates(environment: Environment, *, as_variables: bool) -> Environment:
    """Return an environment in which every expression becomes text, also where the author's makes Python objects.

    Values stay what they are inside of expressions, such as ``{% if trial.params.x %}``. Only where one becomes text is it
    spelled as in a trial's variables: what is written, what ``~`` joins, ``%`` and ``format`` fill in, and text filters take.
    """
    if not as_variables:
        return environment.overlay(finalize=str)
    # Templates that were compiled elsewhere have Python's spelling.
    spelling = environment.overlay(finalize=as_text, bytecode_cache=None)
    spelling.filters = {
        **{name: _spelling(name, given) for name, given in environment.filters.items()},
        SPELT: as_text,
        SPELT_FOR: _spelt_for,
    }
    options = {"default": _plain, **environment.policies["json.dumps_kwargs"]}
    spelling.policies = {**environment.policies, "json.dumps_kwargs": options}
    spelling.code_generator_class = _generator(environment.code_generator_class)
    return spelling


class Spelt(int):
    """A boolean or nothing where a text is filled in: a number for ``%d``, and its spelling for everything else."""

    text: str

    def __new__(cls, value: bool | None) -> Spelt:
        """Make one of a boolean or None."""
        made = super().__new__(cls, bool(value))
        made.text = as_text(value)
        return made

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__

    def __format__(self, spec: str) -> str:
        return format(int(self), spec) if spec[-1:] in "bcdoxXneEfFgG%" and spec else format(self.text, spec)


class _Rewriting(NodeTransformer):
    """Puts a filter around what an expression makes text of."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        self.generic_visit(node)
        node.nodes = [self._filtered(each, SPELT) for each in node.nodes]
        return node

    def visit_Mod(self, node: nodes.Mod) -> nodes.Node:
        self.generic_visit(node)
        node.right = self._filtered(node.right, SPELT_FOR, node.left)
        return node

    def visit_Call(self, node: nodes.Call) -> nodes.Node:
        self.generic_visit(node)
        called = node.node
        if isinstance(called, nodes.Getattr) and called.attr in ("format", "format_map"):
            node.args = [self._filtered(each, SPELT_FOR, called.node) for each in node.args]
            for each in node.kwargs:
                each.value = self._filtered(each.value, SPELT_FOR, called.node)
        return node

    def _filtered(self, node: nodes.Expr, name: str, *arguments: nodes.Expr) -> nodes.Filter:
        filtered = nodes.Filter(node, name, list(arguments), [], None, None, lineno=node.lineno)
        filtered.set_environment(self._environment)
        return filtered


def _generator(base: type[Any]) -> type[Any]:
    class Generator(base):  # type: ignore[misc]
        """Rewrites a template before it is compiled."""

        def visit_Template(self, node: nodes.Template, frame: Any = None) -> None:
            super().visit_Template(_Rewriting(self.environment).visit(node), frame)

    return Generator


def _spelling(name: str, given: Callable[..., Any]) -> Callable[..., Any]:
    """Return a filter of Jinja that takes values by their spelling; those of the author take them as they are."""
    if name not in TEXT_FILTERS or given is not FILTERS.get(name):
        return given
    spelt = _fill if name == "format" else _spelt

    @wraps(given)
    def filter(*arguments: Any, **options: Any) -> Any:
        first = 1 if isinstance(arguments[0], (Environment, Context, nodes.EvalContext)) else 0
        own, value, rest = arguments[:first], arguments[first], arguments[first + 1 :]
        if name in ("format", "replace"):
            rest = tuple(map(spelt, rest))
            options = {key: spelt(each) for key, each in options.items()}
        return given(*own, _spelt(value), *rest, **options)

    return filter


def _spelt(value: Any) -> Any:
    """Return a boolean or None by its spelling, also in a list or as a value of a mapping."""
    return _replaced(value, as_text)


def _fill(value: Any) -> Any:
    return _replaced(value, Spelt)


def _spelt_for(value: Any, template: Any) -> Any:
    """Return what a template text is filled with; where the left side is no text, the value itself."""
    return _fill(value) if isinstance(template, str) else value


def _replaced(value: Any, by: Callable[[Any], Any]) -> Any:
    if value is None or isinstance(value, bool):
        return by(value)
    if type(value) in (list, tuple):
        return type(value)(map(partial(_replaced, by=by), value))
    return {key: _replaced(each, by) for key, each in value.items()} if type(value) is dict else value


def _plain(value: Any) -> Any:
    """Return all parameters, or all values of a scenario, as the object that ``tojson`` writes."""
    if isinstance(value, ParamsView):
        return vars(value)
    raise TypeError(f"{value!r} has no form in JSON")
