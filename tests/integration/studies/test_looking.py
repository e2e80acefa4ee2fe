"""Who only looks at a study waits for nobody who changes it, which on SQLite one process at a time does."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_hpo.storage.database import Database
from airflow_hpo.studies import migrate
from airflow_hpo.studies.optimum_drift import drift_rows
from airflow_hpo.studies.rows import edition_row, find_edition
from airflow_hpo.studies.status import status
from airflow_hpo.studies.stop import must_not_start, reason_to_end
from airflow_hpo.studies.store import Store
from airflow_hpo.trials.attempts import attempt_of, last_attempt, unseen
from airflow_hpo.trials.rows import trial_rows
from airflow_hpo.trials.run import TrialRun
from tests.integration.trial_tasks import Tuned, declared

LOG = logging.getLogger(__name__)
LOOKS: dict[str, Callable[[Tuned], Any]] = {
    "its declaration": lambda tuned: tuned.store.edition(tuned.name),
    "its status": lambda tuned: status(tuned.store, tuned.name),
    "its row": lambda tuned: edition_row(tuned.store, find_edition(tuned.store, tuned.name)),
    "its trials": lambda tuned: trial_rows(tuned.store, tuned.name),
    "its drift": lambda tuned: drift_rows(tuned.store, "demo"),
    "whether to go on": lambda tuned: reason_to_end(tuned.store, tuned.name),
    "whether to start": lambda tuned: must_not_start(tuned.store, tuned.store.edition(tuned.name), 0),
    "an attempt": lambda tuned: attempt_of(tuned.store, tuned.name, 0, 1),
    "the last attempt": lambda tuned: last_attempt(tuned.store, tuned.name, 0),
    "who takes the metrics": lambda tuned: TrialRun.of_attempt(tuned.store, LOG, 1.0, (tuned.name, 0, 1)),
    "the attempts before": lambda tuned: unseen(tuned.store, attempt_of(tuned.store, tuned.name, 0, 1)),
}


@pytest.fixture
def tuned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tuned]:
    """A study with one complete trial and one that runs, which somebody is about to change."""
    monkeypatch.setattr("airflow_hpo.storage.database.BUSY_TIMEOUT", 0)
    database = Database.sqlite(tmp_path / "hpo.db")
    migrate.upgrade(database)
    tuned = Tuned(Store(database), declared(when_over="stop", max_pending=4))
    first, second, *_ = tuned.suggest()
    tuned.complete(first)
    tuned.started(second)
    with database.connect() as writer:
        writer.exec_driver_sql("UPDATE hpo_editions SET run = run")
        yield tuned


@pytest.mark.parametrize("look", LOOKS)
def test_looking_at_a_study_does_not_wait_for_a_change(tuned: Tuned, look: str) -> None:
    LOOKS[look](tuned)
