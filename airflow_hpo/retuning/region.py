"""One region of many: its study, its names and its DAG."""

from collections.abc import Mapping
from typing import Any

from airflow.sdk import DAG

from airflow_hpo.core.declared import brief_repr, nearest
from airflow_hpo.core.names import id_form, is_name, one_spelling
from airflow_hpo.core.remedy import named
from airflow_hpo.core.study import STUDY_NAME, Study
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.retuning.dag import retuning_dag


def checked_region(region: str) -> str:
    """Return a region's name in its one spelling."""
    region = one_spelling(region)
    if not is_name(STUDY_NAME, region):
        raise DeclarationError(
            f"A region's name is letters, digits and '. _ / -', but got {region!r}. Write {named(region)!r}."
        )
    return region


def regional_study(study: Study, region: str, changes: Mapping[str, Any]) -> Study:
    """Return the study of one region: named ``<study>/<region>``, with the region's own fields."""
    if not isinstance(changes, Mapping):
        raise DeclarationError(
            f"A region changes fields of its study by name, but got {brief_repr(changes)}. Write 'study': {{'max_trials': 12}}."
        )
    known = list(Study.model_fields)
    unknown = next((name for name in changes if name not in known), None)
    if unknown is not None:
        raise DeclarationError(
            f"A region changes fields of its study, but {unknown!r} is none.{nearest(unknown, known)}"
        )
    if "name" in changes:
        raise DeclarationError(
            f"A region's study is named {study.name + '/' + region!r}, but got name={changes['name']!r}. Leave 'name' out."
        )
    fields = {name: getattr(study, name) for name in known if name in study.model_fields_set}
    space = {**fields["space"], **changes.get("space", {})}
    own_space = {name: p for name, p in space.items() if p is not None}
    if "space_defaults" in fields:
        # What a region leaves out of the space it needs no default for.
        fields["space_defaults"] = {name: v for name, v in fields["space_defaults"].items() if name in own_space}
    own = {"name": f"{study.name}/{region}", "space": own_space}
    return Study(**{**fields, **changes, **own})


def displayed(study: Study, region: str, dag_id: str) -> dict[str, str]:
    """Return the name that Airflow shows of a DAG with the form in ASCII of a name for its id."""
    shown = dag_id
    for name in (study.name, region):
        shown = shown.replace(id_form(name), name.replace("/", "_"))
    return {} if shown == dag_id else {"dag_display_name": shown}


def region_dag(region: str, study: Study, shared: Mapping[str, Any], own: Mapping[str, Any]) -> DAG:
    """Build the DAG of one region; its own arguments are stronger than the shared ones."""
    arguments = {**shared, **own}
    trial = arguments.get("trial")
    if callable(trial) and not hasattr(trial, "expand"):
        arguments["trial"] = trial(region)
    params = {"region": region, **shared.get("params", {}), **own.get("params", {})}
    return retuning_dag(**{**arguments, "params": params, "study": study})
