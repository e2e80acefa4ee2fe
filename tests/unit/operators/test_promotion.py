"""The operators of promotion as a DAG file makes them."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk import DAG, AssetAlias

from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.hooks.parameter_set_asset import parameter_set_asset
from airflow_hpo.operators.promotion import (
    PromoteOperator,
    RollbackOperator,
    person,
    version_number,
)


def test_an_operator_updates_the_asset_of_its_parameter_set_and_is_no_consumer_of_it() -> None:
    operator = PromoteOperator(task_id="promote", parameter_set="dispatch/tokyo", candidate={"params": {"x": 1}})
    assert operator.inlets == []
    assert [outlet.name for outlet in operator.outlets if isinstance(outlet, AssetAlias)] == [
        "hpo_champion_dispatch/tokyo"
    ]
    assert parameter_set_asset("dispatch/tokyo").uri == "hpo://champion/dispatch/tokyo"


@pytest.mark.parametrize(("operator", "options"), [(PromoteOperator, {"comparison": {}}), (RollbackOperator, {})])
def test_a_wrong_name_is_an_error_of_the_dag_file(operator: Any, options: dict[str, Any]) -> None:
    with pytest.raises(DeclarationError, match="A parameter set's name"):
        operator(task_id="move", parameter_set="a b", **options)


def test_a_promotion_without_anything_to_promote_is_an_error_of_the_dag_file() -> None:
    with pytest.raises(DeclarationError, match="a `comparison` or a `candidate`"):
        PromoteOperator(task_id="promote", parameter_set="a")


def test_an_approval_s_output_may_be_handed_over() -> None:
    with DAG("d"):
        approval = RollbackOperator(task_id="approve", parameter_set="a")
        promotion = PromoteOperator(task_id="promote", parameter_set="a", comparison={}, approved_by=approval.output)
        promotion_of_nothing = PromoteOperator.partial(task_id="each", parameter_set="a").expand(
            candidate=[{"params": {"x": 1}}]
        )
    assert promotion.upstream_task_ids == {"approve"}
    assert promotion_of_nothing.unmap({"candidate": {"params": {"x": 2}}}).candidate == {"params": {"x": 2}}


@pytest.mark.parametrize(
    ("approval", "name"),
    [
        ("ada", "ada"),
        ({"chosen_options": ["Approve"], "responded_by_user": {"id": "7", "name": "ada"}}, "ada"),
        ({"responded_by_user": {"id": "7", "name": ""}}, "7"),
        ({"responded_by_user": None}, None),
        ({}, None),
        (None, None),
        ("None", None),
        ("", None),
    ],
    ids=repr,
)
def test_who_agreed_is_read_from_whatever_an_approval_says(approval: Any, name: str | None) -> None:
    assert person(approval) == name


@pytest.mark.parametrize(
    ("given", "number"),
    [(3, 3), ("3", 3), (" 3 ", 3), (0, 0), (None, None), ("None", None), ("", None)],
    ids=repr,
)
def test_a_version_may_be_a_number_or_rendered_text(given: Any, number: int | None) -> None:
    assert version_number(given, "to") == number


@pytest.mark.parametrize("given", ["three", "-1", 1.5, True, [3]])
def test_a_version_that_is_none_is_refused(given: Any) -> None:
    with pytest.raises(DeclarationError, match="`to` is the number of a version"):
        version_number(given, "to")
