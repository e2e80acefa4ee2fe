"""Objective of a Hyperopt file: its function with all of the file that it needs, as the file has it."""

import ast
from collections.abc import Collection, Mapping

from airflow_hpo.importers.needed_code import DEFINITIONS, changed, changed_by, modules, names, needed, source

_OF_HYPEROPT = {f"STATUS_{each.upper()}": each for each in ("new", "running", "suspended", "ok", "fail")}
"""The names of Hyperopt that objectives use: texts."""


def copied(text: str, function: str, taken: Collection[str]) -> str | None:
    """Return the code of a function at the top of a file; None where it needs Hyperopt itself, or has names that are taken."""
    body = _before_fmin(ast.parse(text).body)
    if not any(isinstance(each, ast.FunctionDef) and each.name == function for each in body):
        return None
    found, constants = _needed(body, changed_by(body), function)
    made = {name for number in found for name in changed(body[number])}
    if any(_is_of_hyperopt(body[number]) for number in found) or made & {*taken}:
        return None
    assigned = [f'{name} = "{_OF_HYPEROPT[name]}"\n' for name in sorted(constants)]
    lines = text.splitlines(keepends=True)
    first = [number for number in sorted(found) if isinstance(body[number], ast.Import | ast.ImportFrom)]
    rest = [number for number in sorted(found) if number not in first]
    imports = [source(lines, body[number]) for number in first]
    return (
        "".join(
            [
                *imports,
                "\n" if imports else "",
                *assigned,
                *(_apart(source(lines, body[each]), body[each]) for each in rest),
            ]
        ).strip("\n")
        + "\n"
    )


def _apart(text: str, statement: ast.stmt) -> str:
    """Return a definition with blank lines around it."""
    return f"\n\n{text}\n\n" if isinstance(statement, DEFINITIONS) else text


def _before_fmin(body: list[ast.stmt]) -> list[ast.stmt]:
    """Return the statements that stand before the call of fmin, or before its arguments."""
    ends = (number for number, each in enumerate(body) if not isinstance(each, DEFINITIONS) and _names_fmin(each))
    return body[: next(ends, len(body))]


def _names_fmin(statement: ast.stmt) -> bool:
    return any(
        (isinstance(each, ast.Name) and each.id == "fmin") or (isinstance(each, ast.Attribute) and each.attr == "fmin")
        for each in ast.walk(statement)
    )


def _needed(body: list[ast.stmt], of: Mapping[str, list[int]], function: str) -> tuple[set[int], set[str]]:
    """Return the statements that a function needs, and the constants of Hyperopt that it uses."""
    of_constants = {each for each in of if each in _OF_HYPEROPT and all(_is_of_hyperopt(body[n]) for n in of[each])}
    found = needed(body, {name: numbers for name, numbers in of.items() if name not in of_constants}, [function])
    used = {name for number in found for name in names(body[number])}
    return found, of_constants & used


def _is_of_hyperopt(statement: ast.stmt) -> bool:
    return "hyperopt" in modules(statement)
