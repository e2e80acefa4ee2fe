"""Start of a mapped pod trial in the triggerer."""

import inspect
import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, BaseOperator, XComArg
from airflow.sdk.definitions.mappedoperator import MappedOperator
from airflow.sdk.definitions.xcom_arg import PlainXComArg
from airflow.triggers.base import StartTriggerArgs

from airflow_hpo import conf
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.operators.pod import TrialPodOperator

TRIGGER = "airflow_hpo.triggers.trial_run.TrialPodRunTrigger"
OWN = Path(__file__).parents[1]
"""Folder of this package."""
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
    # Only a trial that fails needs a slot, to say so in a worker: waiting siblings would hold it where deferred tasks count.
    given["pool"] = conf.bookkeeping_pool()
    # Airflow would count the wait for a free slot, and leave the pod behind.
    if limit := given.get("execution_timeout"):
        given["execution_timeout"] = None
        given["time_limit"] = limit.total_seconds() if isinstance(limit, timedelta) else float(limit)
    mapped.start_from_trigger = True
    mapped.start_trigger_args = StartTriggerArgs(
        trigger_cls=TRIGGER,
        trigger_kwargs={
            "requests": {"task_id": requests.operator.task_id, "key": requests.key},
            "spec": _spec({**_defaults(mapped), **given}, _folder(mapped)),
        },
        next_method="execute_when_run",
    )
    return mapped


def _folder(mapped: MappedOperator) -> str:
    """Return the folder of the DAG's file; while it is parsed, a DAG that this package makes names the package's own file."""
    files = chain([mapped.dag.fileloc if mapped.dag else ""], _callers())
    return str(next(Path(file).parent for file in files if file and not Path(file).is_relative_to(OWN)))


def _callers() -> Iterator[str]:
    """Yield the files of the calling functions; inspect.stack() would look for each in all modules that are loaded."""
    frame = inspect.currentframe()
    while frame:
        yield frame.f_code.co_filename
        frame = frame.f_back


def _spec(arguments: Mapping[str, Any], folder: str) -> dict[str, Any]:
    """Return what of a task's arguments the pod and its trial need."""
    names = _own_names()
    own = {name: value for name, value in arguments.items() if name in names}
    file = own.get("pod_template_file")
    if file and "{" in str(file):
        raise DeclarationError(
            f"With run_in='triggerer' a template's file is read when the DAG is parsed, but its path is {file!r}, which has "
            "Jinja in it. Write the path out, or run the trial in a worker."
        )
    # The operator is thrown away: it must not become a task of the DAG, or of the group, that is just declared.
    template = DAG("template", auto_register=False)
    operator = TrialPodOperator(task_id="trial", request={}, dag=template, task_group=template.task_group, **own)
    try:
        spec = operator.spec(folder).to_dict()
        json.dumps(spec)
    except (AttributeError, TypeError, ValueError) as err:
        raise DeclarationError(
            "With run_in='triggerer' the arguments of a pod trial are plain data or Kubernetes objects, but one is neither: "
            f"{err}. Leave it out, or run the trial in a worker."
        ) from err
    return spec


def _own_names() -> set[str]:
    """Return the arguments of the operator that are not those of every task."""
    known: set[str] = set()
    for one in TrialPodOperator.__mro__:
        if issubclass(one, BaseOperator) and one is not BaseOperator:
            known |= inspect.signature(one.__init__).parameters.keys()
    return known - {"request", "task_id", "kwargs", "self", "args"}


def _defaults(mapped: MappedOperator) -> dict[str, Any]:
    """Return the default arguments of DAG and task group, which Airflow itself applies in the worker."""
    there = [place.default_args for place in (mapped.dag, mapped.task_group) if place and place.default_args]
    return {name: value for defaults in there for name, value in defaults.items()}
