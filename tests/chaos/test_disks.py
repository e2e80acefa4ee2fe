"""The file that studies are kept in is locked, read-only, damaged, or on a full disk: nothing that was told is lost."""

from __future__ import annotations

import itertools
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_hpo.core.metrics.measurement import Measurement
from airflow_hpo.core.metrics.point import SeriesPoint
from airflow_hpo.core.outcome import Outcome
from airflow_hpo.core.trial import TrialState
from airflow_hpo.exceptions import StoreRefusedError, StoreUnavailableError
from airflow_hpo.storage import metric_series
from airflow_hpo.storage.database import Database
from airflow_hpo.studies import migrate
from airflow_hpo.studies.finish import finish
from airflow_hpo.studies.status import status
from airflow_hpo.studies.store import Store
from airflow_hpo.trials.conclude import conclude
from airflow_hpo.trials.reporter import TrialReporter
from tests.chaos.database_faults import STEPS, Crew, SmallDisk, finished, locked, until
from tests.chaos.ledger import Ledger
from tests.chaos.whole import check_whole
from tests.integration.trial_tasks import Tuned, declared

ON = "functions, SQLite"
WHOLE = "retried; every trial once, with its attempt and its metrics"

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a file system"),
]
runs = (f"r{number}" for number in itertools.count())


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """A disk of 4 MB."""
    (tmp_path / "disk").mkdir()
    with SmallDisk(tmp_path / "disk") as small:
        yield small


@pytest.fixture
def store(disk: SmallDisk) -> Store:
    """A study database on the small disk."""
    database = Database.sqlite(disk.place / "hpo.db")
    migrate.upgrade(database)
    return Store(database)


def worked_through(store: Store, trials: int, fault: Callable[[str], None]) -> str:
    """Let two processes run a study while something happens; return what is left of it, which is whole."""
    name = Tuned(store, declared(max_trials=trials, parallelism=2), next(runs)).name
    with Crew(store.database, name, size=2, patience=60) as working:
        fault(name)
        working.wait()
    seen = check_whole(store, name)
    with store.session() as session:
        points = metric_series.series(session, name)
    assert len(points) >= STEPS * trials
    return f"{seen}; {len(points)} metric values"


@pytest.mark.parametrize("times", [pytest.param(1, marks=pytest.mark.short), 4])
def test_a_disk_that_fills_in_the_middle_of_a_study_is_waited_for(
    disk: SmallDisk, store: Store, ledger: Ledger, times: int
) -> None:
    def fill(name: str) -> None:
        for again in range(times):
            until(lambda again=again: finished(store.database, name) >= 2 + 3 * again)
            disk.full(3)

    with ledger.injection("a full disk for 3 s", "trials run and are asked for", ON, WHOLE, times=times) as row:
        row.seen = worked_through(store, 6 + 3 * times, fill)


def test_a_disk_that_stays_full_is_named_and_what_was_told_is_there_when_it_has_room_again(
    disk: SmallDisk, store: Store, ledger: Ledger
) -> None:
    study = Tuned(store, declared(max_trials=4))
    requests = study.suggest()
    study.complete(requests[0], 0.5)
    _claimed, attempt = study.started(requests[1])
    expected = "tried for `database_patience`, one clear error; with room again the study goes on"
    with ledger.injection("a full disk for good", "a result is told", ON, expected) as row:
        filling = Store(store.database, patience=1)
        with pytest.raises(StoreUnavailableError, match=r"have room|work on its disk") as caught, disk.filled():
            conclude(filling, attempt, Outcome.complete(Measurement(0.4)))
        conclude(store, attempt, Outcome.complete(Measurement(0.4)))
        for request in requests[2:]:
            study.complete(request, 0.6)
        finish(store, status(store, study.name))
        row.seen = f"{str(caught.value).replace(str(disk.place), 'DISK')} Then: {check_whole(store, study.name)}"


@pytest.mark.short
def test_a_file_that_becomes_read_only_for_a_while_is_waited_for(disk: SmallDisk, store: Store, ledger: Ledger) -> None:
    def forbid(name: str) -> None:
        until(lambda: finished(store.database, name) >= 2)
        disk.take_no_changes(True)
        time.sleep(3)
        disk.take_no_changes(False)

    with ledger.injection("the file read-only for 3 s", "trials run and are asked for", ON, WHOLE) as row:
        row.seen = worked_through(store, 7, forbid)


def test_a_damaged_file_stops_a_study_at_once_and_a_copy_brings_it_back(
    disk: SmallDisk, store: Store, ledger: Ledger
) -> None:
    study = Tuned(store, declared(max_trials=4))
    requests = study.suggest()
    study.complete(requests[0], 0.5)
    path, copy = disk.place / "hpo.db", disk.place / "copy.db"
    shutil.copy(path, copy)
    with ledger.injection(
        "the file damaged", "a trial begins", ON, "one clear error at once; a copy of the file goes on where it was"
    ) as row:
        with path.open("r+b") as file:
            file.seek(4096)
            file.write(os.urandom(path.stat().st_size - 4096))
        with pytest.raises(StoreRefusedError, match=r"sound SQLite file.*Bring a copy of it back") as caught:
            Tuned(Store(store.database, patience=60), study.study).started(requests[1])
        os.replace(copy, path)
        for request in requests[1:]:
            study.complete(request, 0.6)
        finish(store, status(store, study.name))
        row.seen = f"{str(caught.value).replace(str(disk.place), 'DISK')} Then: {check_whole(store, study.name)}"


BUSY = 1
"""Seconds that writers wait for each other in these tests, instead of a minute."""


@pytest.fixture
def busy(tmp_path: Path) -> Store:
    """A study database whose writers lose their patience with each other soon, but not with the database."""
    location = Database.sqlite(tmp_path / "hpo.db").location.update_query_dict({"timeout": str(BUSY)})
    migrate.upgrade(Database(location))
    return Store(Database(location), patience=60)


def reported(study: Tuned) -> tuple[Any, Any, TrialReporter]:
    claimed, attempt = study.started(study.suggest()[0])
    return claimed, attempt, TrialReporter(study.store, study.study, attempt)


def asks(study: Tuned) -> Callable[[], object]:
    return lambda: study.suggest(1)


def begins(study: Tuned) -> Callable[[], object]:
    request = study.suggest()[0]
    return lambda: study.started(request)


def reports(study: Tuned) -> Callable[[], object]:
    _claimed, attempt, report = reported(study)

    def work() -> None:
        report([SeriesPoint("loss", 0, 2.0)])
        conclude(study.store, attempt, Outcome.complete(Measurement(0.5)), report)

    return work


def tells(study: Tuned) -> Callable[[], object]:
    _claimed, attempt, report = reported(study)
    report([SeriesPoint("loss", 0, 2.0)])
    return lambda: conclude(study.store, attempt, Outcome.complete(Measurement(0.5)), report)


def finishes(study: Tuned) -> Callable[[], object]:
    for request in study.suggest():
        study.complete(request, 0.5)
    return lambda: finish(study.store, status(study.store, study.name))


STEPS_OF_A_STUDY = {
    "a trial is asked for": asks,
    "a trial begins": begins,
    "a value is reported": reports,
    "a result is told": tells,
    "a study is finished": finishes,
}


@pytest.mark.parametrize("step", STEPS_OF_A_STUDY)
def test_a_file_that_is_locked_for_longer_than_writers_wait_is_tried_again(
    busy: Store, ledger: Ledger, step: str
) -> None:
    study = Tuned(busy, declared(max_trials=2, parallelism=2))
    work = STEPS_OF_A_STUDY[step](study)
    with ledger.injection("the file locked for longer than writers wait", step, ON, "retried; done once") as row:
        with locked(busy.database.path or Path(), BUSY + 2):
            began = time.monotonic()
            work()
            waited = time.monotonic() - began
        assert waited > BUSY
        number = len(study.records())
        assert number == 2
        for request in study.suggest(1):
            if not study.claim(request).answered:
                study.complete(request, 0.5)
        finish(busy, status(busy, study.name))
        row.seen = str(check_whole(busy, study.name))
        assert study.states() == [TrialState.COMPLETE] * 2


def test_a_file_that_stays_locked_is_named_with_the_remedy(busy: Store, ledger: Ledger) -> None:
    study = Tuned(busy, declared())
    without_retry = Tuned(Store(busy.database, patience=2), study.study)
    expected = "tried for `database_patience`, then one clear error"
    path = busy.database.path or Path()
    with ledger.injection("the file locked for good", "a trial is asked for", ON, expected) as row, locked(path, 8):
        with pytest.raises(
            StoreUnavailableError, match=r"free to write to.*database is locked.*tried for 2 s"
        ) as caught:
            without_retry.suggest()
        row.seen = str(caught.value).replace(str(path.parent), "DISK")
