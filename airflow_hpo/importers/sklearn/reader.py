"""Reader of one search of scikit-learn, from its Python to a study and the functions of its DAG."""

import os
from typing import Any

from airflow_hpo.core.study import Study
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.importers.findings import Findings
from airflow_hpo.importers.imported import Imported
from airflow_hpo.importers.python_file import allowed, text_of
from airflow_hpo.importers.sklearn.arguments import study_fields
from airflow_hpo.importers.sklearn.code import code_of
from airflow_hpo.importers.sklearn.parts import Parts, parts_of
from airflow_hpo.importers.sklearn.run import Search, Thing, search_of
from airflow_hpo.importers.sklearn.space import Space, space_of
from airflow_hpo.task_groups.backends import PythonTrial


def from_sklearn(
    text: str | bytes, *, run_file: bool = False, name: str | None = None, max_trials: int | None = None
) -> Imported:
    """Return the study and the trials of a search of scikit-learn, with what is otherwise here.

    For those who have a ``GridSearchCV``, a ``RandomizedSearchCV`` or scikit-optimize's ``BayesSearchCV`` in a script or a notebook's cell;
    ``airflow hpo import`` writes the same as a DAG. The file is run in a process of its own, without Airflow's environment, in the
    current folder, until it calls ``fit`` of a search; nothing is fitted. Every argument is carried, noted or refused. The page *Coming from
    scikit-learn* says what becomes what.

    Example::

        found = from_sklearn('''
        from sklearn.datasets import load_wine
        from sklearn.model_selection import GridSearchCV
        from sklearn.svm import SVC

        X, y = load_wine(return_X_y=True)
        GridSearchCV(SVC(), {"C": [0.1, 1.0, 10.0]}, cv=5, scoring="accuracy").fit(X, y)
        ''', run_file=True, name="wine")
        TuneTaskGroup(study=found.study, trial=found.trial)

    :param text: the Python of one search, 10 MB at most.
    :param run_file: whether the text may be run. Say so only of a file that you have read, or that is your own.
    :param name: the study's name, which scikit-learn has not.
    :param max_trials: how many trials the study wants, 1 or more; None for ``n_iter``, or all points of a grid.
    :returns: ``study``, ``trial`` (a :class:`PythonTrial` that fits and scores the estimator on the folds), ``notes``, each with the ``path`` (an
        argument, or a parameter such as ``param_grid.C``), a ``level`` (``differs``, ``left_out``, ``renamed``) and a ``sentence``; and ``code``, the
        functions of the DAG, which have all of the file that they need.
    :raises DeclarationError: when the text may not be run, fails, or has what cannot be had here; it names every such part.
    """
    allowed("scikit-learn", run_file)
    folder = os.getcwd()
    search = search_of(text, folder)
    if search is None:
        raise DeclarationError(
            "A file has a search of scikit-learn, but got one that makes none. Write GridSearchCV(SVC(), {'C': [0.1, 1.0]}).fit(X, y)."
        )
    findings = Findings()
    if not name:
        findings.missing("name", "A study has a name, but scikit-learn has none. Give name='wine' (--name wine).")
    if search.kind.startswith("Halving"):
        other = search.kind.replace("HalvingRandomSearchCV", "RandomizedSearchCV").replace("Halving", "")
        findings.refuse(
            search.kind, f"It gives the better points more data, which no sampler here does. Write {other}."
        )
        findings.raise_refused("The search")
    return _imported(search, text_of(text), folder, name or "", max_trials, findings)


def _imported(
    search: Search, text: str, folder: str, name: str, max_trials: int | None, findings: Findings
) -> Imported:
    space = space_of(search, findings)
    fields = study_fields(search, space, findings, max_trials)
    things = [value for each in space.choices.values() for value in each.values if isinstance(value, Thing)]
    parts = parts_of(search, text, folder, with_space=bool(things))
    _check_parts(search, parts, things, findings)
    study = None if findings.refusals else _study(search, space, fields, name, findings)
    findings.raise_refused("The search")
    if study is None:
        raise RuntimeError("A search that is read without a refusal becomes a study.")
    code = code_of(search, space, parts)
    functions: dict[str, Any] = {"__name__": "sklearn_search"}
    exec(compile(code, "sklearn_search", "exec"), functions)
    return Imported(study, PythonTrial(functions["train"]), tuple(findings.notes), code)


def _check_parts(search: Search, parts: Parts | None, things: list[Thing], findings: Findings) -> None:
    """Say what of the file the DAG has not, and what is otherwise there."""
    if things and (parts is None or search.kind == "BayesSearchCV"):
        why = f"{things[0].name} is no plain value, and its code cannot be copied. Write its name, and look it up in the function."
        findings.refuse(search.space_argument, why)
    if parts is None:
        why = "It is made or fitted inside a function, or with names that cannot be found: put estimator and data into `train`."
        findings.left_out("estimator", why, "trial")
        return
    if search.fitted is None:
        findings.left_out("fit", "The file does not fit the search: put the data into `train`.", "trial")
    if parts.files:
        names = ", ".join(map(repr, parts.files))
        findings.differs("fit", f"Tasks run in another folder: write the whole path of {names} into `train`.", "trial")
    splitter = search.arguments.get("cv")
    if isinstance(splitter, Thing) and splitter.facts["is_splitter"] and not splitter.facts["is_seeded"]:
        why = "Each trial splits the data in its own way. Write random_state=0 into it, so that all are compared on the same folds."
        findings.differs("cv", why, "trial")
    if "callback" in (search.fitted or ()):
        findings.refuse("fit.callback", "Trials are tasks, and nothing is called between them. Leave it out.")
    if "fit_params" in parts.made and {*parts.fitted} - {"X", "y", "groups"}:
        findings.refuse("fit_params", "They are given twice. Give them to fit alone.")


def _study(search: Search, space: Space, fields: dict[str, Any], name: str, findings: Findings) -> Study | None:
    try:
        return Study(name=name, space=space.parameters, **fields)
    except DeclarationError as err:
        findings.refuse(search.space_argument, str(err))
        return None
