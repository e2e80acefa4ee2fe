"""A trial is judged step by step, by the curve of its own attempt, however its values are delivered."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable
from typing import Any

import pytest
from optuna.trial import TrialState

from airflow_hpo.core.algorithms import Pruner
from airflow_hpo.core.attempt import Attempt
from airflow_hpo.core.metrics.measurement import Measurement
from airflow_hpo.core.metrics.point import SeriesPoint
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.trial import AttemptOutcome
from airflow_hpo.storage import metric_series
from airflow_hpo.studies.store import Store
from airflow_hpo.trials.attempts import attempt_of
from airflow_hpo.trials.conclude import conclude
from airflow_hpo.trials.reporter import TrialReporter
from airflow_hpo.trials.run import TrialRun
from tests.integration.trial_tasks import WORK, Tuned, declared, task_try_of
from tests.unit.optuna.one_by_one import Reference, curves, deliveries

HALVING = Pruner("successive_halving", reduction_factor=2)
MEDIAN = Pruner("median", n_startup_trials=1)
COMPARED = [MEDIAN, HALVING, Pruner("hyperband", max_resource=70, reduction_factor=2)]


def points(values: dict[int, float]) -> list[SeriesPoint]:
    return [SeriesPoint("loss", step, value) for step, value in values.items()]


def losses(*values: float) -> list[SeriesPoint]:
    return points(dict(enumerate(values, start=1)))


def tuned_with(store: Store, pruner: Pruner, run: str = "r") -> Tuned:
    return Tuned(store, declared(pruner=pruner, batch_size=4), run)


def trial_of(tuned: Tuned, number: int) -> Any:
    return tuned.store.optuna.load(tuned.name).trials[number]


def ends_of(trials: Iterable[Any]) -> list[str]:
    """Return how trials ended, as text: NaN equals itself there."""
    return [
        f"{one.state} {one.value} {sorted(one.intermediate_values.items())} "
        f"{sorted(item for item in one.system_attrs.items() if 'rung' in item[0])}"
        for one in trials
    ]


@pytest.mark.parametrize("pruner", COMPARED, ids=lambda pruner: pruner.name)
def test_trials_end_as_in_optuna_however_many_values_come_at_once(store: Store, pruner: Pruner) -> None:
    pruned = 0
    for size in (7, 64):
        tuned = tuned_with(store, pruner, f"by{size}")
        reference = Reference(tuned.study, tuned.name)
        for request, curve in zip(tuned.suggest(), curves(3), strict=False):
            reference.ask()
            number, (_claimed, attempt) = request.number or 0, tuned.started(request)
            report = TrialReporter(store, tuned.study, attempt)
            given_up = any(report(points(values)) for values in deliveries(curve, size))
            last = [value if math.isfinite(value) else 0.0 for value in curve.values()][-1]
            outcome = Outcome.pruned() if given_up else Outcome.complete(Measurement(last))
            conclude(store, attempt, outcome, report)
            ended = reference.deliver(number, curve)
            reference.tell(number, TrialState.PRUNED if ended else TrialState.COMPLETE, None if ended else last)
            pruned += ended
        assert ends_of(store.optuna.load(tuned.name).trials) == ends_of(reference.trials)
    assert pruned


@pytest.fixture
def better(store: Store) -> Tuned:
    """A study with a complete trial that the others are compared with."""
    tuned = tuned_with(store, MEDIAN)
    first = tuned.suggest()[0]
    tuned.report(tuned.started(first)[1], dict.fromkeys(range(1, 51), 1.0))
    tuned.complete(first)
    return tuned


def second(tuned: Tuned, try_number: int = 1) -> Attempt:
    return tuned.started(tuned.suggest()[1], try_number)[1]


def series(tuned: Tuned, attempt: Attempt) -> list[float]:
    with tuned.store.session(read_only=True) as session:
        found = metric_series.series(session, tuned.name, attempt.number, attempt=attempt.attempt)
    return [value.value for value in found]


def test_a_pruned_trial_has_the_value_of_the_step_at_which_it_was_pruned(better: Tuned) -> None:
    attempt = second(better)
    assert TrialReporter(better.store, better.study, attempt)(losses(3.0, 2.0, 0.1))
    assert conclude(better.store, attempt, Outcome.pruned()).value == 3.0
    assert trial_of(better, 1).intermediate_values == {1: 3.0}
    assert series(better, attempt) == [3.0, 2.0, 0.1]


def test_a_pruned_attempt_says_at_which_step_and_by_what(better: Tuned) -> None:
    attempt = second(better)
    TrialReporter(better.store, better.study, attempt)(losses(3.0, 2.0))
    conclude(better.store, attempt, Outcome.pruned())
    assert better.attempts(1)[0].reason == (
        "It was pruned at step 1 by the pruner 'median': 'loss' was 3, its best so far 3, and the median of 1 complete "
        "trial at this step is 1."
    )


def test_an_attempt_that_is_taken_up_again_is_still_given_up(better: Tuned) -> None:
    TrialReporter(better.store, better.study, second(better))(losses(3.0))
    again = TrialReporter(better.store, better.study, attempt_of(better.store, better.name, 1, 1))
    assert again([])
    assert again(losses(3.0, 0.1))
    assert trial_of(better, 1).intermediate_values == {1: 3.0}


def test_a_program_that_ended_by_itself_is_complete_and_its_log_says_where_it_would_have_been_pruned(
    better: Tuned, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="test")
    run, task = TrialRun(better.store, logging.getLogger("test"), 2.0), task_try_of("001/1")
    run.claim(better.suggest()[1], WORK, task)
    run.begin(task, "process")
    run.reporter(losses(3.0, 2.0, 0.1))
    assert run.conclude(Outcome.complete(Measurement(0.1))).value == 0.1
    said = [line for line in caplog.messages if "would have been pruned at step 1 by" in line]
    assert len(said) == 1
    assert trial_of(better, 1).intermediate_values == {1: 3.0, 2: 2.0, 3: 0.1}
    [attempt] = better.attempts(1)
    assert (attempt.outcome, attempt.reason) == (AttemptOutcome.COMPLETE, None)
    assert (attempt.verdict or "").startswith("pruned at step 1")


def test_a_trial_that_its_study_ended_keeps_its_whole_curve(better: Tuned) -> None:
    attempt = second(better)
    TrialReporter(better.store, better.study, attempt)(losses(3.0, 2.0))
    assert conclude(better.store, attempt, Outcome.pruned(reason="The study is over.")).value == 2.0
    assert better.attempts(1)[0].reason == "The study is over."


def test_forty_good_steps_of_a_dead_attempt_do_not_save_the_next_one(better: Tuned) -> None:
    assert not TrialReporter(better.store, better.study, second(better))(losses(*[0.5] * 40))
    attempt = second(better, try_number=2)
    report = TrialReporter(better.store, better.study, attempt)
    assert report(losses(9.0, 8.0, 7.0))
    assert conclude(better.store, attempt, Outcome.pruned(), report).value == 9.0
    assert trial_of(better, 1).intermediate_values == {1: 9.0}


def test_the_next_attempt_goes_on_where_the_dead_one_was_given_up(better: Tuned) -> None:
    assert TrialReporter(better.store, better.study, second(better))(losses(9.0))
    attempt = second(better, try_number=2)
    assert attempt.verdict is None
    assert not TrialReporter(better.store, better.study, attempt)(losses(0.5, 0.4))
    conclude(better.store, attempt, Outcome.complete(Measurement(0.4)))
    assert trial_of(better, 1).intermediate_values == {1: 0.5, 2: 0.4}


def test_values_that_are_under_way_when_another_attempt_begins_are_not_the_trials(
    better: Tuned, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = TrialReporter(better.store, better.study, second(better))
    judge = report._pruning.judge

    def overtaken(values: Any) -> Any:
        judged = judge(values)
        second(better, try_number=2)
        return judged

    monkeypatch.setattr(report._pruning, "judge", overtaken)
    assert not report(losses(9.0))
    assert trial_of(better, 1).intermediate_values == {}
    assert [attempt.verdict for attempt in better.attempts(1)] == [None, None]


def rungs(tuned: Tuned, number: int = 0) -> dict[str, float]:
    return {key: value for key, value in trial_of(tuned, number).system_attrs.items() if "rung" in key}


def test_a_retried_attempt_keeps_the_rungs_that_it_has_climbed_to_its_end(store: Store) -> None:
    tuned = tuned_with(store, HALVING)
    request = tuned.suggest()[0]
    tuned.report(tuned.started(request)[1], {1: 9.0})
    claimed, attempt = tuned.started(request, try_number=2)
    tuned.report(attempt, {1: 5.0, 2: 4.0})
    climbed = {"completed_rung_0": 5.0, "completed_rung_1": 4.0}
    assert rungs(tuned) == climbed
    tuned.begin(claimed, try_number=2)
    assert rungs(tuned) == climbed
    tuned.conclude(claimed, attempt, 4.0)
    assert rungs(tuned) == climbed
