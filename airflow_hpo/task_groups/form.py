"""Form that Airflow shows when a DAG is triggered, made from the study of a task group."""

from collections.abc import Mapping
from typing import Any

from airflow.sdk import DAG, Param, get_parsing_context

from airflow_hpo.core.form import fields
from airflow_hpo.core.layout import Layout
from airflow_hpo.core.study import Study
from airflow_hpo.core.window import Window
from airflow_hpo.core.window_form import PREFIX, FormWindow
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.operators.asked import field_prefix


def add_windows(dag: DAG, windows: Mapping[str, Window]) -> dict[str, FormWindow]:
    """Give a DAG a field for each of its windows, by the argument that declares it; return them with their fields."""
    found = {
        name: FormWindow(start=window.start, end=window.end, field=f"{PREFIX}{name}")
        for name, window in windows.items()
    }
    running = get_parsing_context().dag_id is not None
    for name, window in found.items():
        if window.field in dag.params:
            raise DeclarationError(
                f"The form of a retuning has fields of its own, but DAG {dag.dag_id!r} has a param {window.field!r} too. Rename that, "
                "or write form=False."
            )
        said = (
            f"Data of the {name}: from when to when before the end of the run's data interval, such as {window.text}."
        )
        kind: dict[str, Any] = {} if running else {"type": ["null", "string"]}
        dag.params[window.field] = Param(window.text, description=said, title=name.title(), section="Windows", **kind)
    return found


def add_form(dag: DAG, group_id: str, study: Study, layout: Layout, *, ranges: bool) -> None:
    """Give a DAG the fields of a study as its params, with the declared values as defaults."""
    # A task validates all params of its run again: one that was triggered before the file was changed would end there.
    running = get_parsing_context().dag_id is not None
    for name, field in fields(study, layout, ranges=ranges).items():
        key, schema = field_prefix(group_id) + name, {} if running else dict(field.schema)
        if key in dag.params:
            raise DeclarationError(
                f"The form of a study has fields of its own, but DAG {dag.dag_id!r} has a param {key!r} too. Rename that, or write "
                "form=False in the task group."
            )
        shown: dict[str, Any] = {"title": field.title, "section": f"Study {study.name}"}
        dag.params[key] = Param(field.default, description=field.description, **shown, **schema)
