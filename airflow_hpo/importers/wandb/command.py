"""Reader of ``command``: W&B's macros, filled in as its agent fills them in."""

import re
from collections.abc import Iterator
from typing import Any

from airflow_hpo.core.declared import nearest
from airflow_hpo.importers.fields import Fields
from airflow_hpo.importers.jinja_text import template
from airflow_hpo.importers.wandb.spelling import Constant, Leaf, Pieces, Tree, json_of, text_of

DEFAULT = ["${env}", "${interpreter}", "${program}", "${args}"]
_ENV, _INTERPRETER = "/usr/bin/env", "python"
_MACRO = re.compile(r"\$\{([^{}]*)\}")
_ARGS = ("args", "args_no_hyphens", "args_no_boolean_flags", "args_json")
KNOWN = ("env", "interpreter", "program", *_ARGS)
_CANNOT = {
    "args_json_file": "A file of arguments is not written for each trial. Write ${args_json}, or read HPO_PARAMS in the program.",
    "envvar": "The worker's variables are not filled in. The program has them: read the variable there.",
}


def command_of(sweep: Fields, tree: Tree) -> list[str]:
    """Return the program and its arguments; an empty list when they are refused."""
    program, given = sweep.text("program"), sweep.raw("command")
    if given is not None and not isinstance(given, list):
        sweep.findings.refuse(sweep.at("command"), "It is a list of texts. Write `- ` before each part.")
        return []
    if not program and given is None:
        sweep.findings.missing("program", "It is needed, but was not given. Write `program: train.py`.")
    parts = [str(each) for each in (DEFAULT if given is None else given)]
    if program and not any("${program}" in each for each in parts):
        sweep.findings.left_out("program", "The command does not name it.", "trial.command")
    return [made for place, each in enumerate(parts) for made in _filled(sweep, place, each, tree, program)]


def _filled(sweep: Fields, place: int, part: str, tree: Tree, program: str | None) -> Iterator[str]:
    """Yield what a part of the command becomes: ``${args}`` alone is as many arguments as there are parameters."""
    alone = _MACRO.fullmatch(part)
    if alone and alone[1] in _ARGS:
        yield from _arguments(alone[1], tree)
        return
    values = {"env": _ENV, "interpreter": _INTERPRETER, "program": program or ""}
    if part == "${program}" and not program:
        sweep.findings.missing("program", "The command takes it, but it was not given. Write `program: train.py`.")
    for name in _MACRO.findall(part):
        if name not in values:
            _refuse(sweep, f"command[{place}]", name)
    yield template([_MACRO.sub(lambda match: values.get(match[1], match[0]), part)])


def _refuse(sweep: Fields, path: str, name: str) -> None:
    kind = name.partition(":")[0]
    if kind in _CANNOT:
        sweep.findings.refuse(path, _CANNOT[kind])
    elif name in _ARGS:
        sweep.findings.refuse(path, f"${{{name}}} is a part of its own. Write it alone in its line.")
    elif kind.islower():  # a shell's own variable is none of W&B's macros
        near = nearest(name, list(KNOWN))
        if near:
            sweep.findings.refuse(path, f"There is no macro ${{{name}}}.{near}")


def _arguments(macro: str, tree: Tree) -> Iterator[str]:
    if macro == "args_json":
        yield template(json_of(tree))
        return
    hyphens = "" if macro == "args_no_hyphens" else "--"
    for name in sorted(tree):
        node = tree[name]
        if macro == "args_no_boolean_flags" and _is_flag(node):
            yield from _flag(name, node)
        else:
            pieces: Pieces = [f"{hyphens}{name}=", *text_of(node)]
            yield template(pieces)


def _is_flag(node: Any) -> bool:
    return isinstance(node.value, bool) if isinstance(node, Constant) else isinstance(node, Leaf) and node.is_flag


def _flag(name: str, node: Any) -> Iterator[str]:
    """Yield a flag: one that is searched is there in the trials that have it."""
    if isinstance(node, Leaf):
        form = "" if node.name == name else f", {f'--{name}'!r}"
        yield f"{{{{ trial.args.flag({node.name!r}{form}) }}}}"
    elif node.value:
        yield f"--{name}"
