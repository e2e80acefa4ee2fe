"""The JSON schema of a region's file, for editors: ``python -m airflow_hpo.retuning.region_schema``."""

import inspect
import json
import sys
from typing import Any

from airflow_hpo.comparison.rule import ComparisonRule
from airflow_hpo.core.json_schema import describe, study_schema
from airflow_hpo.retuning.dag import retuning_dag
from airflow_hpo.retuning.region_file import KEYS, TRIALS

_NAMES = {"type": "array", "items": {"type": "string"}}
_WINDOW = {"anyOf": [{"type": "string"}, {**_NAMES, "minItems": 1, "maxItems": 2}]}
_SIMPLE = {bool: "boolean", int: "integer", str: "string"}


def region_schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of a region's file; what is shared in Python may be left out."""
    study, rule = study_schema(), ComparisonRule.model_json_schema()
    parts, dialect = {**study.pop("$defs"), **rule.pop("$defs")}, study.pop("$schema")
    describe(rule, ComparisonRule)
    # Where a study is shared, its fields may be left out, and parameters by null.
    study.pop("required")
    space = study["properties"]["space"]
    space["additionalProperties"] = {"anyOf": [space["additionalProperties"], {"type": "null"}]}
    trial = {"type": "object", "minProperties": 1, "maxProperties": 1}
    given = {
        "study": study,
        "trial": {**trial, **_closed({kind: {"type": "object"} for kind in TRIALS})},
        "tuning": {"anyOf": [*_WINDOW["anyOf"], {"type": "array", "items": _WINDOW, "minItems": 1}]},
        "test": _WINDOW,
        "validation": _WINDOW,
        "rule": rule,
        "approval": _or_false(within={"type": "string"}, otherwise={"enum": ["Approve", "Reject"]}, users=_NAMES),
        "notify": _or_false(events=_NAMES, via={"type": "object", "additionalProperties": {"type": "object"}}),
        "variants": _NAMES,
        "tags": _NAMES,
        "params": {"type": "object"},
    }
    arguments = inspect.signature(retuning_dag).parameters
    kinds = {name: _SIMPLE.get(arguments[name].annotation) for name in KEYS if name in arguments}
    simple = {name: {"type": kind} for name, kind in kinds.items() if kind}
    schema: dict[str, Any] = {"$schema": dialect, "type": "object", **_closed({n: {} for n in KEYS} | simple | given)}
    # `describe` writes into the schemas of arguments: let each have one of its own.
    schema = json.loads(json.dumps(schema))
    describe(schema, retuning_dag)
    return {**schema, "title": "Region", "description": "What is a region's own in a retuning.", "$defs": parts}


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {"properties": properties, "additionalProperties": False}


def _or_false(**properties: Any) -> dict[str, Any]:
    return {"anyOf": [{"const": False}, {"type": "object", **_closed(properties)}]}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(region_schema(), indent=2) + "\n")
