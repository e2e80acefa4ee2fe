"""Fields of Kubernetes objects, looked up in its client: one that is misspelt would be dropped when the pod is made."""

import re
from collections.abc import Mapping
from typing import Any

from airflow_hpo.core.declared import brief_repr
from airflow_hpo.importers.fields import as_text
from airflow_hpo.importers.findings import Findings

_LIST = re.compile(r"list\[(\w+)\]")
_BY_NAME = re.compile(r"dict[\[(]str, (\w+)[\])]")
_AMOUNTS = ("limits", "requests", "capacity", "overhead", "sizeLimit")
"""Fields of amounts, which may be numbers."""


def check_fields(data: Any, kind: str, path: str, findings: Findings) -> None:
    """Refuse what is no field of a kind of object, such as ``V1PodSpec``, or is of another type, at any depth."""
    from kubernetes import client  # type: ignore[import-untyped]

    if listed := _LIST.fullmatch(kind):
        _check_list(data, listed[1], path, findings)
    elif by_name := _BY_NAME.fullmatch(kind):
        _check_by_name(data, by_name[1], path, findings)
    elif hasattr(client, kind):
        _check_object(data, getattr(client, kind), path, findings)
    else:
        _check_scalar(data, kind, path, findings)


def _check_object(data: Any, model: Any, path: str, findings: Findings) -> None:
    if not isinstance(data, Mapping):
        findings.refuse(path, f"It is a mapping of fields, but got {brief_repr(data)}. Write `name: value` lines.")
        return
    kinds = {model.attribute_map[name]: kind for name, kind in model.openapi_types.items()}
    for name, value in data.items():
        if name not in kinds:
            findings.unknown(f"{path}.{name}", sorted(kinds))
        elif value is not None:
            check_fields(value, kinds[name], f"{path}.{name}", findings)


def _check_list(data: Any, kind: str, path: str, findings: Findings) -> None:
    if not isinstance(data, list):
        findings.refuse(path, f"It is a list, but got {brief_repr(data)}. Write `- ` before each member.")
        return
    for place, each in enumerate(data):
        called = each.get("name", place) if isinstance(each, Mapping) else place
        check_fields(each, kind, f"{path}[{called}]", findings)


def _check_by_name(data: Any, kind: str, path: str, findings: Findings) -> None:
    if not isinstance(data, Mapping):
        findings.refuse(path, f"It is a mapping of names to values, but got {brief_repr(data)}. Write `name: value`.")
        return
    for name, value in data.items():
        if not isinstance(name, str):
            findings.refuse(f"{path}.{name}", f'A name is text, but got {name!r}. Write "{name}".')
        elif not (path.rpartition(".")[2] in _AMOUNTS and _is_number(value)):
            check_fields(value, kind, f"{path}.{name}", findings)


def _check_scalar(data: Any, kind: str, path: str, findings: Findings) -> None:
    if kind == "str" and not (path.rpartition(".")[2] in _AMOUNTS and _is_number(data)):
        as_text(data, path, findings)
    elif kind == "int" and (not isinstance(data, int) or isinstance(data, bool)):
        findings.refuse(path, f"It is a whole number, but got {brief_repr(data)}. Write the number without quotes.")
    elif kind == "bool" and not isinstance(data, bool):
        findings.refuse(path, f"It is true or false, but got {brief_repr(data)}. Write true.")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
