"""Objective of a Hyperopt file: its function with all of the file that it needs, as the file has it."""

import ast
from collections.abc import Collection

from airflow_hpo.importers.needed_code import function_code

_OF_HYPEROPT = {f"STATUS_{each.upper()}": each for each in ("new", "running", "suspended", "ok", "fail")}
"""The names of Hyperopt that objectives use: texts."""


def copied(text: str, function: str, taken: Collection[str]) -> str | None:
    """Return the code of a function at the top of a file; None where it needs Hyperopt itself, or has names that are taken."""
    return function_code(text, function, _names_fmin, "hyperopt", taken, _OF_HYPEROPT)


def _names_fmin(statement: ast.stmt) -> bool:
    """Say whether a statement calls fmin, or has its arguments."""
    return any(
        (isinstance(each, ast.Name) and each.id == "fmin") or (isinstance(each, ast.Attribute) and each.attr == "fmin")
        for each in ast.walk(statement)
    )
