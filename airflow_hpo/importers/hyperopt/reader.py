"""Reader of one Hyperopt file, from its Python to a study and the functions of its DAG."""

from typing import Any

from airflow_hpo.core.study import Study
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.importers.findings import Findings
from airflow_hpo.importers.hyperopt.arguments import study_fields
from airflow_hpo.importers.hyperopt.objective import copied
from airflow_hpo.importers.hyperopt.point import PointCode
from airflow_hpo.importers.hyperopt.run import Declared, declared
from airflow_hpo.importers.hyperopt.space import Space, space_of
from airflow_hpo.importers.imported import Imported
from airflow_hpo.importers.python_file import allowed, text_of
from airflow_hpo.task_groups.backends import PythonTrial


def from_hyperopt(
    text: str | bytes, *, run_file: bool = False, name: str | None = None, max_trials: int | None = None
) -> Imported:
    """Return the study and the trials of a Hyperopt search, with what is otherwise here.

    For those who have a space and a call of ``fmin`` in a module or a notebook's cell; ``airflow hpo import`` writes the same as a DAG.
    Hyperopt need not be installed. The file is run in a process of its own, without Airflow's environment, until it calls ``fmin``; a
    file that does not call it declares ``space`` and ``fmin = dict(max_evals=...)``. Every argument is carried, noted or refused. The
    page *Coming from Hyperopt* says what becomes what.

    Example::

        found = from_hyperopt('''
        from hyperopt import hp
        space = {"lr": hp.loguniform("lr", -9, -2), "layers": hp.randint("layers", 1, 5)}
        fmin = dict(max_evals=50)
        ''', run_file=True, name="breeze")
        TuneTaskGroup(study=found.study, trial=found.trial)

    :param text: the Python of one search, 10 MB at most.
    :param run_file: whether the text may be run. Say so only of a file that you have read, or that is your own.
    :param name: the study's name, which Hyperopt has not.
    :param max_trials: how many trials the study wants, 1 or more; None for ``max_evals``.
    :returns: ``study``, ``trial`` (a :class:`PythonTrial` without an objective: nothing of the file is run in this process), ``notes``, each with the
        ``path`` (a label, or an argument of ``fmin``), a ``level`` (``differs``, ``left_out``, ``renamed``) and a ``sentence``; and
        ``code``, the functions of the DAG: ``point(params)`` is what the objective got from Hyperopt, and the objective where the file has it.
    :raises DeclarationError: when the text may not be run, fails, or has what cannot be had here; it names every such part.
    """
    allowed("Hyperopt", run_file)
    try:
        return _imported(declared(text), text, name, max_trials)
    except RecursionError:
        raise DeclarationError(
            "A Hyperopt space is nested and ends, but got one that contains itself, or deeper levels. Mend it."
        ) from None


def _imported(found: Declared, text: str | bytes, name: str | None, max_trials: int | None) -> Imported:
    findings = Findings()
    if not name:
        findings.missing("name", "A study has a name, but Hyperopt has none. Give name='breeze' (--name breeze).")
    root = found.arguments.get("space", -1)
    if root < 0 or found.rows[root] == {"kind": "constant", "value": None}:
        findings.missing("space", "A search has a space, but got none. Write space = {'lr': hp.uniform('lr', 0, 1)}.")
        findings.raise_refused("The search")
    space = space_of(found, root, findings)
    fields = study_fields(found, space, max_trials)
    point = PointCode(space)
    code = "" if findings.refusals else point.text(root)
    study = None if findings.refusals else _study(space, fields, name or "")
    findings.raise_refused("The search")
    if study is None:
        raise RuntimeError("A search that is read without a refusal becomes a study.")
    functions: dict[str, Any] = {"__name__": "hyperopt_search"}
    exec(compile(code, "hyperopt_search", "exec"), functions)
    if found.function and (objective := copied(text_of(text), found.function, point.names)):
        code = point.text(root, found.function, objective)
    return Imported(study, PythonTrial(functions["train"]), tuple(findings.notes), code)


def _study(space: Space, fields: dict[str, Any], name: str) -> Study | None:
    try:
        return Study(
            name=name,
            space=space.parameters,
            count="finished",
            **fields,
        )
    except DeclarationError as err:
        space.findings.refuse("points_to_evaluate" if fields.get("start_points") else "space", str(err))
        return None
