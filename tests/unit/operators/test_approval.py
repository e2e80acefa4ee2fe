"""The question that a person is asked, and what becomes of the answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from airflow.sdk import DAG, BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.operators.approval import PromotionApprovalOperator, subject_of
from airflow_hpo.operators.responders import checked_responders, may_answer

COMPARISON = {
    "comparison": 12,
    "verdict": "promote",
    "challenger": {"name": "trial 7"},
    "parameter_set": "dispatch/tokyo",
    "champion_version": 3,
    "study": "dispatch-tokyo",
    "report": "## Promote\n",
}


def asked(**options: Any) -> PromotionApprovalOperator:
    """Return the task of a DAG in which something follows it."""
    with DAG("d"):
        operator = PromotionApprovalOperator(task_id="approve", comparison=COMPARISON, **options)
        operator >> BaseOperator(task_id="promote")
    return operator


def test_nobody_s_answer_is_a_refusal_after_a_week() -> None:
    operator = asked()
    assert (operator.defaults, operator.response_timeout) == (["Reject"], timedelta(days=7))


def test_what_airflow_fails_is_asked_again_as_often_as_the_dag_says() -> None:
    assert asked().retries == 3
    with DAG("d", default_args={"retries": 7}):
        assert PromotionApprovalOperator(task_id="approve", comparison=COMPARISON).retries == 7


@pytest.mark.parametrize(
    ("changes", "subject"),
    [
        ({}, "Promote trial 7 to dispatch/tokyo, in place of version 3?"),
        ({"champion_version": None}, "Promote trial 7 to dispatch/tokyo, the first version?"),
        ({"parameter_set": None}, "Promote trial 7 to dispatch-tokyo, in place of version 3?"),
        ({"challenger": None}, "Promote nobody to dispatch/tokyo, in place of version 3?"),
    ],
    ids=str,
)
def test_the_headline_says_what_would_replace_what(changes: dict[str, Any], subject: str) -> None:
    assert subject_of({**COMPARISON, **changes}) == subject


def test_something_that_is_no_comparison_is_not_asked_about() -> None:
    operator = PromotionApprovalOperator(task_id="approve", comparison=None)
    with pytest.raises(AirflowFailException, match="output of CompareTaskGroup"):
        operator.execute({})


ANN = {"id": "7", "name": "ann"}


@pytest.mark.parametrize(
    ("users", "may"),
    [
        ([], True),
        (["ann"], True),
        (["7"], True),
        (["bob"], False),
        (["Ann"], False),
        ([{"id": "7", "name": "ann"}], True),
        ([{"id": "7", "name": "anna, before she married"}], True),
        ([{"id": "8", "name": "ann"}], False),
        (["bob", {"id": "7", "name": "ann"}], True),
    ],
    ids=str,
)
def test_a_user_is_known_by_a_name_or_by_the_id_that_goes_with_it(users: list[Any], may: bool) -> None:
    assert may_answer(checked_responders(users), ANN) is may


@pytest.mark.parametrize(
    ("users", "for_airflow"),
    [
        ([], None),
        (["ann"], None),
        (["bob", ANN], None),
        ([ANN], [ANN]),
    ],
    ids=str,
)
def test_airflow_is_told_users_only_where_each_has_an_id(users: list[Any], for_airflow: Any) -> None:
    assert asked(users=users).assigned_users == for_airflow


def test_users_of_airflow_s_own_argument_are_checked_as_well() -> None:
    operator = asked(assigned_users=[ANN])
    assert (operator.assigned_users, operator.users) == ([ANN], [ANN])


@pytest.mark.parametrize("users", ["ann", ["ann", 7], [""], [{"id": 7, "name": "ann"}], [{"name": "ann"}], 7], ids=str)
def test_something_that_is_no_user_is_an_error_of_the_dag_file(users: Any) -> None:
    with pytest.raises(DeclarationError, match=r"Users come as a list of names|A user is a name, or HITLUser"):
        asked(users=users)
