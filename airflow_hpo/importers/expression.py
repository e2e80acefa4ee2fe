"""Python code of a declaration, laid out as a formatter lays it out, with comments before what they are about."""

import ast
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

WIDTH = 88
"""Characters of a line."""
INDENT = "    "
Comments = Mapping[str, Sequence[str]]
"""Sentences by the place of what they are about, such as ``study.space.lr``."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a public name."""

    name: str
    arguments: Sequence[Any] = ()
    named: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Code:
    """An expression that is written already, in one line."""

    text: str


def returned(value: Any, depth: int) -> str:
    """Return the lines that return a value, so deep in a function."""
    return f"{INDENT * depth}return {_code(value, '', {}, depth, len(INDENT) * depth + len('return '))}\n"


def assigned(name: str, value: Any, depth: int) -> str:
    """Return the lines that give a value a name, so deep in a function."""
    return f"{INDENT * depth}{name} = {_code(value, '', {}, depth, len(INDENT) * depth + len(name) + 3)}\n"


def read(node: ast.expr) -> Any:
    """Return an expression of a file as one that can be laid out."""
    match node:
        case ast.Constant():
            return node.value
        case ast.List() if not any(isinstance(each, ast.Starred) for each in node.elts):
            return [*map(read, node.elts)]
        case ast.Tuple() if not any(isinstance(each, ast.Starred) for each in node.elts):
            return tuple(map(read, node.elts))
        case ast.Dict() if all(isinstance(each, ast.Constant) for each in node.keys):
            keys = [each.value for each in node.keys if isinstance(each, ast.Constant)]
            return dict(zip(keys, map(read, node.values)))
        case ast.Call() if not _has_stars(node):
            named = {str(each.arg): read(each.value) for each in node.keywords}
            return Call(ast.unparse(node.func), [*map(read, node.args)], named)
    return Code(ast.unparse(node))


def _has_stars(node: ast.Call) -> bool:
    return any(isinstance(each, ast.Starred) for each in node.args) or any(each.arg is None for each in node.keywords)


def flat(value: Any) -> str:
    """Return an expression in one line, however long it is."""
    return _flat(value)


def assignment(name: str, value: Any, comments: Comments) -> str:
    """Return the lines that give a value a name; the name is also the place at which comments begin."""
    return f"{commented(comments.get(name, ()), 0)}{name} = {_code(value, name, comments, 0, len(name) + 3)}\n"


def commented(sentences: Sequence[str], depth: int) -> str:
    """Return sentences as lines of comments."""
    width = WIDTH - len(INDENT) * depth - 2
    lines = [
        line
        for sentence in sentences
        for line in textwrap.wrap(sentence, width, break_long_words=False, break_on_hyphens=False)
    ]
    return "".join(f"{INDENT * depth}# {line}\n" for line in lines)


def names_in(value: Any) -> set[str]:
    """Return the public names that an expression calls."""
    if isinstance(value, Call):
        return {value.name}.union(*map(names_in, value.arguments), *map(names_in, value.named.values()))
    if isinstance(value, Mapping):
        return set().union(*map(names_in, value.values()))
    return set().union(*map(names_in, value)) if isinstance(value, list | tuple) else set()


def _code(value: Any, place: str, comments: Comments, depth: int, column: int) -> str:
    """Return an expression that begins at a column, in one line where it fits and has no comment in it."""
    flat = _flat(value)
    has_comment = any(each.startswith(f"{place}.") for each in comments)
    if not has_comment and column + len(flat) + 1 <= WIDTH:
        return flat
    if isinstance(value, str):
        return _long_text(value, depth) or flat
    opened, closed, parts = _parts(value)
    if not parts:
        return flat
    lines = []
    for prefix, inner, name in parts:
        there = f"{place}.{name}"
        code = _code(inner, there, comments, depth + 1, len(INDENT) * (depth + 1) + len(prefix))
        lines.append(f"{commented(comments.get(there, ()), depth + 1)}{INDENT * (depth + 1)}{prefix}{code},\n")
    return f"{opened}\n{''.join(lines)}{INDENT * depth}{closed}"


def _parts(value: Any) -> tuple[str, str, list[tuple[str, Any, str]]]:
    """Return the brackets of an expression and its parts: what stands before each, the part, and its name as a place."""
    if isinstance(value, Call):
        unnamed = [("", each, str(number)) for number, each in enumerate(value.arguments)]
        return f"{value.name}(", ")", [*unnamed, *((f"{name}=", each, name) for name, each in value.named.items())]
    if isinstance(value, Mapping):
        return "{", "}", [(f"{_flat(name)}: ", each, str(name)) for name, each in value.items()]
    if isinstance(value, list | tuple):
        opened, closed = "[]" if isinstance(value, list) else "()"
        return opened, closed, [("", each, str(number)) for number, each in enumerate(value)]
    return "", "", []


def _flat(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Code):
        return value.text
    if isinstance(value, tuple) and len(value) == 1:
        return f"({_flat(value[0])},)"
    opened, closed, parts = _parts(value)
    return (
        f"{opened}{', '.join(f'{prefix}{_flat(each)}' for prefix, each, _ in parts)}{closed}" if opened else repr(value)
    )


def _text(text: str) -> str:
    """Return a literal in double quotes, unless that needs more escapes; raw where it has backslashes, as expressions have."""
    literal = repr(text)
    if "\\" in text and literal[1:-1] == text.replace("\\", "\\\\") and '"' not in text and not text.endswith("\\"):
        return f'r"{text}"'
    return f'"{literal[1:-1]}"' if literal[0] == "'" and '"' not in text else literal


def _long_text(text: str, depth: int) -> str | None:
    """Return a text of several lines as one literal for each; None for one that has only one."""
    lines = text.splitlines(keepends=True)
    if len(lines) < 2:
        return None
    inner = INDENT * (depth + 1)
    return f"(\n{''.join(f'{inner}{_text(line)}{chr(10)}' for line in lines)}{INDENT * depth})"
