"""The DAG of an imported specification, as a person would have written it."""

import csv
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from airflow_hpo.core.algorithms import Pruner, Sampler
from airflow_hpo.core.declared import Declared
from airflow_hpo.core.metrics.source import File, Stdout, TerminationMessage
from airflow_hpo.core.names import id_form
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.shown_text import shown
from airflow_hpo.core.space.condition import Between
from airflow_hpo.core.space.normal import LogNormal, Normal
from airflow_hpo.core.space.parameter import Categorical, Float, Int
from airflow_hpo.core.study import Study
from airflow_hpo.importers.expression import Call, Code, assignment, commented, flat, names_in
from airflow_hpo.importers.findings import Note
from airflow_hpo.importers.imported import Imported

_UNNAMED = {
    Between: ("low", "high"),
    Float: ("low", "high"),
    Int: ("low", "high"),
    Categorical: ("choices",),
    Normal: ("mu", "sigma"),
    LogNormal: ("mu", "sigma"),
    Objective: ("metric",),
    File: ("path",),
}
"""What the first arguments of a declaration are called."""
_IN_A_DOCSTRING = str.maketrans({"\\": "/", '"': "'"})
_LAST = {"metrics": 1, "pod_template_dict": 2}
_SOURCES = (Stdout, File, TerminationMessage)
IMPORTED_NAMES = frozenset(
    [
        "DAG",
        "Between",
        "Categorical",
        "Float",
        "Int",
        "LogNormal",
        "Normal",
        "Objective",
        "PythonTrial",
        "Sampler",
        "Study",
        "TuneTaskGroup",
    ]
)
"""What a DAG of a Python function may import; code that it takes over has other names."""


def dag_file(imported: Imported, source: str, results: str | None = None) -> str:
    """Return the text of a DAG file, of which the first line names the source, such as ``tides.yaml (Katib)``.

    Results are named by their file, which is in the same folder.
    """
    study, trial = _study(imported.study), Call(type(imported.trial).__name__, (), _trial(imported.trial.arguments))
    if imported.code:
        trial = _of_function(trial)
    if results is not None:
        study = Call(study.name, (), {**study.named, "warm_start": _warm_start(imported.results, results)})
    comments = _comments(imported.notes, study, trial)
    standard = "" if results is None else "from pathlib import Path\n\n"
    names = sorted({"TuneTaskGroup", *names_in(study), *names_in(trial)})
    used = ", ".join(names)
    imports = f"from airflow_hpo import {used}\n"
    if len(imports) > 88:
        imports = f"from airflow_hpo import (\n{''.join(f'    {name},{chr(10)}' for name in names)})\n"
    code = f"\n{_separated(imported.code)}\n" if imported.code else ""
    title = f"Study {imported.study.name}, imported from {shown(source)}."
    general = commented(comments.get("", ()), 0)
    return (
        f'"""{" ".join(title.translate(_IN_A_DOCSTRING).split())}"""\n\n{standard}from airflow.sdk import DAG\n{imports}{code}\n{general and general + chr(10)}'
        f"{assignment('study', study, comments)}"
        f"{assignment('trial', trial, comments)}\n"
        f'with DAG("{dag_id(imported.study)}", schedule=None, catchup=False):\n'
        '    TuneTaskGroup(group_id="tune", study=study, trial=trial)\n'
    )


def _warm_start(text: str, file: str) -> Call:
    """Return the warm start from a file in the folder of the DAG, which takes all of it as known."""
    beside = Code(f"str(Path(__file__).parent / {flat(file)})")
    count = sum(1 for _ in csv.reader(text.splitlines())) - 1
    return Call("WarmStart", (), {"mode": "values", "trials": count, "results": beside})


def _of_function(trial: Call) -> Call:
    """Return a Python trial with its function as the name that the code gives it."""
    named = dict(trial.named)
    return Call(trial.name, [Code(named.pop("function").__name__)], named)


def _separated(code: str) -> str:
    """Return code with the blank lines that stand around functions."""
    return f"\n{code}" if code.startswith("def ") else code


def dag_id(study: Study) -> str:
    """Return the id of the DAG that a file declares."""
    return f"tune_{id_form(study.name)}"


def _comments(notes: tuple[Note, ...], study: Call, trial: Call) -> dict[str, list[str]]:
    """Return the sentences of notes by their place; those about nothing that the file has stand at its beginning."""
    found: dict[str, list[str]] = {}
    for note in notes:
        sentence = shown(f"{note.path} ({note.level.value.replace('_', ' ')}): {note.sentence}")
        found.setdefault(note.place if _has(note.place, study, trial) else "", []).append(sentence)
    return found


def _has(place: str, study: Call, trial: Call) -> bool:
    root, *rest = place.split(".")
    inside: Any = {"study": study, "trial": trial}.get(root)
    for name in rest:
        named = inside.named if isinstance(inside, Call) else inside
        inside = named.get(name) if isinstance(named, Mapping) else None
    return inside is not None


def _study(study: Study) -> Call:
    given: dict[str, Any] = {}
    for name in _ordered(study):
        value, default = getattr(study, name), Study.model_fields[name].default
        if value != default and value is not None:
            given[name] = _declared(value)
    if study.stop_on_same_failure == 0:
        given["stop_on_same_failure"] = None
    return Call("Study", (), given)


def _ordered(study: Study) -> list[str]:
    first = ["name", "objective", "space", "max_trials"]
    return [*first, *(name for name in Study.model_fields if name not in first)]


def _declared(value: Any) -> Any:
    """Return a part of a declaration as an expression, without what is its default."""
    if isinstance(value, Sampler | Pruner):
        return Call(type(value).__name__, (value.name,), value.options) if value.options else value.name
    if isinstance(value, Declared):
        fields = type(value).model_fields
        unnamed = next((names for kind, names in _UNNAMED.items() if type(value) is kind), ())
        given = {
            name: _declared(getattr(value, name))
            for name, one in fields.items()
            if name != "type" and (one.is_required() or getattr(value, name) != one.default)
        }
        if isinstance(value, Objective):
            given = {"metric": given.pop("metric"), "direction": str(value.direction), **given}
        first = [given.pop(name) for name in unnamed if name in given]
        return Call(type(value).__name__, first, given)
    if isinstance(value, dict):
        return {name: _declared(each) for name, each in value.items()}
    return [*map(_declared, value)] if isinstance(value, list) else _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, timedelta):
        seconds = value.total_seconds()
        return int(seconds) if seconds.is_integer() else seconds
    return str(value) if isinstance(value, str) else value


def _trial(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a trial, the long template last."""
    given = {
        name: _declared(value) if isinstance(value, _SOURCES) else value
        for name, value in arguments.items()
        if not (isinstance(value, Stdout) and value == Stdout())
    }
    return dict(sorted(given.items(), key=lambda each: _LAST.get(each[0], 0)))
