from __future__ import annotations

import logging

import optuna
import pytest
import sqlalchemy

from airflow_hpo.core.objective import Objective
from airflow_hpo.core.space.space import Int
from airflow_hpo.core.study import Study
from airflow_hpo.exceptions import StoreNotMigratedError, StudyConflictError
from airflow_hpo.optuna.migrate import create_schema
from airflow_hpo.optuna.optuna_studies import OptunaStudies
from airflow_hpo.storage.database import Database
from tests.integration.optuna.conftest import EDITION, declared


class Crash(Exception):
    """Stands for the death of a process."""


def test_creating_again_changes_nothing(studies: OptunaStudies, study: Study) -> None:
    before = dict(studies.load(EDITION).user_attrs)
    studies.create(EDITION, study)
    assert studies.load(EDITION).user_attrs == before


def test_a_study_tells_its_space_and_objective(studies: OptunaStudies) -> None:
    attrs = studies.load(EDITION).user_attrs
    assert attrs["hpo:space"]["n"] == {"type": "int", "low": 1, "high": 9, "log": False, "step": 1}
    assert attrs["hpo:objective"] == {"metric": "loss", "direction": "minimize", "strategy": "last"}


def test_a_changed_budget_is_no_conflict(studies: OptunaStudies) -> None:
    studies.create(EDITION, declared(max_trials=500, parallelism=9, sampler="random"))


def test_a_changed_space_is_refused_with_both_versions(studies: OptunaStudies, study: Study) -> None:
    space = {name: parameter for name, parameter in study.space.items() if name != "x"}
    changed = declared(space={**space, "n": Int(1, 99), "new": Int(0, 1)})
    with pytest.raises(StudyConflictError) as error:
        studies.create(EDITION, changed)
    message = str(error.value)
    assert "'n' was " in message
    assert '"high": 9,' in message
    assert '"high": 99,' in message
    assert "'x' was " in message
    assert "'new' was absent" in message
    assert "'c'" not in message
    assert "new edition" in message


def test_a_changed_direction_is_refused(studies: OptunaStudies) -> None:
    with pytest.raises(StudyConflictError, match=r"minimize.*maximize"):
        studies.create(EDITION, declared(objective=Objective("loss", "maximize")))


def test_a_changed_metric_is_refused(studies: OptunaStudies) -> None:
    with pytest.raises(StudyConflictError, match=r"\"loss\" and is now \"error\""):
        studies.create(EDITION, declared(objective="error"))


def test_a_killed_creation_is_completed(studies: OptunaStudies, study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*args: object) -> None:
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(optuna.storages.RDBStorage, "set_study_user_attr", die)
        with pytest.raises(Crash):
            studies.create("demo@2", study)
    studies.create("demo@2", study)
    assert studies.load("demo@2").user_attrs == studies.load(EDITION).user_attrs


def test_the_schema_is_created_once(optuna_database: Database) -> None:
    create_schema(optuna_database)
    with optuna_database.connect(read_only=True) as connection:
        assert connection.execute(sqlalchemy.text("SELECT count(*) FROM version_info")).scalar() == 1


def test_nothing_but_the_schema_module_creates_tables(database: Database, study: Study) -> None:
    before = sqlalchemy.inspect(database.engine).get_table_names()
    with pytest.raises(StoreNotMigratedError):
        OptunaStudies(database).create(EDITION, study)
    assert sqlalchemy.inspect(database.engine).get_table_names() == before


def test_loggers_keep_their_levels(database: Database, study: Study, caplog: pytest.LogCaptureFixture) -> None:
    names = ["alembic", "optuna.storages._in_memory", "sqlalchemy", ""]
    for name in names:
        caplog.set_level(logging.DEBUG, logger=name)
    before = [list(logging.getLogger(name).handlers) for name in names]
    create_schema(database)
    studies = OptunaStudies(database)
    studies.create(EDITION, study)
    studies.ask(EDITION, study, ["001/0"])
    assert [logging.getLogger(name).level for name in names] == [logging.DEBUG] * 4
    assert [list(logging.getLogger(name).handlers) for name in names] == before


def test_optunas_messages_go_where_everybodys_go(studies: OptunaStudies) -> None:
    assert logging.getLogger("optuna").propagate
    assert not any(type(handler) is logging.StreamHandler for handler in logging.getLogger("optuna").handlers)
