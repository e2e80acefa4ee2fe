"""Parts of a file that a search is made of: the expressions that it is given, and the statements that they need."""

import ast
import builtins
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airflow_hpo.importers.expression import read
from airflow_hpo.importers.needed_code import as_body, at_the_top, changed, changed_by, names, needed
from airflow_hpo.importers.sklearn.run import Place, Search

_TAKEN = {"trial", "train", "point", "given", "scores"}
"""Names that the functions of the DAG have for themselves."""
_CARRIED = ("cv", "scoring", "fit_params")
_IMPORT = "from sklearn.model_selection import cross_validate"
_FITTED = ("X", "y", "groups")


@dataclass(frozen=True, slots=True)
class Parts:
    """What the function of the DAG takes from a file."""

    made: dict[str, Any]
    """Expressions that the search is made of, by argument."""
    fitted: dict[str, Any]
    """Expressions that it is fitted with, by argument."""
    body: str
    """The statements before."""
    files: list[str]
    """Files that they read from the folder in which the file was run."""


def parts_of(search: Search, text: str, folder: str, with_space: bool) -> Parts | None:
    """Return the parts; None where they stand in no code that can be copied."""
    tree = ast.parse(text)
    made, fit = _call(tree, search.made), _call(tree, search.fit)
    if made is None or (fit is None and search.fitted is not None):
        return None
    wanted = ["estimator", *_CARRIED, *([search.space_argument] if with_space else [])]
    of_search = _arguments(made, ("estimator", search.space_argument))
    of_fit = _arguments(fit, _FITTED) if fit else {}
    if of_search is None or of_fit is None:
        return None
    of_search = {name: each for name, each in of_search.items() if name in wanted}
    expressions = [*of_search.values(), *of_fit.values()]
    used = {name for each in expressions for name in names(each)}
    statements = _statements(tree, fit or made, used)
    used |= {name for each in statements for name in names(each)}
    made_here = {name for each in statements for name in changed(each)}
    is_known = used <= made_here | {*dir(builtins)} | _inner(statements)
    if not is_known or made_here & _TAKEN or any(_has(each, made) for each in statements):
        return None
    return Parts(
        {name: read(each) for name, each in of_search.items()},
        {name: read(each) for name, each in of_fit.items()},
        as_body(text.splitlines(keepends=True), statements, used, _IMPORT),
        _files(statements, folder),
    )


def _statements(tree: ast.Module, end: ast.Call, used: set[str]) -> list[ast.stmt]:
    """Return the statements before a call that some names need."""
    body = at_the_top(tree)
    number = next((n for n, each in enumerate(body) if _has(each, end)), len(body))
    before = body[:number]
    return [before[each] for each in sorted(needed(before, changed_by(before), used))]


def _inner(statements: Sequence[ast.stmt]) -> set[str]:
    """Return the names that functions and comprehensions have for themselves."""
    found = {each.arg for one in statements for each in ast.walk(one) if isinstance(each, ast.arg)}
    nodes = (each for one in statements for each in ast.walk(one))
    return found | {each.id for each in nodes if isinstance(each, ast.Name) and not isinstance(each.ctx, ast.Load)}


def _call(tree: ast.Module, place: Place | None) -> ast.Call | None:
    calls = (each for each in ast.walk(tree) if isinstance(each, ast.Call))
    return next((each for each in calls if (each.end_lineno, each.end_col_offset) == place), None)


def _arguments(call: ast.Call, known: Sequence[str]) -> dict[str, ast.expr] | None:
    """Return the expressions of a call by the names of its arguments; None where it unpacks others."""
    if len(call.args) > len(known) or any(isinstance(each, ast.Starred) for each in call.args):
        return None
    if any(each.arg is None for each in call.keywords):
        return None
    return {**dict(zip(known, call.args)), **{str(each.arg): each.value for each in call.keywords}}


def _has(statement: ast.stmt, call: ast.Call) -> bool:
    return any(each is call for each in ast.walk(statement))


def _files(statements: Sequence[ast.stmt], folder: str) -> list[str]:
    texts = {
        each.value
        for one in statements
        for each in ast.walk(one)
        if isinstance(each, ast.Constant) and isinstance(each.value, str)
    }
    return sorted(each for each in texts if _is_file(each, folder))


def _is_file(text: str, folder: str) -> bool:
    try:
        return not Path(text).is_absolute() and Path(folder, text).is_file()
    except (OSError, ValueError):
        return False
