"""Words of docstrings: plain ones, and a noun at the beginning of a module's."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "airflow_hpo"
HARD = re.compile(r"\b(whose|nobody|whoever|anew|somebody|anybody|everybody|beside)\b", re.IGNORECASE)
NO_NOUN = re.compile(r"(What|Who|How|Where|Which|Whether|When|Why|From)\b")
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def docstrings() -> Iterator[tuple[str, ast.AST, str]]:
    """Yield the place, the node and the text of every docstring of the package."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, DOCUMENTED) and (text := ast.get_docstring(node)):
                name = getattr(node, "name", "")
                yield f"{path.relative_to(PACKAGE)}:{name}", node, text


def test_docstrings_have_words_that_every_engineer_reads_at_once() -> None:
    assert [(where, found[0]) for where, _, text in docstrings() if (found := HARD.search(text))] == []


def test_a_module_begins_with_what_is_in_it() -> None:
    modules = [(where, text) for where, node, text in docstrings() if isinstance(node, ast.Module)]
    assert [where for where, text in modules if NO_NOUN.match(text)] == []
