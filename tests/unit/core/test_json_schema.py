from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import airflow_hpo
from airflow_hpo.core.algorithms import Pruner, Sampler
from airflow_hpo.core.json_schema import study_schema
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.space.space import Categorical, Float, Int
from airflow_hpo.core.study import Study
from airflow_hpo.core.warm_start import WarmStart
from airflow_hpo.exceptions import DeclarationError

PUBLISHED = Path(airflow_hpo.__file__).with_name("study.schema.json")
GOOD: dict[str, Any] = {
    "name": "s",
    "space": {"x": {"type": "float", "low": 0, "high": 1}},
    "objective": "loss",
    "max_trials": 9,
}


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    return Draft202012Validator(json.loads(PUBLISHED.read_text()))


def test_the_published_schema_is_current() -> None:
    assert json.loads(PUBLISHED.read_text()) == study_schema(), (
        "python -m airflow_hpo.core.json_schema > airflow_hpo/study.schema.json"
    )


def test_the_schema_is_a_schema_without_an_address_of_its_own() -> None:
    schema = study_schema()
    Draft202012Validator.check_schema(schema)

    assert schema["title"] == "Study"
    assert not any(key == "$id" for key, _ in pairs(schema))


def test_every_argument_a_user_writes_is_described() -> None:
    schema = study_schema()
    written = [
        schema,
        *(
            schema["$defs"][name]
            for name in ("Float", "Int", "Categorical", "Objective", "WarmStart", "MetricConstraint")
        ),
    ]

    bare = [
        f"{part['title']}.{name}"
        for part in written
        for name, field in part["properties"].items()
        if name != "type" and not field.get("description")
    ]
    assert bare == []
    assert not re.search(r":\w+:`|``", json.dumps(schema))


def test_what_python_declares_is_valid(validator: Draft202012Validator, make_study: Callable[..., Study]) -> None:
    study = make_study(
        space={
            "model": Categorical(["svm", None, 1, "mlp", 0.5]),
            "c": Float(0.1, 10, log=True, when={"model": "svm"}),
            "n": Int(1, 9, step=2, when={"model": ["mlp", None]}),
        },
        objective=Objective("loss", strategy="mean", window=3, goal=0.1, extra_metrics=["time"]),
        timeout=3600,
        sampler=Sampler("tpe", n_startup_trials=5),
        pruner=Pruner("hyperband", max_resource=9),
        start_points=[{"model": None, "n": 3}],
        warm_start=WarmStart(trials=3),
    )

    validator.validate(study.to_dict())


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"objective": {"metric": "loss"}},
        {"sampler": "qmc"},
        {"sampler": {"name": "random"}},
        {"pruner": {"name": "median", "options": {"n_warmup_steps": 2}}},
        {"timeout": 3600},
        {"timeout": "PT1H"},
        {"timeout": None},
        {
            "space": {
                "a": {"type": "int", "low": 0, "high": 3},
                "b": {"type": "int", "low": 0, "high": 1, "when": {"a": 3}},
            }
        },
    ],
    ids=str,
)
def test_a_good_document_is_valid_and_accepted(validator: Draft202012Validator, change: dict[str, Any]) -> None:
    validator.validate({**GOOD, **change})
    Study.from_dict({**GOOD, **change})


@pytest.mark.parametrize(
    "change",
    [
        {"name": "a b"},
        {"max_trials": 0},
        {"max_trials": "9"},
        {"max_trails": 9},
        {"objective": {"directon": "maximize"}},
        {"objective": {"metric": "a=b"}},
        {"sampler": "tpee"},
        {"sampler": {"name": "tpe", "options": {"n_startup": 3}}},
        {"sampler": {"name": "tpe", "options": {"n_startup_trials": 0}}},
        {"pruner": {"name": "hyperband"}},
        {"timeout": [1]},
        {"space": {}},
        {"space": {"a b": GOOD["space"]["x"]}},
        {"space": {"__class__": GOOD["space"]["x"]}},
        {"space": {"x": {"low": 0, "high": 1}}},
        {"space": {"x": {"type": "float", "low": "0", "high": 1}}},
        {"space": {"x": {"type": "float", "low": 0}}},
        {"space": {"x": {"type": "int", "low": 0.5, "high": 1}}},
        {"space": {"x": {"type": "categorical", "choices": []}}},
        {"space": {"x": {"type": "categorical", "choices": [[1]]}}},
        {"start_points": [{"x": [1]}]},
        {"warm_start": {"mode": "all"}},
        {"seed": -1},
    ],
    ids=str,
)
def test_a_bad_document_is_neither_valid_nor_accepted(validator: Draft202012Validator, change: dict[str, Any]) -> None:
    assert not validator.is_valid({**GOOD, **change})
    with pytest.raises(DeclarationError):
        Study.from_dict({**GOOD, **change})


def pairs(node: Any) -> Iterator[tuple[str, Any]]:
    """Every key of every mapping in the schema with its value."""
    if isinstance(node, dict):
        yield from node.items()
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from pairs(child)
