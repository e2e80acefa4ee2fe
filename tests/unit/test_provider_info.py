"""The provider's metadata, as Airflow reads it."""

from __future__ import annotations

import importlib
import inspect
import json
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import airflow
import jsonschema
import pytest

from airflow_hpo import conf
from airflow_hpo.provider_info import get_provider_info
from airflow_hpo.storage.locks import LOCK_TIMEOUT

INFO = get_provider_info()
OPTIONS = INFO["config"]["hpo"]["options"]
ACCESSORS = {
    name: function
    for name, function in vars(conf).items()
    if inspect.isfunction(function) and not name.startswith("_") and function.__module__ == conf.__name__
}
MODULES = [
    module
    for kind in ("operators", "sensors", "hooks", "triggers")
    for entry in INFO[kind]
    for module in entry["python-modules"]
]
PATHS = [
    *INFO["cli"],
    *INFO["notifications"],
    *(connection["hook-class-name"] for connection in INFO["connection-types"]),
    *(plugin["plugin-class"] for plugin in INFO.get("plugins", [])),
]


def resolved(path: str) -> Any:
    """Return what a dotted path names."""
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def test_the_metadata_fits_airflow_s_schema() -> None:
    schema = json.loads((Path(airflow.__file__).parent / "provider_info.schema.json").read_text())
    jsonschema.validate(INFO, schema)


@pytest.mark.parametrize("module", MODULES)
def test_every_module_it_names_can_be_imported(module: str) -> None:
    importlib.import_module(module)


@pytest.mark.parametrize("path", PATHS)
def test_every_object_it_names_exists(path: str) -> None:
    assert resolved(path)


@pytest.mark.filterwarnings("ignore:Import from airflow_hpo:DeprecationWarning")
def test_every_module_with_operators_sensors_hooks_or_triggers_is_named() -> None:
    from airflow.sdk import BaseHook, BaseOperator
    from airflow.triggers.base import BaseTrigger

    package = Path(inspect.getfile(conf)).parent
    defining = set()
    for kind in ("operators", "sensors", "hooks", "triggers"):
        for path in (package / kind).glob("*.py"):
            module = importlib.import_module(f"airflow_hpo.{kind}.{path.stem}")
            bases = (BaseOperator, BaseHook, BaseTrigger)
            own = [v for v in vars(module).values() if inspect.isclass(v) and v.__module__ == module.__name__]
            if any(issubclass(cls, bases) for cls in own):
                defining.add(module.__name__)
    # The common parents of operators, and what tasks of the version before name, are nothing that a DAG uses.
    unused = {
        f"airflow_hpo.operators.{name}" for name in ("trial", "edition", "asset_events", "pod_spec", "pod_in_triggerer")
    }
    assert defining - unused == set(MODULES)


def test_the_connection_type_is_that_of_the_hook() -> None:
    declared = INFO["connection-types"][0]
    hook = resolved(declared["hook-class-name"])
    assert (declared["connection-type"], declared["hook-name"]) == (hook.conn_type, hook.hook_name)


def test_every_option_has_an_accessor_and_every_accessor_an_option() -> None:
    assert set(OPTIONS) == set(ACCESSORS)


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_that_is_not_set_has_the_default_of_the_metadata(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    convert = {"float": float, "integer": int, "boolean": lambda text: text == "True", "string": str}
    monkeypatch.delenv(f"AIRFLOW__HPO__{name.upper()}", raising=False)
    assert ACCESSORS[name]() == convert[OPTIONS[name]["type"]](OPTIONS[name]["default"])


def test_a_lock_is_waited_for_as_long_without_airflow_as_with_it() -> None:
    assert float(OPTIONS["lock_timeout"]["default"]) == LOCK_TIMEOUT


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_can_be_set(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text, value = {"boolean": ("True", True), "string": ("mine", "mine")}.get(OPTIONS[name]["type"], ("7", 7))
    monkeypatch.setenv(f"AIRFLOW__HPO__{name.upper()}", text)
    assert ACCESSORS[name]() == value


def test_airflow_finds_the_metadata_by_its_entry_point() -> None:
    found = [e for e in entry_points(group="apache_airflow_provider") if e.value.startswith("airflow_hpo.")]
    assert [entry.load() for entry in found] == [get_provider_info]
