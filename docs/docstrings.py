"""An extension of griffe: what our docstrings say in reStructuredText, in the Markdown that the pages are made of."""

from __future__ import annotations

import re
import textwrap
from typing import Any

import griffe

import airflow_hpo

ROLE = re.compile(r":(?:class|meth|func|attr|mod|data):`~?([^`]+)`")
TREE = re.compile(r"^(\w+\n[├└].+?)(?=\n\n|\Z)", re.MULTILINE | re.DOTALL)
LITERAL = re.compile(r"(?<!`)``(?!`)")
EXAMPLE = re.compile(r"^Example::\n\n((?:(?:    .*)?\n)*(?:    .*)?)", re.MULTILINE)


DEFAULT = re.compile(r"\bdefault=([^,)]+)")


class ReadableDocstrings(griffe.Extension):
    """Turns roles into links and ``Example::`` into a block of Python, and gives declarations the arguments of their fields."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrite the docstring of one module, class, function or attribute."""
        if obj.docstring:
            text = TREE.sub(r"```text\n\1\n```", EXAMPLE.sub(_block, obj.docstring.value))
            obj.docstring.value = LITERAL.sub("`", ROLE.sub(_link, text))

    def on_class(self, *, cls: griffe.Class, **_: Any) -> None:
        """Give a pydantic model the constructor that pydantic makes at run time."""
        fields = [each for each in cls.members.values() if each.is_attribute and each.annotation]
        if fields and "__init__" not in cls.members and "Declared" in map(str, cls.bases):
            made = griffe.Function("__init__", parameters=griffe.Parameters(*map(_argument, fields)))
            cls.set_member("__init__", made)


def _argument(field: griffe.Attribute) -> griffe.Parameter:
    default = str(field.value) if field.value is not None else None
    if default and default.startswith("Field("):
        found = DEFAULT.search(default)
        default = found[1] if found else None
    return griffe.Parameter(
        field.name, annotation=field.annotation, kind=griffe.ParameterKind.keyword_only, default=default
    )


def _link(found: re.Match[str]) -> str:
    name = found[1].rpartition(".")[2]
    return f"[`{name}`][airflow_hpo.{name}]" if name in airflow_hpo.__all__ else f"`{found[1]}`"


def _block(found: re.Match[str]) -> str:
    return f"**Example**\n\n```python\n{textwrap.dedent(found[1]).strip()}\n```\n\n"
