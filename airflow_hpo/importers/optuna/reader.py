"""Reader of one study of Optuna, from its database to a study and the results that it begins with."""

import csv
import io
from pathlib import Path
from typing import Any

from airflow_hpo.core.objective import Objective
from airflow_hpo.core.remedy import named
from airflow_hpo.core.study import Study
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.importers.findings import Findings
from airflow_hpo.importers.imported import Imported
from airflow_hpo.importers.optuna.database import Database, StudyRows
from airflow_hpo.importers.optuna.space import point_of, sampler_of, space_of, waiting
from airflow_hpo.task_groups.backends import PythonTrial

_CODE = '''def train(trial):
    """Return the value of a trial; trial.params has its parameters."""
    raise NotImplementedError("Put the objective of the study here.")
'''


def from_optuna(
    path: str | Path,
    *,
    study: str | None = None,
    metric: str | None = None,
    name: str | None = None,
    max_trials: int | None = None,
) -> Imported:
    """Return a study of Optuna that is kept in an SQLite database, with what is otherwise here.

    For those who have a database and want its space, its results and what waits in it; ``airflow hpo import`` writes the same as a DAG, with the
    results in a file next to it. Optuna need not be able to read the database; it is opened for reading alone, and nothing in it is executed or
    unpickled. The page *From Optuna code* says what becomes what.

    Example::

        def went_on(path):
            found = from_optuna(path, max_trials=40)
            return TuneTaskGroup(study=found.study, trial=found.trial)

    :param path: the file of ``storage="sqlite:///study.db"``, written by Optuna 3 or later.
    :param study: which study, where the database has several.
    :param metric: what the objective is called, where the study has no metric names.
    :param name: the study's name; None for that of the database.
    :param max_trials: how many trials the study wants, 1 or more: a database does not say it.
    :returns: ``study``, ``trial`` (a :class:`PythonTrial` without an objective), ``notes``, each with the ``path`` (a parameter, or ``sampler``,
        ``pruner``, ``trials``), a ``level`` (``differs``, ``left_out``, ``renamed``, ``inferred``) and a ``sentence``; ``code``, the empty objective; and
        ``results``, the complete trials as a CSV file for ``WarmStart(results=...)``.
    :raises DeclarationError: when the file is no such database, or has what cannot be had here; it names every such part.
    """
    findings = Findings()
    with Database.opened(Path(path)) as database:
        rows = _chosen(database, study, findings)
        return _imported(rows, metric, name, max_trials, findings)


def _chosen(database: Database, study: str | None, findings: Findings) -> StudyRows:
    known = database.studies()
    wanted = next(iter(known), None) if study is None and len(known) == 1 else study
    if wanted is None or wanted not in known:
        names = ", ".join(map(repr, known)) or "none"
        got = "" if study is None else f", but got {study!r}"
        one = next(iter(known), "models")
        findings.missing(
            "study_name", f"The database has the studies {names}{got}. Give study={one!r} (--study {one})."
        )
        findings.raise_refused("The study")
    return database.study(str(wanted), known[str(wanted)])


def _imported(
    rows: StudyRows, metric: str | None, name: str | None, max_trials: int | None, findings: Findings
) -> Imported:
    objective = _objective(rows, metric, findings)
    if max_trials is None:
        why = "A study has a number of trials, but a database does not say it. Give max_trials=100 (--max-trials 100)."
        findings.missing("max_trials", why)
    if not rows.with_params:
        findings.missing(
            "trials", "No trial has a parameter, so that the space is not known. Import the study after one trial."
        )
    space, names = space_of(rows, findings)
    fields: dict[str, Any] = {"start_points": waiting(rows, names), "sampler": sampler_of(rows, space, findings)}
    _note_others(rows, findings)
    called = named(name or rows.name)
    if called != (name or rows.name):
        why = f"The study is called {called!r}: names have no blanks and other signs."
        findings.renamed("study_name", why, "study.name")
    made = None
    if objective and not findings.refusals:
        try:
            made = Study(name=called, objective=objective, space=space, max_trials=max_trials, **fields)
        except DeclarationError as err:
            findings.refuse("trials", str(err))
    findings.raise_refused("The study")
    if made is None:
        raise RuntimeError("A study that is read without a refusal can be declared.")
    results = _results(rows, names, made)
    if results:
        why = (
            "The results of complete trials begin the study as known. Where the data have changed, write mode='points'."
        )
        findings.differs("trials", why, "study.warm_start")
    functions: dict[str, Any] = {"__name__": "optuna_study"}
    exec(compile(_CODE, "optuna_study", "exec"), functions)
    return Imported(made, PythonTrial(functions["train"]), tuple(findings.notes), _CODE, results)


def _objective(rows: StudyRows, metric: str | None, findings: Findings) -> Objective | None:
    if len(rows.directions) > 1:
        why = f"A study has one objective, but got {len(rows.directions)}. Optimise one, and limit another by MetricConstraint."
        findings.refuse("directions", why)
        return None
    found = metric or next(iter(rows.metric_names), None)
    if found is None:
        findings.missing(
            "metric", "Optuna does not know what the metric is called. Give metric='loss' (--metric loss)."
        )
        return None
    direction = "maximize" if rows.directions == ["MAXIMIZE"] else "minimize"
    try:
        return Objective(found, direction=direction)
    except DeclarationError as err:
        findings.refuse("metric" if metric else "metric_names", str(err))
        return None


def _note_others(rows: StudyRows, findings: Findings) -> None:
    if any(each.state == "PRUNED" for each in rows.trials) or rows.has_curves:
        why = "A database does not say which pruner it was. Give pruner=Pruner('median') for trials that report values."
        findings.differs("pruner", why, "study")
    if any("constraints" in each.attributes for each in rows.trials):
        why = "Constraints were a function, which a database has not. Write MetricConstraint('latency <= 5')."
        findings.differs("constraints", why, "study")
    if rows.user_attributes:
        findings.left_out(
            "user_attrs", f"Attributes of the study are not kept: {', '.join(rows.user_attributes)}.", "study"
        )


def _results(rows: StudyRows, names: dict[str, str], study: Study) -> str:
    """Return the complete trials as a CSV file; nothing without any."""
    complete = [each for each in rows.trials if each.state == "COMPLETE" and each.value is not None and each.params]
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["number", *(f"params_{name}" for name in study.space), "value"])
    for trial in complete:
        point = point_of(trial, names)
        cells = [str(point[name]) if name in point else "" for name in study.space]
        table.writerow([trial.number, *cells, repr(float(trial.value or 0.0))])
    return text.getvalue() if complete else ""
