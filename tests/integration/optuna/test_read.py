from __future__ import annotations

import math
from datetime import UTC

import pytest
import sqlalchemy
from optuna.trial import TrialState, create_trial

from airflow_hpo.core.study import Study
from airflow_hpo.core.trial import Origin
from airflow_hpo.core.trial import TrialState as OurState
from airflow_hpo.exceptions import StoreNotMigratedError, StudyNotFoundError
from airflow_hpo.optuna import tables
from airflow_hpo.optuna.distributions import distribution_of
from airflow_hpo.optuna.optuna_studies import OptunaStudies
from airflow_hpo.optuna.read import StudyReader, as_record
from airflow_hpo.storage.database import Database
from tests.integration.optuna.conftest import EDITION, reported


@pytest.fixture
def full(studies: OptunaStudies, study: Study) -> OptunaStudies:
    """A store whose study has a trial of every kind, beside another study."""
    studies.create("other@1", study)
    studies.ask("other@1", study, ["001/0"])
    distributions = {name: distribution_of(study.space[name]) for name in ("x", "n", "c")}
    bare = studies.load(EDITION)
    params = [{"x": 0.25, "n": 3, "c": choice} for choice in (None, True, 2.5, "a")]
    ends = [(TrialState.COMPLETE, 1.5), (TrialState.COMPLETE, math.inf), (TrialState.COMPLETE, -math.inf)]
    for (state, value), point in zip([*ends, (TrialState.FAIL, None)], params):
        bare.add_trial(create_trial(state=state, value=value, params=point, distributions=distributions))
    bare.add_trial(
        create_trial(state=TrialState.PRUNED, value=2.0, params={"x": 1.0}, distributions={"x": distributions["x"]})
    )
    bare.add_trial(
        create_trial(
            state=TrialState.RUNNING,
            intermediate_values={0: 1.0, 5: math.inf, 3: -math.inf},
            user_attrs={"note": {"deep": [1, None]}, "f1": 0.5, "flag": True, "hpo:work": "w"},
            system_attrs={"constraints:a": 0.5, "text": "ü"},
        )
    )
    bare.enqueue_trial({"x": 0.5, "c": None})
    studies.ask(EDITION, study, ["001/0", "001/1"])
    return studies


def test_trials_are_read_as_optuna_reads_them(full: OptunaStudies, optuna_database: Database) -> None:
    stored, trials = StudyReader(optuna_database).snapshot(EDITION)
    expected = full.load(EDITION)
    assert trials == expected.get_trials()
    assert [list(t.params) for t in trials] == [list(t.params) for t in expected.get_trials()]
    assert (stored.directions, stored.user_attrs) == (expected.directions, expected.user_attrs)


def test_reported_nan_is_read_as_nan(studies: OptunaStudies, study: Study, optuna_database: Database) -> None:
    studies.ask(EDITION, study, ["001/0"])
    reported(studies.pruning(EDITION, study, 0), {0: math.nan})
    assert math.isnan(StudyReader(optuna_database).snapshot(EDITION)[1][0].intermediate_values[0])


def test_records_say_the_same_as_trials(full: OptunaStudies) -> None:
    trials = full.load(EDITION).get_trials()
    records = full.records(EDITION)
    assert [(r.number, r.state.name, r.params, r.value) for r in records] == [
        (t.number, t.state.name, t.params, t.value) for t in trials
    ]
    assert [r.started and r.started.timestamp() for r in records] == [
        t.datetime_start and t.datetime_start.timestamp() for t in trials
    ]
    assert all(record.started is None or record.started.tzinfo is UTC for record in records)


def test_only_numbers_under_plain_names_are_metrics(full: OptunaStudies) -> None:
    record = full.record(EDITION, 5)
    assert (record.metrics, record.work) == ({"f1": 0.5}, "w")


def test_records_without_details_keep_what_progress_needs(full: OptunaStudies) -> None:
    full.tell(EDITION, 8, OurState.FAIL)
    full.rerun(EDITION, 8, "001/1#8")
    kept = ("number", "state", "value", "key", "origin", "replaces", "started", "finished")
    for brief, record in zip(full.records(EDITION, details=False), full.records(EDITION), strict=True):
        assert [getattr(brief, name) for name in kept] == [getattr(record, name) for name in kept]
        assert (brief.params, brief.metrics) == ({}, {})


def test_origins_are_read(full: OptunaStudies) -> None:
    assert [record.origin for record in full.records(EDITION)][-2:] == [Origin.START_POINT, Origin.SAMPLER]


def test_news_may_begin_later(full: OptunaStudies, optuna_database: Database) -> None:
    assert StudyReader(optuna_database).changes_since(EDITION, since=7)[1] == full.load(EDITION).get_trials()[7:]


def test_a_missing_study_is_named(studies: OptunaStudies) -> None:
    with pytest.raises(StudyNotFoundError, match="nothing@1"):
        studies.records("nothing@1")


def test_missing_tables_are_told_apart_from_a_missing_study(database: Database) -> None:
    with pytest.raises(StoreNotMigratedError):
        StudyReader(database).find(EDITION)


def test_our_view_of_optunas_tables_is_right(optuna_database: Database) -> None:
    inspector = sqlalchemy.inspect(optuna_database.engine)
    ours = [table for table in vars(tables).values() if isinstance(table, sqlalchemy.TableClause)]
    assert len(ours) == 11
    for table in ours:
        assert {c.name for c in table.columns} <= {c["name"] for c in inspector.get_columns(table.name)}


def test_a_trial_says_the_same_of_itself_however_it_was_read(full: OptunaStudies, optuna_database: Database) -> None:
    full.invalidate(EDITION, 0, "The simulator was wrong.")
    reader = StudyReader(optuna_database)
    whole = [as_record(trial) for trial in reader.snapshot(EDITION)[1]]
    assert whole == reader.records(EDITION)
