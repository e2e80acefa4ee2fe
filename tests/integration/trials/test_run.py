"""The log of a trial's task says what was odd about its metrics."""

from __future__ import annotations

import logging

import pytest

from airflow_hpo.core.metrics.measurement import Measurement
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.trials.run import TrialRun
from tests.integration.trial_tasks import WORK, Tuned, task_try_of

ODD = Measurement(1.0, {}, ("'loss' was not a number 2 times.", "The extra metric 'time_s' was never reported."))
WARNINGS = [f"Odd about its metrics: {problem}" for problem in ODD.problems]


@pytest.fixture
def run(tuned: Tuned, caplog: pytest.LogCaptureFixture) -> TrialRun:
    """A trial whose attempt has begun."""
    caplog.set_level("INFO", logger="test")
    run, task = TrialRun(tuned.store, logging.getLogger("test"), 2.0), task_try_of("001/0")
    run.claim(tuned.suggest()[0], WORK, task)
    run.begin(task, "process")
    return run


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


@pytest.mark.parametrize("outcome", [Outcome.complete(ODD), Outcome.pruned(ODD)], ids=lambda outcome: outcome.state)
def test_a_trial_that_ended_well_says_what_was_odd(
    run: TrialRun, outcome: Outcome, caplog: pytest.LogCaptureFixture
) -> None:
    run.conclude(outcome)
    assert warnings(caplog) == WARNINGS


def test_a_failed_attempt_says_what_was_odd(run: TrialRun, caplog: pytest.LogCaptureFixture) -> None:
    run.fail(Outcome.failed("It broke.", measurement=ODD), task_try_of("001/0"), 0)
    assert warnings(caplog) == WARNINGS


def test_a_trial_without_oddities_warns_of_nothing(run: TrialRun, caplog: pytest.LogCaptureFixture) -> None:
    run.conclude(Outcome.complete(Measurement(1.0)))
    assert warnings(caplog) == []
