from __future__ import annotations

from datetime import UTC, datetime

import pytest

from airflow_hpo.core.attempt import Attempt, MetricValue, TaskRun, counting
from airflow_hpo.core.trial import AttemptOutcome, TrialRecord, TrialState
from airflow_hpo.core.trial_details import TrialDetails

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)


def attempt(number: int, outcome: str) -> Attempt:
    return Attempt("s@r", 0, number, TaskRun("d", "r", "t"), "process", NOW, AttemptOutcome(outcome))


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ([], None),
        (["running"], 1),
        (["failed", "running"], 2),
        (["complete", "lost"], 1),
        (["pruned", "running"], 1),
        (["failed", "complete"], 2),
    ],
)
def test_the_attempt_that_gave_the_result_counts_else_the_newest(outcomes: list[str], expected: int | None) -> None:
    found = counting(attempt(number, outcome) for number, outcome in enumerate(outcomes, start=1))
    assert (found and found.attempt) == expected


def details(*values: tuple[int, str, int, float]) -> TrialDetails:
    reported = [MetricValue(0, attempt, name, step, value, NOW) for attempt, name, step, value in values]
    runs = [attempt(1, "failed"), attempt(2, "complete")]
    return TrialDetails("s@r", "loss", TrialRecord(0, TrialState.COMPLETE, {}), None, runs, reported)


def test_a_curve_is_that_of_the_objective_in_the_attempt_that_counts() -> None:
    trial = details((1, "loss", 1, 9.0), (2, "acc", 1, 0.5), (2, "loss", 1, 3.0), (2, "loss", 2, 2.0))
    assert trial.curve() == {1: 3.0, 2: 2.0}
    assert trial.curve(attempt=1) == {1: 9.0}
    assert trial.curve("acc") == {1: 0.5}
    assert trial.curve("other") == {}


def test_the_objective_is_the_first_of_the_metrics() -> None:
    assert details((1, "acc", 1, 0.5), (2, "loss", 1, 3.0)).metrics == ["loss", "acc"]
