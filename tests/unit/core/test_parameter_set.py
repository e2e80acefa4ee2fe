"""Versions of parameter sets as data."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from airflow_hpo.core.parameter_set import ParameterVersion, Provenance, check_name, check_params, difference
from airflow_hpo.exceptions import DeclarationError

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PARAMS = {"z": 1, "a": 1.0, "on": True, "none": None, "text": "{{ ü }}"}
VERSION = ParameterVersion(
    "dispatch/tokyo", 4, PARAMS, Provenance(study="s@r", number=7, reason="Why."), NOON, restores=2
)


@pytest.mark.parametrize("name", ["a", "9", "dispatch/tokyo", "a.b_c-d/e/f", "x" * 200])
def test_a_name_may_have_parts(name: str) -> None:
    assert check_name(name) == name


def test_a_version_survives_json() -> None:
    again = ParameterVersion.from_dict(json.loads(json.dumps(VERSION.to_dict())))
    assert again == VERSION
    assert [(name, type(value)) for name, value in again.params.items()] == [(n, type(v)) for n, v in PARAMS.items()]


def test_a_version_may_come_without_provenance() -> None:
    data = {"name": "a", "version": 1, "params": {"x": 1}, "created": NOON.isoformat()}
    assert ParameterVersion.from_dict(data) == ParameterVersion("a", 1, {"x": 1}, Provenance(), NOON)


@pytest.mark.parametrize("missing", ["name", "version", "params", "created"])
def test_a_version_that_lacks_something_is_refused(missing: str) -> None:
    data = {name: value for name, value in VERSION.to_dict().items() if name != missing}
    with pytest.raises(DeclarationError, match="has a name, a version, params and created"):
        ParameterVersion.from_dict(data)


def test_the_order_of_parameters_does_not_make_another_version_but_their_type_does() -> None:
    reordered = ParameterVersion("a", 1, dict(reversed(PARAMS.items())), Provenance(), NOON)
    retyped = ParameterVersion("a", 1, {**PARAMS, "z": 1.0}, Provenance(), NOON)
    assert reordered.fingerprint == VERSION.fingerprint != retyped.fingerprint


def test_a_program_reads_a_version_as_it_reads_a_trial() -> None:
    environment = VERSION.environment()
    assert json.loads(environment.pop("HPO_PARAMS")) == PARAMS
    assert environment == {
        "HPO_PARAMETER_SET": "dispatch/tokyo",
        "HPO_PARAMETER_SET_VERSION": "4",
        "HPO_PARAM_Z": "1",
        "HPO_PARAM_A": "1.0",
        "HPO_PARAM_ON": "true",
        "HPO_PARAM_NONE": "",
        "HPO_PARAM_TEXT": "{{ ü }}",
    }


def test_the_difference_names_what_changed_came_and_went_in_order() -> None:
    rows = difference({"b": 1, "a": 1, "gone": None, "same": 0.1}, {"new": 0, "same": 0.1, "a": True, "b": 2})
    assert [(row["name"], row["change"], row["old"], row["new"]) for row in rows] == [
        ("b", "changed", 1, 2),
        ("a", "changed", 1, True),
        ("gone", "removed", None, None),
        ("new", "added", None, 0),
    ]


@pytest.mark.parametrize("params", [{True: 1}, {1: 1}, {None: 1}], ids=repr)
def test_a_name_that_yaml_made_something_else_is_told_how_to_be_written(params: dict[Any, Any]) -> None:
    with pytest.raises(DeclarationError, match=r"A parameter's name is text, but got .*Quote it"):
        check_params(params)
