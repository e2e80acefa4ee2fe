"""Kinds of the arguments of a trial's task: Airflow looks at those of a mapped task when it runs, which is late."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from airflow.sdk import XComArg

from airflow_hpo.core.declared import brief_repr
from airflow_hpo.core.metrics.source import File, Stdout, TerminationMessage
from airflow_hpo.core.remedy import closest, remedy
from airflow_hpo.exceptions import DeclarationError

_SOURCES = {each.__name__: each for each in (Stdout, File, TerminationMessage)}
_RERUNS = ["changed", "always"]


@dataclass(frozen=True, slots=True)
class _Kind:
    rule: str
    holds: Callable[[Any], bool]
    meant: Callable[[str, Any], str]
    """The line to write, from the argument's name and what was given."""


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _time_meant(name: str, given: Any) -> str:
    seconds = isinstance(given, int | float) and not isinstance(given, bool)
    return f"Write {name}=timedelta(seconds={given})." if seconds else remedy(name, "time_delta_type", given, {})


def _source_meant(name: str, given: Any) -> str:
    called = getattr(given, "__name__", "")
    if called in _SOURCES:
        return f"Write {name}={called}()." if called != "File" else f"Write {name}=File('metrics.log')."
    path = isinstance(given, str) and ("/" in given or "." in given)
    return f"Write {name}=File({given!r})." if path else "The study's objective names the metric: leave it out."


def _resources(value: Any) -> bool:
    return not isinstance(value, str | list) and (not isinstance(value, Mapping) or {*value} <= _OF_RESOURCES)


_OF_RESOURCES = {"requests", "limits", "claims"}


def _resources_meant(name: str, given: Any) -> str:
    flat = isinstance(given, Mapping) and all(isinstance(amount, str | int) for amount in given.values())
    inner = {key: str(amount) for key, amount in given.items()} if flat else {"cpu": "2", "memory": "4Gi"}
    return f"Write {name}={{'requests': {inner!r}}}."


_WHOLE = _Kind("is a whole number of 0 or more", _whole, lambda name, _: f"Write {name}=3.")
_TIME = _Kind("is a timedelta", lambda value: isinstance(value, timedelta), _time_meant)
_TEXT = _Kind("is text", lambda value: isinstance(value, str) and bool(value), lambda name, _: f"Write {name}='...'.")
_OBJECTS = _Kind(
    "is a list of objects of Kubernetes",
    lambda value: isinstance(value, Sequence) and not any(isinstance(each, str) for each in [value, *value]),
    lambda name, _: f"Write {name}=[...].",
)
_BY_NAME = _Kind(
    "is a mapping of names to values",
    lambda value: isinstance(value, Mapping),
    lambda name, _: f"Write {name}={{'name': 'value'}}.",
)
_KINDS: dict[str, _Kind] = {
    "retries": _WHOLE,
    "program_retries": _WHOLE,
    "execution_timeout": _TIME,
    "retry_delay": _Kind(
        "is a timedelta or a number of seconds", lambda value: isinstance(value, timedelta | int | float), _time_meant
    ),
    "rerun": _Kind(
        "is 'changed' or 'always'",
        lambda value: value in _RERUNS,
        lambda name, given: f"Write {name}={'always' if given is True else closest(given, _RERUNS)!r}.",
    ),
    "metrics": _Kind(
        "is a Stdout, a File or a TerminationMessage",
        lambda value: isinstance(value, tuple(_SOURCES.values())),
        _source_meant,
    ),
    "cwd": _Kind(
        "is the path of a folder",
        lambda value: isinstance(value, str | os.PathLike) and bool(str(value)),
        lambda name, _: f"Write {name}='/opt/models'.",
    ),
    **dict.fromkeys(("pool", "queue", "image", "namespace", "service_account_name"), _TEXT),
    **dict.fromkeys(("tolerations", "volumes", "volume_mounts", "image_pull_secrets"), _OBJECTS),
    **dict.fromkeys(("node_selector", "annotations", "labels"), _BY_NAME),
    "container_resources": _Kind("has `requests` and `limits`", _resources, _resources_meant),
}


def refuse_wrong_kinds(who: str, arguments: Mapping[str, Any]) -> None:
    """Raise when an argument of a trial's task is of a kind that would fail, or do nothing, in every trial."""
    for name, given in arguments.items():
        kind = _KINDS.get(name)
        if kind is None or given is None or isinstance(given, XComArg) or kind.holds(given):
            continue
        raise DeclarationError(f"{who}: `{name}` {kind.rule}, but got {brief_repr(given)}. {kind.meant(name, given)}")
