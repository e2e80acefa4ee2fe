from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import Engine, event

from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import TrialRecord, TrialState
from airflow_hpo.exceptions import PermanentHpoError, StudyNotFoundError, TrialFailedError
from airflow_hpo.optuna.optuna_studies import OptunaStudies
from airflow_hpo.storage.database import Database
from tests.integration.optuna.conftest import EDITION, reported


@contextmanager
def listening(engine: Engine, what: str, listener: Callable[..., object]) -> Iterator[None]:
    """Call a listener for what an engine does."""
    event.listen(engine, what, listener)
    try:
        yield
    finally:
        event.remove(engine, what, listener)


@pytest.fixture
def number(studies: OptunaStudies, study: Study) -> int:
    """Number of a running trial that is not the first of its database."""
    requests = studies.ask(EDITION, study, ["001/0", "001/1"])
    return requests[1].number or 0


def test_a_told_trial_has_its_value_metrics_and_work(studies: OptunaStudies, number: int) -> None:
    told = studies.tell(EDITION, number, TrialState.COMPLETE, 0.5, {"f1": 0.25}, "abc")
    assert (told.state, told.value, told.metrics, told.work) == (TrialState.COMPLETE, 0.5, {"f1": 0.25}, "abc")
    assert told == studies.records(EDITION)[number]
    assert told.started is not None
    assert told.finished is not None
    assert told.finished >= told.started


def test_a_tell_is_one_connection_and_few_statements(
    studies: OptunaStudies, number: int, optuna_database: Database
) -> None:
    statements: list[str] = []
    connections: list[object] = []
    engine = optuna_database.engine
    with (
        listening(engine, "before_cursor_execute", lambda *given: statements.append(given[2])),
        listening(engine, "engine_connect", connections.append),
    ):
        studies.tell(EDITION, number, TrialState.COMPLETE, 0.5, {"f1": 0.25}, "abc")
    written = [text for text in statements if not text.startswith(("BEGIN", "SET LOCAL"))]
    assert (len(connections), len(written)) == (1, 9), written


def test_a_trial_never_ends_before_it_began_although_the_clock_went_back(studies: OptunaStudies, number: int) -> None:
    with time_machine.travel(datetime.now(UTC) - timedelta(hours=1)):
        told = studies.tell(EDITION, number, TrialState.COMPLETE, 0.5)
    assert told.finished == told.started


def test_metrics_have_their_own_names_in_notebooks(studies: OptunaStudies, number: int) -> None:
    studies.tell(EDITION, number, TrialState.COMPLETE, 0.5, {"f1": 0.25})
    assert studies.load(EDITION).trials[number].user_attrs["f1"] == 0.25


def test_the_first_tell_stands(studies: OptunaStudies, number: int) -> None:
    first = studies.tell(EDITION, number, TrialState.COMPLETE, 0.5, {"f1": 1.0}, "abc")
    assert studies.tell(EDITION, number, TrialState.COMPLETE, 0.7, {"f1": 2.0}, "xyz") == first
    assert studies.tell(EDITION, number, TrialState.FAIL) == first


def test_a_failed_trial_stays_failed(studies: OptunaStudies, number: int) -> None:
    studies.tell(EDITION, number, TrialState.FAIL)
    told = studies.tell(EDITION, number, TrialState.COMPLETE, 0.5)
    assert (told.state, told.value) == (TrialState.FAIL, None)


def test_of_racing_tells_exactly_one_wins_and_all_see_it(studies: OptunaStudies, number: int) -> None:
    barrier, told = threading.Barrier(8), []

    def tell(value: float) -> None:
        barrier.wait()
        told.append(studies.tell(EDITION, number, TrialState.COMPLETE, value, {"m": value}))

    threads = [threading.Thread(target=tell, args=(float(i),)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stored: TrialRecord = studies.record(EDITION, number)
    assert told == [stored] * 8
    assert stored.metrics["m"] == stored.value


def test_a_pruned_trial_keeps_its_last_value(studies: OptunaStudies, study: Study, number: int) -> None:
    reported(studies.pruning(EDITION, study, number), {0: 3.0, 10: 1.0, 2: 2.0})
    assert studies.tell(EDITION, number, TrialState.PRUNED).value == 1.0


@pytest.mark.parametrize("last", [math.nan, math.inf])
def test_a_pruned_trial_whose_last_value_is_not_finite_has_none(
    studies: OptunaStudies, study: Study, number: int, last: float
) -> None:
    reported(studies.pruning(EDITION, study, number), {0: 3.0, 1: last})
    assert studies.tell(EDITION, number, TrialState.PRUNED).value is None


def test_a_pruned_trial_without_a_report_has_no_value(studies: OptunaStudies, number: int) -> None:
    assert studies.tell(EDITION, number, TrialState.PRUNED).value is None


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, None, "much", 10**400], ids=str)
def test_an_objective_that_is_no_finite_number_is_refused(studies: OptunaStudies, number: int, value: object) -> None:
    with pytest.raises(TrialFailedError, match="finite number"):
        studies.tell(EDITION, number, TrialState.COMPLETE, value)
    assert studies.record(EDITION, number).state is TrialState.RUNNING


def test_extra_metrics_that_are_not_finite_are_left_out_and_logged(
    studies: OptunaStudies, number: int, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        told = studies.tell(EDITION, number, TrialState.COMPLETE, 0.5, {"bad": math.nan, "good": 1})
    assert told.metrics == {"good": 1.0}
    assert "bad" in caplog.text


def test_a_trial_that_does_not_exist_is_not_told(studies: OptunaStudies) -> None:
    with pytest.raises(StudyNotFoundError):
        studies.tell(EDITION, 99, TrialState.FAIL)


def test_a_trial_is_not_told_that_it_runs(studies: OptunaStudies, number: int) -> None:
    with pytest.raises(PermanentHpoError):
        studies.tell(EDITION, number, TrialState.RUNNING)


def test_a_waiting_trial_is_not_told(studies: OptunaStudies) -> None:
    studies.load(EDITION).enqueue_trial({"n": 7})
    with pytest.raises(PermanentHpoError, match="waiting"):
        studies.tell(EDITION, 0, TrialState.FAIL)
