"""Trials that are groups of tasks, some of which run again by themselves."""

from __future__ import annotations

import contextvars
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG
from airflow.sdk.bases.operator import ExecutorSafeguard
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from airflow_hpo.core.trial import Origin, TrialRequest, TrialState
from airflow_hpo.operators.group import TrialOpenOperator, TrialOutcomeOperator
from airflow_hpo.operators.trial import TrialOperator
from airflow_hpo.storage import attempts
from airflow_hpo.storage.database import Database
from airflow_hpo.studies.finish import finish
from airflow_hpo.studies.status import status
from airflow_hpo.studies.store import Store
from tests.integration.airflow_answers import AirflowAnswers
from tests.integration.trial_tasks import Tuned, declared, task_instance


class Group:
    """The tasks of one trial: `open`, the author's `train` and `evaluate`, and `outcome`."""

    def __init__(self, tuned: Tuned, request: TrialRequest, airflow: AirflowAnswers) -> None:
        self.tuned, self.request, self.airflow = tuned, request, airflow
        self.files: list[str] = []
        self.context: Any = {}

    @property
    def label(self) -> str:
        return str(self.context["trial"].label)

    def states(self, **states: str) -> None:
        index = int(self.request.key.partition("/")[2])
        self.airflow.tasks |= {("tune", "r", task_id, index): state for task_id, state in states.items()}

    def open(self, code: str = "1", try_number: int = 1) -> Any:
        return self._run(
            TrialOpenOperator(task_id="open", code=code, files=self.files, request=self.request.to_dict()), try_number
        )

    def tell(self, value: Any, code: str = "1", try_number: int = 1, **states: str) -> Any:
        """Run `outcome`, with what the last task returned and the states of the tasks before."""
        self.states(**{"open": "success", "evaluate": "success", **states})
        with DAG("tune"):
            first, last = EmptyOperator(task_id="open"), EmptyOperator(task_id="evaluate")
            given = {"code": code, "files": self.files, "request": self.request.to_dict()}
            outcome = TrialOutcomeOperator(task_id="outcome", value=value, **given)
            [first, last] >> outcome
        return self._run(outcome, try_number)

    def _run(self, operator: TrialOperator, try_number: int) -> Any:
        context: Any = {"ti": task_instance(self.request, try_number), "run_id": "r", "params": {}}
        operator.render_template_fields(context)
        self.context = context
        here = contextvars.copy_context()
        here.run(ExecutorSafeguard.tracker.set, operator)
        return here.run(operator.execute, context=context)


@pytest.fixture
def tuned(default_database: Database) -> Tuned:
    return Tuned(Store(default_database), declared())


@pytest.fixture
def group(tuned: Tuned, monkeypatch: pytest.MonkeyPatch) -> Group:
    """A group that has given its trial the value 0.5."""
    group = Group(tuned, tuned.suggest()[0], AirflowAnswers(monkeypatch))
    group.open()
    assert group.tell({"loss": 0.5, "time_s": 2.0})["value"] == 0.5
    return group


@pytest.mark.parametrize("other", [{"loss": 0.25, "time_s": 2.0}, {"loss": 0.5, "time_s": 3.0}], ids=["value", "extra"])
def test_other_numbers_are_a_new_trial_in_place_of_the_old_one(group: Group, other: dict[str, float]) -> None:
    result = group.tell(other, try_number=2)
    assert (result["value"], result["metrics"]["time_s"]) == (other["loss"], other["time_s"])
    old, new = group.tuned.records()[0], group.tuned.records()[-1]
    assert (new.replaces, new.origin, new.params, new.seed) == (0, Origin.RERUN, old.params, old.seed)
    assert old.value == 0.5
    best = group.tuned.progress().best
    assert (group.tuned.progress().complete, best and best.value) == (1, other["loss"])


def test_the_same_numbers_make_no_new_trial(group: Group) -> None:
    assert group.tell({"loss": 0.5, "time_s": 2.0}, try_number=2)["number"] == 0
    assert len(group.tuned.records()) == 4


def test_other_numbers_make_one_trial_however_often_they_are_told(group: Group) -> None:
    numbers = {group.tell({"loss": 0.25, "time_s": 2.0}, try_number=n)["number"] for n in (2, 2, 3)}
    assert numbers == {4}
    assert len(group.tuned.records()) == 5


def test_other_numbers_again_replace_the_newest_trial(group: Group) -> None:
    for try_number, loss in ((2, 0.25), (3, 0.125)):
        group.tell({"loss": loss, "time_s": 2.0}, try_number=try_number)
    assert [(r.number, r.replaces) for r in group.tuned.records()[4:]] == [(4, 0), (5, 4)]
    assert group.tuned.progress().complete == 1


def test_a_study_that_had_ended_gets_another_best(group: Group) -> None:
    for request in group.tuned.suggest()[1:]:
        group.tuned.complete(request, value=1.0)
    finish(group.tuned.store, status(group.tuned.store, group.tuned.name), accept_incomplete=True)
    group.tell({"loss": 2.0, "time_s": 2.0}, try_number=2)
    assert group.tuned.store.edition(group.tuned.name).best_value == 1.0


def test_a_part_that_ran_with_changed_code_does_not_answer_for_the_whole(group: Group) -> None:
    group.tell({"loss": 0.25, "time_s": 2.0}, code="2", try_number=2)
    assert group.open(code="2", try_number=2)["number"] == 5
    assert group.tuned.records()[5].replaces == 4


def test_a_group_that_is_cleared_whole_answers_with_what_its_last_rerun_brought(group: Group) -> None:
    group.tell({"loss": 0.25, "time_s": 2.0}, try_number=2)
    with pytest.raises(AirflowSkipException, match="Trial 4 is complete"):
        group.open(try_number=2)


@pytest.mark.parametrize("states", [{"evaluate": "failed"}, {"evaluate": "upstream_failed"}, {"open": "failed"}])
def test_tasks_that_fail_when_they_run_again_fail_the_trial_and_are_named(group: Group, states: dict[str, str]) -> None:
    [(name, state)] = states.items()
    with pytest.raises(AirflowFailException, match=rf"Trial 0 keeps its result, 0\.5, .*{name} is {state}\. Clear the"):
        group.tell({"loss": 0.25, "time_s": 2.0}, try_number=2, **states)
    assert len(group.tuned.records()) == 4


@pytest.mark.parametrize(
    "states", [{"evaluate": "skipped"}, {"open": "skipped"}], ids=lambda states: next(iter(states))
)
def test_a_group_that_was_skipped_because_the_study_has_its_result_answers(
    group: Group, states: dict[str, str]
) -> None:
    assert group.tell({"loss": 0.25, "time_s": 2.0}, try_number=2, **states)["value"] == 0.5
    assert len(group.tuned.records()) == 4


def test_a_group_whose_code_is_missing_has_one_failed_attempt_with_that_reason(
    tuned: Tuned, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    group = Group(tuned, tuned.suggest()[0], AirflowAnswers(monkeypatch))
    group.files = [str(tmp_path / "train.py")]
    with pytest.raises(AirflowFailException, match="there is no"):
        group.open()
    with pytest.raises(AirflowFailException, match="there is no"):
        group.tell(None, open="failed", evaluate="upstream_failed")
    (attempt,) = tuned.store.read(attempts.of, tuned.name)
    assert "there is no" in (attempt.reason or "")
    assert tuned.states()[0] is TrialState.FAIL


def test_what_an_earlier_run_returned_is_no_value_of_one_that_failed(
    tuned: Tuned, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = Group(tuned, tuned.suggest()[0], AirflowAnswers(monkeypatch))
    group.open()
    with pytest.raises(AirflowFailException, match="returned no value"):
        group.tell(0.5, evaluate="upstream_failed")
    assert tuned.states()[0] is TrialState.FAIL


def test_a_group_is_told_its_slot_and_shows_its_value(group: Group) -> None:
    other = Group(group.tuned, group.tuned.suggest()[1], group.airflow)
    assert other.open()["slot"] == 0
    other.tell({"loss": 0.25, "time_s": 2.0})
    assert other.label.endswith("→ 0.25 ★")
