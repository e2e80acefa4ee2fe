"""Stop rules of an author: when they are asked, and what becomes of their answers and of their errors."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from airflow_hpo.core.stop_rule import StudyProgress, reason_of
from airflow_hpo.core.study import Study
from airflow_hpo.exceptions import DeclarationError, StudyOverError
from airflow_hpo.studies.finish import finish
from airflow_hpo.studies.run_tasks import RunTasks
from airflow_hpo.studies.status import status
from airflow_hpo.studies.stop_rule import ask_rule, rule_of
from airflow_hpo.studies.store import Store
from airflow_hpo.studies.suggest import reserve
from airflow_hpo.studies.why import explain
from airflow_hpo.trials.run import TrialRun
from tests.integration.trial_tasks import Tuned, declared

LOG = logging.getLogger(__name__)
ASKED: list[StudyProgress] = []
ANSWERS: list[Any] = []
RULE = f"{__name__}:answer"
NUMBER = 3


def answer(progress: StudyProgress) -> Any:
    """Answer as the test wants."""
    ASKED.append(progress)
    found = ANSWERS[-1] if ANSWERS else None
    if isinstance(found, BaseException):
        raise found
    return found


def of_two(progress: StudyProgress, other: int) -> None:
    """Take too much."""


@pytest.fixture
def tuned(store: Store) -> Tuned:
    """A study with two complete trials, a pruned, a failed and a running one."""
    ASKED.clear()
    ANSWERS.clear()
    tuned = Tuned(store, declared(stop_when=RULE, parallelism=5))
    first, second, third, fourth, _ = tuned.suggest()
    tuned.complete(second, 0.5)
    tuned.complete(first, 0.25)
    tuned.conclude(*tuned.started(third), pruned=True)
    tuned.fail(fourth)
    return tuned


def ask(tuned: Tuned) -> None:
    ask_rule(tuned.store, tuned.name, LOG)


def test_it_gets_how_the_study_stands(tuned: Tuned) -> None:
    ask(tuned)
    (seen,) = ASKED
    assert (seen.study, seen.wanted, seen.best, seen.values) == ("demo", 10, 0.25, (0.5, 0.25))
    assert (seen.complete, seen.pruned, seen.failed, seen.running) == (2, 1, 1, 1)
    assert seen.seconds > 0
    assert not status(tuned.store, tuned.name).verdict.over


def test_its_sentence_ends_the_study_with_the_best_trial_so_far(tuned: Tuned) -> None:
    ANSWERS.append("It is flat")
    ask(tuned)
    ask(tuned)
    assert len(ASKED) == 1
    summary = finish(tuned.store, status(tuned.store, tuned.name))
    assert (summary.failure, summary.data["value"], summary.data["end"]) == (None, 0.25, "stopped")
    assert summary.data["reason"] == f"The study was stopped: It is flat (stop rule {RULE})."


def test_a_trial_that_asks_for_itself_does_not_begin_when_the_rule_ends_the_study(tuned: Tuned) -> None:
    key = reserve(tuned.store, tuned.name, 2, limit=10)[0].key
    ANSWERS.append(True)
    with pytest.raises(StudyOverError, match=f"Its stop rule {RULE} says so"):
        TrialRun(tuned.store, LOG, 1.0).ask(tuned.name, [key])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero."),
        (SystemExit(2), "SystemExit: 2."),
        (NUMBER, "ValueError: It answers True, False or a sentence, but returned 3."),
    ],
    ids=["error", "exit", "no answer"],
)
def test_an_error_in_it_is_told_and_ends_nothing(
    tuned: Tuned, given: Any, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    ANSWERS.append(given)
    ask(tuned)
    expected = f"Its stop rule {RULE} gave no answer, which ends nothing: {said}"
    assert expected in caplog.messages
    assert expected in explain(tuned.store, tuned.name, RunTasks()).study
    assert not status(tuned.store, tuned.name).verdict.over
    ANSWERS.append(False)
    ask(tuned)
    assert not [line for line in explain(tuned.store, tuned.name, RunTasks()).study if "stop rule" in line]


def test_a_rule_that_is_not_there_any_more_ends_nothing(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    tuned = Tuned(store, declared(stop_when="nosuch_module:rule"))
    ask(tuned)
    assert "importing 'nosuch_module' ended in ModuleNotFoundError" in caplog.text
    assert len(tuned.suggest()) == 4


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("nosuch_module:rule", "ModuleNotFoundError.*Put nosuch_module.py beside the DAG's file"),
        (f"{__name__}:anser", "has no 'anser'. Did you mean 'answer'"),
        (f"{__name__}:of_two", "called with the progress alone"),
        (f"{__name__}:NUMBER", "is no function|takes something else"),
    ],
)
def test_a_rule_that_cannot_be_called_is_refused_where_the_dag_is_parsed(path: str, said: str) -> None:
    with pytest.raises(DeclarationError, match=said):
        rule_of(path)


@pytest.mark.parametrize("path", ["rules", "rules:", ":flat", "rules.flat", "my rules:flat", 3, answer])
def test_what_names_no_function_is_refused(path: Any) -> None:
    with pytest.raises(DeclarationError, match=f"Write stop_when='{RULE if path is answer else 'rules:flat'}'"):
        declared(stop_when=path)


def test_a_study_without_a_rule_is_the_same_as_before_there_were_any() -> None:
    assert "stop_when" not in declared().to_dict()
    assert Study.from_dict(declared(stop_when="rules:flat").to_dict()).stop_when == "rules:flat"


def test_booleans_of_other_libraries_are_answers() -> None:
    numpy = pytest.importorskip("numpy")
    assert [reason_of("a:b", numpy.bool_(each)) for each in (True, False)] == ["Its stop rule a:b says so.", None]
