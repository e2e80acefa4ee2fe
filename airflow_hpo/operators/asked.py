"""Study of a DAG run, as the run was triggered with it."""

from collections.abc import Iterator

from airflow.sdk import Context

from airflow_hpo.core.form import Asked, fields, formed
from airflow_hpo.core.layout import Layout
from airflow_hpo.core.study import Study

NOBODY = "the trigger of its DAG run"
"""Stands for who triggered a run where Airflow does not name anybody."""


def field_prefix(group_id: str | None) -> str:
    """Return what the names of a task group's fields begin with among the params of its DAG."""
    return f"{group_id}." if group_id else ""


def asked_of(context: Context, study: Study, layout: Layout, prefix: str, *, ranges: bool) -> Asked:
    """Return what the DAG run of a task was triggered with.

    :raises DeclarationError: when a name with the prefix is none of the form's, or a value is not possible.
    """
    known, params = fields(study, layout, ranges=ranges), context["params"]
    declared = context["dag"].params
    own = {name.removeprefix(prefix): name for name in params if name.startswith(prefix)}
    # A param of the author's own may begin alike; what nobody has declared came with the trigger.
    given = {name: params[key] for name, key in own.items() if name in known or key not in declared}
    by = getattr(context["dag_run"], "triggering_user_name", None) or NOBODY
    return Asked(formed(study, layout, given, ranges=ranges), layout, by)


def without_prefix(context: Context, study: Study, layout: Layout, prefix: str) -> Iterator[str]:
    """Yield a remark on each value of a trigger that lacks the prefix, and changes nothing."""
    for name in fields(study, layout, ranges=True):
        if name in (context["dag_run"].conf or {}) and name not in context["dag"].params:
            yield f"The conf's {name!r} is no field of the form and changes nothing. Write {prefix + name!r}."
