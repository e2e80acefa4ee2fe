"""Start of a mapped pod trial in the triggerer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import XComArg
from airflow.sdk.definitions.mappedoperator import MappedOperator
from airflow.sdk.definitions.xcom_arg import PlainXComArg
from airflow.triggers.base import StartTriggerArgs

from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.operators.pod_arguments import as_text

TRIGGER = "airflow_hpo.operators.pod_in_triggerer.TrialPodRunTrigger"
WORKERS_ONLY = (
    "on_success_callback",
    "on_execute_callback",
    "on_skipped_callback",
    "outlets",
    "pre_execute",
    "post_execute",
    "callbacks",
    "max_active_tis_per_dag",
    "max_active_tis_per_dagrun",
)


def start_in_triggerer(mapped: MappedOperator, requests: XComArg) -> MappedOperator:
    """Make a mapped trial task start, run and end in the triggerer."""
    given: dict[str, Any] = mapped.partial_kwargs
    for name in WORKERS_ONLY:
        if given.get(name):
            raise DeclarationError(
                f"A trial with run_in='triggerer' takes no {name!r}, which needs a worker, but got {given[name]!r}. "
                "Leave it out, or run the trial in a worker."
            )
    if not isinstance(requests, PlainXComArg):
        raise DeclarationError(
            f"A trial with run_in='triggerer' is mapped over the output of one task, but got {requests!r}. "
            "Pass the output of `suggest`."
        )
    # Airflow would count the wait for a free slot, and leave the pod behind.
    if limit := given.get("execution_timeout"):
        given["execution_timeout"] = None
        given["time_limit"] = limit.total_seconds() if isinstance(limit, timedelta) else float(limit)
    mapped.start_from_trigger = True
    mapped.start_trigger_args = StartTriggerArgs(
        trigger_cls=TRIGGER,
        trigger_kwargs={
            "requests": {"task_id": requests.operator.task_id, "key": requests.key},
            "operator_arguments": as_text({**_defaults(mapped), **given}),
        },
        next_method="execute_when_run",
    )
    return mapped


def _defaults(mapped: MappedOperator) -> dict[str, Any]:
    """Return the default arguments of DAG and task group, which Airflow itself applies in the worker."""
    there = [place.default_args for place in (mapped.dag, mapped.task_group) if place and place.default_args]
    return {name: value for defaults in there for name, value in defaults.items()}
