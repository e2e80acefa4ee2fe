"""What people are told, from what a task did."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_hpo.core.trial import TrialRequest, TrialView
from airflow_hpo.notifications.message import Event, Message, message_of
from airflow_hpo.operators.approval import PromotionApprovalOperator
from airflow_hpo.operators.process import TrialProcessOperator
from airflow_hpo.operators.promotion import PromoteOperator, RollbackOperator

COMPARISON = {
    "comparison": 12,
    "verdict": "promote",
    "sentence": "Promote 'trial 7': over 30 scenarios its revenue is 3 % better.",
    "challenger": {"name": "trial 7", "params": {"rate": 0.25}},
    "parameter_set": "dispatch/tokyo",
    "champion_version": 3,
    "study": "dispatch-tokyo",
    "next_look": None,
}
FINISHED = {
    "study": "dispatch",
    "edition": "dispatch@r1",
    "number": 7,
    "value": 1.23456,
    "params": {"rate": 0.25, "solver": "greedy"},
    "complete": 100,
    "failed": 0,
}
VERSION = {"name": "dispatch/tokyo", "version": 4, "params": {"rate": 0.25}, "previous": 3}
ANSWER = {"approved": True, "approved_by": "ann", "responded_by_user": {"id": "7", "name": "ann"}}
PROMOTE = PromoteOperator(task_id="promote", parameter_set="dispatch/tokyo", candidate={}, approved_by=ANSWER)
ROLLBACK = RollbackOperator(task_id="rollback", parameter_set="dispatch/tokyo")
APPROVE = PromotionApprovalOperator(task_id="approve", comparison=COMPARISON, response_timeout=timedelta(days=2))


class Task:
    """A task instance that has returned something."""

    dag_id, run_id, task_id, map_index = "retune", "r1", "t", -1
    log_url = "http://airflow/log"

    def __init__(self, returned: Any) -> None:
        self.returned = returned

    def xcom_pull(self, *, task_ids: str, key: str, map_indexes: int) -> Any:
        assert (task_ids, key, map_indexes) == ("t", "return_value", -1)
        return self.returned


def told(returned: Any = None, **context: Any) -> Message:
    # Airflow sets the exception in every callback, to None when there is none.
    given = {"exception": None, "ti": Task(returned), "dag": SimpleNamespace(dag_id="retune"), "run_id": "r1"}
    return message_of({**given, **context})


HEADLINES: list[Any] = [
    (FINISHED, {}, "finished", "Study dispatch is tuned: the best of 100 trials is trial 7 with 1.235."),
    (COMPARISON, {}, "recommended", "dispatch/tokyo: promote."),
    ({**COMPARISON, "verdict": "keep", "parameter_set": None}, {}, "kept", "dispatch-tokyo: keep."),
    ({**COMPARISON, "verdict": "inconclusive"}, {}, "inconclusive", "dispatch/tokyo: inconclusive."),
    (
        None,
        {"task": APPROVE},
        "waiting",
        "Waiting for approval: Promote trial 7 to dispatch/tokyo, in place of version 3?",
    ),
    (ANSWER, {"task": APPROVE}, "approved", "Approved by ann."),
    ({**ANSWER, "approved": False}, {}, "refused", "Refused by ann."),
    ({"approved": False, "responded_by_user": None}, {}, "refused", "Refused: no person answered in time."),
    ({"approved": True, "approved_by": None}, {}, "approved", "Approved by no person in time, which means yes."),
    (VERSION, {"task": PROMOTE}, "promoted", "Promoted: dispatch/tokyo is version 4 now, after version 3."),
    ({**VERSION, "previous": None}, {}, "promoted", "Promoted: dispatch/tokyo is version 4 now, the first."),
    (
        VERSION,
        {"task": ROLLBACK},
        "rolled_back",
        "Rolled back: dispatch/tokyo is version 4 now, in place of version 3.",
    ),
    (
        {**VERSION, "moved": False, "current": 6},
        {"task": PROMOTE},
        "unchanged",
        "Nothing moved: this run made version 4 of dispatch/tokyo before, and version 6 is in use.",
    ),
    (
        {**VERSION, "moved": False, "current": 4},
        {"task": ROLLBACK},
        "unchanged",
        "Nothing moved: this run made version 4 of dispatch/tokyo before, which is in use.",
    ),
    (
        {**ANSWER, "asked": False},
        {"task": APPROVE},
        "unchanged",
        "Nothing moved, and no person is asked: this run has promoted before.",
    ),
    (None, {"exception": ValueError("x")}, "failed", "Task t of retune failed."),
    (3, {}, "done", "Task t of retune is done."),
]


@pytest.mark.parametrize(
    ("returned", "context", "event", "subject"), HEADLINES, ids=[f"{i}-{row[2]}" for i, row in enumerate(HEADLINES)]
)
def test_the_headline_says_what_happened(returned: Any, context: dict[str, Any], event: str, subject: str) -> None:
    message = told(returned, **context)
    assert (message.event, message.subject) == (Event(event), subject)
    assert message.text.startswith(subject)


def test_a_tuned_study_tells_its_parameters_and_its_failures() -> None:
    lines = told({**FINISHED, "failed": 3}).text.splitlines()
    assert lines[1:4] == ["  rate = 0.25", "  solver = greedy", "3 trials failed."]
    assert lines[-2:] == ["Run r1 of retune.", "Log: http://airflow/log"]


def test_a_decision_tells_the_sentence() -> None:
    assert COMPARISON["sentence"] in told(COMPARISON).text


def test_whoever_is_asked_reads_why_what_until_when_and_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example.com")
    text = told(None, task=APPROVE).text
    assert COMPARISON["sentence"] in text
    assert "  rate = 0.25" in text
    assert "No answer within 2 days means Reject." in text
    assert "Answer: https://airflow.example.com/dags/retune/runs/r1/tasks/t/required_actions" in text


def test_an_airflow_that_does_not_know_its_address_names_the_task(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW__API__BASE_URL", raising=False)
    assert told(None, task=APPROVE).text.splitlines()[-1] == "Answer: task t of retune in Airflow"


PAGES: list[tuple[Any, dict[str, Any], str]] = [
    (COMPARISON, {}, "?page=decisions&comparison=12"),
    (None, {"task": APPROVE}, "?page=decisions&comparison=12"),
    ({**ANSWER, "comparison": 12}, {"task": APPROVE}, "?page=decisions&comparison=12"),
    (VERSION, {"task": PROMOTE}, "?page=parameter-sets&set=dispatch%2Ftokyo"),
    (FINISHED, {}, "?q=dispatch%40r1"),
]


@pytest.mark.parametrize(("returned", "context", "place"), PAGES)
def test_a_message_leads_to_the_page_of_what_it_is_about(
    returned: Any, context: dict[str, Any], place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example.com/team/")
    assert f"\nPage: https://airflow.example.com/team/plugin/hpo{place}\n" in told(returned, **context).text


def test_without_an_address_of_airflow_or_a_page_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example.com")
    assert "Page: " not in told(3).text
    monkeypatch.delenv("AIRFLOW__API__BASE_URL")
    assert "Page: " not in told(COMPARISON).text


def test_a_promotion_tells_the_parameters_and_who_agreed() -> None:
    text = told(VERSION, task=PROMOTE).text
    assert "  rate = 0.25" in text
    assert "Approved by ann." in text


class Unreachable(Task):
    """A task instance that cannot look anything up."""

    def xcom_pull(self, **wanted: Any) -> Any:
        raise ConnectionError("nobody answers")


def test_a_failure_tells_the_error_without_looking_anything_up() -> None:
    message = told(ti=Unreachable(None), exception=ConnectionError("nobody answers"))
    assert message.event is Event.FAILED
    assert "nobody answers" in message.text


def test_a_whole_run_that_failed_is_told_without_a_task() -> None:
    run = SimpleNamespace(state="failed", dag_id="retune")
    message = message_of({"dag_run": run, "run_id": "r1", "reason": "task_failure"})
    assert message.subject == "DAG retune failed."
    assert message.text.splitlines()[1:] == ["task_failure", "Run r1 of retune."]


def test_the_author_s_word_counts_more_than_what_is_seen() -> None:
    assert message_of({"ti": Task(VERSION), "run_id": "r1"}, Event.ROLLED_BACK).event is Event.ROLLED_BACK


def failed_trial(**circumstances: Any) -> Message:
    request = TrialRequest(study="dispatch@r1", key="001/0", number=7, params={"rate": 0.25}, **circumstances)
    task = TrialProcessOperator(task_id="trial", request={}, command=["true"])
    return told(exception=ValueError("It broke."), trial=TrialView(request), task=task)


def test_a_failed_trial_is_named_with_its_parameters_and_that_the_study_goes_on() -> None:
    assert failed_trial().text.splitlines()[:4] == [
        "Trial 7 of dispatch@r1 failed.",
        "  rate = 0.25",
        "It broke.",
        "The study goes on, unless more than max_failures trials fail.",
    ]


def test_a_failed_evaluation_does_not_end_the_others() -> None:
    assert "The evaluation goes on without it" in failed_trial(candidate="champion").text
