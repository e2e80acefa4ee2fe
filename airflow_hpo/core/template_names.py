"""Names that templates of a trial ask for, checked against the space before anything runs."""

import difflib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from jinja2 import Environment, TemplateError, TemplateSyntaxError, meta, nodes

from airflow_hpo.core.arguments import Arguments
from airflow_hpo.core.declared import nearest
from airflow_hpo.core.evaluation import Scenario
from airflow_hpo.exceptions import DeclarationError

_PARSER = Environment(autoescape=False)
_SINGLE = re.compile(r"(?<!\{)\{\s*(trial\.[^{}]*)\}(?!\})")
_WHOLE = re.compile(r"\{+\s*([^{}]*?)\s*(?:\}+|$)")
_EXCUSED = ("default", "d")
_TESTS = ("defined", "undefined")


def check_template_names(
    argument: str,
    value: Any,
    parameters: Iterable[str],
    attributes: Iterable[str],
    of_the_dag: Iterable[str] | None = None,
    of_airflow: Collection[str] = (),
) -> None:
    """Raise when a template names a parameter that the space has not, or something that a trial has not."""
    known, has = list(parameters), list(attributes)
    for text in _texts(value):
        _refuse_unreadable(argument, text)
        _refuse_misspelt_trial(argument, text, {*of_airflow, *known, "trial"})
        _check_forms(text)
        for path in _paths(text, "params") if of_the_dag is not None else ():
            if path[0] in known and path[0] not in list(of_the_dag or ()):
                raise DeclarationError(
                    f"Parameters of a trial are in `trial.params`, but `{argument}` got params.{path[0]}, which are the DAG's, in "
                    f"{text!r}. Write trial.params.{path[0]}."
                )
        for name in _bare_names(text):
            if name in known and name not in of_airflow:
                raise DeclarationError(
                    f"Parameters of a trial are in `trial.params`, but `{argument}` got {name} alone in {text!r}. "
                    f"Write trial.params.{name}."
                )
        for path in _paths(text, "trial"):
            first, *rest = path
            if first not in has:
                hint = f" Write trial.params.{first}." if first in known else nearest(first, has)
                raise DeclarationError(
                    f"A template asks for what `trial` has, but `{argument}` got trial.{first} in {text!r}."
                    f"{hint or ' It has ' + ', '.join(has) + '.'}"
                )
            if first == "params" and rest and rest[0] not in known:
                near = nearest(rest[0], known) or f" It has {', '.join(known)}."
                raise DeclarationError(
                    f"A template names parameters of the space, but `{argument}` got {rest[0]!r} in {text!r}.{near}"
                )


def check_scenario_names(argument: str, value: Any, scenarios: Sequence[Scenario]) -> None:
    """Raise when a template asks for what a study's scenarios, or some of them, have not; of no scenarios nothing is known."""
    for text in _texts(value) if scenarios else ():
        for path in _paths(text, "scenario"):
            meant = "name" if path[0] == "name" else f"values.{path[-1]}"
            raise DeclarationError(
                f"A trial's scenario is in `trial.scenario`, but `{argument}` got scenario.{'.'.join(path)} in {text!r}. "
                f"Write trial.scenario.{meant}."
            )
        for path in _paths(text, "trial"):
            if path[0] != "scenario" or len(path) == 1:
                continue
            if path[1] not in ("name", "values"):
                raise DeclarationError(
                    f"A scenario has a name and values, but `{argument}` got trial.scenario.{path[1]} in {text!r}. "
                    f"Write trial.scenario.values.{path[1]}."
                )
            lacking = next(
                (each for each in scenarios if path[1] == "values" and not {*path[2:3]} <= {*each.values}), None
            )
            if lacking:
                known = (
                    f" It has {', '.join(lacking.values)}."
                    if lacking.values
                    else f" Write Scenario({lacking.name!r}, {{{path[2]!r}: ...}})."
                )
                raise DeclarationError(
                    f"A template names values that every scenario has, but `{argument}` got {path[2]!r} in {text!r}, which "
                    f"scenario {lacking.name!r} has not.{nearest(path[2], list(lacking.values)) or known}"
                )


def _refuse_misspelt_trial(argument: str, text: str, known: Collection[str]) -> None:
    for name in sorted(_bare_names(text) - {*known}):
        close = difflib.get_close_matches(name, ["trial"], cutoff=0.7)
        if close or name == "args":
            raise DeclarationError(
                f"A template asks for variables that there are, but `{argument}` got {name!r} in {text!r}. "
                f"Write {{{{ {'trial.params.x' if close else 'trial.args'} }}}}."
            )


def _refuse_unreadable(argument: str, text: str) -> None:
    """Refuse a template that Jinja cannot read, and one brace where two are meant, as an f-string leaves it."""
    single = _SINGLE.search(text)
    meant = "{{ " + single[1].strip() + " }}" if single else ""
    try:
        _PARSER.parse(text)
    except TemplateSyntaxError as err:
        # Tags of Airflow's or of the author's own extensions are none of Jinja's.
        if "unknown tag" in str(err):
            return
        meant = _WHOLE.sub(lambda match: "{{ " + match[1].strip() + " }}", text)
        raise DeclarationError(
            f"A template is one of Jinja, but `{argument}` got {text!r}: {err.message}. Write {meant!r}."
        ) from None
    if single:
        raise DeclarationError(
            f"A template has two braces on each side, but `{argument}` got {single[0]!r} in {text!r}, which an f-string may have "
            f"made of it. Write {text.replace(single[0], meant)!r}, without f before it."
        )


def _check_forms(text: str) -> None:
    """Raise when the text gives ``trial.args`` a form that it cannot fill."""
    try:
        tree = _PARSER.parse(text)
    except TemplateSyntaxError:
        return  # it has tags of an extension
    for call in tree.find_all(nodes.Call):
        given = [each.value for each in call.args if isinstance(each, nodes.Const) and isinstance(each.value, str)]
        if _path(call.node, "trial") == ("args",) and len(given) == len(call.args):
            Arguments({"x": 0}, *given)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if "{" in value:
            yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)


def _bare_names(text: str) -> set[str]:
    """Return the variables that the text needs; none of one that cannot be read here."""
    try:
        return meta.find_undeclared_variables(_PARSER.parse(text))
    except TemplateError:
        return set()


def _paths(text: str, root: str) -> list[tuple[str, ...]]:
    """Return what the text asks of a variable, such as ``("params", "lr")`` of ``trial``; nothing of one that is no template."""
    try:
        tree = _PARSER.parse(text)
    except TemplateSyntaxError:
        return []  # told when it is rendered, with Airflow's own filters and extensions
    if any(name.name == root and name.ctx != "load" for name in tree.find_all(nodes.Name)):
        return []  # a variable of the author's own
    # One template may serve several spaces.
    excused = {path for node in _asked_with_care(tree) if (path := _path(node, root))}
    excused |= {("params", name) for name in _looked_up(tree)}
    found = [_path(node, root) for node in tree.find_all((nodes.Getattr, nodes.Getitem))]
    return [path for path in found if path and path not in excused and path[:2] not in excused]


def _path(node: nodes.Node, root: str) -> tuple[str, ...] | None:
    names: list[str] = []
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        name = node.attr if isinstance(node, nodes.Getattr) else _constant(node.arg)
        if name is None:
            names = []  # known only when it is rendered, and so is everything after it
        else:
            names.insert(0, name)
        node = node.node
    return tuple(names) if isinstance(node, nodes.Name) and node.name == root and names else None


def _constant(node: nodes.Node) -> str | None:
    return node.value if isinstance(node, nodes.Const) and isinstance(node.value, str) else None


def _asked_with_care(tree: nodes.Template) -> Iterator[nodes.Node]:
    yield from (node.node for node in tree.find_all(nodes.Filter) if node.node and node.name in _EXCUSED)
    yield from (node.node for node in tree.find_all(nodes.Test) if node.name in _TESTS)


def _looked_up(tree: nodes.Template) -> Iterator[str]:
    """Yield the names that are asked for by ``'lr' in trial.params``."""
    for compare in tree.find_all(nodes.Compare):
        for operand in compare.ops:
            name = _constant(compare.expr)
            if name is not None and operand.op in ("in", "notin") and _path(operand.expr, "trial") == ("params",):
                yield name
