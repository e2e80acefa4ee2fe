"""Columns of trials beside the records that the rest of the package reads."""

from __future__ import annotations

import pytest

from airflow_hpo.core.trial import TrialState
from airflow_hpo.optuna.optuna_studies import OptunaStudies
from airflow_hpo.optuna.trial_columns import NO_TRIALS, TrialColumns
from airflow_hpo.storage.database import Database
from tests.integration.optuna.conftest import EDITION, declared


def columns(studies: OptunaStudies, database: Database, since: int = 0, edition: str = EDITION) -> TrialColumns:
    with database.transaction(read_only=True) as connection:
        return studies.columns(edition, connection, since)


@pytest.fixture
def asked(studies: OptunaStudies) -> OptunaStudies:
    """A store of a study of every kind of parameter, with trials in every state that tasks leave them in."""
    for request in studies.ask(EDITION, declared(), [f"001/{index}" for index in range(12)]):
        number = request.number or 0
        state = [TrialState.COMPLETE, TrialState.FAIL, TrialState.RUNNING][number % 3]
        if state.finished:
            value = number / 7 if state is TrialState.COMPLETE else None
            studies.tell(EDITION, number, state, value)
    return studies


@pytest.mark.parametrize("since", [0, 1, 7, 11])
def test_columns_tell_what_records_tell(asked: OptunaStudies, optuna_database: Database, since: int) -> None:
    found = columns(asked, optuna_database, since)
    records = asked.records(EDITION)[since:]
    assert found.total == 12
    assert found.number == [record.number for record in records]
    assert found.state == [record.state for record in records]
    assert found.value == [record.value for record in records]
    assert found.key == {record.number: record.key for record in records}
    for name in declared().space:
        assert found.params.get(name, [None] * len(records)) == [record.params.get(name) for record in records]


def test_parameters_keep_their_types(asked: OptunaStudies, optuna_database: Database) -> None:
    found = columns(asked, optuna_database)
    assert {type(value) for value in found.params["n"]} == {int}
    assert {type(value) for value in found.params["x"]} == {float}
    assert set(map(repr, found.params["c"])) <= {"'a'", "None", "2.5", "True"}


def test_trials_of_other_studies_are_none_of_these(asked: OptunaStudies, optuna_database: Database) -> None:
    asked.create("other@1", declared(name="other"))
    asked.ask("other@1", declared(name="other"), ["001/0"])
    asked.ask(EDITION, declared(), ["002/0"])
    assert columns(asked, optuna_database, since=11).number == [11, 12]
    assert columns(asked, optuna_database, edition="other@1").number == [0]


def test_nothing_is_read_beyond_the_last_trial_or_of_a_study_that_is_not_there(
    asked: OptunaStudies, optuna_database: Database
) -> None:
    beyond = columns(asked, optuna_database, since=12)
    assert (beyond.number, beyond.params, beyond.total) == ([], {}, 12)
    assert columns(asked, optuna_database, edition="none@1") == NO_TRIALS
