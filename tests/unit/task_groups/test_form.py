"""The form that Airflow shows when a DAG with a study is triggered."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.exceptions import ParamValidationError
from airflow.sdk import DAG, Param
from airflow.sdk.definitions.param import process_params
from airflow.serialization.serialized_objects import DagSerialization

from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.task_groups.tune import TuneTaskGroup
from tests.unit.task_groups.test_tune import PROCESS, dag_of, study


def served(dag: DAG) -> Any:
    """Return the params that the API server has: they show the form and check what triggers a run."""
    return DagSerialization.from_dict(DagSerialization.to_dict(dag)).params


def test_the_form_has_the_declared_values_and_their_bounds() -> None:
    params = served(dag_of(study(max_parallelism=8)))
    assert params.validate() == {
        "tune.max_trials": 10,
        "tune.parallelism": 4,
        "tune.timeout": None,
        "tune.sampler": "tpe",
        "tune.space.x.low": 0.0,
        "tune.space.x.high": 1.0,
    }
    assert params.get_param("tune.parallelism").schema["maximum"] == 8
    params.deep_merge({"tune.max_trials": 787, "tune.timeout": "12h"}).validate()


@pytest.mark.parametrize(
    "conf",
    [{"tune.max_trials": 9999}, {"tune.parallelism": 0}, {"tune.sampler": "tep"}, {"tune.space.x.high": 2.0}],
    ids=str,
)
def test_a_trigger_beyond_the_bounds_is_refused_by_airflow(conf: dict[str, Any]) -> None:
    with pytest.raises(ParamValidationError, match="Invalid input for param tune"):
        served(dag_of()).deep_merge(conf).validate()


def test_a_task_of_a_run_that_was_triggered_before_the_file_changed_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow validates the params of a run again before each of its tasks, with the file as it is then."""
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "d")
    dag = dag_of()
    params = process_params(dag, dag.get_task("tune.start"), {"tune.space.x.high": 9.0}, suppress_exception=False)
    assert params["tune.space.x.high"] == 9.0


@pytest.mark.parametrize(
    ("declared", "options", "names"),
    [
        ({}, {"form": False}, []),
        ({"shared": True}, {}, []),
        ({}, {"run": "main"}, ["max_trials", "parallelism", "timeout", "sampler"]),
    ],
    ids=["off", "shared", "one edition of all runs"],
)
def test_what_other_runs_depend_on_is_not_offered(declared: Any, options: Any, names: list[str]) -> None:
    assert list(dag_of(study(**declared), **options).params) == [f"tune.{name}" for name in names]


def test_a_param_of_the_author_is_not_replaced() -> None:
    with (
        DAG("d", schedule=None, params={"month": 5, "tune.sampler": Param("grid")}),
        pytest.raises(DeclarationError, match=r"param 'tune[.]sampler' too"),
    ):
        TuneTaskGroup(study=study(), trial=PROCESS)
