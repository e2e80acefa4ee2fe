from __future__ import annotations

import optuna
import pytest
from optuna.trial import TrialState as OptunaState

from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import TrialRecord, TrialState
from airflow_hpo.optuna.finished_trials import TrialCache
from airflow_hpo.optuna.optuna_studies import OptunaStudies
from airflow_hpo.optuna.read import StudyReader
from airflow_hpo.storage.database import Database
from tests.integration.optuna.conftest import EDITION

KEYS = ["001/0", "001/1", "001/2"]


@pytest.fixture
def reader(optuna_database: Database) -> StudyReader:
    """Of the database with the study."""
    return StudyReader(optuna_database)


@pytest.fixture
def cache(studies: OptunaStudies, study: Study, optuna_database: Database) -> TrialCache:
    """Of a study whose first trial has ended."""
    studies.ask(EDITION, study, KEYS)
    studies.tell(EDITION, 0, TrialState.COMPLETE, 1.0)
    return TrialCache(EDITION)


def whole(database: Database) -> list[optuna.trial.FrozenTrial]:
    return StudyReader(database).snapshot(EDITION)[1]


def test_a_trial_that_has_ended_is_read_once(cache: TrialCache, reader: StudyReader) -> None:
    (_, before), (_, after) = cache.snapshot(reader), cache.snapshot(reader)
    assert after[0] is before[0]
    assert after[1] is not before[1]


def test_what_others_have_told_and_asked_meanwhile_is_seen(
    cache: TrialCache, reader: StudyReader, studies: OptunaStudies, study: Study, optuna_database: Database
) -> None:
    cache.snapshot(reader)
    studies.tell(EDITION, 1, TrialState.FAIL)
    studies.ask(EDITION, study, ["002/0"])
    assert cache.snapshot(reader)[1] == whole(optuna_database)


def test_a_trial_that_runs_longer_than_later_ones_is_seen_to_end(
    cache: TrialCache, reader: StudyReader, studies: OptunaStudies, optuna_database: Database
) -> None:
    studies.tell(EDITION, 2, TrialState.COMPLETE, 2.0)
    cache.snapshot(reader)
    studies.tell(EDITION, 1, TrialState.COMPLETE, 3.0)
    assert cache.snapshot(reader)[1] == whole(optuna_database)


def test_a_result_that_is_taken_back_is_taken_back_here(
    cache: TrialCache, reader: StudyReader, studies: OptunaStudies
) -> None:
    cache.snapshot(reader)
    studies.invalidate(EDITION, 0, "The data were broken.")
    assert cache.snapshot(reader)[1][0].state is OptunaState.FAIL


def test_whoever_asks_again_counts_what_others_have_done(
    cache: TrialCache, studies: OptunaStudies, study: Study, optuna_database: Database
) -> None:
    seen: list[list[TrialRecord]] = []

    def allow(_: Database, records: list[TrialRecord]) -> int:
        seen.append(records)
        return 1

    studies.ask(EDITION, study, ["002/0"], allow)
    other = OptunaStudies(optuna_database)
    other.tell(EDITION, 1, TrialState.COMPLETE, 0.5)
    other.invalidate(EDITION, 0, "The data were broken.")
    studies.ask(EDITION, study, ["002/1"], allow)
    assert [one.state for one in seen[1]] == [record.state for record in studies.records(EDITION)[:-1]]
    assert [one.invalid for one in seen[1]][:1] == ["The data were broken."]
