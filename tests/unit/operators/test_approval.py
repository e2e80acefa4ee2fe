"""The question that a person is asked, and what becomes of the answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow.sdk import DAG, BaseOperator
from airflow.sdk.exceptions import AirflowFailException, DownstreamTasksSkipped

from airflow_hpo.operators.approval import PromotionApprovalOperator, subject_of

COMPARISON = {
    "comparison": 12,
    "verdict": "promote",
    "challenger": {"name": "trial 7"},
    "parameter_set": "dispatch/tokyo",
    "champion_version": 3,
    "study": "dispatch-tokyo",
    "report": "## Promote\n",
}
NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
ANN = {"id": "7", "name": "ann"}


class Task:
    """A task instance that keeps what is pushed."""

    map_index = -1

    def __init__(self) -> None:
        self.pushed: dict[str, Any] = {}

    def xcom_push(self, key: str, value: Any) -> None:
        self.pushed[key] = value


def asked(**options: Any) -> PromotionApprovalOperator:
    """Return the task of a DAG in which something follows it."""
    with DAG("d"):
        operator = PromotionApprovalOperator(task_id="approve", comparison=COMPARISON, **options)
        operator >> BaseOperator(task_id="promote")
    return operator


def answered(choice: str, user: Any = ANN) -> dict[str, Any]:
    return {"chosen_options": [choice], "params_input": {}, "responded_at": NOW, "responded_by_user": user}


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


def test_an_approval_names_who_gave_it() -> None:
    answer = asked().execute_complete({"ti": Task()}, answered("Approve"))
    assert answer == {
        "approved": True,
        "approved_by": "ann",
        "responded_by_user": ANN,
        "responded_at": NOW.isoformat(),
        "timed_out": False,
        "comparison": 12,
        "asked": True,
    }


@pytest.mark.parametrize(("user", "timed_out"), [(ANN, False), (None, True)], ids=["refused", "timed out"])
def test_a_refusal_skips_what_follows_and_is_kept(user: Any, timed_out: bool) -> None:
    operator, ti = asked(), Task()
    with pytest.raises(DownstreamTasksSkipped) as skipped:
        operator.execute_complete({"ti": ti, "task": operator}, answered("Reject", user))
    assert list(skipped.value.tasks) == ["promote"]
    kept = ti.pushed["return_value"]
    assert (kept["approved"], kept["approved_by"], kept["timed_out"]) == (False, None, timed_out)
    assert kept["responded_by_user"] == user


def test_something_that_is_no_comparison_is_not_asked_about() -> None:
    operator = PromotionApprovalOperator(task_id="approve", comparison=None)
    with pytest.raises(AirflowFailException, match="output of CompareTaskGroup"):
        operator.execute({})
