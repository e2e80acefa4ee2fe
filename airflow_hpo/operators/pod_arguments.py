"""A pod trial's arguments as text, so that a triggerer can build the same operator without loading the DAG."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from enum import Enum
from typing import Any

from airflow.sdk import BaseOperator
from pydantic import TypeAdapter

from airflow_hpo.core.metrics.source import MetricSource
from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.operators.pod import TrialPodOperator

KUBERNETES = "__kubernetes__"
METRICS = "__metrics__"
OF_THE_TASK = ("request", "task_id", "kwargs", "self", "args")
_SOURCE: TypeAdapter[MetricSource] = TypeAdapter(MetricSource)


def as_text(arguments: Mapping[str, Any]) -> str:
    """Return what of a task's arguments the pod and its trial need."""
    names = _names()
    return json.dumps({name: _plain(name, value) for name, value in arguments.items() if name in names})


def from_text(text: str) -> dict[str, Any]:
    """Return the arguments that :func:`as_text` wrote."""
    return {name: _built(value) for name, value in json.loads(text).items()}


def _names() -> set[str]:
    known: set[str] = set()
    for one in TrialPodOperator.__mro__:
        if issubclass(one, BaseOperator) and one is not BaseOperator:
            known |= inspect.signature(one.__init__).parameters.keys()
    return known - set(OF_THE_TASK)


def _plain(name: str, value: Any) -> Any:
    if value is None or isinstance(value, str | int | float | bool):
        return value.value if isinstance(value, Enum) else value
    if isinstance(value, Mapping):
        return {str(key): _plain(name, item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(name, item) for item in value]
    if hasattr(value, "openapi_types"):
        fields = {field: getattr(value, field) for field in value.openapi_types}
        set_ones = {field: _plain(name, item) for field, item in fields.items() if item is not None}
        return {KUBERNETES: type(value).__name__, "fields": set_ones}
    if name == "metrics":
        return {METRICS: value.to_dict()}
    raise DeclarationError(
        f"With run_in='triggerer' the arguments of a pod trial are plain data or Kubernetes objects, but {name!r} holds "
        f"{value!r}. Leave it out, or run the trial in a worker."
    )


def _built(value: Any) -> Any:
    if isinstance(value, list):
        return [_built(item) for item in value]
    if not isinstance(value, dict):
        return value
    if METRICS in value:
        return _SOURCE.validate_python(value[METRICS])
    built = {name: _built(item) for name, item in value.items()}
    if KUBERNETES not in built:
        return built
    from kubernetes import client  # type: ignore[import-untyped]

    return getattr(client, built[KUBERNETES])(**built["fields"])
