"""Parts of a Python file that some of its names need: their statements, as the file has them."""

import ast
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
_IMPORTS = (ast.Import, ast.ImportFrom)
_INDENT = "    "


def changed_by(body: Sequence[ast.stmt]) -> dict[str, list[int]]:
    """Return, by name, the numbers of the statements that make it or may change its value."""
    found: dict[str, list[int]] = {}
    for number, statement in enumerate(body):
        for name in changed(statement):
            found.setdefault(name, []).append(number)
    return found


def changed(statement: ast.stmt) -> list[str]:
    """Return the names that a statement makes, or of which it may change the value: a call alone is there for what it changes."""
    match statement:
        case ast.Import() | ast.ImportFrom():
            return [each.asname or each.name.partition(".")[0] for each in statement.names]
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return [statement.name]
        case ast.Assign():
            return [name for target in statement.targets for name in names(target)]
        case ast.AnnAssign() | ast.AugAssign():
            return [*names(statement.target)]
        case ast.Expr(value=ast.Call(func=ast.Name(id="print"))):
            return []
    return [*names(statement)]


def names(node: ast.AST) -> Iterator[str]:
    """Yield the names in a part of a file."""
    return (each.id for each in ast.walk(node) if isinstance(each, ast.Name))


def needed(body: Sequence[ast.stmt], of: Mapping[str, list[int]], wanted: Iterable[str]) -> set[int]:
    """Return the numbers of the statements that some names need, whatever they need themselves included."""
    found: set[int] = set()
    seen: set[str] = set()
    waiting = [*wanted]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            found.update(of.get(name, ()))
            waiting += [each for number in of.get(name, ()) for each in names(body[number])]
    return found


def modules(statement: ast.stmt) -> list[str]:
    """Return the packages that a statement imports."""
    if isinstance(statement, ast.ImportFrom):
        return [(statement.module or "").partition(".")[0]]
    return [each.name.partition(".")[0] for each in statement.names] if isinstance(statement, ast.Import) else []


def source(lines: Sequence[str], statement: ast.stmt) -> str:
    """Return a statement as the file has it, with its decorators."""
    first = min([statement.lineno, *(each.lineno for each in getattr(statement, "decorator_list", ()))])
    return "".join(lines[first - 1 : statement.end_lineno]).rstrip("\n") + "\n"


def function_code(
    text: str,
    function: str,
    is_end: Callable[[ast.stmt], bool],
    foreign: str,
    taken: Collection[str],
    constants: Mapping[str, str] | None = None,
) -> str | None:
    """Return the code of a function at the top of a file, with all that it needs of the statements before an end.

    None where it needs a foreign package, except texts of it that are known, or has names that are taken.
    """
    body = ast.parse(text).body
    end = next((n for n, each in enumerate(body) if not isinstance(each, DEFINITIONS) and is_end(each)), len(body))
    body = body[:end]
    if not any(isinstance(each, ast.FunctionDef) and each.name == function for each in body):
        return None
    of = changed_by(body)
    texts = {each for each in of if each in (constants or {}) and all(foreign in modules(body[n]) for n in of[each])}
    found = needed(body, {name: numbers for name, numbers in of.items() if name not in texts}, [function])
    made = {name for number in found for name in changed(body[number])}
    if any(foreign in modules(body[number]) for number in found) or made & {*taken}:
        return None
    used = texts & {name for number in found for name in names(body[number])}
    return _as_module(text.splitlines(keepends=True), body, found, {name: (constants or {})[name] for name in used})


def _as_module(lines: Sequence[str], body: Sequence[ast.stmt], found: Collection[int], texts: Mapping[str, str]) -> str:
    imports = [source(lines, body[number]) for number in sorted(found) if isinstance(body[number], _IMPORTS)]
    rest = [body[number] for number in sorted(found) if not isinstance(body[number], _IMPORTS)]
    parts = [
        *imports,
        "\n" if imports else "",
        *(f'{name} = "{texts[name]}"\n' for name in sorted(texts)),
        *(_apart(source(lines, each), each) for each in rest),
    ]
    return "".join(parts).strip("\n") + "\n"


def _apart(text: str, statement: ast.stmt) -> str:
    """Return a definition with blank lines around it."""
    return f"\n\n{text}\n\n" if isinstance(statement, DEFINITIONS) else text


def at_the_top(tree: ast.Module) -> list[ast.stmt]:
    """Return the statements of a file, those below ``if __name__ == "__main__"`` among them."""
    found: list[ast.stmt] = []
    for each in tree.body:
        is_main = isinstance(each, ast.If) and "__name__" in [*names(each.test)] and not each.orelse
        found += each.body if is_main and isinstance(each, ast.If) else [each]
    return found


def as_body(lines: Sequence[str], statements: Sequence[ast.stmt], used: Collection[str], also: str = "") -> str:
    """Return statements as the body of a function: imports first, cut to the names that are used, and one more import."""
    imports = [_import(each, used) for each in statements if isinstance(each, ast.Import | ast.ImportFrom)]
    text = "".join(f"{_INDENT}{each}\n" for each in [*imports, also] if each)
    rest = [each for each in statements if not isinstance(each, _IMPORTS)]
    is_apart = bool(text)
    for each in rest:
        is_definition = isinstance(each, DEFINITIONS)
        text += ("\n" if is_apart or (is_definition and text) else "") + _indented(lines, each)
        is_apart = is_definition
    return f"{text}\n" if is_apart and text else text


def _import(statement: ast.Import | ast.ImportFrom, used: Collection[str]) -> str:
    kept = [each for each in statement.names if (each.asname or each.name.partition(".")[0]) in used]
    return ast.unparse(type(statement)(**{**vars(statement), "names": kept}))


def _indented(lines: Sequence[str], statement: ast.stmt) -> str:
    """Return a statement in a function; texts of several lines stay as they are."""
    first, last = lines[statement.lineno - 1], lines[(statement.end_lineno or 1) - 1]
    before = first.encode()[: statement.col_offset].strip()
    after = last.encode()[statement.end_col_offset or 0 :].strip()
    if before or (after and not after.startswith(b"#")):
        return "".join(f"{_INDENT}{line}\n" for line in ast.unparse(statement).splitlines())
    begin = min([statement.lineno, *(each.lineno for each in getattr(statement, "decorator_list", ()))])
    inside = _inside_texts(statement)
    return "".join(
        line if number in inside or not line.strip() else f"{_INDENT}{_cut(line, statement.col_offset)}"
        for number, line in enumerate(source(lines, statement).splitlines(keepends=True), begin)
    )


def _cut(line: str, columns: int) -> str:
    return line[columns:] if not line[:columns].strip() else line.lstrip()


def _inside_texts(statement: ast.stmt) -> set[int]:
    """Return the lines that begin inside a text, except those of the docstrings of functions."""
    titles = {
        id(each.body[0].value)
        for each in ast.walk(statement)
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and isinstance(each.body[0], ast.Expr)
    }
    texts = (
        each
        for each in ast.walk(statement)
        if isinstance(each, ast.Constant | ast.JoinedStr) and id(each) not in titles and hasattr(each, "lineno")
    )
    return {line for each in texts for line in range(each.lineno + 1, (each.end_lineno or each.lineno) + 1)}
