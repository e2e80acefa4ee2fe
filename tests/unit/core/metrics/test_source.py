from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from airflow_hpo.core.metrics.source import File, MetricSource, Stdout, TerminationMessage
from airflow_hpo.core.objective import Objective
from airflow_hpo.exceptions import DeclarationError


@pytest.mark.parametrize(
    "source",
    [
        Stdout(),
        Stdout(format="json", step="epoch", timestamps=True),
        Stdout(filter={"loss": r"loss is (\S+)"}),
        File("a.log", filter=[r"(\w+):(\S+)"]),
        TerminationMessage(format="json", step=None),
    ],
    ids=str,
)
def test_a_source_round_trips_through_json(source: MetricSource) -> None:
    adapter: TypeAdapter[MetricSource] = TypeAdapter(MetricSource)
    assert adapter.validate_json(source.model_dump_json()) == source


@pytest.mark.parametrize(
    "filter",
    [
        pytest.param(r"(\w+)=(\S+)", id="two groups"),
        pytest.param(r"([\w|-]+)\s*=\s*([+-]?\d*(\.\d+)?([Ee][+-]?\d+)?)", id="katib"),
        pytest.param(r"(?P<value>\S+) (?P<name>\w+)", id="named"),
        pytest.param([r"(\w+)=(\S+)", r"(\w+):(\S+)"], id="several"),
        pytest.param({"loss": r"loss (\S+)"}, id="by metric"),
        pytest.param({"loss": r"(\d+) loss (?P<value>\S+)"}, id="by metric, named"),
    ],
)
def test_a_filter_with_its_groups_is_accepted(filter: Any) -> None:
    assert Stdout(filter=filter).filter == filter


@pytest.mark.parametrize(
    ("filter", "message"),
    [
        pytest.param("(", "does not compile", id="syntax"),
        pytest.param(r"a{99999999999999}", "does not compile", id="overflow"),
        pytest.param(r"loss=\S+", "needs the groups", id="no group"),
        pytest.param(r"(?P<value>\S+)", "needs the groups", id="no name"),
        pytest.param({"loss": r"loss"}, "needs the groups", id="by metric, no group"),
        pytest.param([], "at least one", id="none"),
        pytest.param({}, "at least one", id="no metric"),
    ],
)
def test_a_wrong_filter_is_refused_when_declared(filter: Any, message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        Stdout(filter=filter)


def test_json_takes_no_filter() -> None:
    with pytest.raises(DeclarationError, match="filter"):
        Stdout(format="json", filter=r"(\w+)=(\S+)")


def test_a_file_needs_its_path() -> None:
    with pytest.raises(DeclarationError, match="path"):
        File()


def test_a_filter_for_an_unknown_metric_is_refused() -> None:
    with pytest.raises(DeclarationError, match="Did you mean 'loss'"):
        Stdout(filter={"los": r"(\S+)"}).check(Objective("loss"))


def test_filters_by_metric_must_include_the_objective() -> None:
    with pytest.raises(DeclarationError, match="objective 'loss'"):
        Stdout(filter={"acc": r"(\S+)"}).check(Objective("loss", extra_metrics=["acc"]))
