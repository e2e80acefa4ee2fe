"""The JSON schema of a study's declaration, for editors and forms: ``python -m airflow_hpo.core.json_schema``."""

import inspect
import json
import re
import sys
from collections.abc import Callable, Mapping
from typing import Any

from airflow_hpo.core.algorithms import Pruner, Sampler
from airflow_hpo.core.declared import Declared
from airflow_hpo.core.evaluation import Scenario
from airflow_hpo.core.metric_constraint import MetricConstraint
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.pruner_options import PRUNERS
from airflow_hpo.core.sampler_class import CLASS_NAME, DIGEST
from airflow_hpo.core.sampler_options import SAMPLERS
from airflow_hpo.core.space.condition import Between
from airflow_hpo.core.space.normal import LogNormal, Normal
from airflow_hpo.core.space.parameter import PARAMETER_NAME, Categorical, Float, Int
from airflow_hpo.core.study import STUDY_NAME, Study
from airflow_hpo.core.warm_start import WarmStart
from airflow_hpo.core.window import Period

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_DOCUMENTED: tuple[type[Declared], ...] = (
    Float,
    Int,
    Between,
    Categorical,
    Normal,
    LogNormal,
    Objective,
    MetricConstraint,
    Sampler,
    Pruner,
    WarmStart,
    Scenario,
    Period,
)
_PARAM = re.compile(r"^:param (\w+): (.+?)(?=^:|\Z)", re.MULTILINE | re.DOTALL)


def study_schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of what :meth:`Study.from_dict` takes."""
    schema = Study.model_json_schema()
    parts = schema.pop("$defs")
    for model in _DOCUMENTED:
        describe(parts[model.__name__], model)
    describe(schema, Study)
    for name in ("Float", "Int", "Categorical", "Normal", "LogNormal"):
        parts[name]["required"].append("type")
    own = _of_a_class(parts["Sampler"]["properties"]["digest"]["description"])
    parts["Sampler"] = _algorithm(parts["Sampler"], SAMPLERS)
    parts["Sampler"]["anyOf"] += own
    parts["Pruner"] = _algorithm(parts["Pruner"], PRUNERS)
    schema["properties"]["name"]["pattern"] = STUDY_NAME.pattern
    schema["properties"]["space"] |= {"minProperties": 1, "propertyNames": {"pattern": PARAMETER_NAME.pattern}}
    for name in ("sampler", "pruner"):
        schema["properties"][name]["default"] = Study.model_fields[name].default.name
    return {"$schema": _DIALECT, **schema, "title": "Study", "$defs": parts}


def describe(schema: dict[str, Any], model: type[Declared] | Callable[..., Any]) -> None:
    """Say in the schema what the docstring says, once."""
    text = inspect.getdoc(model) or ""
    schema["description"] = _plain(text.split("\n", 1)[0])
    for name, meaning in _PARAM.findall(text):
        if name in schema["properties"]:
            schema["properties"][name]["description"] = _plain(meaning)


def _plain(text: str) -> str:
    return " ".join(re.sub(r":\w+:`(\w+)`", r"`\1`", text).replace("``", "`").split())


def _algorithm(schema: dict[str, Any], known: Mapping[str, type[Declared]]) -> dict[str, Any]:
    """Allow a name alone, or a name with that algorithm's own options."""
    return {
        "title": schema["title"],
        "description": schema["description"],
        "anyOf": [{"enum": list(known)}, *(_with_options(name, options) for name, options in known.items())],
    }


def _of_a_class(digest: str) -> list[dict[str, Any]]:
    """Allow a class that others wrote, by its name alone or with options of its own."""
    name = {"type": "string", "pattern": f"^{CLASS_NAME.pattern}$"}
    given = {
        "name": name,
        "digest": {"type": "string", "pattern": f"^{DIGEST.pattern}$", "description": digest},
        "options": {"type": "object", "description": "Arguments of its constructor, by name."},
    }
    return [name, {"type": "object", "properties": given, "required": ["name"], "additionalProperties": False}]


def _with_options(name: str, options: type[Declared]) -> dict[str, Any]:
    inner = options.model_json_schema()
    inner["description"] = _plain(inner["description"])
    return {
        "type": "object",
        "properties": {"name": {"const": name}, "options": inner},
        "required": ["name", "options"] if inner.get("required") else ["name"],
        "additionalProperties": False,
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(study_schema(), indent=2) + "\n")
