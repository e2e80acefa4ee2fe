"""Objective of a Hyperopt file: its function with all of the file that it needs, as the file has it."""

import ast
from collections.abc import Collection, Iterator, Mapping

_OF_HYPEROPT = {f"STATUS_{each.upper()}": each for each in ("new", "running", "suspended", "ok", "fail")}
"""The names of Hyperopt that objectives use: texts."""
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)


def copied(text: str, function: str, taken: Collection[str]) -> str | None:
    """Return the code of a function at the top of a file; None where it needs Hyperopt itself, or has names that are taken."""
    body = _before_fmin(ast.parse(text).body)
    if not any(isinstance(each, ast.FunctionDef) and each.name == function for each in body):
        return None
    changed: dict[str, list[int]] = {}
    for number, statement in enumerate(body):
        for name in _changed(statement):
            changed.setdefault(name, []).append(number)
    needed, constants = _needed(body, changed, function)
    names = {name for number in needed for name in _changed(body[number])}
    if any(_is_of_hyperopt(body[number]) for number in needed) or names & {*taken}:
        return None
    assigned = [f'{name} = "{_OF_HYPEROPT[name]}"\n' for name in sorted(constants)]
    lines = text.splitlines(keepends=True)
    first = [number for number in sorted(needed) if isinstance(body[number], ast.Import | ast.ImportFrom)]
    rest = [number for number in sorted(needed) if number not in first]
    imports = [_source(lines, body[number]) for number in first]
    return (
        "".join(
            [
                *imports,
                "\n" if imports else "",
                *assigned,
                *(_apart(_source(lines, body[each]), body[each]) for each in rest),
            ]
        ).strip("\n")
        + "\n"
    )


def _apart(source: str, statement: ast.stmt) -> str:
    """Return a definition with blank lines around it."""
    return f"\n\n{source}\n\n" if isinstance(statement, _DEFINITIONS) else source


def _before_fmin(body: list[ast.stmt]) -> list[ast.stmt]:
    """Return the statements that stand before the call of fmin, or before its arguments."""
    ends = (number for number, each in enumerate(body) if not isinstance(each, _DEFINITIONS) and _names_fmin(each))
    return body[: next(ends, len(body))]


def _names_fmin(statement: ast.stmt) -> bool:
    return any(
        (isinstance(each, ast.Name) and each.id == "fmin") or (isinstance(each, ast.Attribute) and each.attr == "fmin")
        for each in ast.walk(statement)
    )


def _needed(body: list[ast.stmt], changed: Mapping[str, list[int]], function: str) -> tuple[set[int], set[str]]:
    """Return the statements that a function needs, and the constants of Hyperopt that it uses."""
    needed: set[int] = set()
    constants: set[str] = set()
    seen: set[str] = set()
    waiting = [function]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        for number in changed.get(name, ()):
            if name in _OF_HYPEROPT and _is_of_hyperopt(body[number]):
                constants.add(name)
            else:
                needed.add(number)
                waiting += _names(body[number])
    return needed, constants


def _changed(statement: ast.stmt) -> list[str]:
    """Return the names that a statement makes, or of which it may change the value: a call alone is there for what it changes."""
    match statement:
        case ast.Import() | ast.ImportFrom():
            return [each.asname or each.name.partition(".")[0] for each in statement.names]
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return [statement.name]
        case ast.Assign():
            return [name for target in statement.targets for name in _names(target)]
        case ast.AnnAssign() | ast.AugAssign():
            return [*_names(statement.target)]
    return [*_names(statement)]


def _names(node: ast.AST) -> Iterator[str]:
    return (each.id for each in ast.walk(node) if isinstance(each, ast.Name))


def _is_of_hyperopt(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.ImportFrom):
        return (statement.module or "").partition(".")[0] == "hyperopt"
    modules = [each.name for each in statement.names] if isinstance(statement, ast.Import) else []
    return any(each.partition(".")[0] == "hyperopt" for each in modules)


def _source(lines: list[str], statement: ast.stmt) -> str:
    """Return a statement as the file has it, with its decorators."""
    first = min([statement.lineno, *(each.lineno for each in getattr(statement, "decorator_list", ()))])
    return "".join(lines[first - 1 : statement.end_lineno]).rstrip("\n") + "\n"
