"""Reader of one search of Ray Tune, from its Python to a study and the functions of its DAG."""

import ast
from typing import Any

from airflow_hpo.core.study import Study
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.importers.findings import Findings
from airflow_hpo.importers.imported import Imported
from airflow_hpo.importers.needed_code import function_code, names
from airflow_hpo.importers.python_file import allowed, text_of
from airflow_hpo.importers.ray.arguments import Given, study_fields, trial_fields
from airflow_hpo.importers.ray.code import TAKEN, code_of
from airflow_hpo.importers.ray.run import Declared, declared
from airflow_hpo.importers.ray.space import Space, space_of
from airflow_hpo.task_groups.backends import PythonTrial

_SEARCH = {"param_space", "tune_config", "run_config", "Tuner", "TuneConfig", "RunConfig"}


def from_ray(
    text: str | bytes,
    *,
    run_file: bool = False,
    name: str | None = None,
    max_trials: int | None = None,
    objective: Given = None,
) -> Imported:
    """Return the study and the trials of a search of Ray Tune, with what is otherwise here.

    For those who have a ``Tuner``, or a call of ``tune.run``, in a module or a notebook's cell; ``airflow hpo import`` writes the same as a DAG. Ray need
    not be installed. The file is run in a process of its own, without Airflow's environment, until it calls ``fit`` or ``tune.run``; a file
    that calls neither declares ``param_space``, ``tune_config`` and perhaps ``run_config``. Every argument is carried, noted or
    refused. The page *Coming from Ray Tune* says what becomes what.

    Example::

        found = from_ray('''
        from ray import tune
        param_space = {"lr": tune.loguniform(1e-4, 1e-1), "layers": tune.randint(1, 5)}
        tune_config = tune.TuneConfig(metric="loss", mode="min", num_samples=50)
        ''', run_file=True, name="breeze")
        TuneTaskGroup(study=found.study, trial=found.trial)

    :param text: the Python of one search, 10 MB at most.
    :param run_file: whether the text may be run. Say so only of a file that you have read, or that is your own.
    :param name: the study's name; None for that of ``run_config``.
    :param max_trials: how many trials the study wants, 1 or more; None for ``num_samples``.
    :param objective: the metric, where the file has none: an :class:`Objective`, its arguments, or its name.
    :returns: ``study``, ``trial`` (a :class:`PythonTrial` without a trainable: nothing of the file is run in this process), ``notes``, each with the
        ``path`` (such as ``param_space.lr`` or ``tune_config.scheduler``), a ``level`` (``differs``, ``left_out``, ``renamed``) and a ``sentence``; and
        ``code``, the functions of the DAG: ``config_of(params)`` is what the trainable got from Ray, and the trainable where it needs no Ray.
    :raises DeclarationError: when the text may not be run, fails, or has what cannot be had here; it names every such part.
    """
    allowed("Ray Tune", run_file)
    try:
        return _imported(declared(text), text_of(text), name, max_trials, objective)
    except RecursionError:
        raise DeclarationError("A space of Ray Tune is nested and ends, but got deeper levels. Mend it.") from None


def _imported(found: Declared, text: str, name: str | None, max_trials: int | None, objective: Given) -> Imported:
    findings = Findings()
    space = space_of(found.param_space, findings)
    fields = study_fields(found, space, objective, max_trials)
    called, arguments = trial_fields(found, findings, name)
    study = None if findings.refusals else _study(space, fields, called)
    findings.raise_refused("The search")
    if study is None:
        raise RuntimeError("A search that is read without a refusal becomes a study.")
    code = code_of(found.param_space, space)
    functions: dict[str, Any] = {"__name__": "ray_search"}
    exec(compile(code, "ray_search", "exec"), functions)
    if found.function and (own := function_code(text, found.function, _begins_search, "ray", TAKEN)):
        code = code_of(found.param_space, space, found.function, own)
    return Imported(study, PythonTrial(functions["train"], **arguments), tuple(findings.notes), code)


def _begins_search(statement: ast.stmt) -> bool:
    """Say whether a statement declares the search: what follows is no part of the trainable."""
    attributes = {each.attr for each in ast.walk(statement) if isinstance(each, ast.Attribute)}
    return bool(_SEARCH & {*names(statement), *attributes})


def _study(space: Space, fields: dict[str, Any], name: str) -> Study | None:
    try:
        return Study(name=name, space=space.parameters, **fields)
    except DeclarationError as err:
        path = "tune_config.search_alg.points_to_evaluate" if fields.get("start_points") else "param_space"
        space.findings.refuse(path, str(err))
        return None
