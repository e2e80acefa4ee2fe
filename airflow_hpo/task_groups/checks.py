"""Checks of what a task group is given: that it can run, and that its templates name what there is."""

from collections.abc import Callable, Mapping
from typing import Any

from airflow.sdk import Context, TaskGroup

from airflow_hpo.core.attempt import AS_TEXT
from airflow_hpo.core.declared import nearest
from airflow_hpo.core.environment import same_text
from airflow_hpo.core.metrics.source import File
from airflow_hpo.core.remedy import remedy
from airflow_hpo.core.study import Study, checked_study
from airflow_hpo.core.template_names import check_scenario_names, check_template_names
from airflow_hpo.core.trial import TrialRequest, TrialView
from airflow_hpo.core.trial_key import refuse_companion
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.studies.stop_rule import rule_of
from airflow_hpo.task_groups.backends import TrialBackend, refuse_unknown
from airflow_hpo.task_groups.pipeline import GroupTrial

_ATTRIBUTES = sorted(vars(TrialView(TrialRequest(study="s", key="k"))))


def refuse_mapped(group: TaskGroup) -> None:
    """Raise when a group of this package stands in a mapped one: Airflow maps nothing twice, and trials are mapped."""
    outer = next(iter(group.iter_mapped_task_groups()), None)
    if outer is not None:
        raise DeclarationError(
            f"Task group {group.group_id!r} maps its trials, so it cannot stand in a mapped task group, but got it in "
            f"{outer.group_id!r}, which is expanded. Write a loop, with a study of its own name for each value: "
            "for n in values: TuneTaskGroup(f'tune_{n}', study=..., trial=...)."
        )


def refuse_unknown_argument(who: str, given: Mapping[str, Any], *takers: Callable[..., Any]) -> None:
    """Raise when an argument of a group or a DAG is none of these; one that the study has stands there."""

    def meant(name: str) -> str | None:
        of_study = name in Study.model_fields
        return f"It is one of the study's: write Study(..., {name}={given[name]!r})." if of_study else None

    refuse_unknown(who, given, takers, meant)


def check_declarations(study: Any, trial: Any, dag: Any = None, parallelism: int | None = None) -> None:
    """Raise unless they are a study and what can run its trials, as many at once; None for as many as the study says."""
    checked_study(study)
    if study.stop_when is not None:
        rule_of(study.stop_when)
    if not isinstance(trial, TrialBackend | GroupTrial):
        raise DeclarationError(
            f"What runs a trial is a ProcessTrial, PythonTrial, GroupTrial, PodTrial or JobTrial, but got {trial!r}. "
            f"Write trial={_backend_of(trial)}."
        )
    refuse_companion(study.name)
    if not isinstance(trial, TrialBackend):
        if study.scenarios:
            raise DeclarationError(
                "A group of tasks runs no scenarios of a study yet, but got (scenarios=[...], trial=GroupTrial(...)). "
                "Write trial=ProcessTrial([...]), PythonTrial(...) or PodTrial(...)."
            )
        return
    if trial.operator.backend in AS_TEXT and (wrong := same_text(study.space)):
        raise DeclarationError(wrong[0])
    trial.check_files(parallelism or study.most_simulations)
    trial.check_parameters(study.space)
    _check_templates(study, trial, dag)


def _check_templates(study: Study, trial: TrialBackend, dag: Any) -> None:
    of_airflow = {*Context.__annotations__, *((dag.user_defined_macros or {}) if dag is not None else ())}
    own = {"params": list(dag.params or {})} if dag is not None else {}
    for name, value in trial.arguments.items():
        if name in trial.operator.template_fields:
            text = value.path if isinstance(value, File) else value
            check_template_names(name, text, list(study.space), _ATTRIBUTES, own.get("params"), of_airflow)
            check_scenario_names(name, text, study.listed_scenarios)


def _backend_of(given: Any) -> str:
    if isinstance(given, str):
        return f"ProcessTrial({given.split()!r})"
    if isinstance(given, list | tuple):
        return f"ProcessTrial({list(given)!r})"
    if isinstance(given, type) and issubclass(given, TrialBackend | GroupTrial):
        return f"{given.__name__}(...)"
    if callable(given):
        return f"PythonTrial({getattr(given, '__name__', 'function')})"
    return "ProcessTrial(['python', 'train.py', '--x={{ trial.params.x }}'])"


def check_asked_for(group: TaskGroup, study: Study) -> None:
    """Raise when a group of the author's tasks asks for a parameter that the space has not: a task would get None for it."""
    known = ", ".join(study.space)
    for task in group.iter_tasks():
        for name in sorted(getattr(task, "asked_for", ())):
            if name not in study.space:
                raise DeclarationError(
                    f"Tasks of a trial take parameters of the space, but got trial.params.{name}."
                    f"{nearest(name, list(study.space)) or f' It has {known}.'}"
                )


def check_places(hpo_conn_id: Any, **switches: Any) -> None:
    """Raise unless the database is named, and what is on or off is True or False."""
    if not isinstance(hpo_conn_id, str) or not hpo_conn_id or "://" in hpo_conn_id:
        raise DeclarationError(
            f"`hpo_conn_id` is the id of one of Airflow's connections, but got {hpo_conn_id!r}. Write hpo_conn_id='hpo_default', "
            "and put an address into the connection: airflow connections add hpo_default --conn-uri ..."
        )
    for name, given in switches.items():
        if not isinstance(given, bool):
            raise DeclarationError(
                f"`{name}` is True or False, but got {given!r}. {remedy(name, 'bool_type', given, {})}"
            )
