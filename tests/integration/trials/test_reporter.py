from __future__ import annotations

import math
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from airflow_hpo.core.algorithms import Pruner
from airflow_hpo.core.attempt import Attempt, MetricValue
from airflow_hpo.core.metrics.measurement import Measurement
from airflow_hpo.core.metrics.point import SeriesPoint
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.remarks import Remarks
from airflow_hpo.storage import metric_series
from airflow_hpo.storage.database import Database
from airflow_hpo.studies.store import Store
from airflow_hpo.trials.attempts import attempt_of, reading_of, take_up
from airflow_hpo.trials.conclude import conclude, fail
from airflow_hpo.trials.reporter import TrialReporter
from tests.integration.trial_tasks import Tuned, declared, task_try_of

SAID = Remarks({"query": 2.5}, ("Odd.",))


@pytest.fixture
def tuned(store: Store) -> Tuned:
    """A study whose trials are pruned when they are worse than the first one."""
    return Tuned(store, declared(pruner=Pruner("median", n_startup_trials=1)))


def reporter(tuned: Tuned, index: int = 0) -> TrialReporter:
    _, attempt = tuned.started(tuned.suggest()[index])
    return TrialReporter(tuned.store, tuned.study, attempt)


def losses(*values: float, first: int = 1) -> list[SeriesPoint]:
    return [SeriesPoint("loss", step, value) for step, value in enumerate(values, start=first)]


def series(tuned: Tuned) -> list[MetricValue]:
    with tuned.store.session() as session:
        return metric_series.series(session, tuned.name)


def test_points_are_kept_for_the_attempt_and_for_optuna(tuned: Tuned) -> None:
    reporter(tuned)([*losses(3.0, 2.0), SeriesPoint("time_s", 1, 9.0)])
    assert [(v.name, v.step, v.value) for v in series(tuned)] == [
        ("loss", 1, 3.0),
        ("loss", 2, 2.0),
        ("time_s", 1, 9.0),
    ]
    assert tuned.store.optuna.load(tuned.name).trials[0].intermediate_values == {1: 3.0, 2: 2.0}


def test_a_trial_worse_than_the_median_is_given_up(tuned: Tuned) -> None:
    reporter(tuned)(losses(1.0, 1.0))
    tuned.complete(tuned.suggest()[0])
    worse, better = reporter(tuned, 1), reporter(tuned, 2)
    assert worse(losses(5.0))
    assert not better(losses(0.5))


def test_reporting_the_same_again_is_harmless(tuned: Tuned) -> None:
    report = reporter(tuned)
    answers = [report(losses(3.0, 2.0)) for _ in range(2)]
    assert answers == [False, False]
    assert len(series(tuned)) == 2


def test_nothing_new_asks_nobody(tuned: Tuned) -> None:
    assert not reporter(tuned)([])


def test_extra_metrics_alone_never_prune(tuned: Tuned) -> None:
    assert not reporter(tuned)([SeriesPoint("time_s", 1, 9.0)])


def test_a_value_that_is_no_number_is_kept_as_it_is(tuned: Tuned) -> None:
    reporter(tuned)(losses(math.nan))
    assert math.isnan(series(tuned)[0].value)


def test_a_trial_that_was_told_meanwhile_is_given_up(tuned: Tuned) -> None:
    report = reporter(tuned)
    tuned.complete(tuned.suggest()[0])
    assert report(losses(1.0))


@contextmanager
def away(tuned: Tuned) -> Iterator[None]:
    """Take the folder of a study's file away for a while."""
    path = tuned.store.database.path
    assert path is not None
    elsewhere = path.parent.rename(path.parent.with_name("elsewhere"))
    yield
    elsewhere.rename(path.parent)


@pytest.fixture
def in_a_file(sqlite_template: Path, tmp_path: Path) -> Tuned:
    """A study whose database can be taken away."""
    (tmp_path / "here").mkdir()
    return Tuned(Store(Database.sqlite(shutil.copy(sqlite_template, tmp_path / "here" / "hpo.db"))), declared())


def test_values_that_came_while_the_database_was_away_are_delivered_with_the_next(in_a_file: Tuned) -> None:
    report = reporter(in_a_file)
    with away(in_a_file):
        assert not report(losses(3.0))
    report(losses(2.0, first=2))
    assert [v.value for v in series(in_a_file)] == [3.0, 2.0]


@pytest.mark.parametrize("succeeded", [True, False])
def test_values_that_nothing_followed_are_delivered_before_the_trial_is_told(in_a_file: Tuned, succeeded: bool) -> None:
    _claimed, attempt = in_a_file.started(in_a_file.suggest()[0])
    report = TrialReporter(in_a_file.store, in_a_file.study, attempt)
    with away(in_a_file):
        report(losses(3.0, 2.0))
    if succeeded:
        conclude(in_a_file.store, attempt, Outcome.complete(Measurement(2.0)), report)
    else:
        fail(in_a_file.store, attempt, Outcome.failed("It broke."), task_try_of("001/0"), 0, report)
    assert [v.value for v in series(in_a_file)] == [3.0, 2.0]
    assert in_a_file.store.optuna.load(in_a_file.name).trials[0].intermediate_values == {1: 3.0, 2: 2.0}


NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


def test_the_moment_of_the_last_line_is_kept_once_in_a_while(tuned: Tuned, monkeypatch: pytest.MonkeyPatch) -> None:
    report = reporter(tuned)
    for second in range(3):
        report.heard(NOON + timedelta(seconds=second))
        report([])
    assert tuned.attempts(0)[0].heard == NOON
    monkeypatch.setattr(report, "_heard_due", 0.0)
    # No further line has come, and still it is the last one that is kept.
    assert not report([])
    assert tuned.attempts(0)[0].heard == NOON + timedelta(seconds=2)


def test_a_log_that_is_read_again_makes_the_last_line_no_older(tuned: Tuned) -> None:
    for moment in (NOON, NOON - timedelta(hours=1)):
        _, attempt = tuned.started(tuned.suggest()[0])
        again = TrialReporter(tuned.store, tuned.study, attempt)
        again.heard(moment)
        again([])
    assert tuned.attempts(0)[0].heard == NOON


def test_the_moment_of_a_line_waits_for_a_database_that_is_away(
    in_a_file: Tuned, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = reporter(in_a_file)
    with away(in_a_file):
        report.heard(NOON)
        assert not report([])
    monkeypatch.setattr(report, "_heard_due", 0.0)
    report([])
    assert in_a_file.attempts(0)[0].heard == NOON


def test_how_far_a_log_was_read_is_stored_with_the_values_and_goes_when_the_trial_has_its_result(tuned: Tuned) -> None:
    _, attempt = tuned.started(tuned.suggest()[0])
    report = TrialReporter(tuned.store, tuned.study, attempt)
    report.read_to("so far", SAID)
    report(losses(3.0, 2.0))
    known = attempt_of(tuned.store, *where(attempt))
    assert reading_of(tuned.store, known) == ("so far", {"loss": [1, 2]})
    conclude(tuned.store, attempt, Outcome.complete(Measurement(2.0)))
    ended = attempt_of(tuned.store, *where(attempt))
    assert (ended.reading, ended.remarks) == (None, SAID)


def test_an_attempt_that_takes_a_pod_up_goes_on_from_what_the_one_before_has_read(tuned: Tuned) -> None:
    request = tuned.suggest()[0]
    _, first = tuned.started(request)
    report = TrialReporter(tuned.store, tuned.study, first)
    report.read_to("so far", SAID)
    report(losses(3.0, 2.0))
    _, second = tuned.started(request, try_number=2)
    taken = take_up(tuned.store, second, first.attempt)
    assert reading_of(tuned.store, taken) == ("so far", {"loss": [1, 2]})
    assert attempt_of(tuned.store, *where(second)).reading == "so far"
    assert tuned.store.optuna.load(tuned.name).trials[0].intermediate_values == {1: 3.0, 2: 2.0}


def test_what_a_program_says_is_stored_with_its_last_line_at_the_latest(tuned: Tuned) -> None:
    _, attempt = tuned.started(tuned.suggest()[0])
    report = TrialReporter(tuned.store, tuned.study, attempt)
    report.printed("hpo::span 2.5 query")
    report(losses(3.0))
    assert attempt_of(tuned.store, *where(attempt)).remarks.spans == {"query": 2.5}
    report.printed("hpo::span 1 query")
    assert report.waiting
    conclude(tuned.store, attempt, Outcome.complete(Measurement(3.0)), report)
    assert attempt_of(tuned.store, *where(attempt)).remarks.spans == {"query": 3.5}


def test_what_a_program_says_waits_for_a_database_that_is_away(in_a_file: Tuned) -> None:
    report = reporter(in_a_file)
    report.printed("hpo::note Odd.")
    with away(in_a_file):
        assert not report(losses(3.0))
    report.deliver_rest()
    assert in_a_file.attempts(0)[0].remarks.notes == ("Odd.",)


def where(attempt: Attempt) -> tuple[str, int, int]:
    return attempt.study, attempt.number, attempt.attempt
