"""Operators as a DAG file makes them."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk import DAG, AssetAlias

from airflow_hpo.core.attempt import Backend
from airflow_hpo.core.metrics.source import File
from airflow_hpo.core.space.space import Float
from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import TrialRequest
from airflow_hpo.hooks.parameter_set_asset import parameter_set_asset
from airflow_hpo.operators.function import TrialPythonOperator
from airflow_hpo.operators.group import TrialOpenOperator, TrialOutcomeOperator
from airflow_hpo.operators.job import TrialJobOperator
from airflow_hpo.operators.pod import TrialPodOperator
from airflow_hpo.operators.process import TrialProcessOperator
from airflow_hpo.operators.study import StudyFinishOperator, StudyStartOperator, StudySuggestOperator
from airflow_hpo.operators.study_asset import study_asset

STUDY = Study(name="s", space={"x": Float(0, 1)}, objective="loss", max_trials=10)
REQUEST = TrialRequest(study="s@r", key="001/0", number=0, params={"x": 0.5}).to_dict()
TRIALS: list[Any] = [
    (TrialProcessOperator, {"command": ["true"], "env": {"A": "b"}, "metrics": File("m.txt")}),
    (TrialPythonOperator, {"function": len}),
    (TrialOpenOperator, {"code": "x"}),
    (TrialOutcomeOperator, {"code": "x", "value": 1.0}),
]


@pytest.mark.parametrize(("operator", "arguments"), TRIALS, ids=lambda each: getattr(each, "__name__", ""))
def test_a_trial_operator_can_be_mapped_over_requests(operator: Any, arguments: dict[str, Any]) -> None:
    with DAG("d"):
        mapped = operator.partial(task_id="trial", **arguments).expand(request=[REQUEST, REQUEST])
    unmapped = mapped.unmap({"request": REQUEST})
    assert unmapped.request == REQUEST
    assert {name: getattr(unmapped, name) for name in arguments} == arguments


@pytest.mark.parametrize(("operator", "arguments"), TRIALS, ids=lambda each: getattr(each, "__name__", ""))
def test_a_request_is_never_a_template(operator: Any, arguments: dict[str, Any]) -> None:
    assert "request" not in operator.template_fields


def test_work_follows_the_command_and_nothing_that_differs_between_trials() -> None:
    def work(command: str, **more: Any) -> str:
        return TrialProcessOperator(task_id="t", command=[command], **{"request": REQUEST, **more}).work()

    assert work("a") == work("a", request={}, retries=7)
    assert len({work("a"), work("b"), work("a", env={"A": "b"}), work("a", cwd="c")}) == 4


def test_a_study_s_operators_take_what_a_dag_file_gives() -> None:
    StudyStartOperator(task_id="start", study=STUDY, retries=1)
    StudySuggestOperator(task_id="suggest", edition="s@r", batch=1, lazy=True)
    finish = StudyFinishOperator(task_id="finish", study=STUDY)
    assert finish.asset == study_asset("s")
    assert [outlet.name for outlet in finish.outlets if isinstance(outlet, AssetAlias)] == ["hpo_study_s"]


def test_each_backend_is_that_of_an_operator() -> None:
    operators = [TrialProcessOperator, TrialPythonOperator, TrialOpenOperator, TrialPodOperator, TrialJobOperator]
    assert {operator.backend for operator in operators} == set(Backend)


def test_studies_of_different_names_have_different_assets_and_ordinary_ones_those_of_earlier_versions() -> None:
    names = ["a", "a/", "a//", "a/b", "a//b", "a_b"]
    assert len({study_asset(name).uri for name in names}) == len(names)
    assert study_asset("dispatch/tokyo").uri == "hpo://study/dispatch/tokyo"


def test_assets_of_names_in_other_letters_are_in_ascii_and_no_other_name_has_them() -> None:
    names = ["配車/東京", "配車/東京/", "配車/大阪", "か", "が", "x"]
    assets = [each(name) for name in names[2:] for each in (study_asset, parameter_set_asset)]
    assets += [study_asset(name) for name in names[:2]]
    assert len({asset.uri for asset in assets}) == len({asset.name for asset in assets}) == len(assets)
    assert all(asset.uri.isascii() and asset.name.isascii() for asset in assets)
    assert "~" in study_asset("か").name
